"""A part of the stack that dies, or never starts: the run ends invalid, says which part, and shows its log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.processes import LOG_TAIL_LINES

from .command import BASE, HEAD, LONG, Command, Ended, blocks_file, comparison_in, stages
from .conftest import Measure, Start

pytestmark = pytest.mark.e2e

INVALID = 3
# None of them asks the database when it is warm, so that it is not their failing that tells of its death.
ENDPOINTS = "models,model-info-v1,model-info-v2,model-group-info"
# The first cell's proxies exit while they start; the second cell's are as usual.
BROKEN_AND_SOUND = """
version: 1
workload: workloads/proxy.yml
scale: {models: 5, users: 50, keys: 60, teams: 10, mcp_servers: 1}
axes:
  auth:
    missing: {config: {general_settings: {custom_auth: no_such_module.check}}}
    standard: {}
"""


@dataclass(frozen=True)
class Death:
    """Which part is killed while pairs are measured, and what the message has to say of it."""

    part: str
    said: str
    has_log: bool


DEATHS = [
    Death("head", r"the head proxy \(litellm==1\.81\.0\) was killed by SIGKILL", has_log=True),
    Death("postgres", r"Postgres was killed by SIGKILL", has_log=True),
    Death("k6", r"k6 ended while measuring: killed by SIGKILL", has_log=False),
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.part)
def test_a_part_killed_while_measuring_is_named(start: Start, out: Path, death: Death) -> None:
    run = start("compare", BASE, HEAD, "--endpoints", ENDPOINTS, *LONG, "--out", str(out), "--json")
    run.wait_until(lambda: blocks_file(out) is not None, "a recorded block")
    assert run.lease
    part = run.part(death.part)
    before = recorded_blocks(out)
    part.kill()
    ended = run.end()
    assert recorded_blocks(out) <= before + 1, "blocks were taken after a part had died"
    comparison = comparison_in(out)
    assert_invalid(run, ended, comparison)
    cell = comparison.cells[0]
    assert re.search(death.said, cell.fault), cell.fault
    assert re.search(death.said, ended.stderr), ended.stderr
    assert re.search(death.said, (out / "report.md").read_text().replace("\\", ""))
    assert bool(cell.log_tail) == death.has_log
    assert len(cell.log_tail) <= LOG_TAIL_LINES
    for line in cell.log_tail:
        assert line in ended.stderr
    assert Comparison.model_validate_json(ended.stdout) == comparison


def test_a_proxy_that_exits_while_starting_does_not_stop_the_other_cells(
    measure: Measure, tmp_path: Path
) -> None:
    matrix = tmp_path / "broken.yml"
    matrix.write_text(BROKEN_AND_SOUND)
    begun = measure(BASE, HEAD, "--matrix", str(matrix), "--endpoints", "models")
    run, out = begun.command, begun.folder
    ended = run.end()
    comparison = comparison_in(out)
    assert_invalid(run, ended, comparison)
    broken, sound = comparison.cells
    assert (broken.id, sound.id) == ("auth=missing", "auth=standard")
    assert broken.verdict == "invalid"
    assert re.search(r"the (base|head) proxy \(litellm==[\d.]+\) exited with status \d+", broken.fault)
    assert 10 < len(broken.log_tail) <= LOG_TAIL_LINES
    cause = "ImportError: Could not import check from no_such_module"
    assert cause in broken.log_tail
    assert cause in ended.stderr
    assert "no_such_module" in (out / "report.md").read_text().replace("\\", "")
    assert sound.fault == ""
    assert sound.log_tail == []
    (models,) = sound.endpoints
    assert models.verdict != "invalid"
    assert models.queries is not None
    assert (models.queries.base, models.queries.head, models.queries.stable) == (0, 0, True)
    assert models.paired is not None
    assert models.paired.blocks >= 8


def recorded_blocks(out: Path) -> int:
    file = blocks_file(out)
    return file.read_bytes().count(b"\n") if file else 0


def assert_invalid(run: Command, ended: Ended, comparison: Comparison) -> None:
    assert ended.exit_code == INVALID, ended.stderr
    assert comparison.verdict == "invalid"
    assert "because the measurement is invalid" in ended.stderr.splitlines()[-1]
    assert "Traceback (most recent call last)" not in re.sub(r"(?m)^\s*\|.*$", "", ended.stderr)
    assert stages(ended.stderr)
    assert run.left_behind() == []
