"""Two commits of a checkout as images: the second one is built on the dependencies of the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perf_matrix.record.read import read_run
from tests.checkouts import litellm_repository
from tests.e2e.command import comparison_in, started
from tests.engine import Engine

pytestmark = pytest.mark.e2e


def layers(engine: Engine, image: str) -> list[str]:
    said = engine.run("docker", "image", "inspect", "--format", "{{json .RootFS.Layers}}", image)
    found: list[str] = json.loads(said)
    return found


def test_two_commits(engine: Engine, tmp_path: Path) -> None:
    repository = litellm_repository(tmp_path / "checkout")
    out = tmp_path / "run"
    arguments = [
        "compare",
        "git:first",
        "git:second",
        "--checkout",
        str(repository.folder),
        "--backend",
        "compose",
    ]
    arguments += ["--metrics", "queries", "--endpoints", "models", "--out", str(out)]
    with started(arguments, tmp_path, engine.environ) as command:
        ended = command.end()
    assert ended.exit_code == 0, ended.stderr
    (endpoint,) = comparison_in(out).cells[0].endpoints
    assert endpoint.queries is not None
    assert (endpoint.queries.base, endpoint.queries.head) == (0, 0)
    subjects = read_run(out).info.subjects
    first, second = (layers(engine, subjects[arm].image) for arm in ("base", "head"))
    assert [subjects[arm].commit for arm in ("base", "head")] == [
        repository.git("rev-parse", tag) for tag in ("first", "second")
    ]
    # All but the checkout itself and the client that is generated from it.
    assert first[:-2] == second[:-2]
    assert first[-2:] != second[-2:]
    assert len(repository.git("worktree", "list").splitlines()) == 1
