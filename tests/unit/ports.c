/* Lists of ports, and the chance that a client gets a port. */
#include "launcher.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	const char *printed; /* NULL when it is none */
} lists[] = {
	{"", ""},
	{"\n", ""},
	{"8080\n", "8080"},
	{"8080,9148-9150", "8080,9148-9150"},
	{"2,1,3,5", "1-3,5"},
	{"1-3,2-5", "1-5"},
	{"0-65535", "0-65535"},
	{"65535", "65535"},
	{"65536", NULL},
	{"1-", NULL},
	{"-1", NULL},
	{"1 2", NULL},
	{"x", NULL},
	{"99999999999999999999", NULL},
};

START_TEST(list)
{
	bool ports[PORTS] = {false};
	char *printed;
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	ck_assert_int_eq(read_port_list(ports, lists[_i].text), lists[_i].printed != NULL);
	print_port_list(ports, file);
	fclose(file);
	if (lists[_i].printed)
		ck_assert_str_eq(printed, lists[_i].printed);
	free(printed);
}
END_TEST

static const struct {
	unsigned int low;
	unsigned int high;
	const char *reserved;
	unsigned int port;
	struct chance chance;
} chances[] = {
	{32768, 60999, "", 32768, {.connect = 14116}},
	{32768, 60999, "", 44444, {.connect = 14116}},
	{32768, 60999, "", 44445, {.bound = 14116}},
	{32768, 60999, "", 60999, {.bound = 14116}},
	{32768, 60999, "", 32767, {.connect = 0}},
	{32768, 60999, "", 61000, {.connect = 0}},
	{32768, 60999, "40000-40003", 44444, {.connect = 14116}},
	{40000, 40099, "40048", 40050, {.connect = 25}}, /* from the reserved one, too */
	{40000, 40099, "40042-40049", 40050, {.connect = 10}},
	{40000, 40099, "40042-40049", 40051, {.bound = 10}},
	{40000, 40099, "40092-40099", 40000, {.connect = 10}},
	{40000, 40099, "40048", 40051, {.bound = 50}},
	{32768, 60999, "44444", 44444, {.connect = 0}},
	{32769, 60999, "", 44445, {.connect = 14115}},
	{32769, 60999, "", 60999, {.connect = 0}},	/* the last of an odd number */
	{40000, 40008, "40006", 40008, {.connect = 4}}, /* but it comes after others */
	{40000, 40008, "40006", 40000, {.connect = 4}},
	{40000, 40008, "40004-40008", 40000, {.connect = 4}},
	{40000, 40008, "40004-40008", 40002, {.connect = 4. / 3}},
	{40001, 40003, "40001", 40003, {.connect = 0}},
	{40001, 40003, "40001", 40002, {.connect = 1, .bound = 1}},
	{1, 65535, "", 1, {.connect = 32767}},
	{40000, 40000, "", 40000, {.connect = 1, .bound = 1}},
	{40000, 40001, "", 40000, {.connect = 1}},
	{40000, 40001, "", 40001, {.bound = 1}},
	{40000, 40001, "40000", 40001, {.connect = 1, .bound = 1}},
	{40000, 40001, "40001", 40000, {.connect = 1, .bound = 1}},
};

START_TEST(chance)
{
	static struct ephemeral_ports ports;
	struct chance found;

	ports.low = chances[_i].low;
	ports.high = chances[_i].high;
	ck_assert(read_port_list(ports.reserved, chances[_i].reserved));
	found = chance_of(&ports, chances[_i].port);
	ck_assert_double_eq(found.connect, chances[_i].chance.connect);
	ck_assert_double_eq(found.bound, chances[_i].chance.bound);
}
END_TEST

START_TEST(port)
{
	static const char *const bad[] = {"",	"0",  "65536", "-1", "+1",
					  " 1", "1 ", "0x1",   "x",  "99999999999999999999"};
	uint16_t read;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!read_port(bad[i], &read), "%s", bad[i]);
	ck_assert(read_port("1", &read));
	ck_assert_uint_eq(read, 1);
	ck_assert(read_port("65535", &read));
	ck_assert_uint_eq(read, 65535);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ports");
	TCase *ports = tcase_create("ports");

	tcase_add_loop_test(ports, list, 0, sizeof lists / sizeof *lists);
	tcase_add_loop_test(ports, chance, 0, sizeof chances / sizeof *chances);
	tcase_add_test(ports, port);
	suite_add_tcase(suite, ports);
	return run_suite(suite);
}
