#!/usr/bin/env bash
# Merges the cells that other jobs have measured into one run folder, and compares what is in it. A cell of the plan
# that is not among them was lost with its runner: the merged run says so, and is invalid.
#
# Environment: PLAN (the job matrix, JSON), PARTS (a folder with a run folder for each cell), RUNNER_TEMP,
# GITHUB_OUTPUT. Step output: folder, the merged run.
set -euo pipefail

fail() { # TITLE TEXT
    echo "::error title=perf-matrix: $1::$2"
    exit 3
}

[ -n "$PLAN" ] || fail "there is no plan" "The job that plans the cells has failed or was skipped: see its log."
compgen -G "$PARTS/*/run.json" >/dev/null ||
    fail "no cell was measured" "None of the jobs that measure the cells has uploaded anything: see their logs."
own=$(mktemp -d "$RUNNER_TEMP/perf-matrix-report-XXXXXX")
printf '%s\n' "$PLAN" >"$own/plan.json"
perf-matrix merge --plan="$own/plan.json" --out="$own/run" -- "$PARTS"

status=0
perf-matrix report -- "$own/run" || status=$?
echo "folder=$own/run" >>"$GITHUB_OUTPUT"
# Publishing says what these mean for the check; anything else is a failure of the program.
case $status in
    0 | 1 | 3 | 4) ;;
    *) exit "$status" ;;
esac
