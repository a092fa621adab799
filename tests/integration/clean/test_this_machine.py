"""Cleaning where no Docker engine answers: real runs, really killed; a real cache."""

from __future__ import annotations

import json
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from perf_matrix.cache import make_once
from perf_matrix.commands.clean import Removed
from perf_matrix.lease import hold_lease, processes_of
from perf_matrix.stacks.compose.leftovers import is_marked, mark
from perf_matrix.stacks.compose.stamps import stamp_use
from perf_matrix.stacks.leftovers import (
    Found,
    Leftover,
    find_leftovers,
    freed_by_deleting,
    remove_leftovers,
)
from tests.integration.test_lease import HOLDER, holder, wait_for

from .conftest import Cleaning

DAY = 24 * 3600.0


def names(rows: list[Removed]) -> list[tuple[str, str]]:
    return [(row.kind, row.name) for row in rows]


def everything_in(folder: Path) -> set[Path]:
    """Every file and folder, but for the locks, which looking makes."""
    return {path for path in folder.rglob("*") if path.suffix != ".lock"}


def test_an_empty_machine(without_engine: Cleaning) -> None:
    assert without_engine.said() == "Nothing to remove.\n"
    assert not without_engine.cache.exists()


def test_what_a_killed_run_left_is_removed_and_a_living_one_stays(without_engine: Cleaning) -> None:
    registry = str(without_engine.registry)
    with (
        holder(HOLDER, registry, "waits") as (killed, killed_id, killed_private),
        holder(HOLDER, registry, "waits") as (living, living_id, living_private),
    ):
        for lease_id in (killed_id, living_id):
            wait_for(lambda lease_id=lease_id: len(processes_of(lease_id)) == 3)  # type: ignore[misc]
        (killed_private / "data" / "file").write_bytes(os.urandom(1_000_000))
        killed.send_signal(signal.SIGKILL)
        killed.wait()

        planned = without_engine.clean("--dry-run", "--older-than", "0")
        assert names(planned.removed) == [("killed run", f"{killed_id} and 3 processes")]
        assert len(processes_of(killed_id)) == 3
        assert (killed_private / "data").is_dir()

        cleaned = without_engine.clean()
        assert cleaned.removed == planned.removed
        assert 1_000_000 <= cleaned.freed_bytes < 1_200_000
        assert processes_of(killed_id) == []
        assert not killed_private.exists()

        assert len(processes_of(living_id)) == 3
        assert (living_private / "data").is_dir()
        assert living.poll() is None
        assert without_engine.clean().removed == []
        living.terminate()
        living.wait()
        without_engine.clean()
        assert processes_of(living_id) == []


def test_things_go_by_their_last_use(without_engine: Cleaning) -> None:
    now = time.time()
    recent = without_engine.make("subjects/recent", now - 29 * DAY)
    old = without_engine.make("subjects/old", now - 31 * DAY)
    facts = without_engine.make("image-facts/old", now - 31 * DAY)
    refusal = without_engine.cache / "prisma-native" / "engine.refused"
    refusal.parent.mkdir()
    refusal.touch()
    before = everything_in(without_engine.cache)

    planned = without_engine.clean("--dry-run")
    assert names(planned.removed) == [("folder", "image-facts/old"), ("folder", "subjects/old")]
    assert everything_in(without_engine.cache) == before

    assert without_engine.clean().removed == planned.removed
    assert 200_000 <= planned.freed_bytes < 250_000
    assert everything_in(without_engine.cache) == before - {
        folder / name for folder in (old, facts) for name in ("", "file", ".complete")
    }

    assert names(without_engine.clean("--older-than", "2w").removed) == [("folder", "subjects/recent")]
    assert not recent.exists()


