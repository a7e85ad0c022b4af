#include "namespace.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char missing[256];

static const char *say(const char *what)
{
	snprintf(missing, sizeof missing, "%s: %s", what, strerror(errno));
	return missing;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

static const char *enter_user_namespace(void)
{
	char uids[64];
	char gids[64];

	snprintf(uids, sizeof uids, "0 %u 1", (unsigned int)geteuid());
	snprintf(gids, sizeof gids, "0 %u 1", (unsigned int)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return say("no network namespace: neither root nor allowed a user namespace");
	if (!write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", uids) || !write_file("/proc/self/gid_map", gids))
		return say("no network namespace: the user namespace takes no mapping");
	return NULL;
}

static bool bring_loopback_up(void)
{
	struct ifreq loopback = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &loopback) != 0)
		return false;
	loopback.ifr_flags = (short)(loopback.ifr_flags | IFF_UP);
	bool up = ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
	close(fd);
	return up;
}

static bool write_port_range(int low, int high)
{
	char range[64];

	snprintf(range, sizeof range, "%d %d", low, high);
	return write_file("/proc/sys/net/ipv4/ip_local_port_range", range);
}

const char *enter_namespace(int low, int high)
{
	if (unshare(CLONE_NEWNET) != 0) {
		const char *why = enter_user_namespace();
		if (why)
			return why;
	}
	if (!bring_loopback_up())
		return say("cannot bring up lo in a network namespace");
	if (!write_port_range(low, high))
		return say("cannot set ip_local_port_range in a network namespace");
	return NULL;
}

void set_port_range(int low, int high)
{
	ck_assert_msg(write_port_range(low, high), "cannot set ip_local_port_range to %d %d", low,
		      high);
}

void run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof command, format, arguments);
	va_end(arguments);
	ck_assert_msg(system(command) == 0, "failed: %s", command);
}

/* A work queue adds the route, even without duplicate address detection (addrconf_dad_work()). */
static void wait_for_address(const char *address)
{
	run("until ip -6 route show table local | grep -q '^local %s '; do :; done", address);
}

void add_interface(void)
{
	run("ip link add other type veth peer name far && ip link set other up && "
	    "ip link set far up && ip address add 10.9.8.7/24 dev other && "
	    "ip address add fd00::7/64 dev other nodad && "
	    "ip address add fe80::7/64 dev other nodad");
	wait_for_address("fd00::7");
	wait_for_address("fe80::7");
}
