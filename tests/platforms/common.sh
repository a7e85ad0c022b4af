# shellcheck shell=bash
# Sourced by the platform tests. ctest sets LIBRARY, the library built here, and WORK, a directory
# below the build directory.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
. "$here/../debian.sh"
. "$here/../outcome.sh"
# Emulated tests are slow.
export DEBIAN_FRONTEND=noninteractive CK_TIMEOUT_MULTIPLIER=10

say() {
	echo "platform: $*"
}

need() {
	local command
	[ "$(id -u)" = 0 ] || skip "not root"
	for command; do
		[ -n "$(command -v "$command")" ] || skip "no $command"
	done
}

# A link to an absolute path leads out of the tree unless the tree is the root.
make_links_relative() {
	local link
	find "$1" -type l -lname '/*' -not -path "$1/dev/*" -print0 |
		while IFS= read -r -d '' link; do
			ln -sfnr "$1$(readlink "$link")" "$link"
		done
}

unpack() {
	local directory=$1 suite=$2 architectures=$3 packages=$4
	[ ! -e "$directory" ] || return 0
	rm -rf "$directory.new"
	debian_reach >"$directory.apt"
	mmdebstrap --quiet --variant=extract --architectures="$architectures" \
		--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --aptopt="$directory.apt" \
		--include="$packages" "$suite" "$directory.new" "$(debian_mirror)"
	# The packages' scripts do not run, so this makes the link that they would make.
	ln -sf dash "$directory.new/usr/bin/sh"
	ln -sf mawk "$directory.new/usr/bin/awk"
	local command
	if [ -e "$directory.new/usr/sbin/xtables-nft-multi" ]; then
		for command in {iptables,ip6tables}{,-save,-restore}; do
			ln -sf xtables-nft-multi "$directory.new/usr/sbin/$command"
		done
	fi
	make_links_relative "$directory.new"
	mv "$directory.new" "$directory"
}

