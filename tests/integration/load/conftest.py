import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6
from perf_matrix.matrix.model import Endpoint

from .service import Received, Service
from .workload import StartAgent


@pytest.fixture(scope="session")
def k6() -> Path:
    return find_k6()


@pytest.fixture
def log() -> list[Received]:
    return []


@pytest.fixture
def arms(log: list[Received]) -> Iterator[dict[str, Service]]:
    with Service("base", log) as base, Service("head", log) as head:
        yield {"base": base, "head": head}


@pytest.fixture
def start_agent(k6: Path, arms: dict[str, Service], tmp_path: Path) -> Iterator[StartAgent]:
    """Starts agents against ``arms``; keywords are those of Agent.start."""
    with ExitStack() as stack:

        def start(*endpoints: Endpoint, **options: Any) -> Agent:
            urls = {name: arm.url for name, arm in arms.items()}
            defaults = {"k6": k6, "arms": urls, "endpoints": endpoints, "log_path": tmp_path / "k6.log"}
            return stack.enter_context(Agent.start(**{**defaults, **options}))

        yield start


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    until = time.monotonic() + 2
    while time.monotonic() < until and k6_threads():
        time.sleep(0.01)
    assert k6_threads() == []


def k6_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("k6-")]
