#!/bin/bash
# Makes a Debian userland with the packages from the host's apt sources.
#
#   root.sh ROOT LIBRARY SETUID_CLIENT
set -euo pipefail

root=$1
library=$2
client=$3
# shellcheck source=chroot.sh
. "$(dirname "$0")/chroot.sh"

if [ ! -e "$root/made" ]; then
	rm -rf "$root"
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' |
		sort -u |
		mmdebstrap --quiet --variant=apt \
			--include=dbus,firewalld,iproute2,iptables,openssh-client,openssh-server \
			--include=procps,python3,systemd-sysv,ufw \
			"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" -
	systemctl --quiet --root="$root" disable firewalld
	touch "$root/made"
fi
install "$library" "$root$installed"
install -m 4755 "$client" "$root/usr/bin/setuid_client"
