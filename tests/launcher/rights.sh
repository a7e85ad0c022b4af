#!/bin/bash
# The launcher refuses programs for which the loader ignores LD_PRELOAD: set-uid, set-gid,
# capabilities. The program prints AT_SECURE and whether it has LD_PRELOAD.
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(id -u)" = 0 ] || skip "only root can make files set-uid for others"

[[ $(findmnt -no OPTIONS -T .) != *nosuid* ]] || skip "$PWD is on a file system mounted nosuid"

# Copies that every user can read; the launcher finds the library next to itself.
cp "$launcher" "$library" .
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

cat >program.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
int main(void) { printf("%lu %d\n", getauxval(AT_SECURE), getenv("LD_PRELOAD") != 0); }
END
gcc -o plain program.c
for name in set-uid set-gid set-gid-no-group capable unreadable; do
	cp plain $name
done
chmod u+s set-uid
chmod g+s set-gid
chmod g-x,g+s set-gid-no-group
chmod a=x unreadable
setcap cap_net_bind_service+ep capable || skip "the file system takes no file capabilities"
printf '#!%s\n' "$PWD/set-uid" >script
chmod +xs script

# The kernel agrees: with --force the refused programs lose LD_PRELOAD; all others keep it.
refused() {
	expect 125 "noselfconn: *cannot be protected: it $1, so its loader ignores LD_PRELOAD; *noselfconn-host*" \
		"${as_nobody[@]}" ./noselfconn "$2"
	expect 0 '1 0' "${as_nobody[@]}" ./noselfconn --force "$2"
}
refused 'is set-uid' ./set-uid
refused 'is set-gid' ./set-gid
refused 'has file capabilities' ./capable
expect 0 '0 1' "${as_nobody[@]}" ./noselfconn ./plain
expect 0 '0 1' "${as_nobody[@]}" ./noselfconn ./set-gid-no-group

# For root these programs gain no rights, so root may run them.
expect 0 '0 1' ./noselfconn ./set-uid
expect 0 '0 1' ./noselfconn ./set-gid
expect 0 '0 1' ./noselfconn ./capable

# The set-uid bit of a script has no effect; that of its interpreter has.
refused 'is set-uid' ./script

expect 125 'noselfconn: ./unreadable cannot be protected: it cannot be read, *' \
	"${as_nobody[@]}" ./noselfconn ./unreadable
expect 0 '0 1' "${as_nobody[@]}" ./noselfconn --force ./plain
