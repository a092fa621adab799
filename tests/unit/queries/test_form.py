"""Which statements of two versions count as the same one."""

from __future__ import annotations

import logging
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.form import Form, form, grown

VIEW = (
    "SELECT v.*, t.spend AS team_spend, t.tpm_limit AS team_tpm_limit, t.organization_id as org_id,"
    ' b.max_budget AS litellm_budget_table_max_budget FROM "LiteLLM_VerificationToken" AS v'
    ' LEFT JOIN "LiteLLM_TeamTable" AS t ON v.team_id = t.team_id'
    ' LEFT JOIN "LiteLLM_BudgetTable" AS b ON v.budget_id = b.budget_id WHERE v.token = $1'
)
WIDER_VIEW = VIEW.replace(" FROM", ", b.tpm_limit AS litellm_budget_table_tpm_limit FROM", 1)
UPSERT = (
    'INSERT INTO "public"."Daily" ("id","day","spend") VALUES ($1,$2,$3) ON CONFLICT ("day") DO UPDATE SET'
    ' "spend" = ("public"."Daily"."spend" + $4), "at" = $5 WHERE ("public"."Daily"."day" = $6 AND $7=$8)'
    ' RETURNING "public"."Daily"."id", "public"."Daily"."day"'
)
JOINED = (
    'SELECT "t1"."id", "x"."__prisma_data__" AS "posts" FROM "public"."User" AS "t1" LEFT JOIN LATERAL'
    ' (SELECT COALESCE(JSONB_AGG("__prisma_data__"), $1) AS "__prisma_data__" FROM'
    ' (SELECT JSONB_BUILD_OBJECT($2, "t2"."id", $3, "t2"."title") AS "__prisma_data__" FROM'
    ' (SELECT "t3".* FROM "public"."Post" AS "t3" WHERE "t1"."id" = "t3"."author" /* root select */) AS "t2"'
    ' ) AS "t4") AS "x" ON $4 LIMIT $5'
)


def of(text: str) -> Form:
    return form(canonical(text))


