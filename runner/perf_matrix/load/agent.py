"""The agent: one long-lived k6 with one request in flight, steered from here.

k6 takes its next command from a small HTTP server in this process and reports each result in its log as soon
as it has it. One process for a whole epoch, and not one for each block, because what to send next depends
on what was measured: counters of the database are read between two windows, and further blocks go to the
endpoints whose intervals are widest. It saves k6's start for each block, too, and its connections stay warm.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from perf_matrix.errors import MeasurementError
from perf_matrix.load.control import ControlServer
from perf_matrix.load.plan import Plan, plan_control, plan_endpoints
from perf_matrix.load.process import K6Process, Spawn, environment, start_process, write_inputs
from perf_matrix.load.results import BlockResult, ProbeResult, Result, SerialResult
from perf_matrix.load.summary import Summary, read_summary
from perf_matrix.matrix.model import Arm, Endpoint

SCRIPT = Path(__file__).parent / "scripts" / "agent.js"
REQUEST_TIMEOUT_S = 60.0
START_TIMEOUT_S = 60.0
STOP_GRACE_S = 2.0
# On top of what the requests may take at most: parsing and checking large answers.
SLACK_S = 30.0

AnyResult = TypeVar("AnyResult", bound=Result)


class Agent:
    """A running k6. To be used in a ``with`` statement, which leaves no process and no port behind.

    Every measuring method raises MeasurementError where k6 itself failed; a failed request is not an
    exception but a part of the result. ``timeout_s`` limits how long a whole result may take; without it, the
    limit is what the requests can take at most. The name of an unknown endpoint raises KeyError.
    """

    def __init__(self, k6: K6Process, commands: ControlServer, plan: Plan, resources: ExitStack) -> None:
        self._k6 = k6
        self._commands = commands
        self._plan = plan
        self._resources = resources
        self._given = 0
        self._summary: Summary | None = None

    @classmethod
    def start(
        cls,
        k6: Path,
        arms: Mapping[Arm, str],
        endpoints: Sequence[Endpoint],
        log_path: Path,
        *,
        control: str | None = None,
        scratch: Path | None = None,
        spawn: Spawn = start_process,
        environ: Mapping[str, str] = os.environ,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> Self:
        """Start k6 and return when it is ready for commands.

        ``arms`` holds the origin of each arm (``http://127.0.0.1:4000``); ``endpoints`` are filled in, with
        no ``${…}`` left. ``control`` is the whole URL of the upstream stand-in to which a direct request goes
        before each request of a block; without it there is none. What k6 says is appended to ``log_path``;
        its input, which holds keys, is in a private folder inside ``scratch`` (the system's temporary folder
        unless told) until ``stop``. ``environ`` is k6's environment, apart from what would change its
        behaviour. Raises MeasurementError where k6 does not start, InputError where an endpoint cannot be
        sent.
        """
        planned = plan_endpoints(endpoints, arms)
        with ExitStack() as opened:
            commands = ControlServer()
            opened.callback(commands.close)
            private = tempfile.TemporaryDirectory(prefix="perf-matrix-k6-", dir=scratch)
            folder = Path(opened.enter_context(private))
            plan = Plan(
                commands_url=commands.url,
                summary_path=str(folder / "summary.json"),
                request_timeout_s=request_timeout_s,
                endpoints=planned,
                control=None if control is None else plan_control(control),
            )
            argv = write_inputs(k6, SCRIPT, plan, folder)
            process = K6Process.start(argv, environment(environ), log_path, spawn)
            opened.callback(process.kill)
            process.answer(0, START_TIMEOUT_S)
            resources = opened.pop_all()
        return cls(process, commands, plan, resources)

    @property
    def pid(self) -> int:
        """k6's process."""
        return self._k6.pid

    @property
    def summary(self) -> Summary | None:
        """k6's own count, after ``stop``; ``None`` where k6 had to be killed."""
        return self._summary

    def probe(self, endpoint: str, arm: Arm, *, timeout_s: float | None = None) -> ProbeResult:
        """Send one request to one arm."""
        command = {"verb": "probe", "endpoint": endpoint, "arm": arm}
        return self._measure(ProbeResult, command, 1, timeout_s)

    def serial(
        self, endpoint: str, arm: Arm, requests: int, *, timeout_s: float | None = None
    ) -> SerialResult:
        """Send ``requests`` requests to one arm, one after the other, and none besides."""
        command = {"verb": "serial", "endpoint": endpoint, "arm": arm, "requests": requests}
        return self._measure(SerialResult, command, requests, timeout_s)

    def block(
        self, endpoint: str, head_first: Sequence[bool], *, timeout_s: float | None = None
    ) -> BlockResult:
        """Send pairs of one request to both arms, back to back, in the order that ``head_first`` tells.

        Where there is a control, a direct request goes right before each of them; one that the upstream
        stand-in does not answer raises MeasurementError. One more pair goes before them all and is in no
        result: connections that were idle since the block before may have been closed.
        """
        command = {"verb": "block", "endpoint": endpoint, "head_first": list(head_first)}
        requests = (2 if self._plan.control is None else 4) * (len(head_first) + 1)
        result = self._measure(BlockResult, command, requests, timeout_s)
        if result.control_failure is not None:
            raise MeasurementError(
                f"the upstream stand-in did not answer the control request: {result.control_failure}"
            )
        return result

    def stop(self) -> None:
        """End k6 and everything that was started with it, within two seconds or by force.

        Does nothing the second time.
        """
        with self._resources:
            self._commands.put({"verb": "stop"})
            self._k6.stop(STOP_GRACE_S)
            self._summary = self._summary or read_summary(Path(self._plan.summary_path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _measure(
        self, kind: type[AnyResult], command: Mapping[str, Any], requests: int, timeout_s: float | None
    ) -> AnyResult:
        if command["endpoint"] not in self._plan.endpoints:
            raise KeyError(command["endpoint"])
        self._given += 1
        self._commands.put({"id": self._given, **command})
        limit = requests * self._plan.request_timeout_s + SLACK_S if timeout_s is None else timeout_s
        return kind.model_validate(self._k6.answer(self._given, limit).result)
