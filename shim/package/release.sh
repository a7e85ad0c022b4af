#!/bin/bash
# Makes the files of a release in a directory: the source, and for each architecture packages and an
# archive for administrators without a compiler. Two runs give the same bytes.
#
#   release.sh DIRECTORY VERSION       (cmake --build build --target release)
#
# tests/apt-packages and tests/package/apt-packages list the Debian packages that it needs.
set -euo pipefail
umask 022
unset DESTDIR CFLAGS CPPFLAGS LDFLAGS CC LD_PRELOAD
export LC_ALL=C.UTF-8 TZ=UTC

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
release=$1
work=$(mktemp -d) # rpmbuild wants a path without blanks
trap 'rm -rf "$work"' EXIT
export here source release version=$2 work

# Our name, the compiler's triplet, and whether to make an RPM package: the other architectures have
# no major distribution with rpm.
architectures='x86_64 x86_64-linux-gnu rpm
i386 i686-linux-gnu
arm64 aarch64-linux-gnu rpm
armhf arm-linux-gnueabihf
riscv64 riscv64-linux-gnu
ppc64el powerpc64le-linux-gnu
s390x s390x-linux-gnu'

die() {
	echo "release.sh: $*" >&2
	exit 1
}

# Prints the time of the newest changelog entry, which becomes the time of all files.
date_of_version() {
	date -d "$(sed -n '/^ -- /{s/.*>  //p;q}' "$here/changelog")" +%s
}

# pack DIRECTORY: packs it reproducibly as a .tar.gz in the release.
pack() {
	tar -C "${1%/*}" --format=ustar --sort=name --owner=root:0 --group=root:0 \
		--mtime="@$SOURCE_DATE_EPOCH" --mode=u+rw,go+r-w,a+X -c "${1##*/}" |
		gzip -9n >"$release/${1##*/}.tar.gz"
}

pack_source() {
	local tree=$work/libnoselfconn-$version
	mkdir "$tree"
	if [ -e "$source/.git" ]; then
		git -C "$source" ls-files -z
	else
		(cd "$source" && find . -path './build*' -prune -o -exec test -e '{}/CMakeCache.txt' \; \
			-prune -o -type f -print0)
	fi | tar -C "$source" --null --files-from=- -c | tar -C "$tree" -x
	pack "$tree"
}

# configure_and_build DIRECTORY COMPILER OPTION...: links the launcher statically, so that it runs
# on older systems than this one, as the library does.
configure_and_build() {
	cmake -S "$source" -B "$1" -DBUILD_TESTING=OFF -DCMAKE_C_COMPILER="$2" \
		-DCMAKE_C_FLAGS='-Werror -fstack-protector-strong' \
		-DCMAKE_EXE_LINKER_FLAGS='-static -no-pie' "${@:3}"
	cmake --build "$1" --target noselfconn launcher
}

