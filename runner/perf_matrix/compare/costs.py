"""What statements cost: at stated round trips to the database, and as measured with a real delay."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from perf_matrix.compare.blocks import FloatArray
from perf_matrix.compare.hodges_lehmann import interval, units_needed
from perf_matrix.compare.model import Both, Cost, MeasuredCost, RoundTrip
from perf_matrix.queries.profile import QueryProfile
from perf_matrix.record.model import PairedBlock, RoundTripCheck, UndelayedBlock


def extra_round_trips(base: QueryProfile, head: QueryProfile) -> float | None:
    """How many more statements head sends for a request; None if unknown.

    Transaction control is included where it is known of both arms.
    """
    if base.per_request is None or head.per_request is None:
        return None
    extra = head.per_request - base.per_request
    if base.transactions is None or head.transactions is None:
        return extra
    return extra + head.transactions - base.transactions


def costs(extra: float | None, round_trips_ms: Sequence[float]) -> list[Cost]:
    """The extra milliseconds of a request, if each of ``extra`` statements waits for one round trip."""
    if extra is None:
        return []
    return [
        Cost(round_trip_ms=each, extra_ms=extra * each + 0.0)  # never -0
        for each in round_trips_ms
    ]


def round_trip(checks: Sequence[RoundTripCheck]) -> RoundTrip | None:
    """The delay of a cell as it was asked for and as it was made: medians over the epochs."""
    if not checks:
        return None
    return RoundTrip(
        asked_ms=checks[0].asked_ms,
        direct_ms=median(check.direct_ms for check in checks),
        relayed_ms=median(check.relayed_ms for check in checks),
        delayed_ms=median(check.delayed_ms for check in checks),
    )


def measured_cost(
    delayed: Sequence[PairedBlock],
    undelayed: Sequence[UndelayedBlock],
    made: RoundTrip | None,
    extra: float | None,
    confidence: float,
) -> MeasuredCost | None:
    """How much more head's requests grew with the delay than base's did; None where it was not measured.

    Every undelayed block follows the delayed one of the same number, so the two are compared with each
    other, and whatever drifts more slowly than a block cancels.
    """
    grown = _grown(_twins(delayed, undelayed))
    if made is None or extra is None or len(grown) < units_needed(confidence):
        return None
    delay_ms = made.delayed_ms - made.relayed_ms
    found = interval(grown[:, 1] - grown[:, 0], confidence)
    base, head = (float(np.median(grown[:, arm])) / delay_ms if delay_ms > 0 else None for arm in (0, 1))
    return MeasuredCost(
        round_trip_ms=delay_ms,
        expected_ms=extra * delay_ms,
        measured_ms=found.estimate,
        ci=(found.low, found.high),
        confidence=found.confidence,
        round_trips=Both(base=base, head=head),
        blocks=len(grown),
    )


def _twins(
    delayed: Sequence[PairedBlock], undelayed: Sequence[UndelayedBlock]
) -> list[tuple[PairedBlock, UndelayedBlock]]:
    followed = {(block.epoch, block.block): block for block in delayed}
    twins = [(followed[one.epoch, one.block], one) for one in undelayed if (one.epoch, one.block) in followed]
    return [(one, other) for one, other in twins if one.base_ms and other.base_ms]


def _grown(twins: Sequence[tuple[PairedBlock, UndelayedBlock]]) -> FloatArray:
    """By how many ms each arm's median grew with the delay: a row for each twin, base and head."""
    grown = [
        [_growth(one.base_ms, other.base_ms), _growth(one.head_ms, other.head_ms)] for one, other in twins
    ]
    return np.array(grown, dtype=np.float64).reshape(-1, 2)


def _growth(delayed_ms: Sequence[float], undelayed_ms: Sequence[float]) -> float:
    return median(delayed_ms) - median(undelayed_ms)
