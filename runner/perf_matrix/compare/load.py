"""The endpoints under load: what their rounds say, corrected over the run, with a verdict on failed requests.

Latencies follow the rules of the paired instrument with the round in the place of the block, and are shown
only: ``paired`` is the sharper instrument, so it is what decides. Failed requests follow the rule of
``failures``, and must also be seen in several rounds: a stall fails many requests of one slot at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from scipy.stats import binomtest

from perf_matrix.compare.blocks import MIN_PAIRS, RULES, LatencyMetric, pair_count
from perf_matrix.compare.failures import Failures, decide_failures, p_values
from perf_matrix.compare.holm import NEVER, PValues, adjusted
from perf_matrix.compare.latency import SHOWN_UNITS, Latency, decide, measure
from perf_matrix.compare.model import Both, EndpointLoad, Quantile, Verdict
from perf_matrix.compare.quantiles import quantile
from perf_matrix.compare.rounds import Answers, Round, answers, often
from perf_matrix.matrix.model import Gate
from perf_matrix.record.model import LoadSlot

NOT_GATED = "shown, not gated: the paired instrument decides latency"

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class MeasuredLoad:
    """One endpoint under load. ``latencies`` has only the quantiles with answers and rounds enough to show."""

    valid: list[Answers]
    """Of the rounds in which neither arm dropped a request."""
    latencies: Mapping[LatencyMetric, Latency]
    failures: Failures
    sent: Both
    rounds: int
    worse_on_head: int
    """Rounds in which more requests failed on head than on base."""
    worse_on_base: int


def measure_load(endpoint: str, rounds: Sequence[Round], gate: Gate) -> MeasuredLoad | None:
    """What ``rounds`` have on ``endpoint``; None where it was sent no request."""
    base = sum(_sent(endpoint, each.base) for each in rounds)
    head = sum(_sent(endpoint, each.head) for each in rounds)
    if not base + head:
        return None
    valid = answers((each for each in rounds if each.valid), endpoint)
    failed = [(each.base.failed.get(endpoint, 0), each.head.failed.get(endpoint, 0)) for each in rounds]
    return MeasuredLoad(
        valid=valid,
        latencies=_latencies(valid, gate),
        failures=_failures(failed, max(base, head)),
        sent=Both(base=base, head=head),
        rounds=len(rounds),
        worse_on_head=sum(there < here for there, here in failed),
        worse_on_base=sum(there > here for there, here in failed),
    )


def compare_loads(measured: Mapping[Key, MeasuredLoad], gate: Gate) -> dict[Key, EndpointLoad]:
    """The comparison of every endpoint of the run; quantiles and failures are families of their own."""
    shown = adjusted(
        {(key, name): one.p for key, each in measured.items() for name, one in each.latencies.items()}
    )
    failing = adjusted({key: p_values(each.failures) for key, each in measured.items() if each.failures.any})
    return {
        key: _compare(
            each, {name: shown[key, name] for name in each.latencies}, failing.get(key, NEVER), gate
        )
        for key, each in measured.items()
    }


def _compare(
    measured: MeasuredLoad, shown: Mapping[LatencyMetric, PValues], failing: PValues, gate: Gate
) -> EndpointLoad:
    verdict, note = _failing(measured, failing, gate)
    quantiles = {name: _quantile(one, shown[name], gate) for name, one in measured.latencies.items()}
    return EndpointLoad(
        slots=len(measured.valid),
        requests=measured.sent,
        errors=Both(base=measured.failures.base, head=measured.failures.head),
        p50=quantiles.get("p50"),
        p95=quantiles.get("p95"),
        p99=quantiles.get("p99"),
        verdict=verdict,
        note=note,
        missing="; ".join(_missing(measured)),
    )


def _sent(endpoint: str, slot: LoadSlot) -> int:
    return len(slot.latencies_ms.get(endpoint, [])) + slot.failed.get(endpoint, 0)


def _latencies(valid: Sequence[Answers], gate: Gate) -> dict[LatencyMetric, Latency]:
    measured = {name: measure(valid, name, gate) for name in _sizable(valid)}
    return {name: replace(one, gated=False) for name, one in measured.items() if one}


def _sizable(valid: Sequence[Answers]) -> list[LatencyMetric]:
    """The quantiles that ten good answers or more of each arm lie beyond."""
    return [name for name, rule in RULES.items() if pair_count(valid) >= rule.requests]


def _failures(failed: Sequence[tuple[int, int]], requests: int) -> Failures:
    """Out of the requests to the arm that was sent more: drops on the other make nothing look worse."""
    return Failures(
        base=sum(base for base, _ in failed),
        head=sum(head for _, head in failed),
        requests=requests,
        broken=[],
        answered=True,
        examples=[],
    )


def _quantile(latency: Latency, shown: PValues, gate: Gate) -> Quantile:
    return quantile(latency, shown, decide(latency, shown, gate), NOT_GATED)


def _failing(measured: MeasuredLoad, failing: PValues, gate: Gate) -> tuple[Verdict, str]:
    """The verdict on failed requests, with why it is none."""
    verdict = decide_failures(measured.failures, failing, gate.alpha)
    if verdict == "invalid":
        return verdict, "fails on both arms under load: set load.rate lower, or see the failures"
    head, base, among = measured.worse_on_head, measured.worse_on_base, measured.rounds
    if verdict == "regression" and not _spread(head, base, among, gate):
        seen = f"head fails more in {head} of {among} rounds, base in {base}: stalls do that, too"
        return "inconclusive", f"{seen}; more slots (load.slots) would settle it"
    if verdict == "improvement" and not _spread(base, head, among, gate):
        return "pass", ""
    return verdict, ""


def _spread(worse: int, better: int, among: int, gate: Gate) -> bool:
    """Whether failures are spread over the rounds: often, or by an exact sign test where there are many rounds."""
    by_chance = binomtest(worse, worse + better, alternative="greater").pvalue
    return often(worse, among) or by_chance <= gate.alpha


def _missing(measured: MeasuredLoad) -> Iterator[str]:
    """Which quantiles are not there, and what it takes."""
    sizable = _sizable(measured.valid)
    small = [f"{name} takes {RULES[name].requests:,}" for name in RULES if name not in sizable]
    if small:
        yield f"too few good answers of each arm: {', '.join(small)}"
    short = [name for name in sizable if name not in measured.latencies]
    if short:
        rounds = f"{SHOWN_UNITS} rounds without a drop, of {MIN_PAIRS} good answers or more"
        yield f"too few rounds for {', '.join(short)}: it takes {rounds}"
