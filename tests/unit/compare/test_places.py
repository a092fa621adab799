"""Which changed lines are shown beside a statement, in which order, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.compare.diff import MAX_COLUMNS, ChangedLine, changed_lines
from perf_matrix.compare.places import likely_places

TEAM = "LiteLLM_TeamTable"

TEAM_LOOKUP_ADDED = """\
diff --git a/litellm/proxy/auth/user_api_key_auth.py b/litellm/proxy/auth/user_api_key_auth.py
index 1111111..2222222 100644
--- a/litellm/proxy/auth/user_api_key_auth.py
+++ b/litellm/proxy/auth/user_api_key_auth.py
@@ -40,2 +40,3 @@
 from litellm.proxy._types import (
+    LiteLLM_TeamTable,
     UserAPIKeyAuth,
@@ -700,8 +701,18 @@ async def _check_the_key(api_key: str) -> UserAPIKeyAuth:
     valid_token = await look_up_key(api_key)
-    # The team was cached with the key.
-    team_object = valid_token.team
+    team_object: Optional[LiteLLM_TeamTable] = None
+    if valid_token.team_id is not None:
+        # Ask LiteLLM_TeamTable again: the key's copy may be old.
+        team_row = (
+            await prisma_client.db.litellm_teamtable
+            .find_unique(where={"team_id": valid_token.team_id})
+        )
+        if team_row is None:
+            raise HTTPException(404, detail="Team not found")
+        team_object = LiteLLM_TeamTable(**team_row.model_dump())
+    await get_team_object(valid_token.team_id)
+    log_team_access(valid_token)
     budget = await look_up_budget(valid_token)
     if budget.exceeded:
         raise BudgetExceeded(budget)
     await remember(valid_token)
     return valid_token
diff --git a/schema.prisma b/schema.prisma
--- a/schema.prisma
+++ b/schema.prisma
@@ -9,0 +10 @@
+model LiteLLM_TeamTable {
diff --git a/tests/proxy/test_auth.py b/tests/proxy/test_auth.py
--- a/tests/proxy/test_auth.py
+++ b/tests/proxy/test_auth.py
@@ -4,0 +5 @@
+    client.db.litellm_teamtable.find_unique.assert_called_once()
"""
AUTH = "litellm/proxy/auth/user_api_key_auth.py"


def test_a_lookup_of_the_team_that_was_added_to_litellms_authentication() -> None:
    places = likely_places(changed_lines(TEAM_LOOKUP_ADDED), "SELECT", [TEAM], limit=9)
    assert [(place.file, place.line, place.rule) for place in places] == [
        (AUTH, 706, "Prisma accessor litellm_teamtable, find_unique: SELECT"),
        (AUTH, 711, f"names the model or table {TEAM}"),
        (AUTH, 712, "calls get_team_object, named after the table"),
        (AUTH, 713, "calls log_team_access, named after the table"),
        (AUTH, 41, f"mentions {TEAM}, as a type or in a list of names"),
        (AUTH, 702, f"mentions {TEAM}, as a type or in a list of names"),
        ("tests/proxy/test_auth.py", 5, "Prisma accessor litellm_teamtable, method not seen, in a test"),
    ]
    assert places[0].text == "await prisma_client.db.litellm_teamtable"
    assert (places[0].table, places[0].removed) == (TEAM, False)


def line(
    text: str,
    *,
    file: str = "app/x.py",
    number: int = 1,
    removed: bool = False,
    before: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
) -> ChangedLine:
    return ChangedLine(file, number, text, removed, before, after)


def rule(changed: ChangedLine, table: str, verb: str = "SELECT") -> str:
    """Why the line is a place; empty if it is none."""
    return "".join(place.rule for place in likely_places([changed], verb, [table]))


@pytest.mark.parametrize(
    ("text", "verb", "table", "expected"),
    [
        ("await db.litellm_teamtable.find_first(", "SELECT", TEAM, "litellm_teamtable, find_first: SELECT"),
        ("await self.db.litellm_teamtable.count()", "SELECT", TEAM, "litellm_teamtable, count: SELECT"),
        ("db.litellm_teamtable.group_by(", "SELECT", TEAM, "litellm_teamtable, group_by: SELECT"),
        ("prisma.liteLLM_TeamTable.findMany({", "SELECT", TEAM, "liteLLM_TeamTable, findMany: SELECT"),
        ("db.litellm_teamtable.find_unique_or_raise(", "SELECT", TEAM, "find_unique_or_raise: SELECT"),
        ("prisma!.user?.findFirstOrThrow({", "SELECT", "users", "user, findFirstOrThrow: SELECT"),
        ("tx.orderItem.createManyAndReturn({", "INSERT", "order_items", "createManyAndReturn: INSERT"),
        ("batcher.litellm_teamtable.update_many(", "UPDATE", TEAM, "litellm_teamtable, update_many: UPDATE"),
        ("db.litellm_teamtable.upsert(", "UPDATE", TEAM, "litellm_teamtable, upsert: UPDATE"),
        ("db.litellm_teamtable.upsert(", "INSERT", TEAM, "litellm_teamtable, upsert: may INSERT too"),
        ("db.litellm_teamtable.upsert(", "SELECT", TEAM, "litellm_teamtable, upsert: may SELECT too"),
        ("db.litellm_teamtable.delete_many(", "DELETE", TEAM, "litellm_teamtable, delete_many: DELETE"),
        ("db.litellm_teamtable.delete_many(", "UPDATE", TEAM, "litellm_teamtable, delete_many: not UPDATE"),
        ("teams = db.litellm_teamtable", "SELECT", TEAM, "litellm_teamtable, method not seen"),
        ("prisma.user.findMany()", "SELECT", "users", "user, findMany: SELECT"),
    ],
)
def test_prisma_accessors(text: str, verb: str, table: str, expected: str) -> None:
    found = rule(line(text), table, verb)
    assert found.startswith("Prisma accessor ")
    assert found.endswith(expected)


@pytest.mark.parametrize(
    ("text", "verb", "table", "expected"),
    [
        ("""execute('SELECT * FROM "LiteLLM_TeamTable"')""", "SELECT", TEAM, "FROM LiteLLM_TeamTable"),
        ("select a from users where b", "SELECT", "users", "FROM users"),
        ("  LEFT JOIN users u", "SELECT", "users", "JOIN users"),
        ('f"SELECT a FROM {schema}.users"', "SELECT", "users", "FROM users"),
        ('f"SELECT a FROM {self.schema}.{quote}"', "SELECT", "users", ""),
        ('`SELECT a FROM ${schema}."users"`', "SELECT", "users", "FROM users"),
        ('"SELECT a FROM \\"public\\".\\"users\\""', "SELECT", "users", "FROM users"),
        ('"SELECT a FROM " + "users"', "SELECT", "users", "FROM users"),
        ("SELECT a FROM ONLY public.users", "SELECT", "users", "FROM users"),
        ("SELECT a FROM users_old", "SELECT", "users", ""),
        ("INSERT INTO order_items (a)", "INSERT", "order_items", "INSERT INTO order_items"),
        ("INSERT INTO order_items (a)", "SELECT", "order_items", "INSERT INTO order_items"),
        ("UPDATE users SET a = 1", "UPDATE", "users", "UPDATE users"),
        ("update public.users as u set a = 1", "UPDATE", "users", "UPDATE users"),
        ("Update users when they log in", "UPDATE", "users", ""),
        ("DELETE FROM users", "DELETE", "users", "DELETE FROM users"),
        ("log.info('removed it from users')", "SELECT", "users", ""),
    ],
)
def test_sql_in_the_code(text: str, verb: str, table: str, expected: str) -> None:
    assert rule(line(text), table, verb) == (expected and f"SQL: {expected}")


@pytest.mark.parametrize(
    ("text", "table", "name"),
    [
        ("cast(LiteLLM_TeamTable, row)", TEAM, TEAM),
        ("session.get(TeamTable, 1)", TEAM, "TeamTable"),
        ('include={"litellm_team_table": True}', TEAM, "litellm_team_table"),
        ("session.query(OrderItem).all()", "order_items", "OrderItem"),
        ("OrderItems.objects.filter(a=1)", "order_items", "OrderItems"),
        ("Company.find_by(id: 1)", "companies", "Company"),
        ("User.where(active: true)", "users", "User"),
        ('knex("users")', "users", "users"),
        ("db.select().from(users)", "users", "users"),
        ("row = APP_USERS.ID", "APP_USERS", "APP_USERS"),
    ],
)
def test_names_of_models_and_tables(text: str, table: str, name: str) -> None:
    assert rule(line(text), table) == f"names the model or table {name}"


@pytest.mark.parametrize(
    "text",
    [
        "team: LiteLLM_TeamTable",
        "def f() -> LiteLLM_TeamTable:",
        "a: Dict[str, LiteLLM_TeamTable] = {}",
        "    LiteLLM_TeamTable,",
    ],
)
def test_a_type_is_only_a_mention(text: str) -> None:
    assert rule(line(text), TEAM) == f"mentions {TEAM}, as a type or in a list of names"


@pytest.mark.parametrize(
    ("text", "table", "expected"),
    [
        ("await get_team_object(a)", TEAM, "calls get_team_object, named after the table"),
        ("getTeams(a)", TEAM, "calls getTeams, named after the table"),
        ("store.GetTeam(ctx)", TEAM, "calls GetTeam, named after the table"),
        ("fetch_users(a)", "users", "calls fetch_users, named after the table"),
        ("load_order_item(a)", "order_items", "calls load_order_item, named after the table"),
        ("userRepository.findById(1)", "users", "calls userRepository, named after the table"),
        ('get_data(table_name="team")', TEAM, 'has the argument table_name="team"'),
    ],
)  # fmt: skip
def test_helpers_named_after_the_table(text: str, table: str, expected: str) -> None:
    assert rule(line(text), table) == expected


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("steam_engine_start()", TEAM),
        ("team(1)", TEAM),
        ("def get_team_object(a):", TEAM),
        ("get_key_object(a)", "LiteLLM_VerificationToken"),
        ("get_token(a)", "LiteLLM_VerificationToken"),
        ("LiteLLM_TeamTableCachedObj()", TEAM),
        ("TeamView(a)", TEAM),
        ("# db.litellm_teamtable.find_first()", TEAM),
        ("x = 1  # see LiteLLM_TeamTable", TEAM),
        ("// prisma.user.findMany()", "users"),
        (" * Reads LiteLLM_TeamTable.", TEAM),
        ('"""Return the LiteLLM_TeamTable of get_team_object()."""', TEAM),
        ("from a import LiteLLM_TeamTable", TEAM),
        ("import { users } from 'users'", "users"),
        ('} from "users";', "users"),
        ('const users = require("users")', "users"),
        ('CREATE TABLE "LiteLLM_TeamTable" (', TEAM),
        ("for user in users:", "users"),
        ("account.users.update(a)", "users"),
        ("raise Missing('User not found')", "users"),
        ("", "users"),
        ("anything", ""),
    ],
)
def test_what_is_no_place(text: str, table: str) -> None:
    assert rule(line(text), table) == ""


def test_a_star_begins_a_comment_but_not_where_it_selects_every_column() -> None:
    assert rule(line("  * FROM users"), "users") == "SQL: FROM users"


@pytest.mark.parametrize(
    ("changed", "table", "expected"),
    [
        (
            line("db.litellm_teamtable", after=("# one", "    .find_unique(")),
            TEAM,
            "Prisma accessor litellm_teamtable, find_unique: SELECT",
        ),
        (
            line("db.litellm_teamtable \\", after=("    .find_unique(",)),
            TEAM,
            "Prisma accessor litellm_teamtable, find_unique: SELECT",
        ),
        (
            line("    .user", before=("prisma",), after=("    .findMany({",)),
            "users",
            "Prisma accessor user, findMany: SELECT",
        ),
        (
            line("    .find_many(", before=("db.litellm_teamtable",)),
            TEAM,
            "Prisma accessor litellm_teamtable, find_many: SELECT",
        ),
        (
            line("    where={'a': f(1)},", before=("db.litellm_teamtable.find_many(",)),
            TEAM,
            "inside a call of Prisma accessor litellm_teamtable, find_many: SELECT",
        ),
        (line("return 1", before=("db.litellm_teamtable.find_many(a)",)), TEAM, ""),
        (line("where={}", before=("db.litellm_teamtable.update(",)), TEAM, ""),
        (line("FROM", after=("  users",)), "users", "SQL: FROM users"),
        (line("  users", before=("FROM",)), "users", "SQL: FROM users"),
        (line("WHERE a = $1", before=("FROM users",)), "users", "inside SQL: FROM users"),
        (line("print(1)", before=("SELECT a FROM users",)), "users", ""),
        (line("x = 1", after=("db.litellm_teamtable.find_many(",)), TEAM, ""),
    ],
)  # fmt: skip
def test_a_call_or_statement_over_several_lines(changed: ChangedLine, table: str, expected: str) -> None:
    assert rule(changed, table) == expected


def test_the_stronger_rule_comes_first_and_removed_lines_and_tests_come_last() -> None:
    texts = [
        "    LiteLLM_TeamTable,",
        "log_team(a)",
        "get_team(a)",
        "cast(LiteLLM_TeamTable, a)",
        "DELETE FROM LiteLLM_TeamTable",
        "teams = db.litellm_teamtable",
        "db.litellm_teamtable.update(",
        "SELECT a FROM LiteLLM_TeamTable",
        "db.litellm_teamtable.find_first(",
    ]
    added = [line(text, number=number) for number, text in enumerate(texts, 1)]
    inside = line("where={}", number=10, before=("db.litellm_teamtable.find_first(",))
    removed = line("db.litellm_teamtable.find_first(", number=5, removed=True)
    test = line("db.litellm_teamtable.find_first(", file="tests/test_a.py")
    places = likely_places([test, removed, *added, inside], "SELECT", [TEAM], limit=20)
    assert [(place.line, place.removed) for place in places[:-2]] == [
        (number, False) for number in (9, 8, 10, 7, 6, 5, 4, 3, 2, 1)
    ]
    assert [(place.file, place.removed) for place in places[-2:]] == [
        ("app/x.py", True),
        ("tests/test_a.py", False),
    ]


def test_equal_ranks_go_by_file_and_line_whatever_the_order_of_the_diff() -> None:
    changed = [line("SELECT a FROM users", file=file, number=number) for file in "ba" for number in (10, 9)]
    expected = [("a", 9), ("a", 10), ("b", 9)]
    for order in (changed, changed[::-1]):
        places = likely_places(order, "SELECT", ["users"], limit=3)
        assert [(place.file, place.line) for place in places] == expected


def test_a_line_is_one_place_and_the_table_that_fewer_lines_touch_comes_first() -> None:
    changed = [
        line("SELECT a FROM users", number=1),
        line("SELECT a FROM users JOIN teams ON b", number=2),
        line("get_users(a)", number=3),
    ]
    places = likely_places(changed, "SELECT", ["users", "teams", "users"])
    assert [(place.line, place.table) for place in places] == [(2, "teams"), (1, "users"), (3, "users")]


@pytest.mark.parametrize("limit", [-1, 0, 1, 3])
def test_no_more_places_than_asked(limit: int) -> None:
    changed = [line("SELECT a FROM users", number=number) for number in range(1, 6)]
    assert len(likely_places(changed, "SELECT", ["users"], limit)) == max(0, limit)


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "docs/x.py",
        "db/migrations/1.sql",
        "prisma/schema.prisma",
        "poetry.lock",
        "package-lock.json",
        "db/schema.rb",
        "dist/x.js",
        "go.sum",
    ],
)
def test_files_that_issue_no_statement_are_left_out(file: str) -> None:
    assert rule(line("SELECT a FROM users", file=file), "users") == ""


@pytest.mark.parametrize(
    "file", ["tests/x.py", "a/test_x.py", "a/x_test.go", "a/x.spec.ts", "src/__tests__/x.tsx", "XTest.java"]
)
def test_a_place_in_a_test_says_so(file: str) -> None:
    assert rule(line("SELECT a FROM users", file=file), "users") == "SQL: FROM users, in a test"


@pytest.mark.parametrize("file", ["queries/users.sql", "contest/x.py", "latest.py", "attest/latest_x.go"])
def test_other_files_count(file: str) -> None:
    assert rule(line("SELECT a FROM users", file=file), "users") == "SQL: FROM users"


def test_the_text_is_cut_and_its_table_may_stand_behind_the_cut() -> None:
    (place,) = likely_places([line(f"   SELECT {'a, ' * 200} b FROM users")], "SELECT", ["users"])
    assert (len(place.text), place.text[:8]) == (200, "SELECT a")


@pytest.mark.parametrize(
    "piece",
    [
        "FROM users ",
        'FROM "',
        "UPDATE users ",
        "UPDATE users a ",
        "users ",
        ".users",
        ".users\\ ",
        "users(",
        "a.",
        "get_users_",
        "table=",
        "User ",
        "export from ",
        "CREATE users TABL ",
        " ",
        '"users',
    ],
)
def test_lines_that_are_made_to_be_slow_are_not(piece: str) -> None:
    """A pattern that tries every way to split such a line does not come back from a thousand of them."""
    text = ("users" + piece * MAX_COLUMNS)[:MAX_COLUMNS]
    changed = [line(text, number=number, before=(text,) * 3, after=(text,) * 3) for number in range(1, 101)]
    assert len(likely_places(changed, "UPDATE", ["users", "order_items"], 200)) <= len(changed)


PIECES = [
    "users",
    "USERS",
    "order",
    "item",
    "FROM ",
    "db.",
    "get_",
    "SET",
    "find_many",
    *"_.( )\"'#/*-=\n{}[]:;,é",
]
CODE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
TABLES = st.one_of(st.text(max_size=8), st.sampled_from(["users", "order_items", TEAM, "ORDERS"]))


@given(texts=st.lists(CODE, max_size=4), tables=st.lists(TABLES, max_size=3), verb=st.text(max_size=6))
def test_whatever_the_lines_hold_places_are_changed_lines_of_the_tables(
    texts: list[str], tables: list[str], verb: str
) -> None:
    changed = [
        line(text, number=number, before=(text,), after=(text,)) for number, text in enumerate(texts, 1)
    ]
    places = likely_places(changed, verb, tables)
    assert all(place.text == texts[place.line - 1].strip()[:200] for place in places)
    assert {place.table for place in places} <= set(tables)
    assert len({place.line for place in places}) == len(places)


@given(table=st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,15}", fullmatch=True))
def test_every_table_is_found_in_sql_that_reads_it(table: str) -> None:
    assert rule(line(f'q = "SELECT a FROM {table} WHERE b"'), table) == f"SQL: FROM {table}"
