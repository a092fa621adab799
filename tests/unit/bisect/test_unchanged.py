"""What a bisect measures besides its versions may not change while it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.history.candidate import Candidate, History
from perf_matrix.bisect.store import BisectRequest
from perf_matrix.bisect.unchanged import digest_of, noted, refuse_if_changed
from perf_matrix.errors import InputError

from .world import line_of, request

WORKLOAD = """version: 1
endpoints:
  - name: users
    request:
      path: /users
"""


@pytest.fixture
def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A matrix file of the user's own, by its path from the folder that one is in."""
    (tmp_path / "mine.yml").write_text("version: 1\nworkload: work.yml\n")
    (tmp_path / "work.yml").write_text(WORKLOAD)
    monkeypatch.chdir(tmp_path)
    return Path("mine.yml")


def refused(asked: BisectRequest) -> str:
    with pytest.raises(InputError) as told:
        refuse_if_changed(asked)
    return str(told.value)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("mine.yml", "version: 1", "version: 1\nepochs: 3"), ("work.yml", "/users", "/teams")],
)
def test_a_matrix_or_a_workload_that_changed(matrix: Path, file: str, old: str, new: str) -> None:
    asked = noted(request(line_of(3), matrix=str(matrix)))
    refuse_if_changed(asked)
    before = Path(file).read_text()
    Path(file).write_text(before.replace(old, new))
    assert refused(asked) == (
        f"{matrix.absolute()} or its workload has changed since the bisect began: its figures would be of two "
        "workloads. Put back what it was (perf-matrix 0 began it), or begin a new bisect"
    )
    Path(file).write_text(f"# As it was.\n{before}")
    refuse_if_changed(asked)


def test_a_bisect_may_be_resumed_from_another_folder(
    matrix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = noted(request(line_of(3), matrix=str(matrix)))
    assert asked.matrix == str(tmp_path / "mine.yml")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    refuse_if_changed(asked)


def test_a_shipped_matrix_stays_a_name() -> None:
    asked = noted(request(line_of(3), matrix="smoke"))
    assert asked.matrix == "smoke"
    assert asked.workload == digest_of("smoke") != digest_of("nightly")
    refuse_if_changed(asked)


def test_a_matrix_that_is_gone(matrix: Path) -> None:
    asked = noted(request(line_of(3), matrix=str(matrix)))
    matrix.unlink()
    assert refused(asked).startswith(f"{asked.matrix}: neither a file nor a shipped matrix")


def test_a_bisect_that_noted_nothing_goes_on() -> None:
    refuse_if_changed(request(line_of(3)))


def test_a_folder_that_changed(tmp_path: Path) -> None:
    first, last = tmp_path / "1", tmp_path / "2"
    for folder in (first, last):
        folder.mkdir()
        (folder / "pyproject.toml").write_text("[project]\n")
    history = History("list", tuple(Candidate(f"path:{folder}", folder.name) for folder in (first, last)))
    asked = noted(request(history))
    refuse_if_changed(asked)
    (last / "new.py").write_text("")
    assert refused(asked) == (
        f"path:{last} has changed since the bisect began: its figures would be of two versions. Put back what it was, "
        "or begin a new bisect"
    )
