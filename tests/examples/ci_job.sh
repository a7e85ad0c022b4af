#!/bin/bash
# The job's client connects to itself without the recipe, and is refused with it.
. "$(dirname "$0")/common.sh"

must_fail in_one_port "$FAST_CLIENT" 44444 1

copy_source_to "$WORK/ci_job"
job=$WORK/ci_job/examples/ci_job.sh
in_one_port "$job" "$FAST_CLIENT" 44444 1
# shellcheck disable=SC2016  # for the job
[ "$(LD_PRELOAD=libm.so.6 "$job" sh -c 'echo $LD_PRELOAD')" = \
	"$WORK/ci_job/build/ci/shim/libnoselfconn.so:libm.so.6" ]
must_fail "$job" false
