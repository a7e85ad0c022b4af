/* Addresses are read from a program's arguments and compared with those of the kernel. */
#include "library.h"
#include "suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static union endpoint endpoint_of(const char *text, unsigned int port)
{
	union endpoint endpoint = {0};

	if (inet_pton(AF_INET, text, &endpoint.v4.sin_addr) == 1)
		endpoint.v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &endpoint.v6.sin6_addr) == 1)
		endpoint.v6.sin6_family = AF_INET6;
	else
		ck_abort_msg("no address: %s", text);
	endpoint.v4.sin_port = htons((uint16_t)port);
	return endpoint;
}

static const struct {
	const char *local;
	const char *destination;
	bool same;
} pairs[] = {
	{"127.0.0.1", "127.0.0.1", true},
	{"127.0.0.1", "127.0.0.2", false},
	{"127.0.0.2", "127.0.0.1", false},
	{"1.0.0.127", "127.0.0.1", false},
	{"255.255.255.255", "255.255.255.255", true},
	{"0.0.0.0", "127.0.0.1", false},
	{"::1", "::1", true},
	{"::1", "::2", false},
	{"fd00::1", "fd00::1", true},
	{"fd00::1", "fd01::1", false},
	{"fe80::1", "fe80::1", true},
	{"fe80::1", "fe80::2", false},
	{"::", "::1", false},
	{"::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
	{"::ffff:127.0.0.1", "::ffff:127.0.0.2", false},
	{"::ffff:127.0.0.1", "::1", false},
	{"::1", "::ffff:127.0.0.1", false},
	{"::127.0.0.1", "::ffff:127.0.0.1", false},
	{"127.0.0.1", "::ffff:127.0.0.1", false},
	{"127.0.0.1", "::1", false},
};

START_TEST(addresses)
{
	union endpoint local = endpoint_of(pairs[_i].local, 44444);
	union endpoint destination = endpoint_of(pairs[_i].destination, 44444);

	ck_assert_msg(same_endpoint(&local, &destination) == pairs[_i].same, "%s, %s",
		      pairs[_i].local, pairs[_i].destination);
}
END_TEST

START_TEST(ports_that_differ)
{
	static const unsigned int ports[] = {0, 1, 44443, 44445, 0x9cad, 65535};
	union endpoint local = endpoint_of(pairs[_i].local, 44444);

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		union endpoint destination = endpoint_of(pairs[_i].destination, ports[i]);
		ck_assert(!same_endpoint(&local, &destination));
	}
}
END_TEST

/* A socket can connect to a link-local address only in its own scope. */
START_TEST(scope_left_out)
{
	union endpoint local = endpoint_of("fe80::1", 44444);
	union endpoint destination = local;

	local.v6.sin6_scope_id = 2;
	ck_assert(same_endpoint(&local, &destination));
}
END_TEST

START_TEST(flow_label)
{
	union endpoint local = endpoint_of("::1", 44444);
	union endpoint destination = local;

	destination.v6.sin6_flowinfo = htonl(0x12345);
	ck_assert(same_endpoint(&local, &destination));
}
END_TEST

START_TEST(other_families)
{
	union endpoint inet = endpoint_of("127.0.0.1", 44444);
	union endpoint other = inet;

	other.family = AF_UNIX;
	ck_assert(!same_endpoint(&other, &inet));
	ck_assert(!same_endpoint(&inet, &other));
	ck_assert(!same_endpoint(&other, &other));
}
END_TEST

static bool is_read(const union endpoint *from, socklen_t length)
{
	union endpoint read;

	return read_endpoint(&read, from, length) && memcmp(&read, from, length) == 0;
}

START_TEST(lengths)
{
	union endpoint v4 = endpoint_of("127.0.0.1", 44444);
	union endpoint v6 = endpoint_of("::1", 44444);
	char long_one[256] = {0};

	ck_assert(!is_read(&v4, 0));
	ck_assert(!is_read(&v4, sizeof(sa_family_t)));
	ck_assert(!is_read(&v4, sizeof v4.v4 - 1));
	ck_assert(is_read(&v4, sizeof v4.v4));
	ck_assert(is_read(&v4, sizeof v4));
	ck_assert(is_read(&v6, sizeof v6.v6 - sizeof v6.v6.sin6_scope_id));
	ck_assert(is_read(&v6, sizeof v6.v6));

	memcpy(long_one, &v6, sizeof v6);
	ck_assert(read_endpoint(&v4, long_one, sizeof long_one));
	ck_assert(memcmp(&v4, &v6, sizeof v6) == 0);
}
END_TEST

/* While a socket is connecting, the kernel accepts sendto() with NULL and any length. */
START_TEST(no_address)
{
	union endpoint read;

	ck_assert(!read_endpoint(&read, NULL, sizeof(struct sockaddr_in)));
}
END_TEST

/* At an odd address, with no byte to spare: sanitizers see a read beyond the end. */
START_TEST(misaligned)
{
	union endpoint v4 = endpoint_of("127.0.0.1", 44444);
	char *odd = malloc(1 + sizeof v4.v4);
	union endpoint read;

	ck_assert_ptr_nonnull(odd);
	memcpy(odd + 1, &v4, sizeof v4.v4);
	ck_assert(read_endpoint(&read, odd + 1, sizeof v4.v4));
	ck_assert(same_endpoint(&read, &v4));
	free(odd);
}
END_TEST

START_TEST(families_of_a_destination)
{
	union endpoint endpoint = endpoint_of("127.0.0.1", 44444);
	union endpoint read;

	for (unsigned int family = 0; family < 64; family++) {
		endpoint.family = (sa_family_t)family;
		ck_assert_int_eq(read_endpoint(&read, &endpoint, sizeof endpoint),
				 family == AF_INET || family == AF_INET6);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endpoint");
	TCase *endpoint = tcase_create("endpoint");

	suite_add_tcase(suite, endpoint);
	tcase_add_loop_test(endpoint, addresses, 0, sizeof pairs / sizeof *pairs);
	tcase_add_loop_test(endpoint, ports_that_differ, 0, sizeof pairs / sizeof *pairs);
	tcase_add_test(endpoint, scope_left_out);
	tcase_add_test(endpoint, flow_label);
	tcase_add_test(endpoint, other_families);
	tcase_add_test(endpoint, lengths);
	tcase_add_test(endpoint, no_address);
	tcase_add_test(endpoint, misaligned);
	tcase_add_test(endpoint, families_of_a_destination);
	return run_suite(suite);
}
