"""How long the smoke comparison takes, and how much of that is not measuring.

    python benchmarks/smoke_run.py

Compares litellm==1.80.5 with litellm==1.81.0 by the shipped smoke matrix through the real command: once
with the caches as they are (warm, if a comparison ran here before), once with an empty cache of
environments and engines (cold; the package clients keep their own caches). The aims stand in the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from perf_matrix.cache import CACHE_VARIABLE
from perf_matrix.record.read import read_run

SUBJECTS = ["litellm==1.80.5", "litellm==1.81.0"]
REGRESSED = 1


@dataclass(frozen=True)
class Took:
    """Seconds of one comparison: until the first measured request, in all, and the share not measuring."""

    first_request_s: float
    total_s: float
    not_measuring: float


def timed(folder: Path, *arguments: str, cache: Path | None = None) -> Took:
    """Run one comparison into ``folder`` and read from its record where the time went."""
    environ = dict(os.environ) | ({CACHE_VARIABLE: str(cache)} if cache else {})
    command = [sys.executable, "-m", "perf_matrix", "compare", *SUBJECTS, "--out", str(folder), *arguments]
    begin, started_at = time.monotonic(), time.time()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    total_s = time.monotonic() - begin
    if done.returncode != REGRESSED:
        sys.exit(f"expected a regression (exit 1), got exit {done.returncode}:\n{done.stderr[-3000:]}")
    cell = read_run(folder).cells[0]
    timings = json.loads((folder / "comparison.json").read_text())["timings"]
    return Took(
        first_request_s=cell.epochs_started[0].measuring_from - started_at,
        total_s=total_s,
        not_measuring=1 - timings["measuring_s"] / total_s,
    )


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        # Fills the caches, so that the warm run is one.
        timed(root / "fill", "--endpoints", "chat-*", "--time", "2m")
        warm = timed(root / "warm")
        cold = timed(root / "cold", "--endpoints", "chat-*", "--time", "2m", cache=root / "cache")
    rows = [
        ("warm: command to first measured request", f"{warm.first_request_s:.0f} s", "< 45 s"),
        ("warm: smoke matrix, whole command", f"{warm.total_s:.0f} s", "< 300 s"),
        ("warm: share of it that is not measuring", f"{warm.not_measuring:.0%}", "< 35%"),
        ("cold adds", f"{cold.first_request_s - warm.first_request_s:.0f} s", "< 120 s"),
    ]
    print(tabulate(rows, headers=["what", "measured", "aim"], disable_numparse=True))


if __name__ == "__main__":
    main()
