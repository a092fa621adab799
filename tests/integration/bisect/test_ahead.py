"""Building ahead: in a process that gives way, and that nothing is left of."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from perf_matrix.bisect.ahead import Ahead

# Stands in for the package index: a program that is found as uv, says that it runs, and never ends.
WAITING = f"""#!{sys.executable}
import os, pathlib, sys, time
with pathlib.Path(os.environ["SAID"]).open("a") as said:
    said.write(f"{{os.getpid()}} {{' '.join(sys.argv[1:])}}\\n")
time.sleep(600)
"""


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """A pipe that what waits writes its process number to: reading it waits for that."""
    os.mkfifo(tmp_path / "said")
    return tmp_path / "said"


@pytest.fixture
def ahead(tmp_path: Path, said: Path) -> Iterator[Ahead]:
    """What builds ahead, with a program in the place of perf-matrix that never ends."""
    package = tmp_path / "stand-in" / "perf_matrix"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(WAITING.replace("time.sleep(600)", "os.fork()\ntime.sleep(600)", 1))
    environ = {**os.environ, "PYTHONPATH": str(package.parent), "SAID": str(said)}
    ahead = Ahead(["--matrix", "smoke"], tmp_path / "logs", environ)
    yield ahead
    ahead.stop()


def begun(said: Path) -> tuple[psutil.Process, str]:
    """The process that builds, once it runs, and its arguments."""
    number, _, arguments = said.read_text().strip().partition(" ")
    return psutil.Process(int(number)), arguments


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_it_gives_way_to_everything_else(ahead: Ahead, said: Path) -> None:
    ahead.build(["litellm==1.80.6", "litellm==1.80.7"])
    process, arguments = begun(said)
    assert arguments == "prepare litellm==1.80.6 litellm==1.80.7 --matrix smoke"
    assert process.nice() == 19
    if hasattr(os, "SCHED_IDLE"):
        assert os.sched_getscheduler(process.pid) == os.SCHED_IDLE


def test_nothing_is_left_when_it_is_stopped(ahead: Ahead, said: Path) -> None:
    ahead.build(["litellm==1.80.6"])
    process, _ = begun(said)
    group = os.getpgid(process.pid)
    ahead.stop()
    assert is_gone(process)
    left = [one for one in psutil.process_iter() if _group(one) == group and not is_gone(one)]
    assert left == []


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def test_one_build_at_a_time(ahead: Ahead, said: Path) -> None:
    ahead.build(["litellm==1.80.6"])
    first, _ = begun(said)
    ahead.build(["litellm==1.80.7"])
    assert not is_gone(first)
    ahead.stop()
    # What was asked for meanwhile was not begun, what was begun is cut short: both are where they are asked for again.
    ahead.build(["litellm==1.80.6", "litellm==1.80.7"])
    _, arguments = begun(said)
    assert arguments == "prepare litellm==1.80.6 litellm==1.80.7 --matrix smoke"


def test_what_is_being_built_is_not_begun_again(ahead: Ahead, said: Path) -> None:
    # Servers that tests share are children of this process, too.
    before = set(psutil.Process().children())
    ahead.build(["litellm==1.80.6"])
    first, _ = begun(said)
    ahead.build(["litellm==1.80.6"])
    ahead.build([])
    assert not is_gone(first)
    begun_since = set(psutil.Process().children()) - before
    assert {child for child in begun_since if not is_gone(child)} == {first}


def test_what_lies_in_the_folder_that_one_is_in_is_not_run(
    ahead: Ahead, said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    strange = (
        'import os\nwith open(os.environ["SAID"], "w") as said:\n    said.write(f"{os.getpid()} strange")\n'
    )
    for name in ("perf_matrix/__init__.py", "perf_matrix/__main__.py"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(strange)
    monkeypatch.chdir(checkout)
    ahead.build(["litellm==1.80.6"])
    _, arguments = begun(said)
    assert arguments == "prepare litellm==1.80.6 --matrix smoke"


def test_stopping_what_was_never_begun(tmp_path: Path) -> None:
    Ahead([], tmp_path / "logs", {}).stop()
    assert not (tmp_path / "logs").exists()
