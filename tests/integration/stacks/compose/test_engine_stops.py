"""The engine is stopped while a command measures: a private one, since the shared one must not be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from perf_matrix.stacks.compose.building import Builder
from perf_matrix.stacks.compose.engine import Engine, find_engine
from perf_matrix.stacks.compose.stand_ins import stand_ins_image
from tests.e2e.command import comparison_in
from tests.engine import Engine as SharedEngine
from tests.integration.engine.private_engine import STATE_VARIABLE, PrivateEngine, command
from tests.integration.stacks.compose.commands import QUERIES, Bench

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine"),
]
GONE = "the Docker engine does not answer any more: "


@pytest.fixture
def private(
    engine: SharedEngine, found: Engine, images: dict[str, str], cache: Path, tmp_path: Path
) -> Iterator[PrivateEngine]:
    """An engine with the images that a run needs."""
    builder = Builder(found, cache, tmp_path, found.environ)
    stand_ins = stand_ins_image(builder, lambda _what: None)
    wanted = [engine.base_image, engine.postgres_image, *images.values(), *tags(found, stand_ins)]
    saved = tmp_path / "images.tar"
    engine.run("docker", "save", "--output", str(saved), *wanted)
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock", STATE_VARIABLE: str(tmp_path / "state")}
    state = {**engine.environ, **nowhere}
    try:
        private = PrivateEngine({**state, **command("start", state)})
        private.run("docker", "load", "--input", str(saved))
        saved.unlink()
        yield private
    finally:
        command("stop", state)


def tags(engine: Engine, image: str) -> list[str]:
    return list(engine.client.images.get(image).tags)


def test_an_engine_that_is_stopped_while_statements_are_counted(private: PrivateEngine, bench: Bench) -> None:
    bench = replace(bench, engine=find_engine(private.environ))
    (dockerd,) = private.processes("dockerd")
    with bench.compare(*QUERIES, variants={"first": {}, "second": {}}) as run:
        assert run.lease
        run.wait_for("kind=first, epoch 1 of 1: counting SQL statements")
        dockerd.terminate()
        psutil.wait_procs([dockerd])
        ended = run.end()
        left = run.left_behind()
    assert ended.exit_code == 3, ended.stderr
    assert left == []
    comparison = comparison_in(bench.out)
    assert comparison.verdict == "invalid"
    for cell in comparison.cells:
        assert cell.fault.startswith(GONE), cell.fault
    assert "What the run started may be left: the next start of perf-matrix removes it" in ended.stderr
    assert "Traceback" not in ended.stderr

    command("start", private.environ)
    again = replace(bench, scratch=bench.scratch / "again")
    again.scratch.mkdir()
    with again.compare(*QUERIES) as run:
        ended = run.end()
        assert again.left(run) == []
    assert ended.exit_code == 0, ended.stderr
