"""What the agent sends, in which order, and what it makes of the answers."""

import itertools
import json
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.errors import InputError

from .service import Received, Service
from .workload import StartAgent, endpoint


def test_pairs_arrive_in_the_order_that_was_asked_for(start_agent: StartAgent, log: list[Received]) -> None:
    head_first = [True, False, False, True, True, False, True, False, False, False] * 4
    result = start_agent(endpoint("/users")).block("users", head_first)
    arrived = [received.service for received in log]
    pairs = [["head", "base"] if first else ["base", "head"] for first in (head_first[0], *head_first)]
    assert arrived == list(itertools.chain.from_iterable(pairs))
    assert result.head_first == head_first
    assert result.failed == {"base": 0, "head": 0}


def test_each_latency_belongs_to_its_arm(start_agent: StartAgent, arms: dict[str, Service]) -> None:
    arms["base"].delay_s, arms["head"].delay_s = 0.005, 0.015
    result = start_agent(endpoint("/users")).block("users", [True, False] * 15)
    assert 5 <= statistics.median(result.base_ms) < 13
    assert statistics.median(result.head_ms) >= 15
    assert statistics.median(result.head_ms) - statistics.median(result.base_ms) > 5


def test_one_request_is_in_flight_at_a_time(
    start_agent: StartAgent, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["base"].delay_s = arms["head"].delay_s = 0.01
    start_agent(endpoint("/users")).block("users", [False] * 10)
    gaps = [after.at - before.at for before, after in itertools.pairwise(log)]
    assert min(gaps) >= 0.01


def test_the_moment_between_the_two_of_a_pair_is_short(start_agent: StartAgent, log: list[Received]) -> None:
    start_agent(endpoint("/large", {"json": {"rows.#": 10_000}})).block("large", [False] * 10)
    within = [log[2 * i + 1].at - log[2 * i].at for i in range(1, 11)]
    between = [log[2 * i].at - log[2 * i - 1].at for i in range(2, 11)]
    assert statistics.median(within) < statistics.median(between), (
        "checks are due after the pair, not within it"
    )


def test_serial_sends_so_many_requests_to_one_arm_and_none_besides(
    start_agent: StartAgent, log: list[Received]
) -> None:
    result = start_agent(endpoint("/users")).serial("users", "head", 37)
    assert [received.service for received in log] == ["head"] * 37
    assert len(result.latencies_ms) == result.sent == 37
    assert (result.failed, result.failures) == (0, [])


def test_a_probe_tells_status_and_latency(start_agent: StartAgent, arms: dict[str, Service]) -> None:
    arms["head"].delay_s = 0.01
    result = start_agent(endpoint("/users")).probe("users", "head")
    assert (result.status, result.present, result.failures) == (200, True, [])
    assert result.latency_ms >= 10


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [("/not-there", 404, "nothing here"), ("/post-only", 405, "no")],
)
def test_an_endpoint_that_a_version_does_not_have_is_missing(
    start_agent: StartAgent, path: str, status: int, text: str
) -> None:
    result = start_agent(endpoint(path)).probe(path.strip("/"), "base")
    assert (result.status, result.present) == (status, False)
    assert result.failures == [f"status {status}, expected 200; body: {text}"]


def test_an_endpoint_that_is_expected_to_answer_404_is_there(start_agent: StartAgent) -> None:
    result = start_agent(endpoint("/not-there", {"status": 404})).probe("not-there", "base")
    assert (result.status, result.present, result.failures) == (404, True, [])


def test_an_endpoint_that_fails_is_there(start_agent: StartAgent) -> None:
    result = start_agent(endpoint("/error")).probe("error", "base")
    assert (result.status, result.present) == (500, True)


EVENTS = 'data: {"delta": "0"} data: {"delta": "1"} data: {"delta": "2"} data: [DONE] '
NOT_JSON = " ".join(["not JSON: \N{PILE OF POO} and more"] * 50)


