#!/usr/bin/env bash
# Installs perf-matrix from the action's own files and puts the command on PATH, for all actions of this repository.
#
# Everything from a package index is pinned by hash, and comes as a wheel: no code of others runs while it is
# installed. perf-matrix itself is built here by a build backend that is pinned, too. The job's working directory may
# hold an untrusted checkout: nothing in it is looked at (python -I, another working directory).
#
# Environment: RUNNER_TEMP, GITHUB_PATH; INSTALL, `locked` or `none` (the command is on PATH already);
# NEEDS_K6, `true` where load is going to be sent.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
locks=("$root/requirements/bootstrap.lock" "$root/requirements/local.lock" "$root/scripts/action/build.lock")

fail() {
    echo "::error title=perf-matrix cannot be installed::$1"
    exit 2
}

python_for_it() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# What is installed, and by which Python: a second call in the same job finds the environment of the first.
digest() {
    {
        "$1" -I -VV
        cat "${locks[@]}" "$root/pyproject.toml"
        find "$root/runner" "$root/matrices" "$root/compose" \
            -type f ! -name '*.pyc' ! -path '*/node_modules/*' -print0 | LC_ALL=C sort -z | xargs -0 cat
    } | "$1" -I -c 'import hashlib, sys; print(hashlib.file_digest(sys.stdin.buffer, "sha256").hexdigest()[:16])'
}

make_environment() {
    local python=$1 environment=$2
    rm -rf "$environment"
    "$python" -I -m venv "$environment" ||
        fail "$python has no module venv. Add a step with actions/setup-python before this one, or install \
python3-venv."
    "$environment/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-input \
        --only-binary :all: --require-hashes -r "${locks[0]}"
    "$environment/bin/uv" pip sync --quiet --only-binary :all: --require-hashes "${locks[@]}"
    "$environment/bin/uv" pip install --quiet --no-index --no-deps --no-build-isolation --no-cache "$root"
    # A folder with this command alone: a later `python` or `pip` of the job must not be ours. -I: PYTHONPATH may name
    # the checkout.
    mkdir "$environment/command"
    printf '#!/bin/sh\nexec "%s" -I -m perf_matrix "$@"\n' "$environment/bin/python" \
        >"$environment/command/perf-matrix"
    chmod +x "$environment/command/perf-matrix"
    touch "$environment/.complete"
}

install_locked() {
    local python environment
    python=$(python_for_it) || fail "It needs Python 3.11 or later, and there is none on PATH. Add a step with \
actions/setup-python before this one, with python-version: '3.12'."
    environment=$RUNNER_TEMP/perf-matrix/environment-$(digest "$python")
    export VIRTUAL_ENV=$environment
    unset UV_PYTHON UV_SYSTEM_PYTHON # of the job's own steps: uv is to install into this environment
    cd "$RUNNER_TEMP"
    [ -e "$environment/.complete" ] || make_environment "$python" "$environment"
    if [ "${NEEDS_K6:-}" = true ] && ! command -v k6 >/dev/null && [ ! -x "$environment/bin/k6" ]; then
        fail "There is no k6 on PATH, and the one that comes along is for Linux on x86-64 only; this is $(uname -sm). \
Install k6 in a step before this one, so that 'k6 version' works."
    fi
    echo "$environment/command" >>"$GITHUB_PATH"
    "$environment/command/perf-matrix" --version
}

case "$INSTALL" in
    locked) install_locked ;;
    none)
        perf-matrix --version || fail "install: none, but there is no command perf-matrix on PATH. Install it in a \
step before this one, or leave the input install out."
        ;;
    *) fail "install: '$INSTALL' is neither locked nor none." ;;
esac
