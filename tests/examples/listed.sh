#!/bin/bash
# examples/README.md has a line for every file that a user can take.
. "$(dirname "$0")/common.sh"
cd "$source/examples"
find . -type f ! -name README.md ! -name CMakeLists.txt -printf '%P\n' | while IFS= read -r file; do
	grep -q "^| \[\`$file\`\]($file) | ." README.md || fail "README.md does not list $file"
done
