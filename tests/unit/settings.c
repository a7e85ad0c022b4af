/* Valid and invalid values of the settings. */
#include "library.h"
#include "suite.h"

#include <stdlib.h>

static const struct {
	const char *value;
	unsigned int retries;
} retries[] = {
	{"0", 0},
	{"1", 1},
	{"3", 3},
	{"16", 16},
	{"007", 7},
	{"", 3},
	{"17", 3},
	{"-1", 3},
	{"+1", 3},
	{" 1", 3},
	{"1 ", 3},
	{"0x1", 3},
	{"1.0", 3},
	{"all", 3},
	{"\n", 3},
	{"\xff", 3},
	{"1\n", 3},
	{"4294967296", 3},
	{"18446744073709551617", 3},
};

START_TEST(retries_are_read)
{
	setenv("NOSELFCONN_RETRIES", retries[_i].value, 1);
	ck_assert_uint_eq(read_settings().value[RETRIES], retries[_i].retries);
}
END_TEST

static const struct {
	const char *value;
	enum log_target log;
} logs[] = {
	{"none", LOG_TO_NONE}, {"stderr", LOG_TO_STDERR},   {"syslog", LOG_TO_SYSLOG},
	{"", LOG_TO_NONE},     {"STDERR", LOG_TO_NONE},	    {"stderr ", LOG_TO_NONE},
	{"std", LOG_TO_NONE},  {"/var/log/x", LOG_TO_NONE}, {"2", LOG_TO_NONE},
};

START_TEST(log_is_read)
{
	setenv("NOSELFCONN_LOG", logs[_i].value, 1);
	ck_assert_uint_eq(read_settings().value[LOG], logs[_i].log);
}
END_TEST

static const struct {
	const char *value;
	bool disabled;
} disables[] = {{"1", true},	{"", false},   {"0", false},
		{"yes", false}, {"11", false}, {" 1", false}};

START_TEST(disable_is_read)
{
	setenv("NOSELFCONN_DISABLE", disables[_i].value, 1);
	ck_assert_uint_eq(read_settings().value[DISABLE], disables[_i].disabled);
}
END_TEST

/* The launcher reads its options with the same function. */
START_TEST(empty_number_is_rejected)
{
	struct settings given = {.value = {[RETRIES] = 7}};

	ck_assert(!parse_setting(RETRIES, "", &given));
	ck_assert_uint_eq(given.value[RETRIES], 7);
}
END_TEST

START_TEST(defaults)
{
	struct settings read = read_settings();

	ck_assert(!read.value[DISABLE]);
	ck_assert_uint_eq(read.value[RETRIES], 3);
	ck_assert_uint_eq(read.value[LOG], LOG_TO_NONE);
	/* The same values hold before the constructor has run. */
	ck_assert_uint_eq(settings.value[DISABLE], read.value[DISABLE]);
	ck_assert_uint_eq(settings.value[RETRIES], read.value[RETRIES]);
	ck_assert_uint_eq(settings.value[LOG], read.value[LOG]);
}
END_TEST

START_TEST(bad_value_leaves_the_others_alone)
{
	setenv("NOSELFCONN_RETRIES", "many", 1);
	setenv("NOSELFCONN_LOG", "stderr", 1);
	setenv("NOSELFCONN_DISABLE", "1", 1);
	struct settings read = read_settings();
	ck_assert(read.value[DISABLE]);
	ck_assert_uint_eq(read.value[RETRIES], 3);
	ck_assert_uint_eq(read.value[LOG], LOG_TO_STDERR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *values = tcase_create("settings");

	suite_add_tcase(suite, values);
	tcase_add_loop_test(values, retries_are_read, 0, sizeof retries / sizeof *retries);
	tcase_add_loop_test(values, log_is_read, 0, sizeof logs / sizeof *logs);
	tcase_add_loop_test(values, disable_is_read, 0, sizeof disables / sizeof *disables);
	tcase_add_test(values, empty_number_is_rejected);
	tcase_add_test(values, defaults);
	tcase_add_test(values, bad_value_leaves_the_others_alone);
	return run_suite(suite);
}
