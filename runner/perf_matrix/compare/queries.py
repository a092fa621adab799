"""The query instrument: two profiles in, what changed out. Counts are exact, so there is no p-value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose

from perf_matrix.compare.model import Both, ChangedStatement, Queries, Statement, Verdict
from perf_matrix.queries.profile import QueryProfile
from perf_matrix.queries.shape import shape

SAME = 1e-6
"""Counts per request are quotients of whole numbers; closer than this they are equal."""


@dataclass(frozen=True)
class StatementDiff:
    """Statements per request, by canonical text; the dearest first."""

    added: list[Statement]
    removed: list[Statement]
    changed: list[ChangedStatement]


def compare_queries(base: QueryProfile, head: QueryProfile, round_trip_ms: float) -> Queries:
    """What head asks of the database per request, against base; a difference costs ``round_trip_ms`` each."""
    difference = diff_profiles(base, head)
    because = [f"{side.arm}: {side.unstable_because}" for side in (base, head) if side.unstable_because]
    extra = (
        None if base.per_request is None or head.per_request is None else head.per_request - base.per_request
    )
    return Queries(
        base=base.per_request,
        head=head.per_request,
        verdict=_verdict(base, head, extra),
        stable=base.stable and head.stable,
        unstable_because="; ".join([*because, *_evictions(base, head)]),
        cold=Both(base=base.cold, head=head.cold),
        db_ms=Both(base=base.db_ms, head=head.db_ms),
        transactions=Both(base=base.transactions, head=head.transactions),
        added=difference.added,
        removed=difference.removed,
        changed=difference.changed,
        extra_ms_per_request=None if extra is None else extra * round_trip_ms,
        round_trip_ms=round_trip_ms,
    )


def diff_profiles(base: QueryProfile, head: QueryProfile) -> StatementDiff:
    """The statements that only one side issues, and those that both issue a different number of times.

    Statements are matched by shape: one that only names more columns than before is the same one.
    """
    here, there = _by_shape(head.statements), _by_shape(base.statements)
    both = [(there[key], here[key]) for key in here.keys() & there.keys()]
    moved = [(old, new) for old, new in both if not _same(old.per_request, new.per_request)]
    changed = [
        ChangedStatement(statement=new.statement, base=old.per_request, head=new.per_request)
        for old, new in moved
    ]
    return StatementDiff(
        added=_only(here, there),
        removed=_only(there, here),
        changed=sorted(changed, key=lambda one: (-abs(one.head - one.base), one.statement)),
    )


def _by_shape(statements: Mapping[str, float]) -> dict[str, Statement]:
    """One statement per shape: the first text of that shape, and the calls of all of them."""
    found: dict[str, Statement] = {}
    for text in sorted(statements):
        key = shape(text)
        before = found.get(key)
        found[key] = Statement(
            statement=before.statement if before else text,
            per_request=statements[text] + (before.per_request if before else 0.0),
        )
    return found


def _only(here: Mapping[str, Statement], there: Mapping[str, Statement]) -> list[Statement]:
    alone = [here[key] for key in here.keys() - there.keys()]
    return sorted(alone, key=lambda one: (-one.per_request, one.statement))


def _verdict(base: QueryProfile, head: QueryProfile, extra: float | None) -> Verdict:
    if _evictions(base, head):
        return "invalid"
    if extra is None or not (base.stable and head.stable):
        return "inconclusive"
    if abs(extra) <= SAME:
        return "pass"
    return "regression" if extra > 0 else "improvement"


def _evictions(base: QueryProfile, head: QueryProfile) -> list[str]:
    return [f"{side.arm}: {side.invalid_because}" for side in (base, head) if side.invalid_because]


def _same(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=0, abs_tol=SAME)
