"""Is it noticed where head works on after its answers, and what do the latencies say then?

    python benchmarks/disturbed_control.py

Two equal small services and an upstream stand-in, each in a process of its own, and k6. Head, and only
head, computes in the background after each answer, on the same CPU as all the others or on two of them.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import expm1
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

from tabulate import tabulate

from perf_matrix.compare.carry_over import carry_over, is_more
from perf_matrix.compare.controls import control
from perf_matrix.compare.latency import measure
from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6
from perf_matrix.matrix.model import Arm, Endpoint, Gate, Request
from perf_matrix.record.model import PairedBlock

BLOCKS, PAIRS = 24, 10
ANSWER_MS = 5.0
AFTER_MS = (0.0, 2.0, 5.0, 20.0)
ENDPOINT = Endpoint(name="it", request=Request(path="/"))
ANSWER = b'{"object": "chat.completion", "choices": [{"message": {"content": "ok"}}]}'


def compute(ms: float) -> None:
    """Keep a CPU busy for ``ms`` of its own time, however long that takes."""
    until = time.thread_time() + ms / 1000
    while time.thread_time() < until:
        pass


def serve(answer_ms: float, after_ms: float, told: Connection) -> None:
    """Answer every request after ``answer_ms`` of computing, then compute for ``after_ms``, beside the next."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            compute(answer_ms)
            self.send_response(200)
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)
            self.wfile.flush()
            if after_ms:
                Thread(target=compute, args=(after_ms,), daemon=True).start()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def serving(answer_ms: float, after_ms: float) -> Iterator[str]:
    """A service in a process of its own; the origin that it answers at."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(answer_ms, after_ms, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def blocks(after_ms: float, folder: Path) -> list[PairedBlock]:
    """Blocks of pairs with controls, in two halves that stand for two epochs."""
    rng = random.Random(1)  # noqa: S311
    with serving(ANSWER_MS, 0) as base, serving(ANSWER_MS, after_ms) as head, serving(0, 0) as upstream:
        arms: dict[Arm, str] = {"base": base, "head": head}
        with Agent.start(
            find_k6(os.environ), arms, [ENDPOINT], folder / "k6.log", control=f"{upstream}/control"
        ) as agent:
            return [block(agent, number, rng) for number in range(BLOCKS)]


def block(agent: Agent, number: int, rng: random.Random) -> PairedBlock:
    order = [place < PAIRS // 2 for place in range(PAIRS)]
    rng.shuffle(order)
    started_at = time.time()
    found = agent.block(ENDPOINT.name, order)
    return PairedBlock(
        epoch=number * 2 // BLOCKS,
        endpoint=ENDPOINT.name,
        block=number,
        started_at=started_at,
        base_ms=found.base_ms,
        head_ms=found.head_ms,
        head_first=found.head_first,
        control_ms=found.control_ms,
    )


def row(cpus: int, after_ms: float, found: Sequence[PairedBlock]) -> list[str]:
    before, latency, carried = control(found, Gate()), measure(found, "p50", Gate()), carry_over(found)
    assert before
    assert latency
    assert carried
    low, high = (100 * (bound - 1) for bound in before.ci)
    return [
        str(cpus),
        f"{after_ms:g} ms",
        f"{before.base:.2f} ms, {before.head:.2f} ms",
        f"{100 * (before.ratio - 1):+.0f} % [{low:+.0f}, {high:+.0f}]",
        "yes" if before.moved else "no",
        f"{100 * expm1(carried.estimate):+.0f} % [{100 * expm1(carried.low):+.0f}, {100 * expm1(carried.high):+.0f}]",
        "yes" if is_more(carried, latency.matters) else "no",
        f"{latency.base:.1f} ms, {latency.head:.1f} ms ({100 * expm1(latency.interval.estimate):+.0f} %)",
    ]


def main() -> None:
    rows = []
    for cpus in sorted({1, min(2, os.cpu_count() or 1)}):
        os.sched_setaffinity(0, range(cpus))  # inherited by everything that is started
        for after_ms in AFTER_MS:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(row(cpus, after_ms, blocks(after_ms, Path(folder))))
    headers = [
        "CPUs",
        "head's work after",
        "control before base, head",
        "head/base",
        "moved",
        "right after head",
        "warned",
        "p50 of base, head",
    ]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
