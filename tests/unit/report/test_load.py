"""What a report says of the load and the soak."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.compare.model import Both, CellComparison, Comparison, Soak
from perf_matrix.report import headline, next_step, render_html, render_markdown, render_terminal
from perf_matrix.report.load import UnderLoad, under_load

from .builders import (
    STATES,
    cell,
    cell_load,
    comparison,
    direct_moved,
    loaded,
    quiet_rows,
    slower_only,
    soak,
    with_control,
)

NOTHING = Both(base=None, head=None)


def shown(found: CellComparison) -> UnderLoad:
    (one,) = under_load([("", found)])
    return one


def loading(**more: Any) -> UnderLoad:
    return shown(cell(*quiet_rows()).model_copy(update={"load": cell_load(**more)}))


def everywhere(found: Comparison) -> list[str]:
    return [render_terminal(found, width=140, colour=False), render_markdown(found), render_html(found)]


def test_nothing_is_printed_where_there_was_no_load() -> None:
    assert not [text for text in everywhere(STATES["pass"]()) if "load" in text.lower()]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "8 slots of 8 s at 14 requests/s to each arm: both kept up."),
        ({"rate": 6.25, "slot_s": 2.5}, "8 slots of 2.5 s at 6.25 requests/s to each arm: both kept up."),
        ({"rounds": 1}, "1 slot of 8 s at 14 requests/s to each arm: both kept up."),
        ({"note": "head dropped 4%"}, "8 slots of 8 s at 14 requests/s to each arm: head dropped 4%."),
    ],
)
def test_one_line_says_how_it_went(more: dict[str, Any], words: str) -> None:
    assert loading(**more).words == [words]


def test_rounds_that_are_left_out_are_told() -> None:
    assert (
        loading(invalid_rounds=3).words[1]
        == "Latencies leave out 3 of 8 rounds, in which requests were dropped."
    )


def test_the_figures_of_both_arms_with_their_change() -> None:
    found = loading(errors=Both(base=9, head=0), dropped=Both(base=0, head=36))
    assert [(one.name, one.base, one.head, one.change) for one in found.figures] == [
        ("good answers per s", "14.0", "14.0", "-0.1%"),
        ("failed", "9 (1%)", "0", ""),
        ("dropped", "0", "36 (4%)", ""),
        ("CPU s per 1,000 requests", "24.3", "30.6", "+26%"),
        ("peak memory MB", "512", "530", "+3.5%"),
        ("database ms per 1,000 requests", "3,210", "8,450", "+163%"),
    ]


def test_a_cost_that_was_not_measured_has_no_line() -> None:
    found = loading(cpu_s_per_1000=NOTHING, peak_memory_bytes=NOTHING, db_ms_per_1000=NOTHING)
    assert [one.name for one in found.figures] == ["good answers per s", "failed", "dropped"]


def test_a_cost_of_one_arm_only_has_no_change() -> None:
    found = loading(cpu_s_per_1000=Both(base=1.0, head=None)).figures[3]
    assert (found.base, found.head, found.change) == ("1.00", "—", "")


def test_a_cost_that_was_nothing_on_base_has_no_change() -> None:
    assert loading(db_ms_per_1000=Both(base=0.0, head=3.0)).figures[5].change == ""


def test_a_reason_that_holds_for_all_endpoints_names_none() -> None:
    same = cell(*map(loaded, quiet_rows()))
    assert shown(same.model_copy(update={"load": cell_load()})).missing == [
        "Not shown: too few good answers of each arm: p99 takes 1,000."
    ]


def test_endpoints_come_in_the_order_of_their_change() -> None:
    first, second, third = quiet_rows()
    rows = [loaded(first, 1.1), loaded(second, 0.5), loaded(third, 1.7)]
    found = shown(cell(*rows).model_copy(update={"load": cell_load()}))
    assert [row.endpoint for row in found.latencies.rows] == [third.name, second.name, first.name]


@pytest.mark.parametrize(("ratio", "mark"), [(1.0, "° 0.0%"), (1.76, "°▲ +76%")])
def test_a_latency_under_load_is_marked_as_not_gated(ratio: float, mark: str) -> None:
    rows = [loaded(row, ratio) for row in quiet_rows()]
    found = comparison("pass", cell(*rows).model_copy(update={"load": cell_load()}))
    for text in everywhere(found):
        assert mark in text.replace("\N{NO-BREAK SPACE}", " ").replace("\\", "")


def test_a_soak_is_one_line() -> None:
    assert shown(soak().cells[0]).soak == (
        "Soak of 5 min 00 s: memory went from 498 to 512 MB on base, from 502 to 566 MB on head. For each 1,000"
        " requests, after the warm-up: +0.08 MB [-0.02, +0.15] on base, +13.4 MB [+12.9, +13.8] on head. Head's"
        " memory grows by 13.3 MB more for 1,000 requests than base's: it may leak; a longer soak tells."
    )


def test_a_soak_without_samples_says_so() -> None:
    without = Soak(
        seconds=60,
        requests=Both(base=9, head=9),
        growth=NOTHING,
        confidence=0.98,
        start_bytes=NOTHING,
        end_bytes=NOTHING,
        note="too few samples",
    )
    alone = shown(cell(*quiet_rows()).model_copy(update={"soak": without}))
    assert alone.soak == "Soak of 1 min 00 s: memory was not measured on both arms. Too few samples."
    assert (alone.words, alone.figures) == ([], [])


@pytest.mark.parametrize(
    ("state", "telling"),
    [("load-kept-up", False), ("load-head-drops", True), ("load-invalid", True), ("soak", True)],
)
def test_where_all_went_well_the_markdown_folds_it(state: str, telling: bool) -> None:  # noqa: FBT001
    text = render_markdown(STATES[state]())
    assert ("### Under load" in text) == telling
    assert ("<details><summary>Under load</summary>" in text) != telling


@pytest.mark.parametrize(
    "state", ["load-kept-up", "load-head-drops", "load-invalid", "load-undecided", "soak"]
)
def test_every_report_says_the_same(state: str) -> None:
    found = STATES[state]()
    for one in under_load([("", each) for each in found.cells]):
        for text in everywhere(found):
            for words in (*one.words, *one.failing):
                assert words in " ".join(text.replace("\\", "").split())


# --- headline and next step ---------------------------------------------------------------------------


def test_drops_alone_make_a_headline() -> None:
    load = cell_load(verdict="regression", note="head dropped 4%")
    found = comparison(
        "regression", cell(*quiet_rows(), verdict="regression").model_copy(update={"load": load})
    )
    assert headline(found) == (
        "REGRESSION: litellm==1.81.0 drops requests under load at a rate that litellm==1.80.5 keeps up with."
    )
    assert next_step(found) == (
        'compare what a request takes on either arm, under "Under load": CPU, memory, database.'
    )


def test_drops_beside_a_slower_endpoint_are_both_named() -> None:
    load = cell_load(verdict="regression", note="head dropped 4%")
    slow = cell(slower_only(), verdict="regression").model_copy(update={"load": load})
    assert headline(comparison("regression", slow)) == (
        "REGRESSION: litellm==1.81.0 is slower than litellm==1.80.5 on 1 of 1 endpoint and drops requests under"
        " load at a rate that litellm==1.80.5 keeps up with."
    )


def test_an_endpoint_that_fails_under_load_is_named_as_such() -> None:
    failing = loaded(quiet_rows()[0], verdict="regression").model_copy(update={"verdict": "regression"})
    found = comparison("regression", cell(failing, verdict="regression"))
    assert headline(found).startswith(
        "REGRESSION: litellm==1.81.0 fails more under load than litellm==1.80.5"
    )
    assert next_step(found).startswith("see the endpoints that fail")


def test_too_few_slots_ask_for_more_of_them() -> None:
    found = STATES["load-undecided"]()
    assert next_step(found) == (
        "give the load more slots (load.slots); what is known stands below. The check does not fail on this."
    )
    undecided = loaded(quiet_rows()[0], verdict="inconclusive").model_copy(update={"verdict": "inconclusive"})
    endpoint_alone = comparison("inconclusive", cell(undecided, verdict="inconclusive"))
    assert next_step(endpoint_alone).startswith("give the load more slots (load.slots); ")


def test_an_invalid_load_names_its_cure() -> None:
    assert headline(STATES["load-invalid"]()).endswith("set load.rate below 14.")


def test_a_growing_memory_is_not_quiet() -> None:
    assert "Nothing to do." in render_markdown(STATES["load-kept-up"]())
    assert "Nothing to do." not in render_markdown(soak())


def test_a_shortened_report_keeps_the_line_and_says_what_it_leaves_out() -> None:
    found = STATES["load-head-drops"]()
    noisy = found.model_copy(update={"warnings": ["x" * 200] * 40})
    text = render_markdown(noisy, limit=12_000)
    assert "unchanged endpoints, the database's work, what the load took, whole SQL statements" in text
    assert "`one`: 8 slots of 8 s at 14 requests/s to each arm: head dropped 4.1%" in text
    assert "CPU s" not in text


def test_counts_with_load_are_not_counts_alone() -> None:
    rows = [loaded(row).model_copy(update={"paired": None}) for row in quiet_rows()]
    assert "is no slower" in headline(comparison("pass", cell(*rows)))


def test_a_control_that_moved_leaves_the_load_as_it_is() -> None:
    found = with_control(STATES["load-kept-up"]().cells[0], direct_moved())
    assert shown(found).words == ["8 slots of 8 s at 14 requests/s to each arm: both kept up."]
