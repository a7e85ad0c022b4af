#!/bin/bash
# Makes the release that other tests examine.
source=$1
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

mkdir -p "$directory"
build "$source" "$directory/for_release"
cmake --build "$directory/for_release" --target release
