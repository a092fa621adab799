"""The statements of two arms, matched by what they do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.compare.diff import ChangedLine, changed_lines
from perf_matrix.compare.model import Elsewhere
from perf_matrix.compare.statements import StatementDiff, by_form, diff_statements, is_same
from perf_matrix.queries.profile import SAME

USERS, TEAMS, KEYS = (f"SELECT id FROM {table} WHERE id = $1" for table in ("users", "teams", "keys"))
DIFF = """\
diff --git a/app/users.py b/app/users.py
--- a/app/users.py
+++ b/app/users.py
@@ -4,0 +5 @@
+    rows = connection.execute("SELECT id FROM teams WHERE id = %s", [team])
"""


def not_at_all(_: str) -> Elsewhere:
    return ""


def first_request(_: str) -> Elsewhere:
    return "first request"


def diff(
    base: dict[str, float], head: dict[str, float], lines: list[ChangedLine] | None = None
) -> StatementDiff:
    return diff_statements(base, head, not_at_all, first_request, lines or [])


def test_the_same_statements_as_often_are_no_difference() -> None:
    assert diff({USERS: 1, TEAMS: 2.5}, {TEAMS: 2.5, USERS: 1}) == StatementDiff([], [], [], [])


def test_each_difference_is_of_one_kind_and_the_dearest_come_first() -> None:
    found = diff(
        {USERS: 1, TEAMS: 1, "SELECT 1": 1, "SELECT 2, 3": 7},
        {USERS: 2, TEAMS: 9, KEYS: 1, "SELECT id FROM logs": 4},
    )
    assert [one.statement for one in found.added] == ["SELECT id FROM logs", KEYS]
    assert [one.statement for one in found.removed] == ["SELECT 2, 3", "SELECT 1"]
    assert [(one.statement, one.base, one.head) for one in found.changed] == [(TEAMS, 1, 9), (USERS, 1, 2)]
    assert found.grown == []


def test_less_often_is_a_change_too() -> None:
    (one,) = diff({USERS: 5}, {USERS: 1}).changed
    assert (one.base, one.head, one.tables) == (5, 1, ["users"])


def test_how_the_other_arm_issues_it_is_asked_of_that_arm() -> None:
    found = diff({USERS: 1}, {TEAMS: 1})
    assert [one.elsewhere for one in found.added] == [""]  # on base
    assert [one.elsewhere for one in found.removed] == ["first request"]  # on head


def test_a_statement_that_only_grew_is_neither_new_nor_gone() -> None:
    wide = "SELECT id, colour, size FROM users WHERE id = $1"
    found = diff({USERS: 1}, {wide: 1})
    assert (found.added, found.removed, found.changed) == ([], [], [])
    (one,) = found.grown
    assert (one.statement, one.per_request, one.columns_added) == (wide, 1, ["colour", "size"])
    (back,) = diff({wide: 1}, {USERS: 1}).grown
    assert (back.columns_added, back.columns_removed) == ([], ["colour", "size"])


def test_a_statement_can_grow_and_be_issued_more_often() -> None:
    wide = "SELECT id, colour FROM users WHERE id = $1"
    found = diff({USERS: 1}, {wide: 3})
    assert [(one.statement, one.base, one.head) for one in found.changed] == [(wide, 1, 3)]
    assert [one.per_request for one in found.grown] == [3]


def test_what_grew_is_sorted_by_how_often_it_is_issued() -> None:
    base = {USERS: 1.0, TEAMS: 1.0}
    head = {"SELECT id, a FROM users WHERE id = $1": 1.0, "SELECT id, b FROM teams WHERE id = $1": 4.0}
    assert [one.columns_added for one in diff(base, head).grown] == [["b"], ["a"]]


def test_texts_of_one_form_are_one_statement() -> None:
    narrow, wide = "SELECT id FROM users", "SELECT id, colour FROM users"
    (one,) = by_form({wide: 2.0, narrow: 1.0}).values()
    assert (one.text, one.per_request) == (narrow, 3.0)
    assert diff({narrow: 1, wide: 2}, {wide: 3}).changed == []


def test_rounding_is_no_difference() -> None:
    assert is_same(1 / 3, 1 / 3 + SAME / 2)
    assert not is_same(1 / 3, 1 / 3 + 2 * SAME)
    assert diff({USERS: 1 / 3}, {USERS: 1 / 3 + SAME / 2}).changed == []


def test_what_is_new_or_more_often_comes_with_its_likely_places() -> None:
    lines = changed_lines(DIFF)
    (added,) = diff({}, {TEAMS: 1}, lines).added
    (changed,) = diff({TEAMS: 1}, {TEAMS: 2}, lines).changed
    for one in (added, changed):
        assert [(place.file, place.line, place.table) for place in one.places] == [
            ("app/users.py", 5, "teams")
        ]
    (other,) = diff({}, {KEYS: 1}, lines).added
    assert other.places == []


counts = st.dictionaries(st.sampled_from([USERS, TEAMS, KEYS]), st.integers(1, 9))


@given(base=counts, head=counts)
def test_the_difference_adds_up(base: dict[str, float], head: dict[str, float]) -> None:
    found = diff(base, head)
    more = sum(one.per_request for one in found.added) - sum(one.per_request for one in found.removed)
    more += sum(one.head - one.base for one in found.changed)
    assert more == sum(head.values()) - sum(base.values())
