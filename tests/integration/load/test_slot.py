"""Slots of load with the real k6: what is sent when, what is made of the answers, and how a slot ends."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from perf_matrix.errors import MeasurementError
from perf_matrix.load.process import K6Process, start_process
from perf_matrix.load.sequence import draw_sequence
from perf_matrix.load.slot import LoadRunner, Mix
from perf_matrix.matrix.model import Endpoint

from .service import Received, Service
from .workload import endpoint

MakeRunner = Callable[..., LoadRunner]
USERS = endpoint("/users", {"json": {"users.#": 24}})


@pytest.fixture
def make_runner(k6: Path, arms: dict[str, Service], tmp_path: Path) -> MakeRunner:
    """Makes runners against ``arms``; keywords are the rate, how many may be in flight, the time limit."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def make(
        *endpoints: Endpoint, rate: float = 40.0, in_flight: int = 80, request_timeout_s: float = 10.0
    ) -> LoadRunner:
        return LoadRunner(
            k6,
            {"base": arms["base"].url, "head": arms["head"].url},
            Mix(endpoints, rate, in_flight),
            tmp_path / "k6.log",
            scratch,
            os.environ,
            request_timeout_s,
        )

    return make


def nothing() -> None:
    """What is done meanwhile in most tests."""


def k6_of_this_process() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.name() == "k6"]


def test_both_arms_get_the_sequence(make_runner: MakeRunner, log: list[Received]) -> None:
    runner = make_runner(USERS, endpoint("/text"), endpoint("/echo", None, method="POST", json={"a": 1}))
    sequence = draw_sequence([1, 2, 3], 48, "round 0")
    results = {arm: runner.run(arm, sequence, 60.0, nothing) for arm in ("head", "base")}
    wanted = [("/users", "/text", "/echo")[index] for index in sequence]
    for arm, result in results.items():
        arrived = [received.target for received in log if received.service == arm]
        assert Counter(arrived) == Counter(wanted)
        # On a busy machine two may overtake each other on their way; of another sequence 30 would differ.
        assert sum(one != other for one, other in zip(arrived, wanted, strict=True)) <= 8
        assert (result.due, result.dropped, result.failed, result.failures) == (48, 0, {}, [])
        assert {name: len(times) for name, times in result.latencies_ms.items()} == {
            "users": 8,
            "text": 16,
            "echo": 24,
        }
    assert [received.service for received in log] == ["head"] * 48 + ["base"] * 48


def test_every_request_of_a_broken_rate_is_sent(make_runner: MakeRunner, log: list[Received]) -> None:
    runner = make_runner(USERS, rate=14.3)
    due = runner.mix.requests_in(2.0)
    result = runner.run("base", [0] * due, 60.0, nothing)
    assert due == len(log) == len(result.latencies_ms["users"]) == 29
    # 28 times 70 ms from the first to the last; the first may be late.
    assert 1.5 < log[-1].at - log[0].at < 3.0


