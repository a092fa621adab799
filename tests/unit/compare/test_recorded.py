"""Real latencies: two processes of one version (A, A2) and one of a later, slower one (B).

145 and more pairs per endpoint, one request in flight, a machine with other work in the first rounds::

    chat  A  22 ms ████████          mcp  A  28 ms ██████████
          A2 22 ms ████████               A2 28 ms ██████████
          B  38 ms █████████████▊         B  16 ms █████▊

The other six endpoints are as fast, as far as so few pairs on so noisy a machine can tell.
"""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.compare.compare import compare

from .records import recorded, recorded_run

GATE: dict[str, Any] = {"metrics": ["p50", "p95"]}


def found(base: str, head: str) -> list[tuple[str, str, str]]:
    comparison = compare(recorded_run(base, head, gate=GATE))
    return [(finding.endpoint, finding.metric, finding.verdict) for finding in comparison.findings]


def test_every_endpoint_has_its_pairs() -> None:
    assert len({name for name, _ in recorded()}) == 8
    assert min(len(latencies) for latencies in recorded().values()) >= 145


@pytest.mark.parametrize(("base", "head"), [("A", "A2"), ("A2", "A")])
def test_one_version_against_itself_finds_nothing(base: str, head: str) -> None:
    assert found(base, head) == []


@pytest.mark.parametrize("base", ["A", "A2"])
def test_the_slower_chat_and_the_faster_mcp_are_found(base: str) -> None:
    assert found(base, "B") == [("chat", "p50", "regression"), ("mcp", "p50", "improvement")]


def test_the_other_way_round_they_change_places() -> None:
    assert found("B", "A") == [("mcp", "p50", "regression"), ("chat", "p50", "improvement")]


def test_the_figures_of_chat() -> None:
    comparison = compare(recorded_run("A", "B", gate=GATE))
    chat = next(one for one in comparison.cells[0].endpoints if one.name == "chat")
    assert chat.paired
    assert chat.paired.p50
    assert chat.paired.p50.ratio == pytest.approx(1.70, abs=0.01)
    assert chat.paired.p50.ci == pytest.approx((1.51, 1.88), abs=0.01)
    assert comparison.findings[0].summary.startswith("chat: p50 22.1 -> 38 ms (+70 %")
