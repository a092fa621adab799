"""YAML to plain data: what scalars mean, where things stand, and what is too much."""

from __future__ import annotations

import time

import pytest

from perf_matrix.matrix.problems import Place, UnreadableError
from perf_matrix.matrix.yaml_tree import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_tree


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("yes", True),
        ("Off", False),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("y", "y"),
        ("~", None),
        ("null", None),
        ("'null'", "null"),
        ('"yes"', "yes"),
        ("12", 12),
        ("-3", -3),
        ("1.50", 1.5),
        ("1.0e+3", 1000.0),
        ("1e3", "1e3"),
        (".5", 0.5),
        ("1.0e+999", "1.0e+999"),
        (".inf", ".inf"),
        ("1:30", "1:30"),
        ("0644", "0644"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        ("1.2.3", "1.2.3"),
        ("9" * 30, "9" * 30),
        ("|\n  yes\n", "yes\n"),
    ],
)
def test_what_a_scalar_means(written: str, meaning: object) -> None:
    value = read_tree(f"a: {written}").data["a"]
    assert value == meaning
    assert type(value) is type(meaning)


def test_places_of_keys_and_values() -> None:
    document = read_tree("a:\n  - b: 1\n    c:   2\n")
    assert document.place(("a", 0, "c")) == Place(3, 5)
    assert document.values["a", 0, "c"] == Place(3, 10)
    assert document.place(("a", 0)) == Place(2, 5)


def test_modest_anchors_work() -> None:
    assert read_tree("a: &one {k: [1]}\nb: *one\n").data == {"a": {"k": [1]}, "b": {"k": [1]}}


def stopped(text: str) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_tree(text)
    return caught.value.problem.message


def test_billion_laughs_stop_early() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    start = time.monotonic()
    assert stopped("\n".join(lines)).startswith(f"more than {MAX_NODES} values, counting what aliases repeat")
    assert time.monotonic() - start < 10


def test_depth_is_limited_before_the_parser_recurses_too_deep() -> None:
    assert stopped("[" * 5000).startswith(f"nested deeper than {MAX_DEPTH} levels")
    assert stopped("- " * 5000).startswith(f"nested deeper than {MAX_DEPTH} levels")


def test_nesting_up_to_the_limit_is_read() -> None:
    assert read_tree("[" * MAX_DEPTH + "]" * MAX_DEPTH).problems == ()


def test_number_of_values_is_limited() -> None:
    assert stopped("- 1\n" * (MAX_NODES + 1)).startswith(f"more than {MAX_NODES} values")


def test_size_is_limited_before_anything_is_parsed() -> None:
    assert stopped("#" * (MAX_BYTES + 1)) == f"larger than {MAX_BYTES} bytes; is this the right file?"
