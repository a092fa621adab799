"""What explains an endpoint's regression, named, as far as the counts show it.

Each kind of cause has a signature in what was counted:

==================  =======================================================================
n-plus-one          a slope: statements for each row of the answer, new or steeper
cache-lost          a lookup on every request that base makes on the first request only
made-synchronous    a write on every request that base makes in the background or in batches
extra-statement     any other statement that is new, or is issued more often
slower-statement    the same statements, but one takes the database longer
fewer-connections   slower with the same statements, and head held fewer connections
outside-database    slower with the same statements, as many connections: it is the service
==================  =======================================================================
"""

from __future__ import annotations

from collections.abc import Iterator

from perf_matrix.compare.model import (
    Both,
    Cause,
    CauseKind,
    ChangedStatement,
    Line,
    Paired,
    Queries,
    SlowerStatement,
    Statement,
)
from perf_matrix.queries.form import form


def causes(queries: Queries | None, paired: Paired | None, connections: Both) -> list[Cause]:
    """What explains the regressions of one endpoint; nothing where there is none."""
    counted = list(_of_counts(queries)) if queries and queries.verdict == "regression" else []
    slow = list(_of_latency(queries, connections)) if _is_slower(paired) else []
    return counted + slow


def _of_counts(queries: Queries) -> Iterator[Cause]:
    multiplied = set()
    for slope in queries.slopes:
        if slope.verdict == "regression" and slope.head:
            yield _n_plus_one(slope.row, slope.base, slope.head)
            multiplied |= {form(one.statement).key for one in slope.head.statements}
    for added in queries.added:
        if form(added.statement).key not in multiplied:
            yield _added(added)
    for changed in queries.changed:
        if changed.head > changed.base and form(changed.statement).key not in multiplied:
            yield _more_often(changed)


def _of_latency(queries: Queries | None, connections: Both) -> Iterator[Cause]:
    slow = queries.slower if queries else []
    for one in slow:
        yield _slower(one)
    if slow or queries is None or queries.verdict != "pass":
        return
    if connections.base is not None and connections.head is not None and connections.head < connections.base:
        yield Cause(
            kind="fewer-connections",
            summary=f"the same SQL, but head held {connections.head:g} database connections at most and base"
            f" {connections.base:g}: requests wait for one",
        )
    else:
        yield Cause(
            kind="outside-database",
            summary="the same SQL, and none of it slower: the time is spent in the service, not in its database",
        )


def _is_slower(paired: Paired | None) -> bool:
    quantiles = (paired.p50, paired.p95, paired.p99) if paired else ()
    return any(one is not None and one.gated and one.verdict == "regression" for one in quantiles)


def _n_plus_one(row: str, base: Line | None, head: Line) -> Cause:
    before = f"; on base {base.fixed:g} + {base.per_row:.2f}" if base else ""
    return _cause("n-plus-one", f"N+1: {head.fixed:g} + {head.per_row:.2f} statements per {row}{before}")


def _added(added: Statement) -> Cause:
    name = _named(added.statement)
    if form(added.statement).writes and added.elsewhere in ("background", "deferred"):
        when = "later, in batches" if added.elsewhere == "deferred" else "in the background"
        return _cause("made-synchronous", f"{name} before the answer, which base writes {when}")
    if added.elsewhere == "first request":
        return _cause("cache-lost", f"no longer cached: {name} on every request, on base only on the first")
    return _cause("extra-statement", f"{_counted(added.per_request)} {name} for each request")


def _more_often(changed: ChangedStatement) -> Cause:
    more = _counted(changed.head - changed.base)
    return _cause("extra-statement", f"{more} {_named(changed.statement)} for each request")


def _slower(one: SlowerStatement) -> Cause:
    return _cause(
        "slower-statement",
        f"{_named(one.statement)} takes the database {one.head_ms:.3g} ms instead of {one.base_ms:.3g} ms",
    )


def _named(statement: str) -> str:
    """What a statement does and to what: 'SELECT on users, teams'."""
    found = form(statement)
    return f"{found.verb} on {', '.join(found.tables)}" if found.tables else found.verb


def _counted(more: float) -> str:
    return "one more" if more == 1 else f"{more:g} more"


def _cause(kind: CauseKind, summary: str) -> Cause:
    return Cause(kind=kind, summary=summary)