def is_parsed(text: str) -> bool:
    return not of(text).key.startswith("text ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Lists of plain columns.
        ('SELECT "p"."T"."a" FROM "p"."T" WHERE x', 'SELECT "p"."T"."a", "p"."T"."b" FROM "p"."T" WHERE x'),
        ("SELECT a FROM t LIMIT $1", "SELECT a, b AS c FROM t LIMIT $2"),
        ("SELECT a, b FROM t", "SELECT b, a FROM t"),
        ("SELECT DISTINCT a FROM t", "SELECT DISTINCT a, b FROM t"),
        ("SELECT a, count(*) FROM t GROUP BY a", "SELECT count(*), a, b FROM t GROUP BY a"),
        ('SELECT "t"."a" FROM "t"', 'SELECT "t"."a", "t"."role"::text FROM "t"'),
        (VIEW, WIDER_VIEW),
        (JOINED, JOINED.replace('"t2"."title"', '"t2"."title", $9, "t2"."body"')),
        (
            "SELECT COUNT(*) FROM (SELECT a FROM t OFFSET $1) AS s",
            "SELECT COUNT(*) FROM (SELECT a, b FROM t OFFSET $1) AS q",
        ),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a, b FROM t UNION SELECT a, b FROM u"),
        ("WITH j AS (SELECT a FROM t) SELECT a FROM j", "WITH k AS (SELECT a, b FROM t) SELECT a, b FROM k"),
        ("SELECT 1 FROM t WHERE EXISTS (SELECT a FROM u)", "SELECT 1 FROM t WHERE EXISTS (SELECT b FROM u)"),
        ('DELETE FROM "T" RETURNING "a"', 'DELETE FROM "T" RETURNING "a", "b"'),
        ('INSERT INTO "T" ("a") VALUES ($1)', 'INSERT INTO "T" ("a","b") VALUES ($1,now())'),
        ("INSERT INTO t (a) SELECT a FROM u", "INSERT INTO t (a, b) SELECT a, b FROM u"),
        ("INSERT INTO t (a) VALUES ($1), (DEFAULT)", "INSERT INTO t (a) VALUES ($1)"),
        (
            UPSERT,
            UPSERT.replace('"spend")', '"spend","n")')
            .replace("$3)", "$3,$9)")
            .replace('"at"', '"n" = ("public"."Daily"."n" + $9), "at"'),
        ),
        ("UPDATE t SET a = $1", "UPDATE t SET a = $1, b = DEFAULT, c = NULL"),
        ("UPDATE t SET a = a + $1", "UPDATE t SET a = a + $1, b = t.b + $2, c = $3"),
        ("UPDATE t SET a = excluded.a", "UPDATE t SET a = excluded.a, b = EXCLUDED.b"),
        # Constants and parameters.
        ("SELECT a FROM t WHERE b = 'x' AND c = 5", "SELECT a FROM t WHERE b = $1 AND c = $2"),
        ("SELECT a FROM t WHERE b = $1::text", "SELECT a FROM t WHERE b = $1"),
        ('SELECT a FROM t WHERE b = CAST($1::text AS "public"."Role")', "SELECT a FROM t WHERE b = $1"),
        ("SELECT a FROM t WHERE b = $1::TIMESTAMP WITH TIME ZONE", "SELECT a FROM t WHERE b = $1"),
        (
            "SELECT a FROM t WHERE b > now() - interval $1",
            "SELECT a FROM t WHERE b > now() - interval '1 day'",
        ),
        ("SELECT a FROM t WHERE b = ANY($1::text[])", "SELECT a FROM t WHERE b = ANY($1)"),
        ("SELECT a FROM t WHERE b = ANY(ARRAY[$1, $2])", "SELECT a FROM t WHERE b = ANY(ARRAY[$1])"),
        ("SELECT a ->> 'x' FROM t", "SELECT a ->> 'y' FROM t"),
        ("SELECT a FROM t WHERE b = -1", "SELECT a FROM t WHERE b = $1"),
        # Aliases.
        ("SELECT a.x FROM t a JOIN t b ON a.id = b.up", "SELECT p.x FROM t AS p JOIN t AS q ON p.id = q.up"),
        ("SELECT t.a FROM t WHERE t.b = $1", "SELECT x.a FROM t AS x WHERE x.b = $1"),
        (
            "SELECT a FROM t WHERE b = $1",
            'SELECT "public"."t"."a" FROM "public"."t" WHERE "public"."t"."b" = $1',
        ),
        (
            "SELECT s.n FROM (SELECT max(a) AS n FROM t) s WHERE s.n > $1",
            "SELECT q.m FROM (SELECT max(a) AS m FROM t) q WHERE q.m > $1",
        ),
        ("SELECT lower(a) AS x FROM t ORDER BY x", "SELECT lower(a) AS y FROM t ORDER BY y"),
        ("SELECT lower(a) AS x FROM t GROUP BY x", "SELECT lower(a) AS y FROM t GROUP BY 1"),
        (
            "WITH j AS (SELECT a AS x FROM t) DELETE FROM u USING j WHERE u.b = j.x",
            "WITH k(y) AS (SELECT a FROM t) DELETE FROM u AS v USING k WHERE v.b = k.y",
        ),
        (
            "WITH RECURSIVE j(x) AS (SELECT a FROM t UNION ALL SELECT t.a FROM t JOIN j ON up = j.x) SELECT x FROM j",
            "WITH RECURSIVE k(y) AS (SELECT a FROM t UNION ALL SELECT s.a FROM t s JOIN k ON up = k.y) SELECT y FROM k",
        ),
        ("SELECT row_to_json(u) FROM users u", "SELECT row_to_json(x) FROM users x"),
        ("SELECT a FROM t AS x FOR UPDATE OF x", "SELECT a FROM t AS y FOR UPDATE OF y"),
        (
            "SELECT v.x FROM unnest($1) AS v(x) WHERE v.x > $2",
            "SELECT w.y FROM unnest($1) AS w(y) WHERE w.y > $2",
        ),
        (
            "SELECT g FROM generate_series($1, $2) g WHERE g > $3",
            "SELECT i FROM generate_series($1, $2) i WHERE i > $3",
        ),
        # How it is written.
        ("select A from T where B is null", "SELECT a FROM t WHERE b IS NULL"),
        ('SELECT a FROM "t" WHERE "b" = $1', "SELECT a FROM T WHERE B = $1"),
        (
            "SELECT a FROM t WHERE ((a = $1) AND (b = $2 AND c = $3))",
            "SELECT a FROM t WHERE b = $1 AND c = $2 AND a = $3",
        ),
        ("(SELECT a FROM t)", "SELECT a FROM t"),
        ("SELECT a FROM t LEFT OUTER JOIN u ON t.x = u.x", "SELECT a FROM t LEFT JOIN u ON t.x = u.x"),
        ("SELECT a FROM t INNER JOIN u ON t.x = u.x", "SELECT a FROM t JOIN u ON t.x = u.x"),
        ("SELECT public.f(a) FROM public.t", "SELECT f(a) FROM t"),
        ("SELECT a FROM t WHERE a != $1", "SELECT a FROM t WHERE a <> $1"),
    ],
)
def test_the_same_statement(one: str, other: str) -> None:
    assert is_parsed(one)
    assert of(one).key == of(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DELETE FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t", "SELECT a FROM u"),
        ("SELECT a FROM t", "SELECT a FROM s.t"),
        ('SELECT a FROM "T"', "SELECT a FROM T"),
        ("SELECT 1", "SELECT a FROM t"),
        ("SELECT $1", "SELECT $1 FROM t"),
        # Lists.
        ("SELECT a FROM t", "SELECT COUNT(*) FROM t"),
        ("SELECT a FROM t", "SELECT max(a) FROM t"),
        ("SELECT max(a) FROM t", "SELECT min(a) FROM t"),
        ("SELECT max(a) FROM t", "SELECT max(b) FROM t"),
        ("SELECT count(a) FROM t", "SELECT count(DISTINCT a) FROM t"),
        ("SELECT a FROM t", "SELECT DISTINCT a FROM t"),
        ("SELECT DISTINCT ON (a) a FROM t", "SELECT DISTINCT ON (b) a FROM t"),
        ("SELECT a FROM t", "SELECT * FROM t"),
        ("SELECT a, (SELECT b FROM u) FROM t", "SELECT a FROM t"),
        ("SELECT (SELECT b FROM u LIMIT $1) FROM t", "SELECT (SELECT c FROM u LIMIT $1) FROM t"),
        ("SELECT a ->> $1 FROM t", "SELECT a -> $1 FROM t"),
        ("SELECT a FROM t WHERE a @> $1", "SELECT a FROM t WHERE a <@ $1"),
        ("SELECT date FROM t", "SELECT date $1 FROM t"),
        (VIEW, VIEW.replace(" WHERE", ' LEFT JOIN "O" AS o ON v.o = o.o WHERE')),
        # Conditions.
        ("SELECT a FROM t WHERE x = $1", "SELECT a FROM t WHERE y = $1"),
        ("SELECT a FROM t WHERE x = $1", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE x = $1", "SELECT a FROM t WHERE x = $1 AND $2=$3"),
        ("SELECT a FROM t WHERE x = $1 AND y = $2", "SELECT a FROM t WHERE x = $1 OR y = $2"),
        ("SELECT a FROM t WHERE (x OR y) AND z", "SELECT a FROM t WHERE x OR y AND z"),
        ("SELECT a FROM t WHERE (x + y) * z = $1", "SELECT a FROM t WHERE x + y * z = $1"),
        ("SELECT a FROM t WHERE x - y = $1", "SELECT a FROM t WHERE y - x = $1"),
        ("SELECT a FROM t WHERE x IN ($1)", "SELECT a FROM t WHERE x = $1"),
        ("SELECT a FROM t WHERE x IN ($1)", "SELECT a FROM t WHERE x NOT IN ($1)"),
        ("SELECT a FROM t WHERE x = ANY($1)", "SELECT a FROM t WHERE x = ALL($1)"),
        ("SELECT a FROM t WHERE x IN (SELECT b FROM u)", "SELECT a FROM t WHERE x IN (SELECT c FROM u)"),
        ("SELECT a FROM t WHERE x IS NULL", "SELECT a FROM t WHERE x IS NOT NULL"),
        ("SELECT a FROM t WHERE x IS TRUE", "SELECT a FROM t WHERE x IS FALSE"),
        ("SELECT a FROM t WHERE x IS UNKNOWN", "SELECT a FROM t WHERE x IS NULL"),
        ("SELECT a FROM t WHERE x::text = $1", "SELECT a FROM t WHERE x = $1"),
        ("SELECT a FROM t WHERE x LIKE $1", "SELECT a FROM t WHERE x ILIKE $1"),
        (
            "SELECT a FROM t WHERE EXISTS (SELECT $1 FROM u)",
            "SELECT a FROM t WHERE NOT EXISTS (SELECT $1 FROM u)",
        ),
        ("SELECT a FROM s1.t, s2.t WHERE s1.t.x", "SELECT a FROM s1.t, s2.t WHERE s2.t.x"),
        ("SELECT a FROM t WHERE x <=> $1 < $2", "SELECT a FROM t WHERE x IS NOT DISTINCT FROM $1 < $2"),
        # What rows are joined, and how.
        ("SELECT a.x FROM t a JOIN t b ON a.id = b.up", "SELECT a.x FROM t a JOIN t b ON b.id = a.up"),
        ("SELECT a FROM t JOIN u ON t.x = u.x", "SELECT a FROM t LEFT JOIN u ON t.x = u.x"),
        ("SELECT a FROM t JOIN u ON t.x = u.x", "SELECT a FROM t JOIN u ON t.y = u.x"),
        ("SELECT a FROM t JOIN u USING (x)", "SELECT a FROM t JOIN u USING (y)"),
        ("SELECT a FROM t, LATERAL (SELECT b FROM u) s", "SELECT a FROM t, (SELECT b FROM u) s"),
        ("WITH j AS (SELECT a FROM t) SELECT a FROM j", "SELECT a FROM j"),
        (
            "WITH j AS (SELECT a FROM t) SELECT a FROM j",
            "WITH j AS MATERIALIZED (SELECT a FROM t) SELECT a FROM j",
        ),
        (
            "WITH j AS (SELECT a FROM t), k AS (SELECT a FROM u) SELECT a FROM j",
            "WITH j AS (SELECT a FROM t), k AS (SELECT a FROM u) SELECT a FROM k",
        ),
        ("WITH j AS (SELECT 1) DELETE FROM j", "WITH k AS (SELECT 1) DELETE FROM k"),
        (
            "SELECT 1 FROM (SELECT a AS x, b AS y FROM t) s WHERE s.x = $1",
            "SELECT 1 FROM (SELECT a AS x, b AS y FROM t) s WHERE s.y = $1",
        ),
        (
            "SELECT a FROM json_to_recordset($1) AS x(a int)",
            "SELECT b FROM json_to_recordset($1) AS x(b int)",
        ),
        # Clauses.
        ("SELECT a FROM t", "SELECT a FROM t ORDER BY a"),
        ("SELECT a, b FROM t ORDER BY 1", "SELECT a, b FROM t ORDER BY 2"),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
        ("SELECT a AS x, b AS y FROM t ORDER BY x", "SELECT a AS x, b AS y FROM t ORDER BY y"),
        ("SELECT a FROM t", "SELECT a FROM t LIMIT $1"),
        ("SELECT a FROM t LIMIT $1", "SELECT a FROM t OFFSET $1"),
        ("SELECT max(a) FROM t", "SELECT max(a) FROM t GROUP BY b"),
        ("SELECT lower(a) AS a FROM t GROUP BY a", "SELECT lower(a) AS a FROM t GROUP BY lower(a)"),
        ("SELECT max(a) FROM t GROUP BY b", "SELECT max(a) FROM t GROUP BY b HAVING max(a) > $1"),
        ("SELECT a FROM t", "SELECT a FROM t FOR UPDATE"),
        ("SELECT a FROM t FOR UPDATE", "SELECT a FROM t FOR SHARE"),
        ("SELECT a FROM t FOR UPDATE", "SELECT a FROM t FOR UPDATE SKIP LOCKED"),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t UNION ALL SELECT a FROM u"),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t"),
        # Changes.
        ("INSERT INTO t (a) VALUES ($1)", "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING"),
        (
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING",
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING",
        ),
        (
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING",
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = $2",
        ),
        (UPSERT, UPSERT.replace('"public"."Daily"."day" = $6', '"public"."Daily"."id" = $6')),
        (UPSERT, UPSERT.replace('("day")', '("day", "id")')),
        ("INSERT INTO t (a) VALUES ($1)", "INSERT INTO t (a) VALUES ((SELECT max(b) FROM u))"),
        ("INSERT INTO t (a) VALUES ($1)", "INSERT INTO t (a) SELECT a FROM u"),
        ("INSERT INTO t (a) VALUES ($1)", "INSERT INTO t (a) VALUES ($1) RETURNING a"),
        ("INSERT INTO t (a) VALUES ($1) RETURNING a", "INSERT INTO t (a) VALUES ($1) RETURNING lower(a)"),
        ("UPDATE t SET a = $1", "UPDATE t SET a = a + $1"),
        ("UPDATE t SET a = a + $1", "UPDATE t SET a = a - $1"),
        ("UPDATE t SET a = $1", "UPDATE t SET a = (SELECT max(b) FROM u)"),
        ("UPDATE t SET a = $1", "UPDATE t SET a = $1 FROM u"),
        ("UPDATE t SET a = $1 WHERE b = $2", "UPDATE t SET a = $1"),
        ("DELETE FROM t WHERE a = $1", "DELETE FROM t WHERE b = $1"),
        # What is not understood, or cut off.
        ("SET a = 1", "SET b = 1"),
        ("LISTEN a", "LISTEN b"),
        ("LISTEN a", "NOTIFY a"),
        ("DEALLOCATE ALL", "DISCARD ALL"),
        ("EXPLAIN SELECT a FROM t", "SELECT a FROM t"),
        ("COPY t FROM STDIN", "COPY t TO STDOUT"),
        ("TRUNCATE t", "TRUNCATE t CASCADE"),
        ("LOCK TABLE a IN EXCLUSIVE MODE", "LOCK TABLE b IN EXCLUSIVE MODE"),
        ("SELECT a FROM t ORDER", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE", "SELECT a FROM t"),
        ("SELECT a FROM t; DELETE FROM t", "SELECT a FROM t"),
        ("UPDATE t", "UPDATE t SET a = $1"),
        ("INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES ($1)", "INSERT INTO t (a) VALUES ($1)"),
        ("SELECT 'a' FROM t WHERE x = 'b", "SELECT 'a' FROM t WHERE x = 'c"),
    ],
)
def test_another_statement(one: str, other: str) -> None:
    assert of(one).key != of(other).key


