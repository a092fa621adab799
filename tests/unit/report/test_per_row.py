"""The section 'Statements per row': every list's slope is in it."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import Slope
from perf_matrix.report import render_html, render_markdown, render_terminal
from perf_matrix.report.per_row import Flat, Listed, PerRow, per_row

from .builders import DOUBT, STATES, comparison, endpoint, flat_slope, no_line_over, old_slope, queries
from .builders import cell as cell_of


def section(*slopes: Slope, cell: str = "") -> PerRow:
    return per_row(
        [
            Listed(cell, f"list-{i}", endpoint("x", queries=queries(1, 1, slopes=[s])))
            for i, s in enumerate(slopes)
        ]
    )


def test_flat_lists_are_named_in_a_line_for_each_way_of_counting() -> None:
    found = section(flat_slope("key", 2), flat_slope("team", 0), flat_slope("user", 1, over="data scale"))
    assert [flat.brief for flat in found.flat] == [
        "2 lists do not grow with their rows, over the page size: list-0, list-1",
        "1 list does not grow with its rows, over the data scale: list-2",
    ]
    assert found.shown
    assert not found.telling


def test_many_flat_lists_are_cut_short_but_for_a_page_that_has_the_room() -> None:
    flat = Flat("page size", [f"list-{i}" for i in range(12)])
    assert flat.brief.endswith("list-8, list-9 and 2 more")
    assert flat.whole.endswith("list-9, list-10, list-11")


@pytest.mark.parametrize(
    ("slope", "kind"),
    [
        (old_slope(), "n_plus_one"),
        (flat_slope("key", 2, 0.5), "n_plus_one"),
        (flat_slope("key", 2, 0.49), "gentle"),
        (flat_slope("key", 2, -0.1), "gentle"),
        (flat_slope("key", 2), "flat"),
        (no_line_over("page size", "key", "head: 50 rows in both answers"), "no_line"),
    ],
)
def test_every_slope_is_listed_once(slope: Slope, kind: str) -> None:
    found = section(slope)
    counts = {name: len(getattr(found, name)) for name in ("n_plus_one", "gentle", "flat", "no_line")}
    assert counts == {name: int(name == kind) for name in counts}


def test_a_list_without_a_line_has_its_reason() -> None:
    found = section(no_line_over("page size", "key", "head: 50 rows in both answers"), cell="none")
    assert found.no_line == [
        "cannot tell for list-0 in none, over the page size: head: 50 rows in both answers"
    ]


def test_a_reason_that_stands_below_the_row_is_not_repeated() -> None:
    shaky = queries(
        1, 2, stable=False, unstable_because=DOUBT, slopes=[no_line_over("page size", "key", DOUBT)]
    )
    found = per_row([Listed("", "keys", endpoint("keys", queries=shaky))])
    assert found.no_line == ["cannot tell for keys, over the page size: the count is unstable"]


def test_no_lists_no_section() -> None:
    assert not per_row([Listed("", "x", endpoint("x")), Listed("", "y", endpoint("y", queries=None))]).shown


def test_every_report_names_the_flat_lists() -> None:
    words = "2 lists do not grow with their rows, over the page size: key-list, keys"
    found = STATES["n-plus-one-old"]()
    assert "\nStatements per row\n" in render_terminal(found, width=100, colour=False)
    assert f"\n  {words}\n" in render_terminal(found, width=100, colour=False)
    assert f"\n- {words}\n" in render_markdown(found)
    assert f"<p>{words}</p>" in render_html(found)


def test_flat_lists_alone_are_folded_in_markdown() -> None:
    one = endpoint("keys", queries=queries(2, 2, slopes=[flat_slope("key", 2)]))
    text = render_markdown(comparison("pass", cell_of(one)))
    assert "<details><summary>Statements per row</summary>\n\n- 1 list does not grow" in text
    assert "### Statements per row" not in text
