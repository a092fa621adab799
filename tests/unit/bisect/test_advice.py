"""What is advised where the ends are alike or time was over."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.bisect.advice import advice

from .world import line_of, request


def alike(**more: Any) -> list[str]:
    return advice("not reproduced", request(line_of(2), **more), "runs/1")


def test_nothing_where_it_was_found() -> None:
    assert advice("found", request(line_of(2)), "runs/1") == []


def test_more_time_where_it_was_narrowed_down() -> None:
    assert advice("narrowed", request(line_of(2)), "my runs/1") == [
        "Go on where it stopped, with more time: perf-matrix bisect --resume 'my runs/1'"
    ]


@pytest.mark.parametrize("more", [{"on": ["chat"]}, {"endpoints": ["chat"]}])
def test_what_was_left_out_comes_first(more: dict[str, list[str]]) -> None:
    assert alike(**more)[0] == "Look at all endpoints: leave out --endpoints and --on."
    assert alike()[0].startswith("Send what your users send")


def test_latencies_where_only_statements_were_counted() -> None:
    words = "Compare latencies, too: leave out --metrics queries."
    assert words in alike(metrics=["queries"])
    assert words not in alike(metrics=["queries", "p50"])
    assert words not in alike()
