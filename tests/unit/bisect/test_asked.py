"""What could never name a symptom is refused before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from perf_matrix.bisect.asked import check_on
from perf_matrix.errors import InputError
from perf_matrix.matrix.model import GatedMetric, MatrixFile

ENDPOINTS = ["chat-key", "chat-master", "users"]
LOAD = {"rate": 10, "slots": 8, "slot": "5s"}


def check(*on: str, metrics: Sequence[GatedMetric] = (), **matrix: Any) -> None:
    check_on(on, ENDPOINTS, metrics, MatrixFile.model_validate({"version": 1, "workload": "w.yml"} | matrix))


@pytest.mark.parametrize(
    "on", ["users", "chat-*", "*/queries", "users/p*", "*", "users/*", "*/answers", "chat-key/p50"]
)
def test_what_names_something(on: str) -> None:
    check(on)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("user", "--on user: no endpoint is called so; did you mean 'users'?"),
        ("keys*/p50", "--on keys*/p50: no endpoint is called so; "),
        ("users/quereis", "--on users/quereis: 'quereis' is not a metric; did you mean 'queries'?"),
        ("users/p90", "--on users/p90: 'p90' is not a metric; "),
        ("/queries", "--on /queries: no endpoint is called so; "),
        ("*/memory", "--on */memory: only a soak shows it, and the matrix file has none"),
    ],
)
def test_what_names_nothing(on: str, expected: str) -> None:
    with pytest.raises(InputError) as told:
        check("users", on)
    assert str(told.value).startswith(expected)


def test_latencies_that_are_not_measured() -> None:
    with pytest.raises(InputError, match=r"^--on users/p50: with --metrics queries nothing but SQL"):
        check("users/p50", metrics=["queries"])
    check("users/queries", "users/answers", "users", metrics=["queries"])


@pytest.mark.parametrize(
    ("metric", "named", "needed"), [("p95", "p95", 200), ("p99", "p99", 1000), ("p9*", "p95", 200)]
)
def test_tails_take_more_requests_than_the_ends_are_asked(metric: str, named: str, needed: int) -> None:
    with pytest.raises(InputError) as told:
        check(f"chat-*/{metric}")
    assert str(told.value) == (
        f"--on chat-*/{metric}: the ends are compared with 80 requests each, and {named} takes {needed}: "
        "write chat-*/p50"
    )
    # More fresh starts are hardly more requests.
    with pytest.raises(InputError, match="with 140 requests each"):
        check(f"users/{metric}", epochs=7)


def test_memory_takes_a_soak() -> None:
    check("users/errors", load={"rate": 10})
    with pytest.raises(InputError, match="only a soak shows it"):
        check("*/memory", load={"rate": 10})
    check("*/memory", load={"rate": 10, "soak": "1m"})
