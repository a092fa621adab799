from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from perf_matrix.queries.deferred import Deferred, deferred_writes
from perf_matrix.queries.naming import identity, names_in
from perf_matrix.queries.profile import profile_endpoint
from perf_matrix.record.model import QueryWindow, StatementCount

WRITINGS = [
    f"INSERT INTO log ({', '.join(columns)}) VALUES ($1,$2,$3)" for columns in permutations(("a", "b", "c"))
]
NAME = "INSERT INTO log (a, b, c) VALUES ($1, $2, $3)"


def window(
    requests: int, texts: Sequence[str], *, rows: int = 1, endpoint: str | None = "chat"
) -> QueryWindow:
    return QueryWindow(
        epoch=0,
        endpoint=endpoint,
        arm="base",
        kind="warm" if endpoint else "rest",
        requests=requests,
        seconds=1.0,
        statements=[StatementCount(text=text, calls=1, rows=rows, exec_ms=0.1) for text in texts],
        evicted=False,
    )


def test_the_order_of_the_columns_makes_no_other_statement() -> None:
    assert set(names_in([window(6, WRITINGS)]).values()) == {NAME}
    assert len({identity(text) for text in WRITINGS}) == 1


def test_other_columns_do() -> None:
    texts = ["SELECT a FROM t WHERE id = $1", "SELECT a, b FROM t WHERE id = $1"]
    assert len({identity(text) for text in texts}) == 2


def test_a_statement_that_is_written_anew_each_time_is_counted_as_one() -> None:
    profile = profile_endpoint([window(4, WRITINGS[:4]), window(7, [*WRITINGS, WRITINGS[0] + " "])])
    assert (profile.statements, profile.stable) == ({NAME: 1.0}, True)


def test_a_batch_that_is_written_anew_each_time_is_attributed() -> None:
    sizes = [3, 5, 2, 7, 4, 6, 3, 8, 5]
    windows = [
        each
        for number, size in enumerate(sizes)
        for each in (
            window(size, []),
            window(0, [WRITINGS[number % len(WRITINGS)]], rows=size, endpoint=None),
        )
    ]
    assert deferred_writes(windows, {"chat": {}}) == [Deferred(NAME, "chat", 1, "rows")]
