#!/bin/bash
# A Debian with apt and little else, from where this machine gets its own.
. "$(dirname "$0")/common.sh"
need_root
[ -n "$(command -v mmdebstrap)" ] || skip "no mmdebstrap"

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016  # for apt-get
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Component: main' \
	'Origin: Debian' "Codename: $codename" | sed -n 1p)
apt-config dump | grep -E '^Acquire::(http|https|Retries|Check)' >"$WORK/apt.conf" || true
mmdebstrap --quiet --variant=apt --aptopt="$WORK/apt.conf" "$codename" "$WORK/userland.tar" "$mirror"
