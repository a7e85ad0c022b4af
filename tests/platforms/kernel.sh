#!/bin/bash
# kernel.sh SUITE: the scenarios on another Debian's kernel, booted in an emulator.
. "$(dirname "$0")/common.sh"
suite=$1 stage=$WORK/kernel-$1
need mmdebstrap flock bwrap cpio qemu-system-x86_64

kernel "$suite"
rm -rf "$stage" "$stage".*
mkdir -p "$stage"/{dev,proc,sys,tmp} "$stage$WORK" "$stage$source"
cp -a "$WORK/oldest" "$stage$WORK"
cp "$source/README.md" "$stage$source"
find "$stage" -name CTestTestfile.cmake -exec sed -i 's/TIMEOUT "[0-9]*"/TIMEOUT "1000"/g' {} +
cat >"$stage/init" <<END
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe tun
# Before Linux 6.5, packets on lo wait for ksoftirqd once that has been woken (do_softirq()), which
# an emulator's pauses are enough for. A real-time ksoftirqd answers before connect() returns.
for task in /proc/[0-9]*; do
	[ "\$(cat \$task/comm)" != ksoftirqd/0 ] || chrt --fifo --pid 1 \${task#/proc/}
done
export CK_TIMEOUT_MULTIPLIER=$CK_TIMEOUT_MULTIPLIER
cd $WORK/oldest
ctest $(printf "'%s' " "${chosen[@]}") 2>&1 | cat
echo b >/proc/sysrq-trigger
END
chmod +x "$stage/init"

boot ''
tell "kernel $release" "$stage.log"
version=$(cut -d . -f 1,2 <<<"$release")
grep -q " | Linux $version ($suite) | " "$source/shim/package/README.md" ||
	fail "shim/package/README.md has another kernel for $suite"
