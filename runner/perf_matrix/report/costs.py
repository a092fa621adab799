"""What more statements cost, in words: counted times the round trip, and measured with a real delay."""

from __future__ import annotations

from collections.abc import Iterator

from perf_matrix.compare.model import Both, MeasuredCost, Queries
from perf_matrix.report import numbers

# An interval wider than so many times what is expected agrees with anything.
_TELLING = 2


def cost_notes(queries: Queries) -> Iterator[str]:
    """Yield what the difference of the counts costs, and beside it what was measured, if it was."""
    priced = list(_priced(queries))
    if priced:
        yield f"{priced[0]}{_not_priced(queries.transactions)}"
        yield from priced[1:]


def _priced(queries: Queries) -> Iterator[str]:
    more = _more_round_trips(queries)
    if more:
        yield _expected(queries, more)
    elif queries.extra_ms_per_request:
        yield _at_one_round_trip(queries.extra_ms_per_request, queries.round_trip_ms)
    if queries.measured_cost:
        yield measured_words(queries.measured_cost)


def _not_priced(transactions: Both) -> str:
    """Say that the price is of statements alone, where transaction control was counted on one arm only."""
    one_only = (transactions.base is None) != (transactions.head is None)
    return " (BEGIN and COMMIT not counted: they vary)" if one_only else ""


def measured_words(cost: MeasuredCost) -> str:
    """Return the measured cost and the expected one, and whether they agree."""
    return (
        f"measured with a delay of {numbers.significant(cost.round_trip_ms, 2)} ms:"
        f" {numbers.signed_ms(cost.measured_ms)} per request{_interval(cost)},"
        f" expected {numbers.signed_ms(cost.expected_ms)}{_agreement(cost)}{_growth(cost.round_trips)}"
    )


def _more_round_trips(queries: Queries) -> float:
    """Return how many more round trips were priced; 0 where none were, or only at a round trip of 0 ms."""
    return next((cost.extra_ms / cost.round_trip_ms for cost in queries.costs if cost.round_trip_ms), 0.0)


def _expected(queries: Queries, difference: float) -> str:
    trips_each = "round trip" if abs(abs(difference) - 1) < numbers.EXACT else "round trips"
    extras = ", ".join(numbers.signed(cost.extra_ms) for cost in queries.costs)
    trips = ", ".join(numbers.trimmed(cost.round_trip_ms) for cost in queries.costs)
    return (
        f"{numbers.signed_count(difference)} {trips_each} to the database: {extras} ms per request"
        f" where one takes {trips} ms"
    )


def _at_one_round_trip(extra_ms: float, round_trip_ms: float) -> str:
    change = f"{numbers.trimmed(abs(extra_ms))} ms {'more' if extra_ms > 0 else 'less'}"
    return f"{change} per request, where a round trip to the database takes {round_trip_ms:g} ms"


def _interval(cost: MeasuredCost) -> str:
    """Return the interval with its confidence, which older comparisons do not state."""
    if cost.ci is None:
        return ""
    confidence = f"{numbers.configured(cost.confidence)} " if cost.confidence else ""
    return f", {confidence}interval [{', '.join(numbers.trimmed(bound) for bound in cost.ci)}]"


def _agreement(cost: MeasuredCost) -> str:
    if cost.ci is None:
        return ""
    low, high = cost.ci
    if high - low > _TELLING * max(abs(cost.expected_ms), cost.round_trip_ms):
        return ": too uncertain to tell"
    if low <= cost.expected_ms <= high:
        return ": they agree"
    return f": {'more' if cost.measured_ms > cost.expected_ms else 'less'} than the count explains"


def _growth(round_trips: Both) -> str:
    """Say by how many round trips each arm got slower: what its statements and transactions wait for."""
    if round_trips.base is None or round_trips.head is None:
        return ""
    base, head = (numbers.significant(value, 2) for value in (round_trips.base, round_trips.head))
    return f" (p50 grew by {base} round trips on base, {head} on head)"
