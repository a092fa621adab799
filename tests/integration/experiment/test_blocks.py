"""Blocks taken with a control: real k6, two services and a stand-in, and what is recorded of them."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from perf_matrix.experiment.blocks import BlockTaker
from perf_matrix.experiment.budget import PAIRS_PER_BLOCK
from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6
from perf_matrix.matrix.model import Arm, Endpoint, Gate, Request
from perf_matrix.record.model import PairedBlock, RoundTripCheck, UndelayedBlock

ENDPOINT = Endpoint(name="it", request=Request(path="/it"))


class NoDatabase:
    """A delay before a database that nobody asks."""

    asked_ms = 1.0

    def set_ms(self, milliseconds: float) -> None:
        """Nothing to hold back."""

    def check(self, epoch: int) -> RoundTripCheck:
        raise NotImplementedError


@contextmanager
def answering(name: str, received: Counter[str]) -> Iterator[str]:
    """A service that answers everything with 200 and counts; its origin."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received[name] += 1
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("controlled", ["with", "without"])
def test_blocks_record_their_controls(tmp_path: Path, controlled: str) -> None:
    received: Counter[str] = Counter()
    recorded: list[PairedBlock | UndelayedBlock] = []
    with (
        answering("base", received) as base,
        answering("head", received) as head,
        answering("upstream", received) as upstream,
    ):
        arms: dict[Arm, str] = {"base": base, "head": head}
        control = f"{upstream}/control" if controlled == "with" else None
        with Agent.start(
            find_k6(os.environ), arms, [ENDPOINT], tmp_path / "k6.log", control=control
        ) as agent:
            BlockTaker(
                agent,
                Gate(),
                [],
                epoch=0,
                wanted=1,
                rng=random.Random(1),  # noqa: S311
                delay=NoDatabase(),
                record=recorded.append,
                note=lambda *_: None,
                check_alive=lambda: None,
            ).take(ENDPOINT.name)
    assert [type(block) for block in recorded] == [PairedBlock, UndelayedBlock]
    sent = 2 * (PAIRS_PER_BLOCK + 1)  # two blocks, each with one pair that goes before
    if controlled == "without":
        assert received == {"base": sent, "head": sent}
        assert [block.control_ms for block in recorded] == [{}, {}]
        return
    assert received == {"base": sent, "head": sent, "upstream": 2 * sent}
    for block in recorded:
        assert {arm: len(times) for arm, times in block.control_ms.items()} == {"base": 10, "head": 10}
        assert all(ms > 0 for times in block.control_ms.values() for ms in times)
