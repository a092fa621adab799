"""The commits of the demonstration repository that do not start, as ``compare`` meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo_repository.demo import Demo
from tests.e2e.command import Ended, started

pytestmark = pytest.mark.e2e


def test_one_that_does_not_start_ends_with_the_lines_of_its_log(demo: Demo, tmp_path: Path) -> None:
    ended = compare(demo, demo.told.good, demo.told.does_not_start, tmp_path)
    assert ended.exit_code == 3
    assert f"the head proxy (git:{demo.told.does_not_start}) exited with status 1" in ended.stderr
    assert "| ModuleNotFoundError: No module named 'demo_service.settings'" in ended.stderr


def test_one_that_cannot_be_installed_ends_with_the_installers_words(demo: Demo, tmp_path: Path) -> None:
    ended = compare(demo, demo.told.good, demo.told.does_not_install, tmp_path)
    assert ended.exit_code == 2
    assert "cannot be installed" in ended.stderr
    assert "psycopg-pool>=33.2,<34" in ended.stderr
    assert not (tmp_path / "run").exists()


def test_without_its_plug_in_the_target_is_not_known(demo: Demo, tmp_path: Path) -> None:
    arguments = ["plan", "--matrix", str(demo.matrix)]
    with started(arguments, tmp_path) as command:
        ended = command.end()
    assert ended.exit_code == 2
    assert "target: 'demo' is not known" in ended.stderr


def compare(demo: Demo, base: str, head: str, scratch: Path) -> Ended:
    """Run ``compare`` of two commits, counts alone, into the folder ``run``; nothing of it is left."""
    arguments = [
        *("compare", f"git:{base}", f"git:{head}", "--metrics", "queries", "--out", str(scratch / "run")),
        *("--checkout", str(demo.repository.folder), "--matrix", str(demo.matrix), "--backend", "local"),
    ]
    with started(arguments, scratch, demo.environ) as command:
        ended = command.end()
        assert command.left_behind() == []
    return ended
