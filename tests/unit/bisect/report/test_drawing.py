"""Where the shapes of a picture stand: inside it, true to what was measured, texts apart from each other."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.report.axis import axis, on_axis
from perf_matrix.bisect.report.drawing import NARROW, WIDE, Drawing, Layout, drawing

from .samples import SAMPLES, bisection, culprit, figure, points, releases, symptom


def drawn(found: Bisection, number: int = 0, layout: Layout = WIDE) -> Drawing:
    shapes = drawing(found, found.symptoms[number], layout)
    assert shapes
    return shapes


def counted(values: dict[int, float | None], count: int = 12) -> Drawing:
    versions = releases([f"1.{n}" for n in range(count)], list(values))
    return drawn(bisection(versions, symptom("chat", "queries", figure(0), figure(1), points=points(values))))


def coordinates(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]


def test_neighbours_are_joined_and_what_is_between_is_dashed() -> None:
    shapes = counted({0: 0, 3: 0, 4: 2, 5: 2, 11: 2})
    assert shapes.seen.count("H") == 2
    assert shapes.seen.count("V") == 1
    assert shapes.between.count("H") == 2


def test_a_step_is_where_the_new_value_was_first_seen() -> None:
    shapes = counted({0: 0, 3: 0, 4: 2, 11: 2})
    rise = re.search(r"M([\d.]+) [\d.]+V", shapes.seen)
    assert rise
    assert float(rise[1]) == next(mark.x for mark in shapes.points if mark.words.startswith("1.4:"))


def test_no_line_runs_through_a_version_without_the_endpoint() -> None:
    shapes = counted({0: 1, 1: None, 2: 1})
    assert shapes.seen == shapes.between == ""
    assert len(shapes.points) == 2


def test_counts_begin_at_nought() -> None:
    shapes = counted({0: 50, 11: 53})
    assert [text for _, text in shapes.ticks] == ["0", "20", "40", "60"]


@pytest.mark.parametrize(
    ("name", "number", "ticks"),
    [
        ("three-commits", 2, ["0%", "+20%", "+40%", "+60%"]),
        ("several-suspects", 1, ["not there", "does not", "answers"]),
        ("several-suspects", 2, ["0%", "+5%", "+10%", "+15%"]),
        ("several-suspects", 3, ["0", "+500 kB", "+1 MB"]),
    ],
)
def test_ticks_have_units(name: str, number: int, ticks: list[str]) -> None:
    assert [text for _, text in drawn(SAMPLES[name](), number).ticks] == ticks


def test_a_short_history_names_every_version() -> None:
    shapes = drawn(SAMPLES["exact-releases"]())
    assert len(shapes.labels) == 12


def test_a_long_history_names_its_ends_and_its_culprit() -> None:
    names = [label.text for label, _ in drawn(SAMPLES["thousand"]()).labels]
    assert {"3e5084b9", "fe9119e9", "|241`<b>"} <= set(names)


def test_skipped_versions_are_crosses_or_where_they_are_many_a_strip() -> None:
    assert len(drawn(SAMPLES["several-suspects"]()).skipped) == 3
    many = drawn(SAMPLES["thousand"]())
    assert many.skipped == []
    assert len(many.stretches) == 1


def test_what_may_be_the_culprit_is_shaded() -> None:
    ((left, right),) = drawn(SAMPLES["narrowed"]()).candidates
    inside = [x for x in drawn(SAMPLES["narrowed"]()).versions if left < x < right]
    assert len(inside) == 4


def test_suspects_are_shaded_from_the_parent_on() -> None:
    (one,) = drawn(SAMPLES["several-suspects"]()).culprits
    assert one.within
    assert one.within[1] == one.x


def test_the_legend_names_what_is_there_and_nothing_else() -> None:
    assert [mark for mark, _ in drawn(SAMPLES["one-step"]()).legend] == ["point"]
    assert [mark for mark, _ in drawn(SAMPLES["narrowed"]()).legend] == ["point", "band", "candidates"]
    assert [mark for mark, _ in drawn(SAMPLES["partly-down"]()).legend] == ["point", "between", "afresh"]


HISTORIES = st.integers(2, 1000).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.integers(1, count - 1), min_size=1, max_size=6, unique=True),
        st.lists(st.floats(0, 5000), min_size=7, max_size=7),
        st.sampled_from(["queries", "p50", "memory"]),
        st.sampled_from([WIDE, NARROW]),
    )
)


@given(HISTORIES)
@settings(max_examples=100, deadline=None)
def test_everything_is_inside_and_no_text_covers_another(
    history: tuple[int, list[int], list[float], str, Layout],
) -> None:
    count, changes, levels, metric, layout = history
    ordered = sorted(changes)
    steps = [
        culprit(place, place - 1, levels[number], levels[number + 1]) for number, place in enumerate(ordered)
    ]
    values: dict[int, float | None] = {0: levels[0], count - 1: levels[len(ordered)]}
    for each in steps:
        values |= {each.parent: each.before.value, each.version: each.after.value}
    what = symptom("chat", metric, figure(levels[0]), figure(1), culprits=steps, points=points(values, 0.5))
    shapes = drawn(bisection(releases([f"1.{n}.0" for n in range(count)], list(values)), what), 0, layout)
    labels = sorted((label for label, _ in shapes.labels), key=lambda label: label.left)
    assert all(one.right < other.left for one, other in pairwise(labels))
    assert all(label.left >= 0 and label.right <= shapes.width for label in labels)
    named = [each.label for each in shapes.culprits if each.label]
    assert named
    assert all(label.left >= 0 and label.right <= shapes.width for label in named)
    assert all(0 < each.top < shapes.origin[1] for each in shapes.culprits)
    for mark in shapes.points:
        assert shapes.origin[0] <= mark.x <= shapes.corner[0]
        assert shapes.corner[1] - 0.1 <= mark.y <= shapes.origin[1] + 0.1
    assert len(shapes.ticks) <= 8
    assert len({text for _, text in shapes.ticks}) == len(shapes.ticks)


@given(st.floats(-1, 1e9), st.floats(0, 1e3), st.sampled_from(["queries", "p50", "p99", "errors", "memory"]))
def test_an_axis_holds_what_it_shows(value: float, half: float, metric: str) -> None:
    what = symptom("chat", metric, figure(0.0), figure(value, half), points=points({0: 0.0, 1: value}, half))
    found = axis(what)
    for each in (value, value - half, value + half):
        place = on_axis(found.metric, each)
        assert place is not None
        assert -1e-6 <= found.share(place) <= 1 + 1e-6
    assert 0 in [tick for tick, _ in found.ticks]
