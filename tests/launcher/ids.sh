#!/bin/bash
# The launcher refuses if its real and effective ids differ: execve() then sets AT_SECURE, and the
# loader ignores LD_PRELOAD.
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(id -u)" = 0 ] || skip "only root can change its effective ids"

cp "$launcher" "$library" .
cat >plain.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
int main(void) { printf("%lu %d\n", getauxval(AT_SECURE), getenv("LD_PRELOAD") != 0); }
END
gcc -o plain plain.c
cat >differ.c <<'END'
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	(void)argc;
	return (strcmp(argv[1], "user") == 0 ? setreuid(-1, 65534) : setregid(-1, 65534)) != 0 ||
	       execvp(argv[2], argv + 2) != 0;
}
END
gcc -o differ differ.c
for id in user group; do
	expect 125 'noselfconn: *cannot be protected: it is started with real and effective ids that differ, *' \
		./differ $id ./noselfconn ./plain
	expect 0 '1 0' ./differ $id ./noselfconn --force ./plain
done
