/* The library together with another preload, or in a program with AddressSanitizer. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

enum { LIVE_PORT = 50000 };

/* Nothing leaves the namespace, so only a proxy can refuse. */
static bool is_proxied(int fd)
{
	return connect_to(fd, "192.0.2.1", 80) == ECONNREFUSED;
}

static bool is_kept_alive(int fd)
{
	return option(fd, SOL_SOCKET, SO_KEEPALIVE);
}

/* Otherwise EINVAL. */
static bool is_not_synchronized(int fd)
{
	return fsync(fd) == 0;
}

/* What the other preloads do with a socket. */
static const struct {
	const char *library;
	bool (*effect)(int fd);
} others[] = {
	{"libkeepalive", is_kept_alive},
	{"libeatmydata", is_not_synchronized},
	{"libproxychains", is_proxied},
	{"libtorsocks", is_proxied},
};

START_TEST(other_preload_has_its_effect)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strstr(getenv("LD_PRELOAD"), others[i].library))
			ck_assert_msg(others[i].effect(tcp_socket(AF_INET, 0)), "%s",
				      others[i].library);
#ifdef __SANITIZE_ADDRESS__
	char *one = malloc(1);
	ck_assert(__asan_address_is_poisoned(one + 1));
	free(one);
#endif
}
END_TEST

START_TEST(server_is_reached)
{
	char text[8] = "";
	int listener = listen_on("127.0.0.1", LIVE_PORT);
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq(send(fd, "hello", 5, 0), 5);
	ck_assert_int_eq(recv(peer, text, sizeof text, 0), 5);
	ck_assert_str_eq(text, "hello");
}
END_TEST

START_TEST(self_connect_is_refused)
{
	int fd = tcp_socket(AF_INET, _i ? SOCK_NONBLOCK : 0);
	int error = connect_to(fd, "127.0.0.1", PORT);

	must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

/*
 * The proxy that libproxychains connects to has PORT and is dead. Connected to itself it reads back
 * its own request and closes the connection.
 */
START_TEST(self_connect_to_the_proxy_is_refused)
{
	int fd = tcp_socket(AF_INET, 0);

	ck_assert(is_proxied(fd));
	close(fd);
	if (control)
		run("ss -Htan 'sport = :%d and dport = :%d' | grep -q TIME-WAIT", PORT, PORT);
	else
		must_be_free("127.0.0.1", PORT);
}
END_TEST

static char directory[] = "/tmp/sockets.XXXXXX";

static void wrap_sockets(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	setenv("SOCKET_WRAPPER_DIR", directory, 1);
}

/* There are some if the library that wraps sockets is at work. */
static void remove_sockets(void)
{
	run("ls %s | grep -q . && rm -r %s", directory, directory);
}

static void add_tests(Suite *suite)
{
	TCase *works = add_case(suite, "works", one_port);
	tcase_set_tags(works, "works");
	tcase_add_test(works, other_preload_has_its_effect);
	tcase_add_test(works, server_is_reached);

	TCase *protected = add_case(suite, "is protected", one_port);
	tcase_set_tags(protected, "protected");
	tcase_add_loop_test(protected, self_connect_is_refused, 0, 2);

	TCase *proxied = add_case(suite, "is protected behind a proxy", one_port);
	tcase_set_tags(proxied, "proxied");
	tcase_add_test(proxied, self_connect_to_the_proxy_is_refused);

	TCase *wrapped = add_case(suite, "works with wrapped sockets", one_port);
	tcase_set_tags(wrapped, "wrapped");
	tcase_add_checked_fixture(wrapped, wrap_sockets, remove_sockets);
	tcase_add_test(wrapped, server_is_reached);
}

/* ld.so only warns of a preload that it cannot find. */
static const char *missing_preload(void)
{
	static char list[4096];

	snprintf(list, sizeof list, "%s", getenv("LD_PRELOAD"));
	for (const char *path = strtok(list, ":"); path; path = strtok(NULL, ":"))
		if (access(path, R_OK) != 0)
			return path;
	return NULL;
}

int main(int argc, char **argv)
{
	const char *missing = missing_preload();

	if (missing) {
		printf("skipped: no %s\n", missing);
		return SKIPPED;
	}
	return scenario_main(argc, argv, add_tests);
}
