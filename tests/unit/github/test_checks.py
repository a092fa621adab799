"""Annotations go out in batches that GitHub takes, and texts in lengths that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.github.checks import batches, cut


@dataclass(frozen=True)
class Note:
    path: str
    line: int
    title: str
    message: str


def notes(count: int) -> list[Note]:
    return [Note("proxy/team.py", number, "New SQL", "sent once more") for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (50, [50]), (51, [50, 1]), (100, [50, 50]), (120, [50, 50, 20])]
)
def test_fifty_at_a_time(count: int, sizes: list[int]) -> None:
    sent = list(batches(notes(count)))
    assert [len(batch) for batch in sent] == sizes
    assert [each["start_line"] for batch in sent for each in batch] == list(range(1, count + 1))


def test_an_annotation_as_github_takes_it() -> None:
    (((first,),)) = batches([Note("a.py", 3, "t" * 300, "ü" * 40_000)])
    assert first["path"] == "a.py"
    assert first["start_line"] == first["end_line"] == 3
    assert first["annotation_level"] == "warning"
    assert first["title"] == "t" * 255
    assert len(str(first["message"]).encode()) <= 64 * 1024


@given(text=st.text("aü…\U0001f600\n ", max_size=300), most_bytes=st.integers(60, 300))
def test_a_cut_text_is_short_enough_and_says_that_it_is_cut(text: str, most_bytes: int) -> None:
    shown = cut(text, most_bytes)
    assert len(shown.encode()) <= most_bytes
    if shown != text:
        assert len(text.encode()) > most_bytes
        kept = shown.removesuffix("\n\n(The rest does not fit here.)")
        assert shown != kept
        assert text.startswith(kept)
