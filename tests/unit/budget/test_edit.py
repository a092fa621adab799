"""What holds for every update of every file, however it is laid out."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.entry import measured_entry
from perf_matrix.budget.read import parse_budget
from perf_matrix.budget.write import update

NAMES = ["a", "b", "bb", "c-d", "on", "z"]
LAYOUTS = (
    "{key}: {{statements: {count}}}",
    "{key}: {{statements: {count}, per_row: {slope}}}  # remark {key}",
    "{key}: {{note: 'n, {key}', statements: {count}}}    # remark {key}",
    "{key}: {{ statements: {count},\n      note: x }} # remark {key}",
    "{key}:\n    statements: {count}",
    "{key}:  # remark {key}\n    statements:   {count}   # remark 2 {key}\n\n    per_row: {slope}\n",
    "{key}:\n      note: |\n        text\n\n        # text\n      statements: {count}\n  # remark {key}",
    "{key}:\n      statements: {count}\n      note: |\n        text\n        text\n\n  # remark {key}",
    "# remark {key}\n  {key}: {{statements: {count}}}                                    # remark 2 {key}",
)
counts = st.integers(0, 1200).map(lambda quarters: quarters / 4)


@dataclass(frozen=True)
class Case:
    text: str
    counted: list[Counted]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    written = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    entries = [
        draw(st.sampled_from(LAYOUTS)).format(
            key=f'"{name}"', count=draw(counts), slope=draw(st.integers(0, 3))
        )
        for name in written
    ]
    text = (
        "# mine\nversion: 1\nendpoints: # remark\n" + "".join(f"  {entry}\n" for entry in entries) + "# end\n"
    )
    counted = [
        Counted(name, f"GET /{name}", draw(counts), draw(st.booleans()), "", draw(st.none() | counts), "row")
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    return Case(text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), counted)


@settings(deadline=None)
@given(cases())
def test_an_update_says_what_was_counted_and_keeps_the_rest(case: Case) -> None:
    before = parse_budget(case.text, "b.yml")
    after = parse_budget(update(before, case.counted, "x").text, "b.yml")
    old = before.budget.endpoints
    exact = {
        each.endpoint: measured_entry(old.get(each.endpoint), each).budget
        for each in case.counted
        if each.exact
    }
    assert after.budget.endpoints == {**old, **exact}


@settings(deadline=None)
@given(cases())
def test_an_update_keeps_every_comment(case: Case) -> None:
    after = update(parse_budget(case.text, "b.yml"), case.counted, "x").text

    def remarks(text: str) -> list[str]:
        return [part.split("\n")[0].strip() for part in text.split("#")[1:] if "GET /" not in part]

    assert remarks(after) == remarks(case.text)


@settings(deadline=None)
@given(cases())
def test_updating_twice_gives_the_same_bytes(case: Case) -> None:
    once = update(parse_budget(case.text, "b.yml"), case.counted, "x").text
    assert update(parse_budget(once, "b.yml"), case.counted, "y").text == once


@settings(deadline=None)
@given(cases(), counts)
def test_one_other_count_changes_one_line(case: Case, count: float) -> None:
    before = parse_budget(case.text, "b.yml")
    name, old = next(iter(before.budget.endpoints.items()))
    after = update(before, [Counted(name, "GET /", count)], "x").text
    pairs = zip(case.text.split("\n"), after.split("\n"), strict=True)
    assert sum(was != line for was, line in pairs) == (count != old.statements)


@settings(deadline=None)
@given(st.permutations([Counted(name, f"GET /{name}", 1.0) for name in NAMES]), st.integers(1, len(NAMES)))
def test_a_sorted_file_stays_sorted(counted: list[Counted], first: int) -> None:
    text = update(None, counted[:first], "x").text
    assert update(parse_budget(text, "b.yml"), counted[first:], "x").text == update(None, counted, "x").text
