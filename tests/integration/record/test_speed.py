"""A long run must be read in the time that a reader waits: a million requests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from perf_matrix.record.folder import RunFolder
from perf_matrix.record.layout import file_of
from perf_matrix.record.model import PairedBlock, RunInfo

CELL = "callbacks=none"
LINES = 50_000

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from perf_matrix.record.read import read_run
begin = time.process_time()
record = read_run(Path(sys.argv[1]))
spent = time.process_time() - begin
pairs = sum(len(block.base_ms) for cell in record.cells for block in cell.blocks)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"pairs": pairs, "seconds": spent, "megabytes": peak}))
"""


def test_a_million_requests_are_read_quickly(info: RunInfo, tmp_path: Path) -> None:
    block = PairedBlock(
        epoch=0,
        endpoint="chat-virtual-key",
        block=12345,
        started_at=1_764_000_000.123456,
        base_ms=[20.123456789 + number / 7 for number in range(10)],
        head_ms=[24.987654321 + number / 7 for number in range(10)],
        head_first=[True, False] * 5,
    )
    with RunFolder.create(tmp_path, info) as folder:
        folder.append(CELL, block)
    file = file_of(tmp_path, CELL, block)
    file.write_bytes(file.read_bytes() * LINES)
    run = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, check=True)
    found = json.loads(run.stdout)
    assert found["pairs"] == LINES * 10
    assert found["seconds"] < 3
    assert found["megabytes"] < 300
