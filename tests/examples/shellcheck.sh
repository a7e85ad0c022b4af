#!/bin/bash
. "$(dirname "$0")/common.sh"
[ -n "$(command -v shellcheck)" ] || skip "no shellcheck"
cd "$source"
shellcheck examples/*.sh
shellcheck --external-sources --source-path=SCRIPTDIR tests/examples/*.sh