# debian SUITE ARCHITECTURES PACKAGES [PURPOSE]: sets $tree to where the packages are unpacked, not
# configured.
debian() {
	local name=trees/$1-${2//,/-}${4:+-$4}
	tree=$WORK/$name
	mkdir -p "$WORK/trees"
	(
		flock 9
		unpack "$tree" "$1" "$2" "$3"
	) 9>"$tree.lock"
}

# Packages that the scenarios need at build time, and packages that they need at run time.
to_build=libc6-dev,check,libsubunit-dev
to_run=bash,cmake,coreutils,dash,grep,iproute2,iptables,mawk,nftables,sed,util-linux

# build DIRECTORY CONFIGURE-OPTION...: builds everything, against the libraries in $tree if it is
# set.
build() {
	local directory=$1
	shift
	if ! { cmake -S "$source" -B "$directory" "$@" &&
		cmake --build "$directory" --parallel 2; } >"$directory.build" 2>&1; then
		cat "$directory.build"
		return 1
	fi
}

# build_for TRIPLET DIRECTORY OPTION...: the same for an architecture, against $tree.
build_for() {
	local triplet=$1 multiarch=$1 directory=$2
	shift 2
	[ "$triplet" != i686-linux-gnu ] || multiarch=i386-linux-gnu
	# The native gcc would look for libraries in / before it looks in the tree.
	PKG_CONFIG_SYSROOT_DIR=$tree PKG_CONFIG_LIBDIR=$tree/usr/lib/$multiarch/pkgconfig \
		build "$directory" -DCMAKE_SYSTEM_NAME=Linux \
		-DCMAKE_SYSTEM_PROCESSOR="${triplet%%-*}" -DCMAKE_C_COMPILER="$triplet-gcc" \
		-DCMAKE_SYSROOT="$tree" \
		-DCMAKE_C_FLAGS="-Werror -fstack-protector-strong -B$tree/usr/lib/$multiarch ${flags-}" "$@"
}

chosen=(-L '^(unit|scenario)$' --no-tests=error --verbose --parallel 2)

# tell PLATFORM LOG: summarizes the log of "ctest --verbose". Fails if a test failed, or if the most
# important test did not run.
tell() {
	local platform=$1 log=$2 passed skipped failed
	passed=$(grep -c ' Passed ' "$log" || true)
	skipped=$(sed -nE 's/^[0-9]+: skipped: //p' "$log" | sort -u | paste -sd ';')
	say "$platform: $passed tests passed${skipped:+, skipped: $skipped}"
	if ! grep -q '^100% tests passed' "$log" ||
		! grep -q ' scenario.destinations .* Passed ' "$log"; then
		failed=$(sed -nE 's/^[[:space:]]+([0-9]+) - .*/\1/p' "$log" | paste -sd '|')
		[ -z "$failed" ] || grep -E "^($failed): " "$log" || true
		tail -n 40 "$log"
		return 1
	fi
}

# in_tree TREE BUILD COMMAND...: runs it with the tree as root and the build directory at its own
# path.
in_tree() {
	local root=$1 directory=$2
	shift 2
	bwrap --bind "$root" / --bind /proc /proc --dev-bind /dev /dev --ro-bind /sys /sys \
		--tmpfs /tmp --ro-bind "$source" "$source" --ro-bind "$directory" "$directory" \
		--tmpfs "$directory/Testing" \
		--chdir "$directory" --die-with-parent -- "$@"
}

test_in_tree() {
	local platform=$1 root=$2 directory=$3 log=$WORK/$1.log
	in_tree "$root" "$directory" ctest "${chosen[@]}" >"$log" 2>&1 || true
	tell "$platform" "$log"
}

# client PRELOAD PROGRAM ADDRESS BWRAP-OPTION...: prints the output of tests/scenario/client.c, and
# any complaint of ld.so, in a namespace with one port.
client() {
	local preload=$1 program=$2 address=$3
	shift 3
	unshare --net bash -c 'ip link set lo up &&
		echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range && exec "$@"' client \
		bwrap "$@" --setenv LD_PRELOAD "$preload" -- "$program" "$address" 40000 2>&1
}

# must_protect PRELOAD PROGRAM BWRAP-OPTION...
must_protect() {
	local preload=$1 program=$2 address told
	shift 2
	for address in 127.0.0.1 0.0.0.0 ::1 :: ; do
		told=$(client '' "$program" "$address" "$@") || true
		[ "$told" = self-connected ] || {
			echo "$program: without the library $address: $told" >&2
			return 1
		}
		told=$(client "$preload" "$program" "$address" "$@") || true
		[ "$told" = ECONNREFUSED ] || {
			echo "$program: with $preload $address: $told" >&2
			return 1
		}
	done
}

# kernel SUITE: sets $tree to a userland with the suite's kernel, and $release to its release.
kernel() {
	debian "$1" amd64 "$to_run,kmod,libsubunit0,linux-image-cloud-amd64,mount" kernel
	release=$(basename "$tree"/usr/lib/modules/*)
	(
		flock 9
		[ -e "$tree/usr/lib/modules/$release/modules.dep" ] ||
			bwrap --bind "$tree" / -- depmod "$release"
	) 9>"$tree.lock"
}

# boot KERNEL-PARAMETERS: boots the kernel of $tree in an emulator, with the files of $tree and
# $stage, until /init reboots it. Writes its console to $stage.log.
boot() {
	archive() {
		cpio --quiet --create --null --format=newc >>"$stage.initramfs"
	}
	rm -f "$stage.initramfs"
	(cd "$tree" && find . \( -path ./boot -o -path ./usr/share/doc -o -path './usr/share/locale' \
		-o -path './usr/lib/modules/*/kernel/drivers/[!n]*' -o -path '*/kernel/sound' \) -prune \
		-o -print0 | archive)
	(cd "$stage" && find . ! -name '*.o' ! -name '*.a' -print0 | archive)

	# Emulated in software, since not every machine has KVM. qemu 7.2 cannot emulate the
	# cmpxchg16b of SLUB, and with two processors the kernel sometimes hangs. On a busy host the
	# emulated timer is late, and the kernel would panic when it checks the timer.
	timeout 1150 qemu-system-x86_64 -accel tcg -cpu qemu64,-cx16 -m 1G \
		-display none -monitor none -serial "file:$stage.console" -no-reboot \
		-kernel "$tree"/boot/vmlinuz-* -initrd "$stage.initramfs" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check $1" </dev/null >"$stage.qemu" 2>&1 ||
		cat "$stage.qemu"
	tr -d '\r' <"$stage.console" >"$stage.log"
}
