#!/bin/bash
# Builds the images of the Dockerfiles, runs a program in them, and runs the pods of the Kubernetes
# manifests with them.
. "$(dirname "$0")/common.sh"
need_root
[ -n "$(command -v buildah)" ] || skip "no buildah"
/usr/bin/python3 -c "import kubernetes, yaml" || skip "no kubernetes or yaml for python3"

place=$WORK/containers
rm -rf "$place"
mkdir -p "$place/volumes"
copy_source_to "$place/context"

buildah() {
	command buildah --root "$place/storage" --runroot "$place/run" --storage-driver vfs "$@"
}

debian=$(buildah from scratch)
buildah add --quiet "$debian" "$WORK/userland.tar" / >/dev/null
buildah commit --quiet --rm "$debian" debian:12
buildah build --quiet --layers --isolation chroot --pull=never -f "$place/context/examples/Dockerfile" \
	-t libnoselfconn "$place/context"

# The image's own user stays, and the library is stripped.
container=$(buildah from --pull-never libnoselfconn)
user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' libnoselfconn)
[ -z "$user" ] || fail "the image's user is $user now"
buildah copy --quiet "$container" "$FAST_CLIENT" /usr/local/bin/legacy >/dev/null
export -f buildah
export place
in_container() {
	in_one_port bash -c 'buildah run --isolation chroot "$@"' bash "$@"
}
must_fail in_container --env LD_PRELOAD= "$container" legacy 44444 1
in_container "$container" legacy 44444 1 2>&1 | tee "$place/said"
grep -q '^legacy.*libnoselfconn: destination=127.0.0.1:44444 ' "$place/said"

root=$(buildah mount "$container")
! readelf --wide --sections "$root/usr/local/lib/libnoselfconn.so" | grep -q '\.symtab' ||
	fail "the library is not stripped"
must_fail in_one_port chroot "$root" legacy 44444 1
in_one_port /usr/bin/python3 "$source/tests/examples/pod.py" "$source/examples/kubernetes.yaml" \
	"$root" "$place/volumes" legacy 44444 1 2>&1 | tee "$place/said"
grep -q '^legacy.*libnoselfconn: destination=127.0.0.1:44444 ' "$place/said"

# The same program, with nothing preloaded, in a pod with the host rule.
buildah build --quiet --layers --isolation chroot --pull=never \
	-f "$place/context/examples/Dockerfile.host_rule" -t noselfconn-host "$place/context"
container=$(buildah from --pull-never noselfconn-host)
buildah copy --quiet "$container" "$FAST_CLIENT" /usr/local/bin/legacy >/dev/null
root=$(buildah mount "$container")
must_fail in_one_port chroot "$root" legacy 44444 1
in_one_port /usr/bin/python3 "$source/tests/examples/pod.py" \
	"$source/examples/kubernetes_host_rule.yaml" "$root" "$place/volumes" legacy 44444 1 2>&1 |
	tee "$place/said"
grep -q '^IPv4: in place and effective' "$place/said"
grep -q '^IPv6: in place and effective' "$place/said"
grep -qx 'refused in all 1 tries' "$place/said"
rm -rf "$place"
