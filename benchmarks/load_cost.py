"""What the load instrument itself takes of the machine: k6 at several rates, and a look at an arm's usage.

    python benchmarks/load_cost.py

Slots against a service that answers at once. Processor: CPU seconds of k6 for each second of the slot, its
start with all virtual users included. Around: how much longer the slot takes than its requests are due.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from tabulate import tabulate

from perf_matrix.load.find import find_k6
from perf_matrix.load.slot import LoadRunner, Mix, in_flight
from perf_matrix.matrix.model import Endpoint, Request
from perf_matrix.processes import Process, end, spawn
from perf_matrix.stacks.ports import free_port
from perf_matrix.stacks.usage import usage_of

RATES = (10.0, 50.0, 100.0, 200.0, 400.0)
SLOT_S = 8.0
LOOKS = 20
HELD_MB = (0, 500)
SERVICE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

held = bytearray(b"x") * (int(sys.argv[2]) * 1_000_000)

async def users(request):
    return JSONResponse({"users": [{"id": f"user-{number}"} for number in range(25)]})

uvicorn.run(Starlette(routes=[Route("/users", users)]), port=int(sys.argv[1]), log_level="error")
"""
USERS = Endpoint(name="users", request=Request(path="/users"))


@contextmanager
def serving(folder: Path, held_mb: int) -> Iterator[tuple[Process, str]]:
    """Start the service; yields its process and its origin."""
    port = free_port()
    argv = [sys.executable, "-c", SERVICE, str(port), str(held_mb)]
    service = spawn("the service", argv, env=os.environ, log=folder / "service.log", cwd=folder)
    try:
        url = f"http://127.0.0.1:{port}"
        while not answers(url):
            service.check_alive()
            time.sleep(0.1)
        yield service, url
    finally:
        end([service])


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/users", timeout=10).ok
    except requests.ConnectionError:
        return False


def slot(folder: Path, url: str, rate: float) -> list[object]:
    mix = Mix([USERS], rate, in_flight(rate, request_s=0.002))
    runner = LoadRunner(find_k6(), {"base": url}, mix, folder / "k6.log", folder, os.environ)
    due = mix.requests_in(SLOT_S)
    begin, used = time.monotonic(), cpu_s()
    result = runner.run("base", [0] * due, SLOT_S, lambda: None)
    assert not result.failed
    seconds, cpu = time.monotonic() - begin, cpu_s() - used
    processor, around = f"{100 * cpu / SLOT_S:.0f} %", f"{seconds - due / rate:.1f} s"
    return [f"{rate:g}/s", mix.in_flight, processor, around, result.dropped]


def cpu_s() -> float:
    """Of the children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def look(service: Process, held_mb: int) -> list[object]:
    begin = time.process_time()
    for _ in range(LOOKS):
        usage = usage_of(service)
    each_ms = 1000 * (time.process_time() - begin) / LOOKS
    return [f"{held_mb} MB", f"{usage.memory_bytes / 1e6:.0f} MB", f"{each_ms:.1f} ms"]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder, 0) as (_, url):
            rows = [slot(folder, url, rate) for rate in RATES]
        headers = ["rate", "virtual users", "processor", "around", "dropped"]
        print(tabulate(rows, headers, disable_numparse=True, tablefmt="github"))
        looks = []
        for held_mb in HELD_MB:
            with serving(folder, held_mb) as (service, _):
                looks.append(look(service, held_mb))
    print()
    print(tabulate(looks, ["held", "told", "a look"], disable_numparse=True, tablefmt="github"))


if __name__ == "__main__":
    main()
