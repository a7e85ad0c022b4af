#!/bin/bash
# Runs a module of CPython's own tests.
#
#   namespace.sh python.sh LIBRARY MODULE
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "$(realpath "$0")")/compare.sh" "$@"

# Leaves out addresses of the hypervisor, where the result varies.
ignored='*VSOCK*'

run_suite() {
	LD_PRELOAD=$2 python3 -m test --use network --ignore "$ignored" \
		--junit-xml results.xml "$1" >output 2>&1 </dev/null || true
	python3 - results.xml <<-'END'
		import sys
		import xml.etree.ElementTree as tree

		outcomes = {"failure": "failed", "error": "failed", "skipped": "skipped"}
		for case in tree.parse(sys.argv[1]).iter("testcase"):
		    found = [outcomes[part.tag] for part in case if part.tag in outcomes]
		    print(found[0] if found else "passed", case.get("name"))
	END
}

version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
python3 -c "import test.$suite" 2>/dev/null || skip "no libpython$version-testsuite"
compare
