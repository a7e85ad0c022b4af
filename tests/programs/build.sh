# shellcheck shell=bash
# cargo_build NAME: builds one of the clients here, with the crates of Debian's packages.
cargo_build() {
	command -v cargo >/dev/null || skip "cargo is not installed"
	cp -r "$(dirname "${BASH_SOURCE[0]}")/clients/$1" .
	(cd "$1" && cargo build --offline >../build.out 2>&1) || fail "it cannot be built"
}