@pytest.mark.parametrize(
    ("text", "verb", "tables", "columns"),
    [
        (
            WIDER_VIEW,
            "SELECT",
            ("LiteLLM_VerificationToken", "LiteLLM_TeamTable", "LiteLLM_BudgetTable"),
            (
                "team_spend",
                "team_tpm_limit",
                "org_id",
                "litellm_budget_table_max_budget",
                "litellm_budget_table_tpm_limit",
            ),
        ),
        (UPSERT, "INSERT", ("Daily",), ("id", "day", "spend")),
        (JOINED, "SELECT", ("User", "Post"), ("id", "posts")),
        (
            'UPDATE "public"."T" AS x SET "a" = x.a + $1, "b" = $2 RETURNING "c", lower("d")',
            "UPDATE",
            ("T",),
            ("a", "b", "c"),
        ),
        ("DELETE FROM t USING u WHERE t.a = u.a RETURNING t.a, u.b", "DELETE", ("t", "u"), ("a", "b")),
        ("SELECT a, a, b::text, c AS d, f(e), $1, * FROM t", "SELECT", ("t",), ("a", "b", "d")),
        ("SELECT COUNT(*) FROM (SELECT a FROM t) AS s", "SELECT", ("t",), ()),
        ("(SELECT a FROM t) UNION SELECT b FROM u ORDER BY 1", "SELECT", ("t", "u"), ("a",)),
        ("SELECT a FROM Users JOIN s.users ON x JOIN u ON y", "SELECT", ("Users", "u"), ("a",)),
        (
            "WITH t AS (SELECT a FROM t), u AS (SELECT a FROM t) SELECT a FROM t, u, s",
            "SELECT",
            ("t", "s"),
            ("a",),
        ),
        ("WITH j AS (INSERT INTO t (a) VALUES ($1) RETURNING a) SELECT a FROM j", "SELECT", ("t",), ("a",)),
        ("INSERT INTO t SELECT a FROM u, generate_series($1, $2) AS g", "INSERT", ("t", "u"), ()),
        ("VALUES ($1, $2)", "VALUES", (), ()),
        ("SELECT $1", "SELECT", (), ()),
        ("listen a", "LISTEN", (), ()),
        ("DISCARD ALL", "DISCARD", (), ()),
        ("", "", (), ()),
        ("$1", "", (), ()),
    ],
)
def test_verb_tables_and_columns(
    text: str, verb: str, tables: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    found = of(text)
    assert (found.verb, found.tables, found.columns) == (verb, tables, columns)


def test_a_wider_statement_has_grown_by_its_new_columns() -> None:
    assert grown(of(VIEW), of(WIDER_VIEW)) == (("litellm_budget_table_tpm_limit",), ())
    assert grown(of("SELECT a, b FROM t"), of("SELECT d, c, b FROM t")) == (("d", "c"), ("a",))
    assert grown(of(VIEW), of(VIEW)) == ((), ())


def test_what_is_not_parsed_is_the_same_whatever_its_parameters_are() -> None:
    assert form("EXECUTE a($1, $2)").key == form("EXECUTE a($3, $4)").key


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT {'(' * 5000}a{')' * 5000} FROM t",
        f"SELECT a FROM t WHERE {'NOT ' * 5000}a",
        f"SELECT a FROM t WHERE {' || '.join(['a'] * 5000)} = $1",
        f"{'SELECT a FROM (' * 500}t{') AS s' * 500}",
        "SELECT '",
        "SELECT $$ FROM t",
    ],
)
def test_what_cannot_be_parsed_is_kept_as_a_text(text: str) -> None:
    assert form(text).key.startswith("text ")