@pytest.mark.parametrize(
    ("path", "expect", "failures"),
    [
        ("/error", {}, [f"status 500, expected 200; body: it broke {'x' * 191}"]),
        ("/empty", {"status": 201}, ["status 200, expected 201; body: (empty)"]),
        ("/users", {"json": {"users.#": 25}}, ["users.# is 24, expected 25"]),
        ("/users", {"json": {"users.#": 24, "users.3.id": "u3", "next": None, "ok": True}}, []),
        ("/users", {"json": {"total": "24"}}, ['total is 24, expected "24"']),
        ("/users", {"json": {"next": "u"}}, ['next is null, expected "u"']),
        ("/users", {"json": {"users.#": {"at_least": 25}}}, ["users.# is 24, expected at least 25"]),
        ("/users", {"json": {"users.#": {"at_most": 20.5}}}, ["users.# is 24, expected at most 20.5"]),
        ("/users", {"json": {"users.#": {"at_least": 24, "at_most": 24}}}, []),
        ("/users", {"json": {"ok": {"at_least": 0}}}, ["ok is true, expected at least 0"]),
        (
            "/empty",
            {"json": {"a": {"at_least": 1, "at_most": 2}}},
            ["a is missing, expected at least 1 and at most 2; body: (empty)"],
        ),
        ("/text", {"json": {"a.#": 1}}, [f"a.# is missing, expected 1; body: {NOT_JSON[:200]}"]),
        ("/users", {"contains": ['"u23"']}, []),
        ("/gzip", {"json": {"n": 1}}, []),
        ("/stream", {"contains": ["data: [DONE]"]}, []),
        (
            "/stream",
            {"contains": ["[ERROR]"]},
            [f'body does not contain "[ERROR]"; body: {EVENTS}'],
        ),
        ("/login", {"status": 303, "cookies": ["token"]}, []),
        ("/login", {"status": 303, "cookies": ["session"]}, ["cookie session is not set"]),
        (
            "/users",
            {"json": {"total": 1, "ok": False}},
            ["total is 24, expected 1", "ok is true, expected false"],
        ),
        ("/broken-stream", {}, ["no answer: unexpected EOF"]),
    ],
)
def test_an_answer_that_is_not_as_expected_is_told_exactly(
    start_agent: StartAgent, path: str, expect: dict[str, Any], failures: list[str]
) -> None:
    name = path.strip("/")
    agent = start_agent(endpoint(path, expect))
    probe, serial = agent.probe(name, "base"), agent.serial(name, "base", 3)
    block = agent.block(name, [True, False, True])
    bad = 3 if failures else 0
    assert probe.failures == failures
    assert (serial.failed, len(serial.latencies_ms), serial.failures) == (bad, 3 - bad, failures)
    assert (block.failed, len(block.base_ms)) == ({"base": bad, "head": bad}, 3 - bad)
    assert block.failures == [f"{arm}: {failure}" for arm in ("base", "head") for failure in failures][:5]


def test_a_body_that_is_no_text_does_not_garble_the_result(start_agent: StartAgent) -> None:
    (failure,) = start_agent(endpoint("/binary", {"status": 201})).probe("binary", "base").failures
    assert failure.startswith("status 200, expected 201; body: \x00\x01\x02")


def test_a_pair_with_one_bad_answer_is_left_out_and_counted_for_its_arm(
    start_agent: StartAgent, arms: dict[str, Service]
) -> None:
    agent = start_agent(
        endpoint("/users"), arms={"base": arms["base"].url, "head": arms["head"].url + "/not-there"}
    )
    result = agent.block("users", [False] * 4)
    assert result.failed == {"base": 0, "head": 4}
    assert result.base_ms == result.head_ms == result.head_first == []
    assert result.failures == ["head: status 404, expected 200; body: nothing here"]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (
            {"query": {"q": "a b&ü", "n": 2}},
            {"method": "GET", "target": "/echo?q=a+b%26%C3%BC&n=2", "body": ""},
        ),
        (
            {"method": "POST", "json": {"a": ["ü", None]}},
            {"method": "POST", "body": '{"a": ["\\u00fc", null]}'},
        ),
        ({"method": "PUT", "form": {"u": "a b", "p": "&"}}, {"method": "PUT", "body": "u=a+b&p=%26"}),
        ({"method": "DELETE", "json": {"ids": [1]}}, {"method": "DELETE", "body": '{"ids": [1]}'}),
        ({"method": "PATCH", "json": 0}, {"method": "PATCH", "body": "0"}),
    ],
)
def test_requests_go_out_as_they_were_written(
    start_agent: StartAgent, log: list[Received], request_: dict[str, Any], told: dict[str, Any]
) -> None:
    start_agent(endpoint("/echo", None, **request_)).probe("echo", "base")
    (received,) = log
    body, target = received.body.decode(), received.target
    assert {"method": received.method, "target": target, "body": body} == {"target": "/echo", **told}


def test_headers_and_bearer_arrive(start_agent: StartAgent) -> None:
    sent = endpoint(
        "/echo",
        {
            "json": {
                "headers.authorization": "Bearer sk-1",
                "headers.x-test": "a",
                "headers.content-type": "application/json",
            }
        },
        method="POST",
        json={},
        bearer="sk-1",
        headers={"X-Test": "a"},
    )
    assert start_agent(sent).probe("echo", "head").failures == []


