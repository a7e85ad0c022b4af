#!/bin/bash
# foreign.sh SUITE ARCHITECTURE TRIPLET [QEMU|- [C-FLAG...]]: builds everything for another
# architecture and runs the scenarios, in an emulator if that is needed.
. "$(dirname "$0")/common.sh"
suite=$1 architecture=$2 triplet=$3 qemu=${4:+qemu-$4-static}
flags=${*:5}
[ "${4-}" != - ] || qemu=
need mmdebstrap flock "$triplet-gcc" "${qemu:-bwrap}" busybox

name=$architecture${flags:+ $flags}
directory=$WORK/${name// /}
log=$directory.log
if [ -z "$qemu" ]; then
	debian "$suite" "$architecture" "$to_build,$to_run"
	build_for "$triplet" "$directory"
	mkdir -p "$directory/Testing"
	"$here/one_file.sh" "$directory/shim/libnoselfconn.so" "$triplet-strip"
	test_in_tree "$name" "$tree" "$directory"
	exit
fi

debian "$suite" "$architecture" "$to_build"
build_for "$triplet" "$directory" "-DCMAKE_CROSSCOMPILING_EMULATOR=$qemu;-L;$tree"
"$here/one_file.sh" "$directory/shim/libnoselfconn.so" "$triplet-strip"

# qemu-user does not emulate programs that a test executes, so a script starts them in the emulator.
# Its shell must be static, because LD_PRELOAD names a foreign library.
client=$directory/tests/scenario/scenario_client
! readelf --file-header "$client" >/dev/null 2>&1 || mv "$client" "$client.foreign"
cat >"$client" <<END
#!$(command -v busybox) sh
exec $(command -v "$qemu") -L $tree -0 $client $client.foreign "\$@"
END
chmod +x "$client"
# What qemu-user 7.2 does not emulate:
# - a sendmsg() without data never reaches the kernel;
# - to ss(8) every process is one of the emulator's.
(cd "$directory" && ctest "${chosen[@]}" \
	--exclude-regex '[.](disabled|fastopen|find)$') >"$log" 2>&1 || true
cat >>"$log" <<END
0: skipped: no sendmsg() without data, so no fastopen and no disabled
0: skipped: no names of emulated processes, so no find
END
tell "$architecture" "$log"
