"""The local GitHub as a process: preset from a file, dumped to a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.github_api.faults import Fault, Kind
from tests.github_api.process import Dump, Preset, read_dump, read_preset, write_preset
from tests.github_api.tokens import Token

from .conftest import new_state

TESTS = Path(__file__).parents[2]
_PRESET = Preset(
    new_state(), {"t": Token({"pull_requests": "write", "actions": "read"})}, (Fault(Kind.BAD_GATEWAY),)
)


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    environ: dict[str, str]
    dump: Path

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        url = f"{self.environ['GITHUB_API_URL']}/repos/{self.environ['GITHUB_REPOSITORY']}{path}"
        headers = {"Authorization": "Bearer t"}
        return requests.request(method, url, headers=headers, timeout=10, **options)

    def end(self) -> tuple[int, Dump]:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20), read_dump(self.dump)


@contextmanager
def _running(folder: Path) -> Iterator[Running]:
    preset, dump = folder / "preset.json", folder / "dump.json"
    write_preset(_PRESET, preset)
    command = [sys.executable, "-m", "github_api", "--state", str(preset), "--dump", str(dump)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            assert process.stdout is not None
            yield Running(process, json.loads(process.stdout.readline()), dump)
        finally:
            process.kill()


def test_a_preset_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_preset(_PRESET, tmp_path / "preset.json")

    assert read_preset(tmp_path / "preset.json") == _PRESET


def test_the_process_serves_its_preset_and_dumps_what_became_of_it(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        first = running.ask("POST", "/issues/7/comments", json={"body": "x"})
        second = running.ask("POST", "/issues/7/comments", json={"body": "x"})
        archive = running.ask("GET", "/actions/artifacts/31/zip").content
        status, dump = running.end()

    assert (first.status_code, second.status_code, status) == (502, 201, 0)
    assert archive == _PRESET.state.artifacts[0].archive
    assert [comment.body for comment in dump.state.comments] == ["x"]
    assert [line.status for line in dump.requests] == [502, 201, 302]
    assert [fetch.with_token for fetch in dump.fetched] == [False]
    assert dump.violations == []


def test_a_violation_is_dumped_and_changes_the_exit_status(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        running.ask("GET", "/nonsense")
        running.ask("GET", "/nonsense")
        status, dump = running.end()

    assert status == 1
    assert [violation.path for violation in dump.violations] == ["/repos/acme/widgets/nonsense"]


def test_a_signal_dumps_while_the_process_goes_on(tmp_path: Path) -> None:
    with _running(tmp_path) as running:
        running.ask("GET", "/pulls")
        running.process.send_signal(signal.SIGUSR1)
        give_up = time.monotonic() + 20
        while not running.dump.exists() and time.monotonic() < give_up:
            time.sleep(0.01)
        dumped = read_dump(running.dump)
        still_there = running.ask("GET", "/pulls").status_code

    assert [line.path for line in dumped.requests] == ["/repos/acme/widgets/pulls"]
    assert still_there == 200
