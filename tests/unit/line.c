/* The text of a line: addresses in the form of RFC 5952, no control bytes, a limited length. */
#include "library.h"
#include "suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const char *text_of(const struct line *line)
{
	static char text[sizeof line->text + 1];

	memcpy(text, line->text, line->length);
	text[line->length] = '\0';
	return text;
}

START_TEST(numbers)
{
	struct line line = {.length = 0};

	append_number(&line, 0);
	append_text(&line, " ");
	append_number(&line, 10);
	append_text(&line, " ");
	append_number(&line, 4294967295U);
	ck_assert_str_eq(text_of(&line), "0 10 4294967295");
}
END_TEST

static const char *const addresses[] = {
	"0.0.0.0",
	"127.0.0.1",
	"255.255.255.255",
	"::",
	"::1",
	"1::",
	"fe80::1",
	"1:2:3:4:5:6:7:8",
	"1::3:4:5:6:7",
	"::3:4:5:6:7:8",
	"1:2:3:4:5:6::",
	"1:0:3:0:5:0:7:0",
	"1:0:0:4::7:8",
	"1::4:0:0:7:8",
	"1:2::5:0:0:8",
	"2001:db8::ff00:42:8329",
	"abcd:ef01:2345:6789:abcd:ef01:2345:6789",
	"::ffff:0.0.0.0",
	"::ffff:127.0.0.1",
};

START_TEST(endpoints)
{
	const char *text = addresses[_i];
	union endpoint endpoint = {0};
	char oracle[INET6_ADDRSTRLEN];
	char expected[128];
	struct line line = {.length = 0};

	if (inet_pton(AF_INET, text, &endpoint.v4.sin_addr) == 1) {
		endpoint.v4.sin_family = AF_INET;
		inet_ntop(AF_INET, &endpoint.v4.sin_addr, oracle, sizeof oracle);
		snprintf(expected, sizeof expected, "%s:65535", oracle);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &endpoint.v6.sin6_addr), 1);
		endpoint.v6.sin6_family = AF_INET6;
		inet_ntop(AF_INET6, &endpoint.v6.sin6_addr, oracle, sizeof oracle);
		snprintf(expected, sizeof expected, "[%s]:65535", oracle);
	}
	endpoint.v4.sin_port = htons(65535);
	append_endpoint(&line, &endpoint);
	ck_assert_str_eq(text_of(&line), expected);
}
END_TEST

START_TEST(scope)
{
	union endpoint endpoint = {.v6 = {.sin6_family = AF_INET6, .sin6_scope_id = 4294967295U}};
	struct line line = {.length = 0};

	inet_pton(AF_INET6, "fe80::1", &endpoint.v6.sin6_addr);
	append_endpoint(&line, &endpoint);
	ck_assert_str_eq(text_of(&line), "[fe80::1%4294967295]:0");
}
END_TEST

START_TEST(control_bytes)
{
	struct line line = {.length = 0};

	append_safe(&line, "a\n\033[31m\177\x80\xff~ z", 100);
	ck_assert_str_eq(text_of(&line), "a??[31m???~ z");
}
END_TEST

START_TEST(text_has_a_limit)
{
	struct line line = {.length = 0};

	append_safe(&line, "abcdef", 3);
	append_safe(&line, "x", 0);
	ck_assert_str_eq(text_of(&line), "abc");
}
END_TEST

START_TEST(full_line_is_cut)
{
	struct {
		struct line line;
		char beyond;
	} guarded = {.beyond = 'b'};

	for (int i = 0; i < 100; i++) {
		append_text(&guarded.line, "0123456789");
		append_number(&guarded.line, 4294967295U);
		append_safe(&guarded.line, "abc", 3);
	}
	ck_assert_uint_eq(guarded.line.length, sizeof guarded.line.text);
	ck_assert_int_eq(guarded.beyond, 'b');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line");
	TCase *line = tcase_create("line");

	suite_add_tcase(suite, line);
	tcase_add_test(line, numbers);
	tcase_add_loop_test(line, endpoints, 0, sizeof addresses / sizeof *addresses);
	tcase_add_test(line, scope);
	tcase_add_test(line, control_bytes);
	tcase_add_test(line, text_has_a_limit);
	tcase_add_test(line, full_line_is_cut);
	return run_suite(suite);
}
