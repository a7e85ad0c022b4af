#!/bin/bash
# noselfconn --status UNIT looks at all processes of a unit or control group, with cgroups v1 and
# v2.
launcher=$1
self=$(realpath "$0")
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(id -u)" = 0 ] || skip "only root can mount control groups"

if [ "${3-}" = "" ]; then
	for version in 1 2; do
		unshare --mount --pid --fork --kill-child --mount-proc bash "$self" "$@" $version
	done
	exit
fi

# Mounts the control groups where systemd does.
mount -t tmpfs tmpfs /sys/fs/cgroup || skip "nothing can be mounted"
case $3 in
1)
	hierarchy=/sys/fs/cgroup/systemd
	mkdir $hierarchy
	mount -t cgroup -o none,name=systemd cgroup $hierarchy || skip "no cgroups of version 1"
	;;
2)
	hierarchy=/sys/fs/cgroup
	mount -t cgroup2 cgroup2 $hierarchy || skip "no cgroups of version 2"
	;;
esac
# shellcheck disable=SC2154 # expect.sh sets it
slice=noselfconn${directory##*.}.slice
group=$hierarchy/$slice/forwarder.service
mkdir -p "$group/below" "$hierarchy/$slice/container.scope/elsewhere.service"
clean() {
	jobs -p | xargs -r kill || :
	wait
	find "$hierarchy/$slice" -depth -type d -exec rmdir {} +
	rm -rf "$directory"
}
trap clean EXIT

# in_group GROUP COMMAND...: starts it in the group, waits until it runs, and sets $pid.
in_group() {
	mkfifo started
	bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$@" >started &
	pid=$!
	read -r _ <started
	rm started
}
mkfifo -m 666 never
say_and_wait='echo started; read -r _ <>never'

expect 3 'forwarder: unknown: no process is in it' "$launcher" --status forwarder
in_group "$group" "$launcher" bash -c "$say_and_wait"
main=$pid
for name in forwarder forwarder.service "/$slice/forwarder.service" "$slice/forwarder.service" "$group"; do
	expect 0 "*$main (bash): protected by *" "$launcher" --status "$name"
done

# The main process is protected and a child is not, as after "su -" or with a set-uid helper.
in_group "$group/below" bash -c "$say_and_wait"
expect 0 "$main: protected by *" "$launcher" --status "$main"
expect 2 "*$main (bash): protected by *$pid (bash): not protected*" "$launcher" --status forwarder
kill "$pid"
wait "$pid" || :
mkdir "$group/.hidden"
in_group "$group/.hidden" bash -c "$say_and_wait"
expect 2 "*$main (bash): protected by *$pid (bash): not protected*" "$launcher" --status forwarder
kill "$pid"
wait "$pid" || :

# A unit of the same name in a container is another unit.
in_group "$hierarchy/$slice/container.scope/elsewhere.service" "$launcher" bash -c "$say_and_wait"
expect 3 'elsewhere: unknown: there is no such control group, *' "$launcher" --status elsewhere
expect 0 '*protected by *' "$launcher" --status "$slice/container.scope/elsewhere.service"
expect 0 '*protected by *protected by *' "$launcher" --status "$slice"

# A unit of a user's service manager is found too.
users=$slice/user@65534.service/app.slice/mine.service
mkdir -p "$hierarchy/$users"
in_group "$hierarchy/$users" "$launcher" bash -c "$say_and_wait"
expect 0 "$pid (bash): protected by *" "$launcher" --status mine

# If the processes of a group below may not be listed, the answer is "unknown".
cp "$launcher" noselfconn
chmod 0 "$group/below"
expect 3 'forwarder: unknown: Permission denied' \
	setpriv --reuid 65534 --regid 65534 --clear-groups ./noselfconn --status forwarder
chmod 755 "$group/below"

# Processes that /proc hides from a user have not ended.
cp "$2" .
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
in_group "$group/.hidden" "${as_nobody[@]}" ./noselfconn bash -c "$say_and_wait"
hidden="$main*: unknown: it is hidden (hidepid of /proc): ask root"
expect 3 "*$hidden*$hidden*$pid (bash): protected by *" \
	unshare --mount bash -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' bash \
	"${as_nobody[@]}" ./noselfconn --status "$main" forwarder

# A dynamic linker runs a program whose file is deleted.
cp "$(command -v bash)" deleted
in_group "$group/below" "$(patchelf --print-interpreter deleted)" ./deleted -c "$say_and_wait"
rm deleted
expect 3 "*$main (bash): protected by *$pid (*): unknown: No such file or directory*" \
	"$launcher" --status forwarder
kill "$pid"
wait "$pid" || :

# From another PID namespace the processes cannot be seen. With cgroups v1 the group looks empty.
unseen=('no process is in it' 'it has processes of another PID namespace')
expect 3 "forwarder: unknown: ${unseen[$3 - 1]}" \
	unshare --pid --fork --mount-proc "$launcher" --status forwarder
