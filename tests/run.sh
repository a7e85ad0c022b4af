#!/bin/bash
# Installs missing packages, builds and tests.
#
#   tests/run.sh        unit and scenario tests, about a minute
#   tests/run.sh all    every label
set -euo pipefail
cd "$(dirname "$0")/.."
# Messages in English, in a locale that every system has.
export LC_ALL=C.UTF-8

usage() {
	echo "tests/run.sh: \"$*\" given, expected nothing or \"all\"" >&2
	exit 2
}

# Prints the packages in these lists that are not installed.
missing_packages() {
	local package
	cat "$@" | while read -r package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done
}

install_packages() {
	local missing as_root=()
	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	echo "Installing: ${missing[*]}"
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=600 update
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 \
		install --no-install-recommends "${missing[@]}" >/dev/null
}

case "$#$*" in
0)
	install_packages tests/apt-packages
	chosen=(-L '^(unit|scenario)$')
	;;
1all)
	install_packages tests/apt-packages tests/*/apt-packages
	chosen=()
	;;
*) usage "$@" ;;
esac

echo "Building in build/"
cmake -S . -B build -DBUILD_TESTING=ON -DCMAKE_C_FLAGS="${CFLAGS-} -Werror" >/dev/null
cmake --build build --parallel "$(nproc)" >build/log 2>&1 || {
	cat build/log
	exit 1
}
status=0
(cd build && ctest --parallel "$(nproc)" --output-on-failure --no-tests=error "${chosen[@]}") ||
	status=$?
grep -hE '^(platform|skipped): ' build/Testing/Temporary/LastTest.log | sort | uniq -c || true
exit "$status"
