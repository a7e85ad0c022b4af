#!/bin/bash
# Makes a minimal Debian with apt, from this machine's own mirror.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/../debian.sh"
need_root
[ -n "$(command -v mmdebstrap)" ] || skip "no mmdebstrap"

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
debian_reach >"$WORK/apt.conf"
mmdebstrap --quiet --variant=apt --aptopt="$WORK/apt.conf" "$codename" "$WORK/userland.tar" "$(debian_mirror)"
