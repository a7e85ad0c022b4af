#!/bin/bash
# kernel.sh SUITE: the scenarios on another Debian's kernel, booted in an emulator.
. "$(dirname "$0")/common.sh"
suite=$1 stage=$WORK/kernel-$1
need mmdebstrap flock bwrap cpio qemu-system-x86_64

debian "$suite" amd64 "$to_run,kmod,libsubunit0,linux-image-cloud-amd64,mount" kernel
image=$(echo "$tree"/boot/vmlinuz-*)
release=${image##*/vmlinuz-}
bwrap --bind "$tree" / -- depmod "$release"

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
export CK_TIMEOUT_MULTIPLIER=$CK_TIMEOUT_MULTIPLIER
cd $WORK/oldest
ctest $(printf "'%s' " "${chosen[@]}") 2>&1 | cat
echo b >/proc/sysrq-trigger
END
chmod +x "$stage/init"

archive() {
	cpio --quiet --create --null --format=newc >>"$stage.initramfs"
}
(cd "$tree" && find . \( -path ./boot -o -path ./usr/share/doc -o -path './usr/share/locale' \
	-o -path './usr/lib/modules/*/kernel/drivers/[!n]*' -o -path '*/kernel/sound' \) -prune \
	-o -print0 | archive)
(cd "$stage" && find . ! -name '*.o' ! -name '*.a' -print0 | archive)

# Emulated in software, since not every machine has KVM. qemu 7.2 cannot emulate the cmpxchg16b of
# SLUB, and with two processors the kernel sometimes hangs. On a busy host the emulated timer is
# late, and the kernel would panic when it checks the timer.
timeout 1150 qemu-system-x86_64 -accel tcg -cpu qemu64,-cx16 -m 1G \
	-display none -monitor none -serial "file:$stage.console" -no-reboot \
	-kernel "$image" -initrd "$stage.initramfs" \
	-append 'console=ttyS0 quiet panic=-1 no_timer_check' </dev/null >"$stage.qemu" 2>&1 || cat "$stage.qemu"
tr -d '\r' <"$stage.console" >"$stage.log"
tell "kernel $release" "$stage.log"
version=$(cut -d . -f 1,2 <<<"$release")
grep -q " | Linux $version ($suite) | " "$source/shim/package/README.md" ||
	fail "shim/package/README.md has another kernel for $suite"
