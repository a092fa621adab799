"""The query instrument: two arms' counts in, what changed out. Counts are exact, so there is no p-value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perf_matrix.compare.arm_queries import ArmQueries
from perf_matrix.compare.costs import costs, extra_round_trips
from perf_matrix.compare.diff import ChangedLine
from perf_matrix.compare.model import (
    Both,
    DeferredBoth,
    DeferredStatement,
    Queries,
    Slope,
    Verdict,
)
from perf_matrix.compare.slopes import compare_slopes
from perf_matrix.compare.statements import diff_statements
from perf_matrix.compare.verdicts import worst
from perf_matrix.matrix.model import Endpoint
from perf_matrix.queries.profile import SAME, QueryProfile

STATED_ROUND_TRIP_MS = 1.0
"""What a statement is said to cost where one number is wanted: a database in the same network zone."""


def compare_queries(
    endpoint: Endpoint,
    base: ArmQueries,
    head: ArmQueries,
    round_trips_ms: Sequence[float],
    lines: Sequence[ChangedLine],
) -> Queries | None:
    """What head asks of its database for a request, against base; None where an arm was not counted.

    ``round_trips_ms`` are those that a difference is priced at, ``lines`` the changed ones of the code.
    """
    if endpoint.name not in base.profiles or endpoint.name not in head.profiles:
        return None
    old, new = base.profiles[endpoint.name], head.profiles[endpoint.name]
    slopes = compare_slopes(endpoint.rows.of, old, new) if endpoint.rows else []
    found = _compare_counts(old.main, new.main)
    # What is not exact has no price: a bound would look like one.
    extra = extra_round_trips(old.main, new.main) if found.stable else None
    difference = diff_statements(
        old.main.statements,
        new.main.statements,
        lambda text: base.how(text, endpoint.name),
        lambda text: head.how(text, endpoint.name),
        lines,
    )
    (cold_base, base_exact), (cold_head, head_exact) = base.cold(endpoint.name), head.cold(endpoint.name)
    return found.model_copy(
        update={
            "cold": Both(base=cold_base, head=cold_head),
            "cold_exact": base_exact and head_exact,
            "verdict": worst([found.verdict, *(slope.verdict for slope in slopes)]),
            "per_row": _steepest(slopes),
            "slopes": slopes,
            "added": difference.added,
            "removed": difference.removed,
            "changed": difference.changed,
            "grown": difference.grown,
            "deferred": DeferredBoth(
                base=_deferred(base, endpoint.name), head=_deferred(head, endpoint.name)
            ),
            "costs": costs(extra, round_trips_ms),
            "extra_ms_per_request": None if extra is None else extra * STATED_ROUND_TRIP_MS,
        }
    )


def _compare_counts(base: QueryProfile, head: QueryProfile) -> Queries:
    because = [f"{side.arm}: {side.unstable_because}" for side in (base, head) if side.unstable_because]
    return Queries(
        base=base.per_request,
        head=head.per_request,
        verdict=_verdict(base, head),
        stable=base.stable and head.stable,
        unstable_because="; ".join([*because, *_not_counted(base, head)]),
        rows=Both(base=base.rows, head=head.rows),
        db_ms=Both(base=base.db_ms, head=head.db_ms),
        db_share=Both(base=_db_share(base), head=_db_share(head)),
        transactions=Both(base=base.transactions, head=head.transactions),
        round_trip_ms=STATED_ROUND_TRIP_MS,
    )


def _db_share(profile: QueryProfile) -> float | None:
    """The part of a request that its database spends executing; statements side by side can exceed 1."""
    if profile.db_ms is None or not profile.request_ms:
        return None
    return profile.db_ms / profile.request_ms


def _verdict(base: QueryProfile, head: QueryProfile) -> Verdict:
    if _not_counted(base, head):
        return "invalid"
    if base.per_request is None or head.per_request is None or not (base.stable and head.stable):
        return "inconclusive"
    extra = head.per_request - base.per_request
    if abs(extra) <= SAME:
        return "pass"
    return "regression" if extra > 0 else "improvement"


def _not_counted(base: QueryProfile, head: QueryProfile) -> list[str]:
    return [f"{side.arm}: {side.invalid_because}" for side in (base, head) if side.invalid_because]


def _steepest(slopes: Iterable[Slope]) -> Both | None:
    lines = [(slope.base, slope.head) for slope in slopes if slope.base and slope.head]
    if not lines:
        return None
    base = max(old.per_row for old, _ in lines if old)
    return Both(base=base, head=max(new.per_row for _, new in lines if new))


def _deferred(arm: ArmQueries, endpoint: str) -> list[DeferredStatement]:
    return [
        DeferredStatement(statement=one.statement, per_request=one.per_request, unit=one.unit)
        for one in arm.deferred_by(endpoint)
    ]
