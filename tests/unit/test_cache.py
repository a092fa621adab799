"""Things that are made once, with real folders and, for two at a time, real processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

import perf_matrix
from perf_matrix.cache import SHELVES, Thing, cache_root, is_made, make_once, remove_thing, things

# Makes a thing slowly, and leaves a line for each time that it really did.
MAKES_SLOWLY = """
import os, sys, time
from pathlib import Path
from perf_matrix.cache import make_once

def make(folder):
    with Path(sys.argv[2]).open("a") as made:
        made.write(f"{os.getpid()}\\n")
    (folder / "one").touch()
    time.sleep(1)
    (folder / "two").touch()

print(sorted(path.name for path in make_once(Path(sys.argv[1]), make).iterdir()))
"""


class Maker:
    """Fills a folder and counts how often it was asked to."""

    def __init__(self, *, raises: BaseException | None = None) -> None:
        self.calls = 0
        self._raises = raises

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        assert list(folder.iterdir()) == []
        (folder / "half").touch()
        if self._raises is not None:
            raise self._raises
        (folder / "whole").touch()


def test_it_is_made_once(tmp_path: Path) -> None:
    maker = Maker()
    for _ in range(2):
        assert make_once(tmp_path / "things" / "thing", maker) == tmp_path / "things" / "thing"
    assert maker.calls == 1
    assert is_made(tmp_path / "things" / "thing")


def test_a_half_made_one_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "rest").touch()
    assert not is_made(tmp_path / "thing")
    make_once(tmp_path / "thing", Maker())
    assert sorted(path.name for path in (tmp_path / "thing").iterdir()) == [".complete", "half", "whole"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), SystemExit(3)])
def test_what_fails_leaves_nothing_and_is_tried_again(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        make_once(tmp_path / "thing", Maker(raises=error))
    assert not (tmp_path / "thing").exists()
    again = Maker()
    make_once(tmp_path / "thing", again)
    assert again.calls == 1


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    thing, log = tmp_path / "thing", tmp_path / "log"
    argv = [sys.executable, "-c", MAKES_SLOWLY, str(thing), str(log)]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    saw = [process.communicate(timeout=30)[0].strip() for process in both]
    assert saw == ["['.complete', 'one', 'two']"] * 2
    assert len(log.read_text().splitlines()) == 1


def test_one_that_was_killed_while_making_is_followed_by_the_next(tmp_path: Path) -> None:
    thing, log = tmp_path / "thing", tmp_path / "log"
    argv = [sys.executable, "-c", MAKES_SLOWLY, str(thing), str(log)]
    killed = subprocess.Popen(argv)
    while not (thing / "one").exists():
        assert killed.poll() is None
    killed.kill()
    killed.wait()
    assert not is_made(thing)
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "['.complete', 'one', 'two']"


def test_the_folder_can_be_chosen(tmp_path: Path) -> None:
    assert cache_root({"PERF_MATRIX_CACHE": str(tmp_path / "a" / ".." / "b")}) == tmp_path / "b"


def test_else_it_is_the_users_own() -> None:
    assert cache_root({}).name == "perf-matrix"
    assert cache_root({"PERF_MATRIX_CACHE": ""}) == cache_root({})


def made(cache: Path, name: str, used_at: float) -> Path:
    """A thing that was used last at a moment, in seconds since 1970."""
    folder = make_once(cache / name, Maker())
    os.utime(folder / ".complete", (used_at, used_at))
    return folder


def test_every_use_is_noted(tmp_path: Path) -> None:
    folder = made(tmp_path, "subjects/one", 1000)
    assert things(tmp_path) == [Thing(folder, 1000)]
    make_once(folder, Maker())
    (thing,) = things(tmp_path)
    assert thing.used_at is not None
    assert thing.used_at > 1000


def test_a_half_made_thing_has_not_been_used(tmp_path: Path) -> None:
    folder = made(tmp_path, "npm/one", 1000)
    (folder / ".complete").unlink()
    assert things(tmp_path) == [Thing(folder, None)]
    assert remove_thing(Thing(folder, None))
    assert not folder.exists()


def test_what_is_removed_can_be_made_again(tmp_path: Path) -> None:
    folder = made(tmp_path, "subjects/one", 1000)
    kept = made(tmp_path, "subjects/one.5", 1000)
    assert remove_thing(Thing(folder, 1000))
    assert things(tmp_path) == [Thing(kept, 1000)]
    assert not remove_thing(Thing(folder, 1000))
    again = Maker()
    make_once(folder, again)
    assert again.calls == 1


def test_what_was_used_since_is_not_removed(tmp_path: Path) -> None:
    folder = made(tmp_path, "subjects/one", 1000)
    (thing,) = things(tmp_path)
    make_once(folder, Maker())
    assert not remove_thing(thing)
    assert is_made(folder)


def test_what_somebody_is_making_is_left_alone(tmp_path: Path) -> None:
    folder = made(tmp_path, "subjects/one", 1000)
    with FileLock(f"{folder}.lock"):
        assert things(tmp_path) == []
        assert not remove_thing(Thing(folder, 1000))
    assert is_made(folder)


def test_only_what_the_cache_made_is_a_thing(tmp_path: Path) -> None:
    for name in ("engine/debian", "leases/one", "mine/one"):
        made(tmp_path, name, 1000)
    (tmp_path / "subjects" / "mine").mkdir(parents=True)
    (tmp_path / "subjects" / "file").touch()
    (tmp_path / "subjects" / "file.lock").touch()
    (tmp_path / "subjects" / "link").symlink_to(tmp_path / "mine" / "one")
    (tmp_path / "subjects" / "link.lock").touch()
    assert things(tmp_path) == []
    assert not remove_thing(Thing(tmp_path / "subjects" / "link", 1000))
    assert is_made(tmp_path / "mine" / "one")


def test_every_folder_that_the_program_caches_in_is_known() -> None:
    code = "".join(path.read_text() for path in Path(perf_matrix.__file__).parent.rglob("*.py"))
    others = {"leases", "images", "images.lock"}
    assert {name for name in re.findall(r'cache / "([^"]+)"', code) if name not in others} == set(SHELVES)
