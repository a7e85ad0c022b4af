#!/bin/bash
# What becomes of LD_PRELOAD.
# shellcheck disable=SC1003,SC2016 # what single quotes hold is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# What the command finds in LD_PRELOAD, when that was there before. The loader complains of files
# that are missing, so that the others have to be there.
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

# It is loaded, once, also into children.
expect 0 1 "$launcher" sh -c 'grep -c "r-xp.*/libnoselfconn\.so$" /proc/self/maps'

# A place that LD_PRELOAD cannot name; and characters that are special only in patterns.
mkdir 'a b' '$LIB' '[a]*?\'
cp "$launcher" "$library" 'a b'
cp "$launcher" "$library" '$LIB'
cp "$launcher" "$library" '[a]*?\'
expect 125 'noselfconn: */true cannot be protected: it needs the library, which has a space, a colon *' \
	'a b/noselfconn' true
expect 1 '' 'a b/noselfconn' --force printenv LD_PRELOAD
expect 125 'noselfconn: */true cannot be protected: it needs the library, which has * dollar sign *' \
	'$LIB/noselfconn' true
expect 0 "$PWD/"'\[a\]\*\?\\'"/libnoselfconn.so" '[a]*?\/noselfconn' printenv LD_PRELOAD
