"""No text of a picture covers another, and no line runs through a text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.report.placing import in_a_row, in_lanes, text_width

LOW, HIGH = 0.0, 380.0
WANTED = st.lists(st.tuples(st.floats(LOW, HIGH), st.text("1.ab界", min_size=1, max_size=34)), max_size=12)
SHORT = st.text("1.80", min_size=1, max_size=6)


@given(WANTED)
def test_texts_in_a_row_stay_apart(wanted: list[tuple[float, str]]) -> None:
    placed = sorted((one for one in in_a_row(wanted, LOW, HIGH) if one), key=lambda one: one.left)
    assert all(one.right < other.left for one, other in pairwise(placed))


@given(st.lists(st.tuples(st.floats(LOW, HIGH), SHORT), min_size=1, max_size=12))
def test_texts_in_a_row_stay_inside_and_the_first_is_always_there(wanted: list[tuple[float, str]]) -> None:
    placed = in_a_row(wanted, LOW, HIGH)
    assert placed[0]
    assert all(one.left >= LOW and one.right <= HIGH for one in placed if one)


@given(WANTED)
@settings(max_examples=200)
def test_texts_in_lanes_cover_neither_each_other_nor_a_line(wanted: list[tuple[float, str]]) -> None:
    wanted = sorted(wanted)
    placed = [(x, one) for (x, _), one in zip(wanted, in_lanes(wanted, LOW, HIGH), strict=True) if one]
    for number, (x, one) in enumerate(placed):
        for other_x, other in placed[number + 1 :]:
            if one.lane == other.lane:
                assert one.right < other.left or other.right < one.left
            elif one.lane > other.lane:
                assert not other.left < x < other.right
            else:
                assert not one.left < other_x < one.right


def test_one_lane_is_enough_where_there_is_room() -> None:
    placed = in_lanes([(50.0, "1.80.8: 0 → 3"), (300.0, "1.80.10: 3 → 1")], LOW, HIGH)
    assert [one.lane for one in placed if one] == [0, 0]


def test_neighbours_get_lanes_of_their_own_or_stand_aside() -> None:
    placed = in_lanes(
        [(100.0, "1.80.8: 0 → 3"), (104.0, "1.80.9: 3 → 1"), (108.0, "1.81.0: 1 → 2")], LOW, HIGH
    )
    assert all(placed)


def test_a_wide_character_counts_as_one() -> None:
    assert text_width("界界") > text_width("aa")
