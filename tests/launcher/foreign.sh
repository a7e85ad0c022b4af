#!/bin/bash
# Programs for another architecture: refused without a library for it, and served through $LIB if
# both libraries are installed.
# shellcheck disable=SC2016 # $LIB is for the loader; the single-quoted code is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(uname -m)" = x86_64 ] || skip "an x86-64 system, to which 32-bit programs are the other size"

triplet=x86_64-linux-gnu
printf 'int main(void) { return 0; }\n' >program.c
gcc -o program program.c
i686-linux-gnu-gcc -Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2 -o program32 program.c
musl-gcc -o program-musl program.c
i686-linux-gnu-gcc -shared -o library32 -x c /dev/null

# install_into PREFIX DIRECTORY...: the launcher, and the library that fits each directory.
install_into() {
	mkdir -p "$1/bin"
	cp "$launcher" "$1/bin"
	for directory in "${@:2}"; do
		mkdir -p "$1/$directory"
		cp "$library" "$1/$directory"
		case $directory in
		*i386* | */lib32) cp library32 "$1/$directory/libnoselfconn.so" ;;
		esac
	done
}

no_library='*cannot be protected: it is a 32-bit x86 program, for which there is no libnoselfconn.so; *'
install_into one lib/$triplet
expect 0 "*by $PWD/one/lib/$triplet/libnoselfconn.so" one/bin/noselfconn --check ./program
expect 125 "$no_library" one/bin/noselfconn ./program32
expect 125 "$no_library" one/bin/noselfconn --check ./program32

both='$LIB/libnoselfconn.so'
install_into both lib/$triplet lib/i386-linux-gnu
expect 0 "*by $PWD/both/$both" both/bin/noselfconn --check ./program
expect 0 "*by $PWD/both/$both" both/bin/noselfconn --check ./program32
expect 0 1 both/bin/noselfconn sh -c 'grep -c "r-xp.*/libnoselfconn\.so$" /proc/self/maps'

# LD_PRELOAD gets the full path if $LIB does not lead to the library's directory, and for musl's
# loader, which does not expand $LIB.
expect 0 "*by $PWD/both/lib/$triplet/libnoselfconn.so" both/bin/noselfconn --check ./program-musl
{ cat /lib/ld-musl-x86_64.so.1 && printf '\0lib/%s\0' "$triplet"; } >ld-musl
chmod +x ld-musl
musl-gcc -Wl,--dynamic-linker="$PWD/ld-musl" -o program-musl program.c
expect 0 "*by $PWD/both/lib/$triplet/libnoselfconn.so" both/bin/noselfconn --check ./program-musl
install_into other lib lib/i386-linux-gnu
expect 0 "*by $PWD/other/lib/libnoselfconn.so" other/bin/noselfconn --check ./program
expect 0 1 other/bin/noselfconn sh -c 'grep -c "r-xp.*/libnoselfconn\.so$" /proc/self/maps'

# A library for the same processor with another size of pointers (x32) does not serve.
gcc -mx32 -nostdlib -shared -o libraryx32 -x c /dev/null
install_into x32 lib/x86_64-linux-gnux32
cp libraryx32 x32/lib/x86_64-linux-gnux32/libnoselfconn.so
expect 125 '*cannot be protected: it is a 64-bit x86 program, for which there is no *' \
	x32/bin/noselfconn ./program

# Nor does one with the other byte order, which the bytes EI_DATA and e_machine of the ELF header
# say.
install_into big lib/$triplet
printf '\2' | dd of=big/lib/$triplet/libnoselfconn.so bs=1 seek=5 conv=notrunc status=none
printf '\0\76' | dd of=big/lib/$triplet/libnoselfconn.so bs=1 seek=18 conv=notrunc status=none
expect 125 '*cannot be protected: it is a 64-bit x86 program, for which there is no *' \
	big/bin/noselfconn ./program

# No library is installed.
install_into none
rm -f none/lib*/libnoselfconn.so
expect 125 '*cannot be protected: it is a 64-bit x86 program, for which there is no *' \
	none/bin/noselfconn ./program
expect 1 '' none/bin/noselfconn --force printenv LD_PRELOAD
