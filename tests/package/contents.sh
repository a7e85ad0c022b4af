#!/bin/bash
# A release contains every file that it should, each for the architecture in its name. Its programs
# run, on other architectures in an emulator.
source=$1
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# Runs in a network namespace where the kernel can pick only one port.
if [ -z "${IN_ONE_PORT-}" ]; then
	[ "$(id -u)" = 0 ] || skip "only root can have another network"
	IN_ONE_PORT=yes exec unshare --net bash "$0" "$@"
fi
ip link set lo up
echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range

home=$(cd "$(dirname "$0")" && pwd)
version=$(sed -nE 's/^project\(.* VERSION ([0-9.]+) .*/\1/p' "$source/CMakeLists.txt")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$directory/for_release/release" || exit

# Our name of each architecture, Debian's, rpm's, the compiler's triplet, readelf's words, qemu's
# name.
architectures="x86_64 amd64 x86_64 x86_64-linux-gnu ELF64.*X86-64 x86_64
i386 i386 - i686-linux-gnu ELF32.*Intel.80386 i386
arm64 arm64 aarch64 aarch64-linux-gnu ELF64.*AArch64 aarch64
armhf armhf - arm-linux-gnueabihf ELF32.*ARM arm
riscv64 riscv64 - riscv64-linux-gnu ELF64.*RISC-V riscv64
ppc64el ppc64el - powerpc64le-linux-gnu ELF64.*little.*PowerPC64 ppc64le
s390x s390x - s390x-linux-gnu ELF64.*big.*S/390 s390x"

expect_machine() {
	local header
	header=$(readelf --file-header "$2" | tr '\n' ' ')
	[[ $header =~ $1 ]] || fail "$2: $header"
}

# Checks owners and permissions in a listing like that of "tar -tv".
expect_modes() {
	local odd
	odd=$(awk '{
		program = /\/s?bin\/[^\/]+$/ || /\.sh$/
		expected = /^d/ ? "drwxr-xr-x" : program ? "-rwxr-xr-x" : "-rw-r--r--"
	}
	$1 != expected || ! / root[\/ ]+root /' <<<"$1")
	[ -z "$odd" ] || fail "$odd"
}

# run QEMU TRIPLET COMMAND...: in an emulator, unless this machine can run it.
run() {
	if [ "$1" = x86_64 ]; then
		"${@:3}"
	else
		qemu-"$1"-static -L "/usr/$2" "${@:3}"
	fi
}

# preloaded QEMU TRIPLET LIBRARY COMMAND...
preloaded() {
	if [ "$1" = x86_64 ]; then
		LD_PRELOAD=$3 "${@:4}"
	else
		run "$1" "$2" -E LD_PRELOAD="$3" "${@:4}"
	fi
}