def test_the_next_request_does_not_wait_for_the_answer_before(
    make_runner: MakeRunner, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["base"].delay_s = 3.0
    result = make_runner(USERS).run("base", [0] * 44, 60.0, nothing)
    assert (result.dropped, len(result.latencies_ms["users"])) == (0, 44)
    assert min(result.latencies_ms["users"]) >= 3000
    # All were sent before the first was answered.
    assert log[-1].at - log[0].at < 3.0


def test_what_is_too_much_in_flight_is_dropped_and_counted(
    make_runner: MakeRunner, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["head"].delay_s = 3.0
    result = make_runner(USERS, in_flight=6).run("head", [0] * 44, 60.0, nothing)
    assert len(log) == len(result.latencies_ms["users"]) == 6
    assert (result.due, result.dropped, result.failed) == (44, 38, {})


def test_failed_requests_are_counted_by_endpoint_and_have_no_latency(make_runner: MakeRunner) -> None:
    runner = make_runner(endpoint("/error"), endpoint("/users", {"json": {"users.#": 25}}), endpoint("/text"))
    result = runner.run("base", [0, 1, 2] * 14, 60.0, nothing)
    assert result.failed == {"error": 14, "users": 14}
    assert {name: len(times) for name, times in result.latencies_ms.items()} == {"text": 14}
    assert result.failures == [
        f"error: status 500, expected 200; body: it broke {'x' * 191}",
        "users: users.# is 24, expected 25",
    ]
    assert result.dropped == 0


def test_an_arm_that_is_down_fails_every_request(make_runner: MakeRunner, arms: dict[str, Service]) -> None:
    runner = make_runner(USERS)
    arms["head"].stop()
    result = runner.run("head", [0] * 44, 60.0, nothing)
    assert (result.failed, result.latencies_ms, result.dropped) == ({"users": 44}, {}, 0)
    assert result.failures == ["users: no answer: dial: connection refused"]


def test_a_request_that_is_not_answered_in_time_has_failed(make_runner: MakeRunner) -> None:
    runner = make_runner(endpoint("/sleepy"), USERS, request_timeout_s=0.4)
    result = runner.run("base", [0, 1] * 22, 60.0, nothing)
    assert result.failed == {"sleepy": 22}
    assert result.failures == ["sleepy: no answer within 0.4 s"]
    assert (result.dropped, len(result.latencies_ms["users"])) == (0, 22)


def test_something_can_be_done_meanwhile(make_runner: MakeRunner, log: list[Received]) -> None:
    sent: list[int] = []
    make_runner(USERS, rate=20.0).run("base", [0] * 40, 0.2, lambda: sent.append(len(log)))
    assert len(sent) > 3
    assert 0 < sent[len(sent) // 2] < 40, "while requests are sent"


def test_k6_that_is_killed_in_the_middle_is_told_with_its_last_words(
    make_runner: MakeRunner, log: list[Received]
) -> None:
    def kill() -> None:
        if log:
            (k6,) = k6_of_this_process()
            os.kill(k6.pid, signal.SIGKILL)

    with pytest.raises(
        MeasurementError, match=r"k6 ended while measuring: killed by SIGKILL\. The last lines of .*k6\.log"
    ):
        make_runner(USERS).run("base", [0] * 400, 0.1, kill)
    assert 0 < len(log) < 400


def test_what_goes_wrong_meanwhile_ends_the_slot_and_k6(
    make_runner: MakeRunner, log: list[Received], tmp_path: Path
) -> None:
    def fail() -> None:
        if log:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_runner(USERS).run("base", [0] * 400, 0.1, fail)
    assert 0 < len(log) < 400
    assert k6_of_this_process() == []
    assert list((tmp_path / "scratch").iterdir()) == [], "its folder holds keys"


def test_a_request_that_the_script_fails_at_is_not_taken_for_a_dropped_one(make_runner: MakeRunner) -> None:
    with pytest.raises(MeasurementError, match=r"k6 sent 44 requests and told of 43: see .*k6\.log"):
        make_runner(USERS).run("base", [0] * 43 + [1], 60.0, nothing)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sleep 60", r"k6 did not end within 0\.3 s and was stopped"),
        ("echo 'bad option' >&2; exit 104", r"exit code 104, the options .* are invalid.*\n  bad option$"),
        ('echo \'perf-matrix> {"id": 0, "re\' >&2; exit 0', r"k6 wrote 'perf-matrix> \{\"id\": 0, \"re'"),
    ],
)
def test_a_k6_that_does_not_come_to_its_end_is_told(tmp_path: Path, text: str, message: str) -> None:
    argv = ["sh", "-c", text]
    process = K6Process.start(argv, {"PATH": os.environ["PATH"]}, tmp_path / "k6.log", start_process)
    with pytest.raises(MeasurementError, match=message):
        process.answers(0.3, 0.1, nothing)
    assert not psutil.pid_exists(process.pid)