def test_half_made_things_go_whatever_their_age(without_engine: Cleaning) -> None:
    made, half_made, in_the_making = (
        without_engine.make(f"subjects/{name}", time.time()) for name in ("made", "half", "making")
    )
    for folder in (half_made, in_the_making):
        (folder / ".complete").unlink()
    with FileLock(f"{in_the_making}.lock"):
        cleaned = without_engine.clean()
    assert names(cleaned.removed) == [("half-made folder", "subjects/half")]
    assert cleaned.removed[0].last_used is None
    assert not half_made.exists()
    assert (in_the_making / "file").exists()
    assert (made / "file").exists()


def test_all_of_it(without_engine: Cleaning) -> None:
    folder = without_engine.make("npm/one", time.time())
    mine = without_engine.make("engine/one", 1000)
    assert names(without_engine.clean("--older-than", "0").removed) == [("folder", "npm/one")]
    assert not folder.exists()
    assert mine.exists()


def test_what_a_run_that_is_under_way_may_use_stays(without_engine: Cleaning) -> None:
    now = time.time()
    before, since = (
        without_engine.make("npm/before", now - 7200),
        without_engine.make("npm/since", now - 1800),
    )
    with hold_lease(without_engine.registry) as lease:
        os.utime(without_engine.registry / f"{lease.id}.json", (now - 3600, now - 3600))
        cleaned = without_engine.clean("--older-than", "0")
    assert names(cleaned.removed) == [("folder", "npm/before")]
    assert [(kept.name, kept.reason) for kept in cleaned.kept] == [
        ("npm/since", "a run that is under way may use it")
    ]
    assert not before.exists()
    assert since.exists()


@pytest.mark.parametrize("used", ["containers", "images"])
def test_what_may_remain_with_an_engine_that_does_not_answer_is_said(
    without_engine: Cleaning, used: str
) -> None:
    without_engine.registry.mkdir(parents=True)
    if used == "containers":
        mark(without_engine.registry)
    else:
        stamp_use(without_engine.cache, "perf-matrix/litellm:0123456789abcdef")
    assert without_engine.said().splitlines() == [
        "Nothing to remove.",
        "Containers of killed runs and images that were built may remain: there is no docker command on PATH.",
    ]
    assert is_marked(without_engine.registry) == (used == "containers")


def test_for_machines_on_standard_output(without_engine: Cleaning) -> None:
    without_engine.make("npm/one", 1000.0)
    said = json.loads(without_engine.said("--json", "--dry-run"))
    assert said["removed"][0]["last_used"] == "1970-01-01T00:16:40Z"
    assert said["dry_run"] is True


def test_a_file_that_has_another_name_frees_nothing(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    (folder / "below").mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "shared").write_bytes(bytes(4_000_000))
    (elsewhere / "shared").hardlink_to(folder / "shared")
    (folder / "twice").write_bytes(os.urandom(1_000_000))
    (folder / "below" / "twice").hardlink_to(folder / "twice")
    (folder / "gone").symlink_to("nowhere")
    assert 1_000_000 <= freed_by_deleting(folder) < 1_100_000
    (elsewhere / "shared").unlink()
    assert 5_000_000 <= freed_by_deleting(folder) < 5_100_000


def test_what_cannot_be_removed_stays_and_says_why(tmp_path: Path) -> None:
    full, gone = tmp_path / "full", tmp_path / "gone"
    (full / "file").mkdir(parents=True)
    gone.mkdir()

    def remove(folder: Path) -> bool:
        folder.rmdir()
        return True

    found = [Leftover("folder", each.name, 0, 0.0, partial(remove, each)) for each in (full, gone)]
    done = remove_leftovers(Found(found, None, []), tmp_path)
    assert "Directory not empty" in done[0].stays
    assert done[1] == found[1]
    assert not gone.exists()


def test_what_is_used_between_finding_and_removing_stays(without_engine: Cleaning) -> None:
    folder = without_engine.make("npm/one", 1000.0)
    found = find_leftovers(without_engine.cache, time.time(), without_engine.environ)
    make_once(folder, Path.rmdir)
    (leftover,) = remove_leftovers(found, without_engine.cache)
    assert leftover.stays == "it was used just now, or somebody else removed it"
    assert (folder / "file").exists()