def test_a_long_chain_of_conditions_is_not_too_deep() -> None:
    ids = " OR ".join(f"(a = ${number} AND b = ${number})" for number in range(2000))
    assert is_parsed(f"SELECT a FROM t WHERE {ids}")


def test_sqlglot_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in [
            "EXPLAIN SELECT b FROM t",
            "SHOW b",
            "SELECT b[2] -> '$[' FROM t QUALIFY x",
            "SELECT b c d",
        ]:
            of(text)
    assert not caplog.records


NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=3).map(lambda name: f"{name}_")
COLUMNS = st.lists(NAMES, min_size=1, max_size=12, unique=True)
ALIASES = st.permutations(["a", "v", "alpha", '"Beta"', "t1", "j"]).map(lambda names: names[:3])

# <0>, <1>: aliases of tables, <2>: of a column; <qualified>, <plain>, <values>, <set>: lists of columns.
TEMPLATES = st.sampled_from(
    [
        "SELECT <qualified> FROM t AS <0> JOIN t AS <1> ON <0>.id = <1>.parent WHERE <0>.x = $1 LIMIT $2",
        "SELECT <qualified>, max(<1>.z) AS <2> FROM t AS <0>, u AS <1> WHERE <0>.x IN ($1) GROUP BY <0>.x ORDER BY <2>",
        (
            "WITH <0> AS (SELECT <plain> FROM t), <1> AS (SELECT max(x) AS <2> FROM u) SELECT <qualified>"
            " FROM <0> LEFT JOIN <1> ON <0>.id = <1>.<2> WHERE <0>.x = ANY($1::text[])"
        ),
        "SELECT <qualified> FROM t AS <0> JOIN LATERAL (SELECT <plain> FROM u WHERE u.id = <0>.id) AS <1> ON $1",
        "SELECT count(*) FROM (SELECT <qualified> FROM t AS <0>, u AS <1> WHERE <0>.x = <1>.x OFFSET $1) AS <2>",
        "INSERT INTO t AS <0> (<plain>) VALUES (<values>) ON CONFLICT (id) DO UPDATE SET x = <0>.x + $9 WHERE <0>.y",
        "INSERT INTO t (<plain>) SELECT <qualified> FROM u AS <0>, v AS <1> WHERE <0>.x = $1 RETURNING <plain>",
        "DELETE FROM t AS <0> USING u AS <1> WHERE <0>.x = <1>.x RETURNING <qualified>",
        "UPDATE t AS <0> SET <set> FROM u AS <1> WHERE <0>.x = <1>.x",
    ]
)


