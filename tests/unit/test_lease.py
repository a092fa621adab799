"""What a registry of leases holds, and what is made of entries that are torn."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from perf_matrix.lease import Lease, clear_leftovers, hold_lease


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


def test_a_dead_lease_is_cleared(tmp_path: Path) -> None:
    registry, private = tmp_path / "leases", tmp_path / "perf-matrix-abc"
    registry.mkdir()
    (private / "postgres").mkdir(parents=True)
    (registry / "abc.lock").touch()
    (registry / "abc.json").write_text(f'{{"id": "abc", "private": "{private}"}}')
    assert clear_leftovers(registry) == ["abc"]
    assert not private.exists()
    assert list(registry.iterdir()) == []


def test_a_lease_is_its_id_and_its_folder(tmp_path: Path) -> None:
    with hold_lease(tmp_path) as lease:
        assert lease == Lease(id=lease.id, private=lease.private)
        assert lease.id in lease.private.name
