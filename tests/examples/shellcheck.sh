#!/bin/bash
. "$(dirname "$0")/common.sh"
[ -n "$(command -v shellcheck)" ] || skip "no shellcheck"
cd "$source"
shellcheck examples/*.sh
cd tests/examples
shellcheck --external-sources ./*.sh
