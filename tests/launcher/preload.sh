#!/bin/bash
# How the launcher composes LD_PRELOAD, and which file it takes for the library.
# shellcheck disable=SC1003,SC2016 # the single-quoted code is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# preloaded BEFORE AFTER: the command finds AFTER in LD_PRELOAD if the launcher was called with
# BEFORE. All files in it have to exist, because the loader complains of missing ones.
preloaded() {
	expect 0 "$2" env LD_PRELOAD="$1" "$launcher" /bin/sh -c 'echo "$LD_PRELOAD"'
}

gcc -shared -o liba.so -x c /dev/null
cp liba.so libb.so
cp "$library" libnoselfconn.so
cp "$library" libnoselfconn.so.old
a=$PWD/liba.so
b=$PWD/libb.so
old=$PWD/libnoselfconn.so

expect 0 "$library" env -u LD_PRELOAD "$launcher" printenv LD_PRELOAD
preloaded "" "$library"
preloaded "$a" "$library:$a"
preloaded "$a:$b" "$library:$a:$b"
preloaded "$b $a" "$library:$b:$a"
preloaded " : $a: :$b:" "$library:$a:$b"
preloaded "$library" "$library"
preloaded "$a:$library $b" "$library:$a:$b"
preloaded "$old:$a:$old" "$library:$a"
preloaded "$old.old" "$library:$old.old"
expect 0 "$library" "$launcher" "$launcher" printenv LD_PRELOAD

# The library is loaded exactly once, in children too.
expect 0 1 "$launcher" sh -c 'grep -c "r-xp.*/libnoselfconn\.so$" /proc/self/maps'

# LD_PRELOAD cannot name a path with a space, a colon or a dollar sign. Characters that are special
# only in patterns do no harm.
mkdir 'a b' '$LIB' '[a]*?\'
cp "$launcher" "$library" 'a b'
cp "$launcher" "$library" '$LIB'
cp "$launcher" "$library" '[a]*?\'
expect 125 'noselfconn: */true cannot be protected: it needs */a b/libnoselfconn.so, which has a space, a colon *' \
	'a b/noselfconn' true
expect 1 '' 'a b/noselfconn' --force printenv LD_PRELOAD
expect 125 'noselfconn: */true cannot be protected: it needs *, which has * dollar sign *' \
	'$LIB/noselfconn' true
expect 0 "$PWD/"'\[a\]\*\?\\'"/libnoselfconn.so" '[a]*?\/noselfconn' printenv LD_PRELOAD

# A libnoselfconn.so that cannot be loaded is named with the reason. A good one elsewhere is
# preferred.
refused_for() {
	expect 125 "noselfconn: *true cannot be protected: it needs $PWD/$1/libnoselfconn.so, which $2; *" \
		"${@:3}" "$1/noselfconn" true
}
mkdir empty text part unreadable beside beside/{bin,lib}
for directory in empty text part unreadable beside/bin; do
	cp "$launcher" $directory
done
touch empty/libnoselfconn.so
echo text >text/libnoselfconn.so
head -c 4096 "$library" >part/libnoselfconn.so
install -m 0 "$library" unreadable
touch beside/bin/libnoselfconn.so
cp "$library" beside/lib
refused_for empty 'is empty'
refused_for text 'is not a library'
refused_for part 'is not a library, or only a part of one'
expect 0 "$PWD/beside/lib/libnoselfconn.so" beside/bin/noselfconn printenv LD_PRELOAD
expect 1 '' empty/noselfconn --force printenv LD_PRELOAD
gcc -static -o static -x c - <<<'#include <stdlib.h>
int main(void) { return getenv("LD_PRELOAD") != 0; }'
expect 0 '' empty/noselfconn --force ./static

if [ "$(id -u)" = 0 ]; then
	refused_for unreadable 'cannot be read' setpriv --reuid 65534 --regid 65534 --clear-groups
	mkdir -p on-noexec/{bin,lib}
	cp "$launcher" on-noexec/bin
	expect 125 "noselfconn: *true cannot be protected: it needs $PWD/on-noexec/lib/libnoselfconn.so, \
which is on a file system that is mounted noexec; *" unshare --mount bash -c '
		mount -t tmpfs -o noexec tmpfs on-noexec/lib &&
		cp "$0" on-noexec/lib && on-noexec/bin/noselfconn true' "$library"
fi
