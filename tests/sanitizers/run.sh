#!/bin/bash
# Builds the tree with a sanitizer or for coverage, or runs it under valgrind, and runs the tests.
#
#   run.sh address|thread|valgrind|coverage SOURCE BUILD
set -euo pipefail

kind=$1
source=$2
build=$3/$kind
labels='^(unit|scenario|process|faults)$'
left_out='^$'
export CK_TIMEOUT_MULTIPLIER=10

build_with() {
	cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="$*" >/dev/null
	cmake --build "$build" --parallel 2 -- --quiet
}

run_tests() {
	# LLVM before 18 and gcc before 14 do not work with mappings as far apart as vm.mmap_rnd_bits=32
	# puts them.
	setarch --addr-no-randomize ctest --test-dir "$build" --parallel 2 \
		--label-regex "$labels" --exclude-regex "$left_out" --output-on-failure
}

# Tests the launcher of this build next to the ordinary library, which all programs can load. The
# sanitizer's reports come from the launcher only.
test_launcher() {
	local ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=1 part
	cmake -S "$source" -B "$build/launcher" -DBUILD_TESTING=OFF >/dev/null
	cmake --build "$build/launcher" -- --quiet
	cp "$build/shim/noselfconn" "$build/launcher/shim"
	for part in contract evidence examples find free judgement order preload rights risk status \
		units; do
		bash "$source/tests/launcher/$part.sh" "$build/launcher/shim/"{noselfconn,libnoselfconn.so}
	done
}

# Fails unless the file "branches" lists each branch that no test takes, with a reason.
explain_branches() {
	local file numbers number line unexplained=0
	while read -r file numbers; do
		for number in ${numbers//,/ }; do
			line=$file:$(sed -n "${number}s/^[[:space:]]*/ /p" "$file")
			grep -qxF -- "$line" tests/sanitizers/branches && continue
			echo "no test takes this branch, and tests/sanitizers/branches does not say why: $line"
			unexplained=1
		done
	done < <(awk '/^shim/ && NF == 5 { print $1, $5 }' "$1")
	return "$unexplained"
}

case $kind in
address)
	build_with -fsanitize=address,undefined -fno-sanitize-recover=all
	# detect_leaks: the shells and tools that the tests start leave theirs to exit()
	# verify_asan_link_order: in a control the runtime is the program's own
	# replace_str and the option that its message suggests: ip(8) copies a name onto itself
	export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0:replace_str=0
	ASAN_OPTIONS+=:intercept_strlen=0:intercept_strchr=0:intercept_strndup=0
	# The runtime itself makes the calls that the filter fails.
	left_out='^faults\.seccomp'
	run_tests
	test_launcher
	;;
thread)
	build_with -fsanitize=thread -fno-sanitize-recover=all
	left_out='^faults\.seccomp'
	run_tests
	;;
valgrind)
	# ctest puts it in front of every test program; what these start runs without it.
	valgrind="valgrind;--quiet;--error-exitcode=99"
	valgrind+=";--suppressions=$source/tests/sanitizers/valgrind.supp"
	cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Debug \
		-DCMAKE_CROSSCOMPILING_EMULATOR="$valgrind" >/dev/null
	cmake --build "$build" --parallel 2 -- --quiet
	# Of the rest valgrind has descriptors, filters and preloads of its own.
	labels='^(unit|scenario)$'
	left_out='^(control\.|scenario\.(sctp|disabled))'
	run_tests
	;;
coverage)
	build_with --coverage -fprofile-update=atomic
	find "$build" -name '*.gcda' -delete
	left_out='^control\.|\.control$'
	run_tests
	cd "$source"
	report=(gcovr --root . --object-directory "$build" --filter shim/)
	# The launcher's tests are scripts, which run the ordinary build.
	report+=(--exclude shim/launcher/)
	"${report[@]}" --branches | tee "$build/branches"
	explain_branches "$build/branches"
	"${report[@]}" --fail-under-line 100
	;;
esac
