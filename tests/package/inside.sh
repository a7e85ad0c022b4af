#!/bin/bash
# Runs as root in the clean Debian that userland.sh makes.
set -euo pipefail
cd /root

fail() {
	echo "line ${BASH_LINENO[0]}: $*" >&2
	exit 1
}

# expect OUTPUT COMMAND...: standard output and standard error together are exactly this.
expect() {
	local output
	output=$("${@:2}" 2>&1) || output+=" ($?)"
	[ "$output" = "$1" ] || fail "${*:2} gave \"$output\", expected \"$1\""
}

# Lists all files except those that the package tools and man(1) keep for themselves.
list_files() {
	find / -xdev \( -path /proc -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \
		-o -path /var/log -o -path /root -o -path /tmp \) -prune -o -print | sort
}

triplet=x86_64-linux-gnu
list_files >before

expect connected ./client
expect connected ./client32

# With one architecture.
apt-get -qq install ./libnoselfconn_*_amd64.deb ./noselfconn_*_amd64.deb >/dev/null
expect refused env LD_PRELOAD=libnoselfconn.so ./client
expect "/usr/lib/$triplet/libnoselfconn.so" noselfconn printenv LD_PRELOAD
expect refused noselfconn ./client
! noselfconn --check ./client32 2>/dev/null || fail "protects without a library"

# With both architectures installed, the bare name and the launcher serve programs of both sizes.
apt-get -qq install ./libnoselfconn_*_i386.deb >/dev/null
protects_both() {
	for client in ./client ./client32; do
		expect refused env LD_PRELOAD=libnoselfconn.so "$client"
		expect refused noselfconn "$client"
		expect refused noselfconn sh -c "$client"
	done
}
protects_both
# shellcheck disable=SC2016 # $LIB is for the loader
expect '/usr/$LIB/libnoselfconn.so' noselfconn printenv LD_PRELOAD

coproc noselfconn --retries 1 sh -c 'echo started; read -r _'
# shellcheck disable=SC2154 # coproc sets it
pid=$COPROC_PID
read -r _ <&"${COPROC[0]}"
expect "$pid: protected by lib$(noselfconn --version) (/usr/lib/$triplet/libnoselfconn.so),\
 as far as it connects through libc, retries=1 log=none" \
	noselfconn --status "$pid"
kill "$pid"
wait "$pid" || :

# The manual and the completion are found.
for page in 1:noselfconn 7:libnoselfconn 8:noselfconn-host; do
	grep -q "^ *${page#*:} [–—]" <<<"$(man "${page%:*}" "${page#*:}")" ||
		fail "no ${page#*:}(${page%:*})"
done
for command in noselfconn noselfconn-host; do
	bash -euc '. /usr/share/bash-completion/bash_completion; _completion_loader $1 || [ $? = 124 ]
		complete -p $1' bash $command >/dev/null || fail "no completion of $command"
done

# The package also removes the link that enabling its unit has made.
systemctl --quiet enable noselfconn-host
dpkg --remove noselfconn >/dev/null
! find /etc -name '*noselfconn*' | grep . || fail "left behind"

# The package cannot be removed while /etc/ld.so.preload names the library, since every program
# would then complain; it can be replaced.
# shellcheck disable=SC2016 # $LIB is for the loader
for entry in libnoselfconn.so "/lib/$triplet/libnoselfconn.so" '/usr/$LIB/libnoselfconn.so' \
	$'libm.so.6 # first\nlibm.so.6:/usr/${LIB}/libnoselfconn.so'; do
	# Without a newline at the end.
	printf %s "$entry" >/etc/ld.so.preload
	! said=$(dpkg --remove libnoselfconn:amd64 2>&1) || fail "removed in spite of $entry"
	[[ $said == *"/etc/ld.so.preload names ${entry#*:}, and without"* ]] || fail "$said"
	expect refused ./client
done
dpkg -i libnoselfconn_*_amd64.deb >/dev/null
echo "/usr/lib/$triplet/libnoselfconn.so" >/etc/ld.so.preload
dpkg --remove libnoselfconn:i386 >/dev/null
printf '# libnoselfconn.so\n/opt/libnoselfconn.so\n' >/etc/ld.so.preload
dpkg --remove libnoselfconn:amd64 >/dev/null 2>&1
rm /etc/ld.so.preload

# After the removal no file stays.
dpkg --purge noselfconn libnoselfconn:amd64 libnoselfconn:i386 >/dev/null
list_files >after
diff before after
expect connected ./client

# The same with the archives of files, as INSTALL says; for the second architecture only its
# library.
tar -xf libnoselfconn-*-x86_64.tar.gz
(cd libnoselfconn-*-x86_64 && bash -euc "$(sed -n 's/^    \(umask\)/\1/p' INSTALL)")
expect refused env LD_PRELOAD=libnoselfconn.so ./client
tar -xf libnoselfconn-*-i386.tar.gz
cp -R libnoselfconn-*-i386/lib /usr/local
ldconfig
hash -r
protects_both
# shellcheck disable=SC2016 # $LIB is for the loader
expect '/usr/local/$LIB/libnoselfconn.so' noselfconn printenv LD_PRELOAD
path=$(sed -n 's/.*LD_PRELOAD=\([^ ]*\) .*/\1/p' libnoselfconn-*-i386/INSTALL)
expect refused env LD_PRELOAD="$path" ./client32
(cd libnoselfconn-*-x86_64 && bash -euc "$(sed -n 's/^    \(find\)/\1/p' INSTALL)")
rm /usr/local/lib/i386-linux-gnu/libnoselfconn.so
left=$(find /usr/local -type f -o -name '*noselfconn*')
[ -z "$left" ] || fail "left behind: $left"
expect connected ./client
