"""The stand-ins, installed once and started as a stack starts them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from perf_matrix.cache import cache_root
from perf_matrix.lease import LEASE_VARIABLE, Lease
from perf_matrix.matrix.model import Sink, Upstream
from perf_matrix.stacks.stand_ins import (
    StandIn,
    StandInPrograms,
    prepare_stand_ins,
    start_sink,
    start_upstream,
)
from perf_matrix.tools import find_uv

Start = Callable[[Upstream | Sink], StandIn]


@pytest.fixture(scope="session")
def programs() -> StandInPrograms:
    return prepare_stand_ins(cache_root(), find_uv())


@pytest.fixture(scope="session")
def environ(lease: Lease) -> dict[str, str]:
    """The whole environment of a stand-in."""
    return {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}


@pytest.fixture
def start(programs: StandInPrograms, environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts stand-ins; they end with the test."""
    with ExitStack() as started:

        def begin(wanted: Upstream | Sink) -> StandIn:
            if isinstance(wanted, Upstream):
                log = tmp_path / "upstream.log"
                stand_in = start_upstream(programs, wanted, environ=environ, log=log, cwd=tmp_path)
            else:
                log = tmp_path / "sink.log"
                stand_in = start_sink(programs, wanted, environ=environ, log=log, cwd=tmp_path)
            started.callback(stand_in.stop)
            return stand_in

        yield begin


@pytest.fixture(scope="session")
def upstream(
    programs: StandInPrograms, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The origin of an upstream that answers at once. Nothing that it is asked changes it, so one is enough."""
    folder = tmp_path_factory.mktemp("upstream")
    log = folder / "upstream.log"
    stand_in = start_upstream(programs, Upstream(), environ=environ, log=log, cwd=folder)
    yield stand_in.url
    stand_in.stop()


@pytest.fixture
def sink(start: Start) -> str:
    """The origin of a sink that answers at once."""
    return start(Sink()).url
