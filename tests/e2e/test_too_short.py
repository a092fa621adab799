"""A limit that looked long enough until the first windows showed how slow the endpoints are here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.experiment.budget import assumed_costs, shortest_limit_s

from .command import BASE, blocks_file
from .conftest import Start

pytestmark = pytest.mark.e2e

# At this scale a request for every team takes a good part of a second, where milliseconds were assumed.
SLOW = """
version: 1
workload: workloads/proxy.yml
scale: {models: 5, users: 50, keys: 100, teams: 80, mcp_servers: 1}
"""


def test_a_limit_too_short_for_what_was_measured_is_refused_with_one_that_works(
    start: Start, out: Path, tmp_path: Path
) -> None:
    matrix = tmp_path / "slow.yml"
    matrix.write_text(SLOW)
    assumed_s = shortest_limit_s(assumed_costs(["team-list-v1"], lists=0, load_s=0), epochs=2)
    run = start(
        *("compare", BASE, BASE, "--matrix", str(matrix), "--endpoints", "team-list-v1"),
        *("--time", f"{assumed_s:.0f}s", "--out", str(out)),
    )
    assert run.lease
    ended = run.end()
    assert ended.exit_code == 2, ended.stderr
    last = ended.stderr.rstrip().splitlines()[-1]
    told = re.search(r"too short .* the shortest that works here is about (\d+)s\. Write a longer time", last)
    assert told, last
    assert int(told[1]) > assumed_s
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert blocks_file(out) is None
    assert run.left_behind() == []
