/* The README's command finds every self-connected socket, in each form in which ss(8) prints it. */
#include "namespace.h"
#include "scenario.h"

#include <string.h>
#include <unistd.h>

static const struct {
	const char *destination;
	const char *device; /* bound to, if any */
} meetings[] = {
	{"127.0.0.1", NULL},
	{"127.0.0.1", "lo"},
	{"::1", NULL},
	{"::1", "lo"},
	{"::ffff:127.0.0.1", NULL},
	{"fe80::7%other", NULL},
	{"fe80::7%other", "other"},
};

static void one_port_on_two_interfaces(void)
{
	one_port();
	add_interface();
}

static void must_find(const char *what)
{
	run("command=$(sed -n 's/^    \\(ss -Htanp .*\\)/\\1/p' %s); [ \"$command\" ] && "
	    "[ \"$(eval \"$command\" | grep -c '%s')\" = %d ]",
	    README, what, control ? 1 : 0);
}

/*
 * Live, and then in TIME_WAIT. There is also an ordinary connection and a server, which must not
 * be found.
 */
START_TEST(ss_finds_self_connects)
{
	const char *device = meetings[_i].device;
	int fd = tcp_socket(address_of(meetings[_i].destination, 0).family, 0);
	int listener = listen_on("127.0.0.9", PORT + 1);
	int client = tcp_socket(AF_INET, 0);

	bind_to(client, "127.0.0.8", PORT + 1);
	ck_assert_int_eq(connect_to(client, "127.0.0.9", PORT + 1), 0);
	if (device)
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
					    (socklen_t)strlen(device)),
				 0);
	must_be_refused(fd, connect_to(fd, meetings[_i].destination, PORT));
	must_find("\"scenario_find\",pid=");
	close(fd);
	must_find("^TIME-WAIT");
	(void)listener;
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *find = add_case(suite, "find", one_port_on_two_interfaces);

	tcase_add_loop_test(find, ss_finds_self_connects, 0, sizeof meetings / sizeof *meetings);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
