#!/bin/bash
# runs.sh BUILD: run.sh writes its figures into the two pages and the chart, here in a copy without
# any.
set -euo pipefail
cd "$(dirname "$0")"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tests/bench"
for page in README.md tests/bench/README.md; do
	sed '/<!-- measured -->/,/<!-- end -->/{/<!--/!d}' "../../$page" >"$tree/$page"
done

# Without what it needs it says so, and does not begin.
mkdir "$tree/bin"
ln -s "$(command -v dirname)" "$tree/bin"
said=$(PATH=$tree/bin ./run.sh "$1" "$tree" 2>&1) || true
[[ $said == 'run.sh: '*' valgrind'*' not found: install what tests/bench/apt-packages lists' ]] || {
	echo "$said"
	exit 1
}

BENCH_ROUNDS=1 BENCH_TRIES=1000 ./run.sh "$1" "$tree"

status=0
# shellcheck disable=SC2016  # Markdown's quotes
for what in 'README.md|^- A TCP connection over' 'README.md|and the server can start; ' \
	'tests/bench/README.md|^. start of a program with 200 libraries .*(.*-.*).*)' \
	'tests/bench/README.md|^. its `bind()` fails, range of one port . .* of 250 ' \
	'tests/bench/chart.svg|>start of a program with 200 libraries<'; do
	grep -q "${what#*|}" "$tree/${what%%|*}" || {
		echo "${what%%|*} has no \"${what#*|}\""
		status=1
	}
done
xmllint --noout "$tree/tests/bench/chart.svg" || status=1
exit "$status"
