"""The same comparison on both backends: who runs the processes does not change what the database is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.compare.model import Line, Queries
from tests.e2e.command import BASE, HEAD, comparison_in, started
from tests.engine import Engine

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Counts:
    """What was counted of one endpoint: at all, and for each row of a list."""

    base: float | None
    head: float | None
    stable: bool
    lines: Sequence[tuple[str, Line | None, Line | None]]

    @classmethod
    def of(cls, queries: Queries | None) -> Counts:
        assert queries is not None
        lines = [(slope.over, slope.base, slope.head) for slope in queries.slopes]
        return cls(queries.base, queries.head, queries.stable, lines)


def measured(backend: str, scratch: Path, environ: Mapping[str, str]) -> dict[str, Counts]:
    out = scratch / backend
    arguments = ["compare", BASE, HEAD, "--backend", backend, "--metrics", "queries", "--out", str(out)]
    with started(arguments, scratch, environ) as command:
        ended = command.end()
    assert ended.exit_code == 1, ended.stderr
    (cell,) = comparison_in(out).cells
    return {endpoint.name: Counts.of(endpoint.queries) for endpoint in cell.endpoints}


def test_local_and_compose_count_the_same_endpoint_by_endpoint(engine: Engine, tmp_path: Path) -> None:
    local = measured("local", tmp_path, {})
    compose = measured("compose", tmp_path, engine.environ)
    assert len(local) == 16
    assert compose == local
