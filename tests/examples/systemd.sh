#!/bin/bash
# Runs in overlay.sh. The unit and the drop-in are valid, and their settings work, including the
# alternatives in their comments.
. "$(dirname "$0")/common.sh"
units=/etc/systemd/system
cp -r /examples/systemd/. "$units"

said=$(systemd-analyze verify --man=no --recursive-errors=no "$units/legacy.service" 2>&1) ||
	fail "$said"
[ -z "$said" ] || fail "$said"

must_fail legacy 44444 1
settings=$(sed -nE 's/^#?Environment=(LD_PRELOAD=)/\1/p' "$units/legacy.service" \
	"$units/legacy.service.d/noselfconn.conf")
[ "$(wc -l <<<"$settings")" = 4 ]
# Standard error, which the journal has whatever address families the unit restricts itself to.
log=$(sed -n 's/^Environment=\(NOSELFCONN_LOG=\)/\1/p' "$units"/legacy.service{,.d/noselfconn.conf} |
	sort -u)
[ "$log" = NOSELFCONN_LOG=stderr ]
while IFS= read -r setting; do
	echo "$setting"
	said=$(env -i "$setting" "$log" /usr/local/bin/legacy 44444 1 2>&1)
	[[ $said == *"libnoselfconn: destination=127.0.0.1:44444 "*$'\nrefused in all 1 tries' ]] ||
		fail "$said"
done <<<"$settings"