def filled(template: str, columns: list[str], aliases: list[str]) -> str:
    lists = {
        "<qualified>": ", ".join(f"<{len(column) % 2}>.{column}" for column in columns),
        "<plain>": ", ".join(columns),
        "<values>": ", ".join(f"${number}" for number in range(1, len(columns) + 1)),
        "<set>": ", ".join(f"{column} = $1" for column in columns),
    }
    for mark, text in {**lists, **{f"<{number}>": alias for number, alias in enumerate(aliases)}}.items():
        template = template.replace(mark, text)
    return canonical(template)


@given(TEMPLATES, COLUMNS, ALIASES, ALIASES)
def test_aliases_can_have_any_name(
    template: str, columns: list[str], some: list[str], others: list[str]
) -> None:
    one, other = form(filled(template, columns, some)), form(filled(template, columns, others))
    assert not one.key.startswith("text ")
    assert one.key == other.key


@given(TEMPLATES, COLUMNS, COLUMNS, ALIASES)
def test_columns_can_come_and_go_and_move(
    template: str, some: list[str], others: list[str], aliases: list[str]
) -> None:
    base, head = form(filled(template, some, aliases)), form(filled(template, others, aliases))
    assert base.key == head.key
    if base.columns:
        assert grown(base, head) == (
            tuple(column for column in others if column not in some),
            tuple(column for column in some if column not in others),
        )


