#!/bin/bash
# preload.sh KIND: LD_PRELOAD with programs of two sizes, with another libc, in a tree that has
# nothing but libc, and without secure_getenv().
. "$(dirname "$0")/common.sh"
need bwrap mmdebstrap flock unshare ip

# $LIB is the library directory that belongs to the program, "lib/x86_64-linux-gnu" or so.
both_sizes() {
	need i686-linux-gnu-gcc
	debian bookworm i386 "$to_build,$to_run"
	build_for i686-linux-gnu "$WORK/both_sizes" -DBUILD_TESTING=OFF
	i686-linux-gnu-gcc --sysroot="$tree" -B"$tree/usr/lib/i386-linux-gnu" -D_GNU_SOURCE \
		-o "$WORK/client-i386" "$source/tests/scenario/client.c"
	debian bookworm amd64,i386 libc6,libc6:i386
	local options=(--bind "$tree" / --ro-bind "$WORK" "$WORK" --dev /dev
		--ro-bind "$LIBRARY" /usr/lib/x86_64-linux-gnu/libnoselfconn.so
		--ro-bind "$WORK/both_sizes/shim/libnoselfconn.so"
		/usr/lib/i386-linux-gnu/libnoselfconn.so)
	# shellcheck disable=SC2016
	must_protect '/usr/$LIB/libnoselfconn.so' "$WORK/oldest/tests/scenario/scenario_client" \
		"${options[@]}"
	# shellcheck disable=SC2016
	must_protect '/usr/$LIB/libnoselfconn.so' "$WORK/client-i386" "${options[@]}"
	# shellcheck disable=SC2016
	say '/usr/$LIB/libnoselfconn.so: programs of 64 and of 32 bits are protected'
}

# A tree with nothing but the program, ld.so and libc. Before Debian 12 such a process has no
# dlsym().
nothing_else() {
	local suite=$1 bare=$WORK/bare-$1 part
	debian "$suite" amd64 "$to_build,$to_run"
	rm -rf "$bare"
	mkdir -p "$bare/dev"
	for part in lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libc.so.6; do
		install -D "$tree/$part" "$bare/$part"
	done
	install "$WORK/oldest/tests/scenario/scenario_client" "$bare/client"
	install "$LIBRARY" "$bare/libnoselfconn.so"
	must_protect /libnoselfconn.so /client --ro-bind "$bare" /
	say "$suite: a program with nothing but ld.so and libc is protected"
}

# Simulates glibc before 2.17 by changing the name secure_getenv in the library: then there are no
# settings.
no_secure_getenv() {
	local other=$WORK/no_secure_getenv/libnoselfconn.so
	mkdir -p "${other%/*}"
	sed 's/secure_getenv/nobodys_name_/g' "$LIBRARY" >"$other"
	must_protect "$other" "$CLIENT" --dev-bind / / --setenv NOSELFCONN_DISABLE 1
	say "a libc without secure_getenv(): programs start, and are protected by default"
}

musl() {
	local part version
	need musl-gcc
	version=$({ "/lib/ld-musl-$(uname -m).so.1" 2>&1 || true; } | sed -n 's/^Version //p')
	grep -q "^| x86-64 | musl $version | " "$source/shim/package/README.md" ||
		fail "shim/package/README.md has another musl than $version"
	musl-gcc -o "$WORK/client-musl" -D_GNU_SOURCE "$source/tests/scenario/client.c"
	musl-gcc -c -o "$WORK/padding.o" -D_GNU_SOURCE "$source/tests/platforms/padding.c"
	musl-gcc -o "$WORK/padding-musl" -D_GNU_SOURCE -Dconnect=open_with_padding \
		"$source/tests/scenario/client.c" "$WORK/padding.o"
	must_protect "$LIBRARY" "$WORK/client-musl" --dev-bind / /
	must_protect "$LIBRARY" "$WORK/padding-musl" --dev-bind / /
	# The kernel's headers are not below musl's.
	build "$WORK/musl" -DCMAKE_C_COMPILER=musl-gcc -DBUILD_TESTING=OFF -DCMAKE_C_FLAGS="-Werror \
		-idirafter /usr/include -idirafter /usr/include/$(uname -m)-linux-gnu"
	"$here/one_file.sh" "$WORK/musl/shim/libnoselfconn.so"
	must_protect "$WORK/musl/shim/libnoselfconn.so" "$WORK/client-musl" --dev-bind / /
	must_protect "$WORK/musl/shim/libnoselfconn.so" "$WORK/padding-musl" --dev-bind / /
	must_protect "$WORK/musl/shim/libnoselfconn.so" "$CLIENT" --dev-bind / /
	for part in contract evidence examples find free judgement order preload risk status units; do
		bash "$source/tests/launcher/$part.sh" "$WORK/musl/shim/noselfconn" \
			"$WORK/musl/shim/libnoselfconn.so"
	done
	say "musl: programs of both libcs are protected by the library built for either, and the launcher works"
}

"$@"
