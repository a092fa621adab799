"""What explains a row, in words: what the counts hide, what would settle an open question."""

from __future__ import annotations

from collections.abc import Iterator

from perf_matrix.compare.model import Both, EndpointComparison, EndpointLoad, Errors, Queries
from perf_matrix.report import numbers
from perf_matrix.report.costs import cost_notes
from perf_matrix.report.metrics import LATENCIES
from perf_matrix.report.reasons import readable
from perf_matrix.report.slopes import changed, is_n_plus_one, is_open, row_note


def notes(endpoint: EndpointComparison) -> Iterator[str]:
    """Yield the notes of an endpoint; its causes and statements stand before them."""
    if endpoint.note:
        yield endpoint.note
    if endpoint.queries:
        yield from _unstable(endpoint.queries)
    if endpoint.verdict != "pass":
        yield from _slopes(endpoint)
    if endpoint.queries and endpoint.queries.verdict != "pass":
        yield from _more_work(endpoint.queries)
    if endpoint.errors and endpoint.errors.verdict != "pass":
        yield f"failed checks: {failures(endpoint.errors)}"
    if endpoint.load and endpoint.load.verdict != "pass":
        yield failed_under_load(endpoint.load)
    if endpoint.verdict != "pass":
        yield from _quantile_notes(endpoint)


def failures(errors: Errors) -> str:
    """Return how many answers failed their checks on each arm."""
    return f"{errors.base} on base, {errors.head} on head, of {errors.requests:,} requests each"


def failed_under_load(load: EndpointLoad) -> str:
    """Return how many requests failed under load on each arm, and what is to be known of that."""
    base, head = (counted(value) for value in (load.errors.base, load.errors.head))
    sent = f"of {counted(load.requests.base)} and {counted(load.requests.head)} requests"
    return "; ".join(filter(None, (f"failed under load: {base} on base, {head} on head, {sent}", load.note)))


def counted(value: float | None) -> str:
    """Return a number of requests."""
    return numbers.ABSENT if value is None else f"{value:,.0f}"


def _unstable(queries: Queries) -> Iterator[str]:
    if not queries.stable:
        yield f"SQL count is unstable: {readable(queries.unstable_because) or 'repeats did not agree'}"


def _slopes(endpoint: EndpointComparison) -> Iterator[str]:
    """Yield the endpoint's N+1 queries and undecided slopes, but none that a cause has named already."""
    queries = endpoint.queries
    named = any(cause.kind == "n-plus-one" for cause in endpoint.causes)
    for slope in queries.slopes if queries else ():
        telling = is_n_plus_one(slope) or changed(slope) or is_open(slope)
        if queries and telling and not (named and slope.verdict == "regression"):
            yield row_note(slope, queries.unstable_because)


def _more_work(queries: Queries) -> Iterator[str]:
    if queries.per_row and _differ(queries.per_row) and not queries.slopes:
        yield f"SQL for each further row of data: {_arrow(queries.per_row)}"
    if _differ(queries.transactions):
        yield f"BEGIN, COMMIT and the like per request: {_arrow(queries.transactions)}"
    yield from cost_notes(queries)


def _differ(both: Both) -> bool:
    return both.base is not None and both.head is not None and both.base != both.head


def _arrow(both: Both) -> str:
    return " → ".join(numbers.ABSENT if n is None else numbers.count(n) for n in (both.base, both.head))


def _quantile_notes(endpoint: EndpointComparison) -> Iterator[str]:
    for metric in LATENCIES:
        quantile = getattr(endpoint.paired, metric, None)
        if quantile and quantile.gated and quantile.note and quantile.verdict == "inconclusive":
            yield f"{metric}: {quantile.note}"
