#!/bin/bash
# Runs a command with the iptables of a back end, in its own namespaces with lo up.
#
#   back_end.sh nft|legacy COMMAND...
set -euo pipefail

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
chmod 755 "$directory"
for command in {iptables,ip6tables}{,-save,-restore}; do
	target=/usr/sbin/${command/tables/tables-$1}
	if [ ! -x "$target" ]; then
		echo "skipped: no $target"
		exit 77
	fi
	ln -s "$target" "$directory/$command"
done
export PATH=$directory:$PATH:/usr/sbin:/sbin
# A lock for iptables-legacy: root of a user namespace cannot open the usual one.
export XTABLES_LOCKFILE=$directory/lock
touch "$directory/lock"
chmod 666 "$directory/lock"
"${@:2}"
