"""A slot of load: one k6 that sends requests to one arm at a constant rate, whether it answers or not.

That is the open model: users do not wait for each other, so a service that cannot keep up gets a queue, and its
latencies show it. A request that would have been one too many in flight is never sent, but counted as
dropped; none is sent late. A latency is k6's ``http_req_duration``: sending, waiting and receiving. Each
virtual user has a connection of its own, opened by its first request, and opening it is not part of that.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import MeasurementError
from perf_matrix.load.lines import MARKER, Answer
from perf_matrix.load.plan import Planned, PlannedEndpoint, plan_endpoints
from perf_matrix.load.process import K6Process, environment, start_process, write_inputs
from perf_matrix.load.results import RequestResult, SlotResult
from perf_matrix.load.summary import read_summary
from perf_matrix.matrix.model import Arm, Endpoint

SCRIPT = Path(__file__).parent / "scripts" / "slot.js"
# A slot may take so much longer than its requests are due.
REQUEST_TIMEOUT_S = 20.0
# Answers may take so much longer than they do without load, on average, before requests are dropped. Not 5 s: a
# connection is used again after about this time, and many servers close one that was idle for 5 s.
PATIENCE_S = 2.0
FEWEST_IN_FLIGHT = 4
# A virtual user of k6 takes about 0.25 MB.
MOST_IN_FLIGHT = 1000
# On top of what the requests may take: starting k6, with all its virtual users, and ending it.
SLACK_S = 60.0
# After the last request's own time limit, so that k6 cuts off none that this limit would not have.
_GRACE_S = 5.0
_FAILURES_TOLD = 5
_NS = 1_000_000_000


@dataclass(frozen=True)
class Mix:
    """What is sent under load: endpoints by their weights, ``rate`` requests per second in all.

    ``in_flight``: how many may be unanswered at a time.
    """

    endpoints: Sequence[Endpoint]
    rate: float
    in_flight: int

    @property
    def weights(self) -> list[float]:
        """Of the endpoints, in their order."""
        return [endpoint.weight for endpoint in self.endpoints]

    def requests_in(self, seconds: float) -> int:
        """How many requests are due in so many seconds, more than one second's in any case."""
        # k6 refuses a duration below a second.
        return max(round(self.rate * seconds), math.ceil(self.rate + 0.5))


class SlotPlan(Planned):
    """What the script of a slot is started with; the sequence is in a file beside it."""

    marker: str = MARKER
    summary_path: str
    sequence_path: str
    request_timeout_s: float
    arm: Arm
    endpoints: list[PlannedEndpoint]
    period_ns: int
    duration_ns: int
    in_flight: int
    grace_s: float


@dataclass(frozen=True)
class LoadRunner:
    """Runs slots of ``mix`` against the origins in ``arms``.

    What k6 says is appended to ``log_path``; its input, which holds keys, is in a private folder inside
    ``scratch`` while it runs. ``environ`` is its environment, apart from what would change its behaviour.
    """

    k6: Path
    arms: Mapping[Arm, str]
    mix: Mix
    log_path: Path
    scratch: Path
    environ: Mapping[str, str]
    request_timeout_s: float = REQUEST_TIMEOUT_S

    def run(
        self, arm: Arm, sequence: Sequence[int], every_s: float, meanwhile: Callable[[], None]
    ) -> SlotResult:
        """Send the endpoints that ``sequence`` names by their index, one every 1/rate seconds.

        ``meanwhile`` is called every ``every_s`` seconds; what it raises ends the slot. Raises
        MeasurementError where k6 fails or does not end in time, InputError where an endpoint cannot be sent.
        """
        with ExitStack() as opened:
            private = tempfile.TemporaryDirectory(prefix="perf-matrix-k6-", dir=self.scratch)
            folder = Path(opened.enter_context(private))
            plan = self._plan(arm, sequence, folder)
            Path(plan.sequence_path).write_text(json.dumps(list(sequence)))
            argv = write_inputs(self.k6, SCRIPT, plan, folder)
            process = K6Process.start(argv, environment(self.environ), self.log_path, start_process)
            opened.callback(process.kill)
            limit_s = len(sequence) / self.mix.rate + self.request_timeout_s + SLACK_S
            answers = process.answers(limit_s, every_s, meanwhile)
            self._refuse_untold(Path(plan.summary_path), len(answers))
        return slot_result([endpoint.name for endpoint in self.mix.endpoints], sequence, answers)

    def _plan(self, arm: Arm, sequence: Sequence[int], folder: Path) -> SlotPlan:
        planned = plan_endpoints(self.mix.endpoints, self.arms)
        return SlotPlan(
            summary_path=str(folder / "summary.json"),
            sequence_path=str(folder / "sequence.json"),
            request_timeout_s=self.request_timeout_s,
            arm=arm,
            endpoints=list(planned.values()),
            period_ns=round(_NS / self.mix.rate),
            # It ends between the last request and the one that would come after it.
            duration_ns=round(_NS * (len(sequence) - 0.5) / self.mix.rate),
            in_flight=self.mix.in_flight,
            grace_s=self.request_timeout_s + _GRACE_S,
        )

    def _refuse_untold(self, summary_path: Path, told: int) -> None:
        """Raise MeasurementError where k6 sent more than it told of: requests that its script failed at."""
        summary = read_summary(summary_path)
        sent = summary.iterations if summary else 0
        if sent != told:
            raise MeasurementError(f"k6 sent {sent} requests and told of {told}: see {self.log_path}")


def in_flight(rate: float, request_s: float) -> int:
    """How many requests may be unanswered at a time, where one takes ``request_s`` seconds without load."""
    wanted = math.ceil(rate * (request_s + PATIENCE_S))
    return min(max(wanted, FEWEST_IN_FLIGHT), MOST_IN_FLIGHT)


def slot_result(names: Sequence[str], sequence: Sequence[int], answers: Sequence[Answer]) -> SlotResult:
    """Sum up what k6 told of: the number of each answer is its place in ``sequence``."""
    latencies_ms: defaultdict[str, list[float]] = defaultdict(list)
    failed: Counter[str] = Counter()
    failures: dict[str, None] = {}
    for answer in sorted(answers, key=lambda answer: answer.id):
        name, result = names[sequence[answer.id]], RequestResult.model_validate(answer.result)
        if result.failures:
            failed[name] += 1
            failures |= dict.fromkeys(f"{name}: {failure}" for failure in result.failures)
        else:
            latencies_ms[name].append(result.latency_ms)
    return SlotResult(
        due=len(sequence),
        dropped=len(sequence) - len(answers),
        latencies_ms=dict(latencies_ms),
        failed=dict(failed),
        failures=list(failures)[:_FAILURES_TOLD],
    )
