"""The table of what was measured: whole where it is short, else without what tells least, which is counted."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.report.versions import CULPRIT, MOST_ROWS, NOT_MEASURED, SKIPPED, measured

from .samples import SAMPLES, bisection, culprit, figure, points, releases, symptom


def history(count: int, taken: set[int], skipped: set[int], at: int) -> Bisection:
    values = {place: float(place >= at) for place in sorted(taken - skipped | {0, count - 1})}
    versions = releases(
        [f"1.{n}" for n in range(count)], list(values), dict.fromkeys(skipped - set(values), "no")
    )
    found = [culprit(at, at - 1, 0, 1)] if 0 < at < count else []
    return bisection(
        versions, symptom("chat", "queries", figure(0), figure(1), culprits=found, points=points(values))
    )


def test_a_short_history_is_whole() -> None:
    table = measured(SAMPLES["several-suspects"]())
    assert [row.name for row in table.rows][:3] == ["1.80.5", "1.80.6", "1.80.7"]
    assert [row.values[0].text for row in table.rows] == [
        "1", NOT_MEASURED, NOT_MEASURED, "1", "1", SKIPPED, SKIPPED, SKIPPED, "2", "2", NOT_MEASURED, "2",
    ]  # fmt: skip
    assert [row.values[0].culprit for row in table.rows].count(True) == 4


def test_values_are_in_the_units_of_their_columns() -> None:
    table = measured(SAMPLES["several-suspects"]())
    assert [value.text for value in table.rows[-1].values] == ["2", "not there", "+8.0%", "+740 kB"]


def test_a_thousand_versions_are_shortened_to_what_was_measured() -> None:
    table = measured(SAMPLES["thousand"]())
    assert [row.name for row in table.rows if row.between][5] == "… 7 not measured …"
    assert "… 60 skipped, 189 not measured …" in [row.name for row in table.rows]


def test_where_all_were_measured_the_ends_and_the_culprit_stay() -> None:
    table = measured(history(1000, set(range(1000)), set(), 700))
    names = [row.name for row in table.rows]
    assert names == ["1.0", "… 698 measured …", "1.699", "1.700", "… 298 measured …", "1.999"]
    assert CULPRIT not in "".join(names)


@given(
    st.integers(2, 1000),
    st.sets(st.integers(0, 999), max_size=200),
    st.sets(st.integers(0, 999), max_size=200),
    st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_no_version_is_lost(count: int, taken: set[int], skipped: set[int], at: int) -> None:
    within = {place for place in taken if place < count}
    found = history(count, within, {place for place in skipped if 0 < place < count - 1} - {at, at - 1}, at)
    table = measured(found)
    shown = [row for row in table.rows if not row.between]
    counted = [
        int(number.replace(",", ""))
        for row in table.rows
        if row.between
        for number in re.findall(r"[\d,]*\d", row.name)
    ]
    assert len(shown) + sum(counted) == count
    assert len(shown) <= MOST_ROWS
    assert not any(
        one.between and other.between for one, other in zip(table.rows, table.rows[1:], strict=False)
    )
