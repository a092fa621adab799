#!/usr/bin/env bash
# one-of.sh INPUT VALUE CHOICE...: fails where the input of an action has another value than those it knows. A
# misspelt `comment: nevr` is told at once, not after the measurement.
set -euo pipefail
name=$1 value=$2
shift 2
for choice in "$@"; do
    [ "$value" != "$choice" ] || exit 0
done
echo "::error title=perf-matrix: wrong input::$name: '$value' is not known. Write one of: $*."
exit 2
