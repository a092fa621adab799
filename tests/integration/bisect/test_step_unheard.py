"""A step whose words nobody reads any more: its exit code is the verdict's own, or stops git bisect."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

STOP = 128
STEP = ("bisect", "step", "--on", "models/queries")
# The measuring is left out: it takes a database, and the verdict is what it would come to.
JUDGED = """
import sys
from perf_matrix.bisect import git_session, starting
from perf_matrix.bisect.stepping import Judgement
from perf_matrix.cli import main
git_session.read_session = lambda *given: None
def judge_commit(session, asked, outside):
    WORK
    return Judgement("VERDICT", "because of " + 100_000 * "x")
starting.judge_commit = judge_commit
main()
"""


@pytest.fixture(params=["a pipe that nobody reads", "a full disk"])
def unheard(request: pytest.FixtureRequest) -> Iterator[int]:
    """A file descriptor that cannot be written to."""
    if request.param == "a full disk":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, descriptor = os.pipe()
        os.close(reading)
    yield descriptor
    os.close(descriptor)


def code_of(words: Sequence[str], unheard: int, cwd: Path, **environ: str) -> int:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PERF_MATRIX_CACHE": str(cwd / "cache"), **environ},
        stdin=subprocess.DEVNULL,
        stdout=unheard,
        stderr=unheard,
        timeout=120,
        check=False,
    ).returncode


@pytest.mark.parametrize(
    "arguments",
    [STEP, ("bisect", "step"), ("bisect", "--scan", *STEP[1:]), (*STEP, "--bda")],
    ids=["no checkout", "no --on", "step after an option", "no such option"],
)
def test_an_error_that_cannot_be_said_stops_git(
    tmp_path: Path, unheard: int, arguments: Sequence[str]
) -> None:
    assert code_of(["-m", "perf_matrix", *arguments], unheard, tmp_path) == STOP


def test_a_defect_that_cannot_be_said_stops_git(tmp_path: Path, unheard: int) -> None:
    (tmp_path / "broken" / "numpy").mkdir(parents=True)
    (tmp_path / "broken" / "numpy" / "__init__.py").write_text("raise RuntimeError('broken')\n")
    words = ["-m", "perf_matrix", *STEP]
    assert code_of(words, unheard, tmp_path, PYTHONPATH=str(tmp_path / "broken")) == STOP


@pytest.mark.parametrize(("verdict", "code"), [("good", 0), ("bad", 1), ("skip", 125)])
def test_a_verdict_that_cannot_be_said_counts(tmp_path: Path, unheard: int, verdict: str, code: int) -> None:
    script = JUDGED.replace("VERDICT", verdict).replace("WORK", "pass")
    assert code_of(["-c", script, *STEP], unheard, tmp_path) == code


@pytest.mark.parametrize("kind", ["BrokenPipeError(32, 'Broken pipe')", "OSError(28, 'No space left')"])
def test_a_failure_before_the_verdict_stops_git(tmp_path: Path, unheard: int, kind: str) -> None:
    script = JUDGED.replace("VERDICT", "good").replace("WORK", f"raise {kind}")
    assert code_of(["-c", script, *STEP], unheard, tmp_path) == STOP
