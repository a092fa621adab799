"""A list of versions that the user wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.history.candidate import Candidate
from perf_matrix.bisect.history.listed import ListedSubject, history_of_list, read_list
from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Subject, parse_subject

LIST = """\
# what was deployed
litellm==1.80.5   # in May

  image:ghcr.io/berriai/litellm:v1.80.9\t# in June\r
litellm==1.81.0
"""


def parse(text: str) -> Subject:
    return parse_subject(text, "litellm")


def refused(text: str) -> str:
    with pytest.raises(InputError) as told:
        history_of_list(text, "versions.txt", parse)
    return str(told.value)


def test_one_subject_a_line() -> None:
    assert read_list(LIST, "versions.txt") == [
        ListedSubject(2, "litellm==1.80.5"),
        ListedSubject(4, "image:ghcr.io/berriai/litellm:v1.80.9"),
        ListedSubject(5, "litellm==1.81.0"),
    ]


def test_the_history_in_the_order_of_the_list() -> None:
    history = history_of_list(LIST, "versions.txt", parse)
    assert history.kind == "list"
    assert history.candidates == (
        Candidate("litellm==1.80.5", "1.80.5"),
        Candidate("image:ghcr.io/berriai/litellm:v1.80.9", "v1.80.9"),
        Candidate("litellm==1.81.0", "1.81.0"),
    )


def test_a_number_sign_in_a_name_and_a_byte_order_mark() -> None:
    assert [line.text for line in read_list("\ufeffpath:a#b\npath:c", "it")] == ["path:a#b", "path:c"]


def test_labels_that_two_have() -> None:
    history = history_of_list("image:a:1.0\nimage:b:1.0\nimage:a:2.0\n", "it", parse)
    assert [one.label for one in history.candidates] == ["image:a:1.0", "image:b:1.0", "2.0"]


def test_folders(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "it").mkdir(parents=True)
        (tmp_path / name / "it" / "pyproject.toml").touch()
    history = history_of_list(f"path:{tmp_path}/one/it\npath:{tmp_path}/two/it\n", "it", parse)
    first, second = history.candidates
    assert first.spec == f"path:{tmp_path}/one/it"
    assert first.label != second.label
    assert first.label.startswith("it-")


def test_what_is_no_subject_is_said_with_its_line() -> None:
    told = refused("litellm==1.80.5\n\nlitellm 1.80.6\n")
    assert told.startswith("versions.txt, line 3: 'litellm 1.80.6' is not a subject: write a release")


@pytest.mark.parametrize("again", ["litellm==1.80.5", "litellm==v1.80.5.0"])
def test_one_that_stands_twice(again: str) -> None:
    assert refused(f"litellm==1.80.5\nlitellm==1.80.6\n\n{again}") == (
        f"versions.txt, line 4: {again} is the version of line 1, too: leave one of them out"
    )


@pytest.mark.parametrize(("text", "count"), [("", 0), ("# nothing\n\n", 0), ("litellm==1.80.5\n", 1)])
def test_too_few(text: str, count: int) -> None:
    assert refused(text).startswith(f"versions.txt: lists {count} of the 2 versions or more")
