# Sourced: the inputs of the actions that say what to measure, as options of `perf-matrix plan` and `compare`.
#
# Environment: INPUT_MATRIX, INPUT_CELLS and INPUT_ENDPOINTS (one a line), INPUT_METRICS, INPUT_TIME. What is empty is
# left to the command. Sets the array `options`. Each is one word with `=`, so that no value can be read as an option.
# shellcheck shell=bash
options=()

add_option() { # OPTION VALUE
    [ -z "$2" ] || options+=("$1=$2")
}

add_each_line() { # OPTION LINES
    local line
    while read -r line; do # without IFS= it takes the blanks around the line away
        add_option "$1" "$line"
    done <<<"$2"
}

add_option --matrix "$INPUT_MATRIX"
add_each_line --cell "$INPUT_CELLS"
add_each_line --endpoints "$INPUT_ENDPOINTS"
add_option --metrics "$INPUT_METRICS"
add_option --time "$INPUT_TIME"