# write_install NAME TREE: prints the file INSTALL. It gives full paths, because distributions
# differ in where their loader looks.
write_install() {
	local parts library
	parts=$(cd "$2" && echo */ | tr -d /)
	library=$(cd "$2" && echo lib/*/libnoselfconn.so)
	cat <<END
libnoselfconn $version for $1, with every libc. As root, in this directory:

    umask 022; cp -R --remove-destination $parts /usr/local/ && ldconfig

One program:     noselfconn COMMAND...
                 LD_PRELOAD=/usr/local/$library COMMAND...
The whole host:  noselfconn-host add
To remove it (first "noselfconn-host remove", and any line for it in /etc/ld.so.preload):

    find $parts -type f | (cd /usr/local && xargs rm && rm -r share/doc/libnoselfconn)
END
}

# pack_tree NAME DIRECTORY: packs an archive of files to copy to /usr/local.
pack_tree() {
	local tree=$work/libnoselfconn-$version-$1 component
	for component in libnoselfconn noselfconn; do
		cmake --install "$2" --strip --prefix "$tree" --component "$component"
	done
	rm -r "$tree"/share/doc/{noselfconn,libnoselfconn/copyright}
	cp "$source/LICENSE" "$tree"
	write_install "$1" "$tree" >"$tree/INSTALL"
	pack "$tree"
}

# make_for NAME TRIPLET [rpm]
make_for() {
	local directory=$work/$1 compiler=$2-gcc
	configure_and_build "$directory" "$compiler" -DCMAKE_INSTALL_PREFIX=/usr/local
	pack_tree "$1" "$directory"
	configure_and_build "$directory" "$compiler" -DCMAKE_INSTALL_PREFIX=/usr
	(cd "$directory" && cpack -G DEB && mv ./*.deb "$release")
	if [ "${3-}" ]; then
		configure_and_build "$directory" "$compiler" -DCMAKE_INSTALL_LIBDIR=lib64
		(cd "$directory" && cpack -G RPM && mv ./*.rpm "$release")
	fi
}

# Shows the output only if make_for fails.
make_quietly_for() {
	# In a shell of its own, which ends at the first failure.
	bash -euo pipefail -c 'make_for "$@"' bash "$@" >"$work/$1.log" 2>&1 || {
		cat "$work/$1.log"
		return 255 # xargs starts no other
	}
}

# Prints package and version of the libc.a that is linked into the launcher.
static_libc() {
	# shellcheck disable=SC2016 # for dpkg-query
	dpkg-query -S "$(realpath "$("$1-gcc" -print-file-name=libc.a)")" | sed 's/: .*//' |
		xargs dpkg-query -W -f '${Package} ${Version}\n'
}

write_spdx() {
	local name triplet libc sum
	sum=$(sha256sum "$release/libnoselfconn-$version.tar.gz" | cut -d ' ' -f 1)
	cat <<END
SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: libnoselfconn-$version
DocumentNamespace: https://spdx.org/spdxdocs/libnoselfconn-$version-$sum
Creator: Organization: The libnoselfconn authors
Created: $(date -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)

PackageName: libnoselfconn
SPDXID: SPDXRef-libnoselfconn
PackageVersion: $version
PackageFileName: libnoselfconn-$version.tar.gz
PackageChecksum: SHA256: $sum
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageLicenseConcluded: MIT
PackageLicenseDeclared: MIT
PackageCopyrightText: <text>$(grep ^Copyright "$source/LICENSE")</text>
PackageComment: <text>The library needs no other. The launcher noselfconn is linked with glibc.</text>
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-libnoselfconn
END
	while read -r name triplet _; do
		name=${name/_/-} # an identifier of SPDX has no _
		libc=$(static_libc "$triplet")
		cat <<END

PackageName: glibc
SPDXID: SPDXRef-glibc-$name
PackageVersion: ${libc#* }
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageLicenseConcluded: LGPL-2.1-or-later
PackageLicenseDeclared: LGPL-2.1-or-later
PackageCopyrightText: NOASSERTION
PackageComment: <text>Debian's ${libc% *}, in noselfconn for $name.</text>
Relationship: SPDXRef-libnoselfconn STATIC_LINK SPDXRef-glibc-$name
END
	done <<<"$architectures"
}

while read -r _ triplet _; do
	[ -e "$("$triplet-gcc" -print-file-name=libc.a 2>/dev/null)" ] ||
		die "no $triplet-gcc with a libc; install what tests/package/apt-packages lists"
done <<<"$architectures"
command -v rpmbuild >/dev/null || die "no rpmbuild; install what tests/package/apt-packages lists"

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-$(date_of_version)}
export SOURCE_DATE_EPOCH
rm -rf "$release"
mkdir -p "$release"

pack_source
export -f configure_and_build make_for make_quietly_for pack pack_tree write_install
xargs -P "$(nproc)" -L 1 bash -euo pipefail -c 'make_quietly_for "$@"' bash <<<"$architectures"
write_spdx >"$release/libnoselfconn-$version.spdx"
(cd "$release" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
echo "Made $(find "$release" -type f | wc -l) files in $release"