def test_the_cookie_of_a_login_does_not_leak_into_other_requests(
    start_agent: StartAgent, log: list[Received]
) -> None:
    login = endpoint("/login", {"status": 303, "cookies": ["token"]}, method="POST", form={"u": "a"})
    agent = start_agent(login, endpoint("/users"))
    for name in ("login", "login", "users"):
        assert agent.serial(name, "base", 2).failures == []
    assert [received.target for received in log] == ["/login"] * 4 + ["/users"] * 2, (
        "redirects are not followed"
    )
    assert not any("cookie" in map(str.lower, received.headers) for received in log)


def test_a_large_answer_is_read_and_checked(start_agent: StartAgent) -> None:
    agent = start_agent(endpoint("/large", {"json": {"rows.#": 10_000, "rows.9999.id": 9999}}))
    result = agent.block("large", [True, False, True])
    assert (len(result.base_ms), result.failures) == (3, [])


def test_a_long_block_comes_in_one_piece(start_agent: StartAgent) -> None:
    result = start_agent(endpoint("/users")).block("users", [True] * 2000)
    assert (len(result.base_ms), result.failures) == (2000, [])


def test_connections_that_the_service_closed_meanwhile_do_no_harm(
    start_agent: StartAgent, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["base"].idle_s = arms["head"].idle_s = 0.15
    agent = start_agent(endpoint("/echo", None, method="POST", json={"a": 1}))
    for _ in range(4):
        assert agent.block("echo", [True, False]).failed == {"base": 0, "head": 0}
        assert agent.serial("echo", "base", 2).failed == 0
        time.sleep(0.3)
    assert len({received.client_port for received in log if received.service == "head"}) == 4


def test_a_service_that_does_not_answer_in_time_ends_the_block(
    start_agent: StartAgent, log: list[Received]
) -> None:
    agent = start_agent(endpoint("/sleepy"), endpoint("/users"), request_timeout_s=0.2)
    serial = agent.serial("sleepy", "base", 10)
    assert (serial.failed, serial.failures) == (1, ["no answer within 0.2 s"])
    block = agent.block("sleepy", [True] * 10)
    assert block.failed == {"base": 1, "head": 1}
    assert block.failures == ["base: no answer within 0.2 s", "head: no answer within 0.2 s"]
    assert agent.probe("sleepy", "head").status == 0
    assert agent.block("users", [True] * 3).failed == {"base": 0, "head": 0}


def test_an_arm_that_is_down_fails_requests_and_nothing_else(
    start_agent: StartAgent, arms: dict[str, Service]
) -> None:
    agent = start_agent(endpoint("/users"))
    arms["head"].stop()
    block = agent.block("users", [True, False])
    assert block.failed == {"base": 0, "head": 2}
    assert block.failures == ["head: no answer: dial: connection refused"]
    probe = agent.probe("users", "head")
    assert (probe.status, probe.present) == (0, True)
    assert agent.serial("users", "base", 2).failed == 0


def test_the_summary_counts_the_requests_to_the_arms(start_agent: StartAgent, log: list[Received]) -> None:
    agent = start_agent(endpoint("/users"))
    agent.probe("users", "base")
    agent.block("users", [True] * 5)
    assert agent.summary is None
    agent.stop()
    assert agent.summary is not None
    assert agent.summary.http_reqs == len(log) == 13
    assert agent.summary.dropped_iterations == 0
    assert agent.summary.warnings == []


def test_an_unknown_endpoint_is_a_mistake_of_the_caller(start_agent: StartAgent) -> None:
    with pytest.raises(KeyError, match="other"):
        start_agent(endpoint("/users")).probe("other", "base")


def test_an_endpoint_that_cannot_be_sent_starts_nothing(start_agent: StartAgent) -> None:
    with pytest.raises(InputError, match="users: total: at_least"):
        start_agent(endpoint("/users", {"json": {"total": {"at_least": "${left}"}}}))


def test_a_users_k6_settings_have_no_effect(start_agent: StartAgent, tmp_path: Path) -> None:
    config = tmp_path / "home" / "k6" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"vus": 7, "duration": "1s", "collectors": {}, "out": ["json=leak.json"]}))
    leak = tmp_path / "leak.json"
    users = {
        "XDG_CONFIG_HOME": str(tmp_path / "home"),
        "K6_OUT": f"json={leak}",
        "K6_VUS": "7",
        "K6_ITERATIONS": "7",
        "http_proxy": "http://127.0.0.1:1",
    }
    agent = start_agent(endpoint("/users"), environ=users)
    assert agent.block("users", [True] * 3).failed == {"base": 0, "head": 0}
    agent.stop()
    assert agent.summary is not None
    assert agent.summary.iterations == 1
    assert not leak.exists()
