/* A BPF program of type cgroup/connect4: it redirects connections from port 1 to port 40000. */
#include <asm/byteorder.h>
#include <linux/bpf.h>

__attribute__((section("cgroup/connect4"))) int rewrite(struct bpf_sock_addr *destination)
{
	if (destination->user_port == __cpu_to_be16(1))
		destination->user_port = __cpu_to_be16(40000);
	return 1;
}
