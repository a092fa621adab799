"""What a registry of leases holds, and what is made of entries that are torn."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from perf_matrix.lease import (
    DeadLease,
    Lease,
    clear_dead_lease,
    clear_leftovers,
    dead_leases,
    hold_lease,
    oldest_held,
)


def test_a_lease_is_given_back(tmp_path: Path) -> None:
    registry = tmp_path / "leases"
    with hold_lease(registry) as lease:
        (lease.private / "file").touch()
        assert {path.name for path in registry.iterdir()} == {f"{lease.id}.lock", f"{lease.id}.json"}
    assert not lease.private.exists()
    assert list(registry.iterdir()) == []


def test_a_lease_is_given_back_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), hold_lease(tmp_path) as lease:
        raise KeyboardInterrupt
    assert not lease.private.exists()
    assert list(tmp_path.iterdir()) == []


def test_others_may_pass_through_the_folder_and_not_look_into_it(tmp_path: Path) -> None:
    with hold_lease(tmp_path) as lease:
        assert stat.S_IMODE(lease.private.stat().st_mode) == 0o711


def test_two_leases_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    with hold_lease(tmp_path) as one:
        (one.private / "file").touch()
        with hold_lease(tmp_path) as other:
            assert one.id != other.id
            assert one.private != other.private
            assert clear_leftovers(tmp_path) == []
        assert (one.private / "file").exists()
    assert list(tmp_path.iterdir()) == []


def test_many_that_come_and_go_at_once(tmp_path: Path) -> None:
    failures: list[str] = []

    def come_and_go() -> None:
        for _ in range(20):
            with hold_lease(tmp_path) as lease:
                if not (lease.private.is_dir() and (tmp_path / f"{lease.id}.json").is_file()):
                    failures.append(lease.id)

    threads = [threading.Thread(target=come_and_go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", '{"id": "abc", "priv', "\x00\x00", "[]", '{"id": "abc"}'])
def test_a_torn_entry_is_dropped(tmp_path: Path, content: str) -> None:
    (tmp_path / "abc.lock").touch()
    (tmp_path / "abc.json").write_text(content)
    assert clear_leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_is_no_text_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "abc.lock").touch()
    (tmp_path / "abc.json").write_bytes(b"\xff\xfe")
    assert clear_leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_was_not_written_yet(tmp_path: Path) -> None:
    (tmp_path / "abc.lock").touch()
    assert clear_leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def make_dead(tmp_path: Path) -> tuple[Path, Path]:
    """A registry with one dead lease, abc, and its private folder."""
    registry, private = tmp_path / "leases", tmp_path / "perf-matrix-abc"
    registry.mkdir()
    (private / "postgres").mkdir(parents=True)
    (registry / "abc.lock").touch()
    (registry / "abc.json").write_text(f'{{"id": "abc", "private": "{private}"}}')
    return registry, private


def test_a_dead_lease_is_cleared(tmp_path: Path) -> None:
    registry, private = make_dead(tmp_path)
    assert clear_leftovers(registry) == ["abc"]
    assert not private.exists()
    assert list(registry.iterdir()) == []


def test_dead_leases_are_listed_and_left_as_they_are(tmp_path: Path) -> None:
    registry, private = make_dead(tmp_path)
    os.utime(registry / "abc.json", (1000, 1000))
    (registry / "torn.lock").touch()
    (registry / "torn.json").write_text("{")
    assert dead_leases(registry) == [DeadLease("abc", private, 1000.0)]
    assert {path.name for path in registry.iterdir()} == {"abc.lock", "abc.json", "torn.lock", "torn.json"}
    assert private.is_dir()


def test_a_lease_that_is_held_is_neither_listed_nor_cleared(tmp_path: Path) -> None:
    with hold_lease(tmp_path) as lease:
        assert dead_leases(tmp_path) == []
        assert not clear_dead_lease(tmp_path, lease.id)
        assert lease.private.is_dir()


def test_one_dead_lease_is_cleared_once(tmp_path: Path) -> None:
    registry, private = make_dead(tmp_path)
    assert clear_dead_lease(registry, "abc")
    assert not private.exists()
    assert not clear_dead_lease(registry, "abc")
    assert list(registry.iterdir()) == []


def test_the_oldest_of_the_leases_that_are_held(tmp_path: Path) -> None:
    assert oldest_held(tmp_path) is None
    with hold_lease(tmp_path) as one:
        os.utime(tmp_path / f"{one.id}.json", (2000, 2000))
        with hold_lease(tmp_path):
            (tmp_path / "dead.lock").touch()
            (tmp_path / "dead.json").write_text("{}")
            os.utime(tmp_path / "dead.json", (1000, 1000))
            assert oldest_held(tmp_path) == 2000.0
    assert oldest_held(tmp_path) is None


def test_a_lease_is_its_id_and_its_folder(tmp_path: Path) -> None:
    with hold_lease(tmp_path) as lease:
        assert lease == Lease(id=lease.id, private=lease.private)
        assert lease.id in lease.private.name
