#!/usr/bin/env bash
# Writes the job matrix of a matrix file as the step output `matrix`.
#
# Environment: what options.sh reads; GITHUB_OUTPUT.
set -euo pipefail
# shellcheck source=scripts/action/options.sh
. "$(dirname "${BASH_SOURCE[0]}")/options.sh"

matrix=$(perf-matrix plan "${options[@]}" --json)
echo "$matrix"
echo "matrix=$matrix" >>"$GITHUB_OUTPUT"
