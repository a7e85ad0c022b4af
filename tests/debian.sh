# shellcheck shell=bash
# Sourced by scripts that make a Debian userland: from which mirror, and how apt reaches it.

debian_mirror() {
	# shellcheck disable=SC2016 # apt's own variable
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Component: main' \
		'Origin: Debian' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" |
		sed -n 1p
}

# Prints the lines of apt.conf for access to that mirror.
debian_reach() {
	apt-config dump | grep -E '^Acquire::(http|https|Retries|Check)' || true
}
