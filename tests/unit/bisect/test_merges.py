"""Merge commits that turn out to be culprits, opened up: what they merged is searched, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from perf_matrix.bisect.history.candidate import Candidate, History
from perf_matrix.bisect.history.pages import file_in
from perf_matrix.bisect.model import Culprit, Figure, Opened
from perf_matrix.bisect.opening import is_cut_short

from .world import Made, Simulation, commit_info, request, result

COUNTS: dict[str, Any] = {"metrics": ["queries"], "all_parents": True}


def history(
    *names: str, merges: Sequence[str] = (), notes: Sequence[str] = (), updates: Sequence[str] = ()
) -> History:
    return History(
        "commits",
        tuple(
            Candidate(f"git:{name}", name, commit_info(name, 2 if name in merges else 1)) for name in names
        ),
        tuple(notes),
        tuple(f"git:{name}" for name in updates),
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


def counted(simulated: Simulation, **counts: int) -> None:
    """Every commit with its statements on chat."""
    simulated.laboratory.versions = {f"git:{name}": Made({"chat": count}) for name, count in counts.items()}


def inside(culprit: Culprit) -> list[str]:
    """The culprits in an opened merge, and what each did."""
    assert culprit.opened is not None
    labels = [one.label for one in culprit.opened.versions]
    return [
        f"{labels[one.version]}: {one.before.value:g} to {one.after.value:g}"
        for one in culprit.opened.culprits
        if one.before.value is not None and one.after.value is not None
    ]


def with_pages(found: History) -> History:
    """The history as one of a repository with pages."""
    candidates = [
        replace(
            one,
            commit=one.commit.model_copy(update={"url": f"https://github.com/someone/it/commit/{one.label}"}),
        )
        for one in found.candidates
        if one.commit
    ]
    return replace(found, candidates=tuple(candidates))


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
    assert [one.label for one in culprit.opened.versions] == ["a", "x", "b", "u", "v"]
    assert [(one.parent, one.version) for one in culprit.opened.culprits] == [(3, 4)]
    assert culprit.opened.note == (
        "it merged 2 branches, listed one after the other; b, where a later one begins, was not merged"
    )


def test_every_branch_that_was_merged_is_searched(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "", history("a", "x", "y"), history("a", "u", "v"))
    counted(simulated, a=0, b=0, x=0, y=1, u=2, v=2, m=3, c=3)
    culprit = culprit_of(simulated)
    assert culprit.opened is not None
    assert [one.label for one in culprit.opened.versions] == ["a", "x", "y", "u", "v"]
    assert inside(culprit) == ["y: 0 to 1", "u: 0 to 2"]
    assert [(one.parent, one.version) for one in culprit.opened.culprits] == [(1, 2), (0, 3)]
    assert culprit.opened.note == ""


def test_what_two_branches_have_in_common_is_named_once(tmp_path: Path) -> None:
    culprit = culprit_of(simulation(tmp_path, "mxyzc", history("a", "x", "y"), history("a", "x", "z")))
    assert inside(culprit) == ["x: 0 to 1"]


def test_what_the_branch_took_from_main_is_not_its_doing(tmp_path: Path) -> None:
    # Main: a, b (one more), m. The branch left before b and took b up with t; its own change is z.
    branch = history("a", "x", "t", "y", "z", merges=["t"], updates=["t"])
    simulated = simulation(tmp_path, "", branch)
    counted(simulated, a=1, b=2, x=1, t=2, y=2, z=3, m=3, c=3)
    culprit = result(simulated.run()).culprits[-1]
    assert culprit.version == 2
    assert inside(culprit) == ["z: 2 to 3"]
    assert culprit.opened is not None
    assert "t took up what it was merged into" in culprit.opened.note
    assert ("git:x", "git:t") not in simulated.laboratory.pairs()


def test_what_main_mended_does_not_hide_what_the_branch_did(tmp_path: Path) -> None:
    # The ends of the branch are alike: it made x worse, and took up that b mended something else.
    branch = history("a", "x", "t", "z", merges=["t"], updates=["t"])
    simulated = simulation(tmp_path, "", branch)
    counted(simulated, a=1, b=0, x=2, t=1, z=1, m=1, c=3)
    first, culprit, _ = result(simulated.run()).culprits
    assert (first.version, culprit.version) == (1, 2)
    assert inside(culprit) == ["x: 1 to 2"]


def test_changes_inside_that_do_not_add_up_are_said_so(tmp_path: Path) -> None:
    # Main has what x did already.
    simulated = simulation(tmp_path, "", history("a", "x", "y"))
    counted(simulated, a=0, b=1, x=1, y=2, m=2, c=2)
    culprit = result(simulated.run()).culprits[-1]
    assert inside(culprit) == ["x: 0 to 1", "y: 1 to 2"]
    assert culprit.opened is not None
    assert culprit.opened.note.startswith("the changes inside come to +2, the merge to +1")


def test_a_branch_that_only_took_up_main(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "mc", history("a", "t", merges=["t"], updates=["t"]))
    culprit = culprit_of(simulated)
    assert culprit.opened is not None
    assert culprit.opened.culprits == []
    assert "no two neighbours to compare" in culprit.opened.note
    assert simulated.laboratory.measured["git:t"] == 0


def test_a_merge_without_commits_of_its_own(tmp_path: Path) -> None:
    culprit = culprit_of(simulation(tmp_path, "mc"))
    assert culprit.opened is not None
    assert (culprit.opened.versions, culprit.opened.culprits) == ([], [])
    assert culprit.opened.note == "it merged no commits of its own: it is in the merge itself"


def test_what_is_to_be_known_of_the_merged_history_is_said(tmp_path: Path) -> None:
    culprit = culprit_of(simulation(tmp_path, "mxyc", history("a", "x", "y", notes=["all of it"])))
    assert culprit.opened is not None
    assert culprit.opened.note == "all of it"


class OneFile:
    """Every commit changes the same file."""

    def between(self, parent: str, culprit: str) -> str:
        return f"diff --git a/f.py b/f.py\n--- a/f.py\n+++ b/f.py\n@@ -1 +1 @@\n-{parent}\n+{culprit}\n"


def test_inside_a_merge_every_culprit_has_its_line_and_its_page(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "myzc", with_pages(history("a", "x", "y", "z")))
    simulated.diffs = OneFile()
    culprit = culprit_of(simulated)
    assert culprit.opened is not None
    (inner,) = culprit.opened.culprits
    assert inner.summary.startswith("y (“Change y”) made chat issue 1 SQL statement per request instead of 0")
    page = "https://github.com/someone/it/commit/y"
    assert [(one.text, one.url) for one in inner.links] == [("commit y", page)]
    assert [(one.path, one.url) for one in inner.files] == [("f.py", file_in(page, "f.py"))]
    assert inner.go_on == ""


def test_the_second_branch_s_culprit_has_its_own_page(tmp_path: Path) -> None:
    branches = (with_pages(history("a", "x", "y")), with_pages(history("a", "u", "v")))
    culprit = culprit_of(simulation(tmp_path, "mvc", *branches))
    assert culprit.opened is not None
    (inner,) = culprit.opened.culprits
    assert [one.text for one in inner.links] == ["commit v"]
    assert inner.summary.startswith("v (“Change v”)")


def test_a_latency_that_is_explained_has_no_merge_opened(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "", history("a", "x", "y"), metrics=[], seed=3)
    simulated.laboratory.versions = {
        f"git:{name}": Made({"chat": int(slow)}, {"chat": 1.3 if slow else 1.0})
        for name, slow in {"a": 0, "b": 0, "x": 0, "y": 1, "m": 1, "c": 1}.items()
    }
    bisection = simulated.run()
    assert result(bisection, metric="p50").state == "explained"
    (counted_,) = result(bisection).culprits
    assert inside(counted_) == ["y: 0 to 1"]
    opened = [stage for stage in simulated.display.stages if stage.startswith("opening")]
    assert opened == ["opening the merge m"]


def slower(folder: Path) -> Simulation:
    """A latency that y, which m merged, made longer."""
    simulated = simulation(folder, "", history("a", "x", "y"), metrics=[], on=["chat/p50"])
    simulated.laboratory.versions = {
        f"git:{name}": Made({"chat": 0}, {"chat": 1.1 if slow else 1.0})
        for name, slow in {"a": 0, "b": 0, "x": 0, "y": 1, "m": 1, "c": 1}.items()
    }
    return simulated


def test_a_latency_is_searched_inside_a_merge(tmp_path: Path) -> None:
    (culprit,) = result(slower(tmp_path).run(), metric="p50").culprits
    assert culprit.opened is not None
    assert [(one.parent, one.version) for one in culprit.opened.culprits] == [(1, 2)]
    assert not is_cut_short(culprit)


def test_a_latency_that_is_not_decided_has_no_merge_opened(tmp_path: Path) -> None:
    simulated = slower(tmp_path)
    # Enough for the ends and one comparison.
    found = result(simulated.run(minutes=2.5), metric="p50")
    assert (found.state, found.culprits) == ("narrowed", [])
    assert "opening the merge m" not in simulated.display.stages


def test_a_tag_is_not_opened(tmp_path: Path) -> None:
    tags = replace(MAIN, kind="tags")
    simulated = simulation(tmp_path, "mxc", history("a", "x"))
    simulated.request = request(tags, **COUNTS)
    (culprit,) = result(simulated.run()).culprits
    assert culprit.opened is None


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
    assert is_cut_short(culprit)
    # With time it goes on, and ends.
    whole = culprit_of(simulated)
    assert inside(whole) == ["y: 0 to 1"]
    assert not is_cut_short(whole)


def test_a_merge_in_a_merge_that_was_cut_short() -> None:
    def culprit(opened: Opened | None) -> Culprit:
        figure = Figure(value=1)
        return Culprit(
            version=1,
            parent=0,
            direction="worse",
            before=figure,
            after=figure,
            confidence=1,
            opened=opened,
            summary="",
        )

    cut = culprit(Opened(versions=[], culprits=[], cut_short=True))
    assert is_cut_short(culprit(Opened(versions=[], culprits=[culprit(None), cut])))
    assert not is_cut_short(culprit(Opened(versions=[], culprits=[culprit(None)])))
    assert not is_cut_short(culprit(None))


def test_what_was_merged_and_cannot_be_started(tmp_path: Path) -> None:
    simulated = simulation(tmp_path, "mzc", history("a", "x", "y", "z"))
    simulated.laboratory.versions["git:z"] = Made({"chat": 1}, fails="exited with status 1.")
    culprit = culprit_of(simulated)
    assert culprit.opened is not None
    assert culprit.opened.culprits == []
    assert culprit.opened.note == "z cannot be measured, so that it was not searched through"
    # More time would not help.
    assert not is_cut_short(culprit)
