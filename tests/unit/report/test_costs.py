"""What more statements cost, in words."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import Both, MeasuredCost
from perf_matrix.report.costs import cost_notes, measured_words

from .builders import costs, queries


def measured(measured_ms: float, ci: tuple[float, float] | None, confidence: float = 0.98) -> MeasuredCost:
    return MeasuredCost(
        round_trip_ms=1.0,
        expected_ms=2.0,
        measured_ms=measured_ms,
        ci=ci,
        confidence=confidence,
        round_trips=Both(base=None, head=None),
        blocks=12,
    )


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        (1, 3, "+2 round trips to the database: +0, +2, +10 ms per request where one takes 0, 1, 5 ms"),
        (3, 2, "-1 round trip to the database: +0, -1, -5 ms per request where one takes 0, 1, 5 ms"),
        (
            1,
            1.5,
            "+0.50 round trips to the database: +0, +0.5, +2.5 ms per request where one takes 0, 1, 5 ms",
        ),
    ],
)
def test_the_cost_stands_at_every_round_trip(base: float, head: float, words: str) -> None:
    given = queries(base, head, "regression", costs=costs(head - base), extra_ms_per_request=head - base)
    assert list(cost_notes(given)) == [words]


def test_no_difference_costs_nothing_and_is_not_mentioned() -> None:
    assert list(cost_notes(queries(2, 2, costs=costs(0.0), extra_ms_per_request=0.0))) == []


def test_a_comparison_without_costs_still_says_what_one_round_trip_costs() -> None:
    words = ["2 ms more per request, where a round trip to the database takes 1 ms"]
    assert list(cost_notes(queries(1, 3, "regression", extra_ms_per_request=2.0))) == words


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (
            measured(2.1, (1.9, 2.3)),
            "+2.1 ms per request, 98% interval [1.9, 2.3], expected +2 ms: they agree",
        ),
        (
            measured(2.1, (1.9, 2.3), confidence=0.0),
            "+2.1 ms per request, interval [1.9, 2.3], expected +2 ms: they agree",
        ),
        (
            measured(4.2, (3.9, 4.6)),
            "+4.2 ms per request, 98% interval [3.9, 4.6], expected +2 ms: more than the count explains",
        ),
        (
            measured(0.1, (-0.2, 0.4)),
            "+0.1 ms per request, 98% interval [-0.2, 0.4], expected +2 ms: less than the count explains",
        ),
        (measured(2.1, None), "+2.1 ms per request, expected +2 ms"),
    ],
)
def test_the_measured_cost_stands_beside_the_expected_one(cost: MeasuredCost, words: str) -> None:
    assert measured_words(cost) == f"measured with a delay of 1.0 ms: {words}"


@pytest.mark.parametrize(
    ("base", "head", "said"), [(4, None, True), (None, 6, True), (4, 6, False), (None, None, False)]
)
def test_a_price_says_where_it_leaves_out_begin_and_commit(
    base: float | None,
    head: float | None,
    said: bool,  # noqa: FBT001
) -> None:
    given = queries(1, 3, "regression", costs=costs(2), transactions=Both(base=base, head=head))
    assert [
        note.endswith(" 5 ms (BEGIN and COMMIT not counted: they vary)") for note in cost_notes(given)
    ] == [said]
