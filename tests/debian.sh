# shellcheck shell=bash
# Debian as this machine's apt gets it: sourced by what makes userlands of it.

debian_mirror() {
	# shellcheck disable=SC2016 # apt's own variable
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Component: main' \
		'Origin: Debian' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" |
		sed -n 1p
}

# Lines of an apt.conf that say how to reach it.
debian_reach() {
	apt-config dump | grep -E '^Acquire::(http|https|Retries|Check)' || true
}
