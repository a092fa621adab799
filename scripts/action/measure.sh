#!/usr/bin/env bash
# Compares the two versions. From here on, code of the pull request runs.
#
# Environment: BASE, HEAD (subject specs), FOLDER (the run folder), DIFF (a file, or empty); what options.sh reads;
# PERF_MATRIX_BACKEND; INPUT_POSTGRES_IMAGE and INPUT_BASE_IMAGE, empty where POSTGRES_IMAGE and BASE_IMAGE of the job
# count; GITHUB_OUTPUT. Step output: exit-code, that of `perf-matrix compare`.
#
# Its exit codes 0, 1, 3 and 4 mean that there is something to publish; publishing says what they mean for the check.
set -euo pipefail
# shellcheck source=scripts/action/options.sh
. "$(dirname "${BASH_SOURCE[0]}")/options.sh"

add_option --diff "$DIFF"
[ -z "$INPUT_POSTGRES_IMAGE" ] || export POSTGRES_IMAGE=$INPUT_POSTGRES_IMAGE
[ -z "$INPUT_BASE_IMAGE" ] || export BASE_IMAGE=$INPUT_BASE_IMAGE

# A workflow may have set tokens for the whole job, and the runner's files speak to the steps that come after this one.
# None of it is meant for the code that is measured.
unset GITHUB_TOKEN GH_TOKEN ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_RUNTIME_TOKEN
export -n GITHUB_ENV GITHUB_PATH GITHUB_OUTPUT GITHUB_STATE GITHUB_STEP_SUMMARY

status=0
perf-matrix compare "${options[@]}" --out="$FOLDER" -- "$BASE" "$HEAD" || status=$?
echo "exit-code=$status" >>"$GITHUB_OUTPUT"
case $status in
    0 | 1 | 3 | 4) ;;
    *) exit "$status" ;;
esac
