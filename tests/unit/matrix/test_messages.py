"""Every way in which a file can be wrong, and the exact words about it.

``bad_matrices.txt`` and ``bad_workloads.txt`` hold the cases, each as ``=== name``, the file, ``--- says``
and the message, which is written by hand: it is what somebody has to understand.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.load import parse_matrix, parse_workload

HEAD = "version: 1\nworkload: w.yml\n"
_CASE = re.compile(r"^=== (.+)\n((?:.*\n)*?)--- says\n((?:.+\n)+)", re.MULTILINE)


def cases(name: str) -> list[tuple[str, str, str]]:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    found = _CASE.findall(text)
    assert len(found) == text.count("\n=== ") + 1
    return found


MATRICES = cases("bad_matrices.txt")
WORKLOADS = cases("bad_workloads.txt")


def message(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_matrix(text, "m.yml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"), [case[1:] for case in MATRICES], ids=[case[0] for case in MATRICES]
)
def test_a_bad_matrix(text: str, expected: str) -> None:
    assert message(text) == expected.rstrip("\n")


@pytest.mark.parametrize(
    ("text", "expected"), [case[1:] for case in WORKLOADS], ids=[case[0] for case in WORKLOADS]
)
def test_a_bad_workload(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_workload(text, "w.yml")
    assert str(caught.value) == expected.rstrip("\n")


def test_an_empty_file() -> None:
    assert message("") == "m.yml:1:1: the file is empty; it starts with 'version: 1'"


def test_a_character_that_yaml_does_not_allow() -> None:
    expected = "m.yml:2:12: the character '\\x00' is not allowed in YAML; remove it"
    assert message("version: 1\nworkload: a\x00b\n") == expected


def test_lists_every_problem_in_the_order_of_the_file() -> None:
    found = message(HEAD + "epochs: 1\naxes: {a: {x: {}, x: {}}}\nzzz: 1\ntime: soon\n").splitlines()
    assert [line.split(":")[1] for line in found] == ["3", "4", "5", "6"]


def test_lists_at_most_twenty_problems_and_says_how_many_more() -> None:
    found = message(HEAD + "\n".join(f"zz{index}: 1" for index in range(25))).splitlines()
    assert len(found) == 21
    assert found[-1] == "m.yml: and 5 more problems; mend these first"


def test_thousands_of_problems_take_seconds_at_most() -> None:
    values = ", ".join(f"k{index}: [{index}]" for index in range(4500))
    start = time.monotonic()
    with pytest.raises(InputError):
        parse_workload(
            f"version: 1\nendpoints: [{{name: a, request: {{path: /}}, expect: {{json: {{{values}}}}}}}]",
            "w.yml",
        )
    assert time.monotonic() - start < 15


def test_cuts_a_message_that_quotes_a_long_value() -> None:
    assert len(message(HEAD + f"time: {'x' * 5000}")) < 600
