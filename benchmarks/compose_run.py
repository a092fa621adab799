"""What docker compose costs: a stack up to ready, its end, and what a cell spends outside of measuring.

    python benchmarks/compose_run.py

Compares litellm==1.80.5 with litellm==1.81.0 through the real command on the compose backend: two endpoints of the
shipped smoke matrix, whose starts cost the same as all sixteen's. Needs a Docker engine that answers; a first run
builds the images, so that the one that counts finds them. The aim stands in the table.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tabulate import tabulate

from perf_matrix.record.model import RunRecord
from perf_matrix.record.read import read_run

COMMAND = [sys.executable, "-m", "perf_matrix", "compare", "litellm==1.80.5", "litellm==1.81.0"]
REGRESSED = 1


def run(folder: Path, *arguments: str) -> float:
    """Run the command into ``folder``; returns when it had ended, in seconds since the epoch."""
    command = [*COMMAND, "--backend", "compose", "--out", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != REGRESSED:
        sys.exit(f"expected a regression (exit 1), got exit {done.returncode}:\n{done.stderr[-3000:]}")
    return time.time()


def seconds_of(record: RunRecord, phase: str) -> list[float]:
    """How long each phase of that name took."""
    return [one.seconds for one in record.phases if one.name == phase]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        # Builds the images, so that the run that counts finds them.
        run(root / "fill", "--metrics", "queries", "--endpoints", "chat-virtual-key")
        run(root / "run", "--endpoints", "chat-virtual-key,user-list", "--time", "2m")
        record = read_run(root / "run")
    cells = len(record.info.cells)
    ready = [
        seconds
        for cell in record.cells
        for epoch in cell.epochs_started
        for seconds in epoch.ready_s.values()
    ]
    starts, stops = seconds_of(record, "start the stack"), seconds_of(record, "stop the stack")
    seeds = seconds_of(record, "migrate and seed")
    outside = (sum(starts) + sum(stops) + sum(seeds)) / cells
    rows = [
        (
            "images there already: looking into them",
            f"{sum(seconds_of(record, 'prepare the subjects')):.1f} s",
            "",
        ),
        ("Postgres, up to its first connection", f"{sum(seconds_of(record, 'start Postgres')):.1f} s", ""),
        ("migrating and seeding, per cell", f"{sum(seeds) / cells:.1f} s", ""),
        ("a stack, up to ready (median)", f"{median(starts):.1f} s", ""),
        ("of that, a proxy until it answers (median)", f"{median(ready):.1f} s", ""),
        ("a stack, down (median)", f"{median(stops):.1f} s", ""),
        (f"a cell of {len(starts) // cells} starts, outside of measuring", f"{outside:.0f} s", "< 30 s"),
    ]
    print(tabulate(rows, headers=["what", "measured", "aim"], disable_numparse=True))


if __name__ == "__main__":
    main()