@given(TEMPLATES, COLUMNS, ALIASES)
def test_letter_case_of_words_does_not_matter(template: str, columns: list[str], aliases: list[str]) -> None:
    text = filled(template, columns, aliases)
    parts = [part if index % 2 else part.swapcase() for index, part in enumerate(text.split('"'))]
    assert form('"'.join(parts)).key == form(text).key


@given(TEMPLATES, COLUMNS, ALIASES, st.integers(1, 99))
def test_numbers_of_parameters_do_not_matter(
    template: str, columns: list[str], aliases: list[str], more: int
) -> None:
    text = filled(template, columns, aliases)
    assert form(text.replace("$", f"${more}")).key == form(text).key


@given(TEMPLATES, COLUMNS, ALIASES)
def test_another_table_is_another_statement(template: str, columns: list[str], aliases: list[str]) -> None:
    other = re.sub(r"\bt\b", "other", template)
    assert form(filled(other, columns, aliases)).key != form(filled(template, columns, aliases)).key


@given(TEMPLATES, COLUMNS, ALIASES)
def test_another_condition_is_another_statement(
    template: str, columns: list[str], aliases: list[str]
) -> None:
    head, where, tail = template.rpartition(" WHERE ")
    other = f"{head}{where}<0>.extra = $5 AND {tail}"
    assert form(filled(other, columns, aliases)).key != form(filled(template, columns, aliases)).key


@given(st.text())
def test_any_text_has_a_form(text: str) -> None:
    assert form(text) == form.__wrapped__(text)


PIECES = "SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE USING WITH AS JOIN ON ORDER BY LIMIT UNION ALL".split()  # noqa: SIM905
PIECES += [
    "(",
    ")",
    ",",
    ".",
    "*",
    "=",
    "a",
    "b",
    "t",
    "$1",
    "$",
    "'",
    '"',
    "::",
    "->",
    "[",
    "CASE",
    "IN",
    "LATERAL",
    "RETURNING",
]


@given(
    st.sampled_from(["SELECT", "INSERT INTO t", "UPDATE t SET", "DELETE FROM t", "WITH a AS ("]),
    st.lists(st.sampled_from(PIECES), max_size=12),
)
def test_any_heap_of_words_has_a_form(beginning: str, words: list[str]) -> None:
    text = canonical(" ".join([beginning, *words]))
    assert form(text) == form.__wrapped__(text)
