"""Merge commits that turn out to be culprits, opened up: what they merged is searched, too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perf_matrix.bisect.history.candidate import Candidate, History
from perf_matrix.bisect.model import Culprit

from .world import Made, Simulation, commit_info, result

COUNTS: dict[str, Any] = {"metrics": ["queries"], "all_parents": True}


def history(*names: str, merges: Sequence[str] = ()) -> History:
    return History(
        "commits",
        tuple(
            Candidate(f"git:{name}", name, commit_info(name, 2 if name in merges else 1)) for name in names
        ),
    )


MAIN = history("a", "b", "m", "c", merges=["m"])


def simulation(folder: Path, merged: Sequence[str], *histories: History, **more: Any) -> Simulation:
    """Main is a, b, m, c; ``merged``: those with one statement more, the others have none."""
    names = {one.label for each in (MAIN, *histories) for one in each.candidates}
    found = Simulation(folder / "bisect", [], history=MAIN, **{**COUNTS, **more})
    found.laboratory.versions = {f"git:{name}": Made({"chat": int(name in merged)}) for name in names}
    found.merged = lambda sha: histories if sha == "m" else []
    return found


def culprit_of(simulated: Simulation) -> Culprit:
    (culprit,) = result(simulated.run()).culprits
    assert culprit.version == 2
    return culprit


def test_the_commit_in_the_merge_is_named(tmp_path: Path) -> None:
    branch = history("a", "x", "y", "z")
    culprit = culprit_of(simulation(tmp_path, "myzc", branch))
    assert culprit.opened is not None
    assert culprit.opened.note == ""
    assert [one.label for one in culprit.opened.versions] == ["a", "x", "y", "z"]
    (inner,) = culprit.opened.culprits
    assert (inner.version, inner.parent) == (2, 1)
    assert inner.confirmation is not None


def test_a_merge_is_left_closed_unless_asked_for(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "myzc", history("a", "x", "y", "z"), all_parents=False)
    culprit = culprit_of(simulated)
    assert culprit.opened is None
    assert culprit.go_on == "perf-matrix bisect b m --all-parents --on chat/queries"
    assert simulated.laboratory.measured["git:y"] == 0


def test_what_was_merged_second_is_looked_into_as_well(tmp_path: Path) -> None:
    culprit = culprit_of(simulation(tmp_path, "mvc", history("a", "x"), history("b", "u", "v")))
    assert culprit.opened is not None
    assert [one.label for one in culprit.opened.versions] == ["b", "u", "v"]
    assert [one.version for one in culprit.opened.culprits] == [2]


def test_a_merge_whose_parts_are_all_good(tmp_path: Path) -> None:
    culprit = culprit_of(simulation(tmp_path, "mc", history("a", "x", "y")))
    assert culprit.opened is not None
    assert culprit.opened.culprits == []
    assert "how they were put together" in culprit.opened.note


def test_a_merge_in_the_merge_is_opened_too(tmp_path: Path) -> None:
    outer = history("a", "n", "y", merges=["n"])
    inner = history("a", "o", "p")
    simulated = simulation(tmp_path, "mnypc", outer, inner)
    simulated.merged = lambda sha: {"m": [outer], "n": [inner]}.get(sha, [])
    culprit = culprit_of(simulated)
    assert culprit.opened is not None
    (nested,) = culprit.opened.culprits
    assert nested.opened is not None
    assert [one.version for one in nested.opened.culprits] == [2]


def test_time_that_is_over_before_a_merge_is_searched(tmp_path: Path) -> None:
    branch = history("a", "x", "y", "z")
    closed = simulation(tmp_path / "closed", "myzc", branch, all_parents=False)
    closed.run()
    needed = len(closed.laboratory.asked)
    simulated = simulation(tmp_path, "myzc", branch)
    (culprit,) = result(simulated.run(minutes=needed - 0.5)).culprits
    assert len(simulated.laboratory.asked) == needed
    assert culprit.opened is not None
    assert culprit.opened.culprits == []
    assert culprit.opened.note == "time was over before it was searched through"


def test_what_was_merged_and_cannot_be_started(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "mzc", history("a", "x", "y", "z"))
    simulated.laboratory.versions["git:z"] = Made({"chat": 1}, fails="exited with status 1.")
    culprit = culprit_of(simulated)
    assert culprit.opened is not None
    assert culprit.opened.culprits == []
    assert "z cannot be measured" in culprit.opened.note