expected=(SHA256SUMS "libnoselfconn-$version.spdx" "libnoselfconn-$version.tar.gz")
while read -r name debian rpm triplet machine qemu; do
	expected+=("libnoselfconn-$version-$name.tar.gz" {lib,}"noselfconn_${version}_$debian.deb")

	# The archive of files to copy.
	listing=$(tar -tvzf "libnoselfconn-$version-$name.tar.gz")
	expect_modes "$listing"
	tar -C "$work" -xzf "libnoselfconn-$version-$name.tar.gz"
	tree=$work/libnoselfconn-$version-$name
	library=$tree/lib/${triplet/i686/i386}/libnoselfconn.so
	for file in INSTALL LICENSE bin/noselfconn share/man/man{1/noselfconn.1,7/libnoselfconn.7} \
		share/doc/libnoselfconn/{README.md,changelog,examples/systemd/legacy.service}; do
		[ -s "$tree/$file" ] || fail "$name: no $file"
	done
	! grep -rlE 'cmake|docker build' "$tree/share/doc/libnoselfconn/examples" ||
		fail "an example needs the source"
	(($(wc -l <"$tree/INSTALL") <= 10)) || fail "INSTALL is too long"
	grep -qF "/usr/local/${library#"$tree/"} " "$tree/INSTALL" || fail "INSTALL names another library"
	! readelf --wide --sections "$library" "$tree/bin/noselfconn" | grep -q '\.debug\|\.symtab' ||
		fail "$name: not stripped"
	expect_machine "$machine" "$library"
	expect_machine "$machine" "$tree/bin/noselfconn"
	WORK=$work "$source/tests/platforms/one_file.sh" "$library" "$triplet-strip"
	[ "$(run "$qemu" "$triplet" "$tree/bin/noselfconn" --version)" = "noselfconn $version" ] ||
		fail "$name: the launcher does not run"
	"$triplet-gcc" -o "$work/client" "$home/client.c"
	[ "$(run "$qemu" "$triplet" "$work/client")" = connected ] || fail "$name: no self-connect"
	[ "$(preloaded "$qemu" "$triplet" "$library" "$work/client")" = refused ] ||
		fail "$name: the library does not protect"

	# The packages contain the same library and name the architecture.
	for package in {lib,}"noselfconn_${version}_$debian.deb"; do
		[ "$(dpkg-deb -f "$package" Architecture)" = "$debian" ] || fail "$package: Architecture"
		expect_modes "$(dpkg-deb -c "$package")"
		dpkg-deb -x "$package" "$work/$debian"
	done
	cmp "$work/$debian/${library/"$tree"/usr}" "$library"
	expect_machine "$machine" "$work/$debian/usr/bin/noselfconn"

	[ "$rpm" != - ] || continue
	for package in {lib,}"noselfconn-$version-1.$rpm.rpm"; do
		expected+=("$package")
		[ "$(rpm -qp --qf '%{ARCH}' "$package")" = "$rpm" ] || fail "$package: architecture"
		expect_modes "$(rpm -qplv "$package")"
		(mkdir -p "$work/$rpm.rpm" && cd "$work/$rpm.rpm" &&
			rpm2cpio "$OLDPWD/$package" | cpio --quiet -idm)
	done
	cmp "$work/$rpm.rpm/usr/lib64/libnoselfconn.so" "$library"
	expect_machine "$machine" "$work/$rpm.rpm/usr/bin/noselfconn"
done <<<"$architectures"

diff <(printf '%s\n' "${expected[@]}" | LC_ALL=C sort) <(LC_ALL=C ls) || fail "not these files"
sha256sum --quiet --strict --check SHA256SUMS
[ "$(wc -l <SHA256SUMS)" = $((${#expected[@]} - 1)) ] || fail "SHA256SUMS misses a file"

# The source archive has the files that git tracks.
tar -tzf "libnoselfconn-$version.tar.gz" | grep -v '/$' | cut -d / -f 2- | LC_ALL=C sort >"$work/source"
if [ -e "$source/.git" ]; then
	git -C "$source" ls-files | LC_ALL=C sort | diff - "$work/source"
fi

grep -q "protected by libnoselfconn $version (" "$source/README.md" || fail "README.md shows another version"

as_root=()
[ "$(id -u)" != 0 ] || as_root=(--allow-root)
lintian "${as_root[@]}" --fail-on error,warning ./*.deb

# Each of the 8 packages in the SPDX list has the fields that SPDX 2.3, section 7, requires, and the
# checksum of the source is right.
spdx=libnoselfconn-$version.spdx
for field in PackageName SPDXID PackageVersion PackageDownloadLocation PackageLicenseConcluded \
	PackageLicenseDeclared PackageCopyrightText; do
	found=$(grep -cE "^$field: .+" "$spdx")
	[ "$field" != SPDXID ] || ((found--))
	[ "$found" = 8 ] || fail "$spdx has $found lines with $field, expected 8"
done
! grep -oE 'SPDXRef-[^ ]*' "$spdx" | grep -v '^SPDXRef-[A-Za-z0-9.-]*$' ||
	fail "not an identifier as SPDX wants it" # 7.2: letters, numbers, "." and "-"
grep -q "SHA256: $(sha256sum "libnoselfconn-$version.tar.gz" | cut -d ' ' -f 1)\$" "$spdx" ||
	fail "$spdx does not have the checksum of the source archive"
