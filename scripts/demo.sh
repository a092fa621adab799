#!/usr/bin/env bash
# The README's demo. `compare` exits 1 when it finds a regression, and finding one is what this demo is
# for: so that status is explained here, and any other one is a failure.
set -uo pipefail
out="perf-matrix-runs/demo-$(date -u +%Y%m%d-%H%M%S)"
"$BIN/perf-matrix" compare litellm==1.80.5 litellm==1.81.0 --matrix "$MATRIX" --backend local --out "$out"
status=$?
if [ "$status" -eq 1 ]; then
    echo "The demo went as it should: compare exited 1 because it found the regression. The report: $out/report.html"
    exit 0
fi
echo "The demo expected compare to exit 1, with a regression found, but it exited $status." >&2
exit 1
