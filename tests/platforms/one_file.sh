#!/bin/bash
# one_file.sh LIBRARY [STRIP]: the library can be loaded on every system of its architecture.
# A preload that wants a library or a symbol version which is not there kills every program at
# start, and one without the notes of IBT, SHSTK, BTI and PAC takes these away from it. The kernel
# knows the first two for 64 bits only (X86_USER_SHADOW_STACK, arch/x86/Kconfig).
. "$(dirname "$0")/common.sh"
library=$1 strip=${2:-strip}

fail() {
	echo "$library: $*" >&2
	exit 1
}

dynamic_symbols() {
	# ppc64el has a remark in brackets in the middle.
	readelf --wide --dyn-syms "$library" | sed 's/\[[^]]*\]//'
}

machine=$(readelf --file-header "$library" | sed -nE 's/^ *Machine: *//p')

# The symbols to which the library refers. The list must be short, because the loader would also
# take a program's function of such a name. Weak ones may be missing.
weak=(__connect dlsym program_invocation_short_name secure_getenv syscall)
strong=(__errno_location)
# Symbols that the compiler adds for its options.
may=(__stack_chk_fail)
case "$machine" in
AArch64 | RISC-V) may+=(__stack_chk_guard) ;;
# raise() is for the division by zero in what libgcc has for processors that cannot divide.
ARM) may+=(__stack_chk_guard raise) ;;
esac

# undefined WEAK|GLOBAL
undefined() {
	dynamic_symbols | awk -v binding="$1" '$5 == binding && $7 == "UND" && $8 != "" { print $8 }' |
		sort
}

found=$(undefined WEAK | paste -sd ' ')
[ "$found" = "$(printf '%s\n' "${weak[@]}" | sort | paste -sd ' ')" ] ||
	fail "has the weak references $found, expected ${weak[*]}"
found=$(undefined GLOBAL | { grep -vxF "$(printf '%s\n' "${may[@]}")" || true; } | paste -sd ' ')
[ "$found" = "$(printf '%s\n' "${strong[@]}" | sort | paste -sd ' ')" ] ||
	fail "needs $found, expected ${strong[*]}"
exported=$(dynamic_symbols | awk '$5 != "LOCAL" && $7 ~ /^[0-9]+$/ { print $8 }' | sort | paste -sd ' ')
hooks="connect sendmmsg sendmsg sendto"
readelf --file-header "$library" | grep -q 'Class: *ELF64' || hooks="__sendmmsg64 __sendmsg64 $hooks"
[ "$exported" = "$hooks" ] || fail "exports $exported"
! readelf --wide --dynamic "$library" | grep -E 'NEEDED|RPATH|RUNPATH|TEXTREL' ||
	fail "must have no such entry"
readelf --wide --version-info "$library" | grep -q '^No version information' ||
	fail "has symbol versions"
# -z relro, -z noexecstack (without the header it would be executable), -z now, -z nodelete
segments=$(readelf --wide --program-headers "$library")
grep -q GNU_RELRO <<<"$segments" || fail "has no segment that is read-only after relocation"
grep -q 'GNU_STACK.* RW ' <<<"$segments" || fail "wants an executable stack"
readelf --wide --dynamic "$library" | grep -q 'FLAGS_1.* NOW.* NODELETE' ||
	fail "is bound late or can be unloaded"

notes=$(readelf --wide --notes "$library")
case "$machine" in
*X86-64) [[ $notes == *IBT*SHSTK* ]] || fail "switches off IBT or SHSTK" ;;
AArch64) [[ $notes == *BTI*PAC* ]] || fail "switches off BTI or PAC" ;;
esac

stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
"$strip" -o "$stripped" "$library"
size=$(stat -c %s "$stripped")
# On other architectures larger pages or longer code make the file larger.
[[ $machine != *X86-64 ]] || ((size <= 20 * 1024)) || fail "is of $size bytes, stripped"
say "one file, $machine: $size bytes, needs nothing but libc, of any version"
