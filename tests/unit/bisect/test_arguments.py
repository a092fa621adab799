"""What is written down of a bisect's command, so that it can be asked for again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click
import pytest

from perf_matrix.commands.bisect import _Asked, _new_folder, bisect


def arguments(*words: str) -> list[str]:
    """What is written down of a command with these words."""
    context = bisect.make_context("bisect", list(words))
    given: dict[str, Any] = {name: value for name, value in context.params.items() if name not in _NOT_ASKED}
    return _Asked(**given).arguments()


_NOT_ASKED = {"resume", "as_json"}


@pytest.mark.parametrize(
    "words",
    [
        ("litellm==1.80.5", "litellm==1.81.3"),
        ("a", "b", "--on", "chat-*", "--on", "users/p50", "--scan"),
        ("a", "b", "--exclude", "1.80.6", "--exclude", "1.80.7*", "--pre"),
        ("v1", "v2", "--repo", ".", "--tags", "v*", "--all-parents"),
        ("a", "b", "--matrix", "nightly", "--cell", "workers=*", "--endpoints", "chat-*"),
        ("a", "b", "--metrics", "queries,p50", "--backend", "compose", "--confidence", "99%"),
    ],
)
def test_it_is_asked_for_again_as_it_was(words: tuple[str, ...]) -> None:
    again = arguments(*words)
    assert sorted(again) == sorted(words)
    assert arguments(*again) == again


class StandardInput(io.StringIO):
    """As Python calls it."""

    name = "<stdin>"


def test_a_list_is_asked_for_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "versions.txt"
    file.write_text("litellm==1.80.5\n")
    assert arguments("--list", str(file)) == ["--list", str(file)]
    context = bisect.make_context("bisect", ["--list", str(file)])
    given = {name: value for name, value in context.params.items() if name not in _NOT_ASKED}
    assert _Asked(**{**given, "listed": StandardInput()}).arguments() == ["--list", "-"]


def test_what_is_as_usual_is_left_out() -> None:
    usual = ("--confidence", "0.95", "--backend", "auto", "--time", "20m")
    assert arguments("a", "b", *usual) == ["a", "b"]


@pytest.mark.parametrize(("written", "read"), [("95", 0.95), ("99.9%", 0.999), ("0.8", 0.8), ("51%", 0.51)])
def test_a_confidence(written: str, read: float) -> None:
    context = bisect.make_context("bisect", ["a", "b", "--confidence", written])
    assert context.params["confidence"] == pytest.approx(read)


@pytest.mark.parametrize("written", ["50", "100", "0.5", "0", "-1", "nan", "inf", "sure", ""])
def test_what_is_no_confidence(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no confidence"):
        bisect.make_context("bisect", ["a", "b", "--confidence", written])


def test_a_folder_is_named_after_the_ends() -> None:

    context = bisect.make_context("bisect", ["litellm==1.80.5", "image:a/b:v1 x"])
    given = {name: value for name, value in context.params.items() if name not in _NOT_ASKED}
    folder = _new_folder(_Asked(**given))
    assert folder.parent.name == "perf-matrix-runs"
    assert folder.name.endswith("-bisect-1.80.5-image-a-b-v1-x")
