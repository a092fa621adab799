from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.queries.canonical import canonical, is_transaction_control


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT  a,\n\tb FROM t ; ", "SELECT a, b FROM t"),
        ("SELECT a -- why\nFROM t", "SELECT a FROM t"),
        ("/*traceparent='00-ab''cd'*/ SELECT a", "SELECT a"),
        ("SELECT /* a /* nested */ one */ a", "SELECT a"),
        ("SELECT a /* open", "SELECT a"),
        ("SELECT '--  no /* comment'", "SELECT '--  no /* comment'"),
        ("SELECT 'it''s  --', \"b  \"\"c\"", "SELECT 'it''s  --', \"b  \"\"c\""),
        ("SELECT E'\\'  --' , 1", "SELECT E'\\'  --', 1"),
        ("DO $$ BEGIN  x; END $$", "DO $$ BEGIN  x; END $$"),
        ("DO $a$ $$  $$ $a$ -- b", "DO $a$ $$  $$ $a$"),
        ("SELECT $3, $1, $3", "SELECT $1, $2, $3"),
        ("SELECT a$1 FROM t", "SELECT a$1 FROM t"),
        (
            "SELECT a FROM t WHERE id IN ($1,$2 , $3) AND b = $4",
            "SELECT a FROM t WHERE id IN ($1) AND b = $2",
        ),
        ("SELECT a FROM t WHERE id NOT IN ( $5 )", "SELECT a FROM t WHERE id NOT IN ($1)"),
        ("SELECT a WHERE id in($1::text,$2::text)", "SELECT a WHERE id in ($1::text)"),
        ("SELECT a WHERE (b, c) IN (($1,$2),($3,$4))", "SELECT a WHERE (b, c) IN (($1, $2))"),
        ("SELECT a WHERE id IN ($1 /*, ... */)", "SELECT a WHERE id IN ($1)"),
        ("SELECT a WHERE id IN (SELECT $1, $2)", "SELECT a WHERE id IN (SELECT $1, $2)"),
        ("SELECT a WHERE id IN (b, $1)", "SELECT a WHERE id IN (b, $1)"),
        (
            "INSERT INTO t VALUES ($1,$2),($3,$4), ($5,$6) RETURNING a",
            "INSERT INTO t VALUES ($1, $2) RETURNING a",
        ),
        ("INSERT INTO t VALUES ($1, now()),($2, now())", "INSERT INTO t VALUES ($1, now())"),
        (
            "INSERT INTO t VALUES ($1, DEFAULT), (DEFAULT, $2)",
            "INSERT INTO t VALUES ($1, DEFAULT), (DEFAULT, $2)",
        ),
        ("SELECT \x00 0 \x01", "SELECT 0"),
        ("", ""),
    ],
)
def test_canonical(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "SELECT b FROM t"),
        ("SELECT a FROM t WHERE id IN ($1)", "SELECT a FROM t WHERE id = $1"),
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'X'"),
        ('SELECT "a b"', 'SELECT "a  b"'),
        ("INSERT INTO t VALUES ($1)", "INSERT INTO t VALUES ($1, $2)"),
        ("SELECT a, b", "SELECT ab"),
    ],
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN",
        "begin isolation level serializable",
        "START  TRANSACTION",
        "COMMIT",
        "COMMIT;",
        "/* x */ COMMIT PREPARED 'a'",
        "END",
        "ROLLBACK",
        "ROLLBACK TO SAVEPOINT a",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "PREPARE TRANSACTION 'a'",
        "SET TRANSACTION READ ONLY",
    ],
)
def test_transaction_control(text: str) -> None:
    assert is_transaction_control(canonical(text))


@pytest.mark.parametrize(
    "text", ["SELECT 1", "SET search_path = a", "BEGINNING", "PREPARE a AS SELECT 1", ""]
)
def test_not_transaction_control(text: str) -> None:
    assert not is_transaction_control(canonical(text))


PIECES = [
    "SELECT",
    "IN",
    "VALUES",
    " ",
    "\n",
    "(",
    ")",
    ",",
    "$1",
    "$2",
    "$",
    "'",
    '"',
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
]
PIECES += ["a", "E'", "\\", "::text", ";", "\x00", "\x01", "0", "[]", "."]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_anything_is_canonical_after_once(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once


@given(st.integers(1, 60), st.sampled_from([",", ", ", " , ", ",\n  "]))
def test_the_length_of_lists_does_not_matter(length: int, comma: str) -> None:
    ids = comma.join(f"${number + 1}" for number in range(length))
    assert canonical(f"SELECT a FROM t WHERE id IN ({ids})") == "SELECT a FROM t WHERE id IN ($1)"
    rows = comma.join(f"(${2 * number + 1}{comma}${2 * number + 2})" for number in range(length))
    assert canonical(f"INSERT INTO t VALUES {rows}") == "INSERT INTO t VALUES ($1, $2)"
