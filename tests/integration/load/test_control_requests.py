"""Direct requests to the upstream stand-in between those to the arms: order, counts, and a stand-in that fails."""

import itertools
import json
from collections.abc import Iterator

import pytest

from perf_matrix.errors import MeasurementError

from .service import Received, Service
from .workload import StartAgent, endpoint

ORDER = [True, False, False, True, False]


class Disturbed(Service):
    """Answers late where the request before it, to any service, was head's."""

    def lateness_s(self, received: Received) -> float:
        own = self.log.index(received)
        return 0.03 if own > 0 and self.log[own - 1].service == "head" else 0.0


@pytest.fixture
def upstream(log: list[Received]) -> Iterator[Service]:
    with Service("upstream", log) as service:
        yield service


def test_a_control_goes_right_before_each_request_of_a_block(
    start_agent: StartAgent, upstream: Service, log: list[Received]
) -> None:
    agent = start_agent(endpoint("/users"), control=f"{upstream.url}/echo")
    result = agent.block("users", ORDER)
    pairs = [["head", "base"] if first else ["base", "head"] for first in (ORDER[0], *ORDER)]
    arrived = [received.service for received in log]
    assert arrived == [name for pair in pairs for arm in pair for name in ("upstream", arm)]
    assert (result.head_first, result.failed) == (ORDER, {"base": 0, "head": 0})
    assert {arm: len(before) for arm, before in result.control_ms.items()} == {"base": 5, "head": 5}


def test_the_control_is_a_chat_request(
    start_agent: StartAgent, upstream: Service, log: list[Received]
) -> None:
    start_agent(endpoint("/users"), control=f"{upstream.url}/echo").block("users", [True])
    sent = {(r.method, r.target, r.body) for r in log if r.service == "upstream"}
    ((method, target, body),) = sent
    assert (method, target) == ("POST", "/echo")
    assert json.loads(body)["messages"] == [{"role": "user", "content": "Say ok."}]


def test_each_control_is_counted_to_the_arm_that_comes_after_it(
    start_agent: StartAgent, log: list[Received]
) -> None:
    with Disturbed("upstream", log) as upstream:
        agent = start_agent(endpoint("/users"), control=f"{upstream.url}/echo")
        result = agent.block("users", [True] * 6)
    assert min(result.control_ms["base"]) >= 30 > max(result.control_ms["head"])
    assert max(result.base_ms) < 30, "a control is no part of the request after it"


def test_a_pair_that_failed_has_no_control(
    start_agent: StartAgent, arms: dict[str, Service], upstream: Service, log: list[Received]
) -> None:
    urls = {"base": arms["base"].url, "head": arms["head"].url + "/not-there"}
    agent = start_agent(endpoint("/users"), arms=urls, control=f"{upstream.url}/echo")
    result = agent.block("users", ORDER)
    assert result.failed == {"base": 0, "head": 5}
    assert result.control_ms == {"base": [], "head": []}
    assert [received.service for received in log].count("upstream") == 12


def test_windows_and_probes_have_no_control(
    start_agent: StartAgent, upstream: Service, log: list[Received]
) -> None:
    agent = start_agent(endpoint("/users"), control=f"{upstream.url}/echo")
    agent.probe("users", "base")
    agent.serial("users", "head", 3)
    assert [received.service for received in log] == ["base", "head", "head", "head"]


def test_the_summary_does_not_count_controls(
    start_agent: StartAgent, upstream: Service, log: list[Received]
) -> None:
    agent = start_agent(endpoint("/users"), control=f"{upstream.url}/echo")
    agent.block("users", ORDER)
    agent.stop()
    assert agent.summary is not None
    assert agent.summary.http_reqs == 12 == len(log) - 12


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/error", "status 500, expected 200; body: it broke x"),
        ("/login", "status 303, expected 200; body: (empty)"),
        ("/sleepy", "no answer within 0.3 s"),
    ],
)
def test_a_stand_in_that_does_not_answer_is_no_failure_of_an_arm(
    start_agent: StartAgent, upstream: Service, log: list[Received], path: str, words: str
) -> None:
    agent = start_agent(endpoint("/users"), control=upstream.url + path, request_timeout_s=0.3)
    with pytest.raises(MeasurementError) as raised:
        agent.block("users", ORDER)
    message = f"the upstream stand-in did not answer the control request: {words}"
    assert str(raised.value).startswith(message)
    assert len(log) == 8, "the first pair after the lead-in is the last one"


def test_a_stand_in_that_goes_down_is_told_and_the_agent_lives_on(
    start_agent: StartAgent, upstream: Service, log: list[Received]
) -> None:
    agent = start_agent(endpoint("/users"), control=f"{upstream.url}/echo")
    agent.block("users", ORDER)
    upstream.stop()
    with pytest.raises(MeasurementError, match="the control request: no answer: dial: connection refused"):
        agent.block("users", ORDER)
    assert agent.probe("users", "base").status == 200


def test_without_a_control_nothing_is_sent_or_told(start_agent: StartAgent, log: list[Received]) -> None:
    result = start_agent(endpoint("/users")).block("users", ORDER)
    assert result.control_ms == {}
    assert [received.service for received in log] == list(
        itertools.chain.from_iterable(
            ["head", "base"] if first else ["base", "head"] for first in (ORDER[0], *ORDER)
        )
    )
