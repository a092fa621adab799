"""Commits and folders as subjects, on the local backend: what is measured is what the checkout holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.record.read import read_run
from tests.checkouts import litellm_repository
from tests.e2e.command import comparison_in, started

pytestmark = pytest.mark.e2e


def test_a_commit_and_the_folder_with_a_change_that_is_not_committed(tmp_path: Path) -> None:
    repository = litellm_repository(tmp_path / "checkout")
    changed = repository.folder / "litellm" / "_version.py"
    changed.write_text(changed.read_text() + "# not committed\n")
    out = tmp_path / "run"
    arguments = ["compare", "git:first", f"path:{repository.folder}", "--checkout", str(repository.folder)]
    with started(
        [*arguments, "--metrics", "queries", "--endpoints", "models", "--out", str(out)], tmp_path
    ) as command:
        ended = command.end()
    assert ended.exit_code == 0, ended.stderr
    (endpoint,) = comparison_in(out).cells[0].endpoints
    assert endpoint.queries is not None
    assert (endpoint.queries.base, endpoint.queries.head) == (0, 0)
    base, head = (read_run(out).info.subjects[arm] for arm in ("base", "head"))
    assert base.commit == repository.git("rev-parse", "first")
    assert (base.content, head.commit) == ("", "")
    assert len(head.content) == 64
    assert base.version == head.version == "1.80.5"
    # The checkout is as it was: its change, and no worktree of ours.
    assert repository.git("status", "--porcelain") == "M litellm/_version.py"
    assert len(repository.git("worktree", "list").splitlines()) == 1
