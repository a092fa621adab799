"""What statements and requests concern, as code may name it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.bisect.history.concerned import Concerned, concerned_by, path_of, path_pattern


def test_tables_with_the_verbs_of_their_statements() -> None:
    found = concerned_by(
        [
            'SELECT * FROM "public"."Users" JOIN teams ON teams.id = "Users".team_id',
            "UPDATE teams SET name = $1 WHERE id = $2",
            "UPDATE teams SET name = $1 WHERE id = $2",
        ]
    )
    assert found.tables == (("SELECT", "Users"), ("SELECT", "teams"), ("UPDATE", "teams"))


def test_functions_of_the_application_and_not_of_sql() -> None:
    found = concerned_by(
        [
            "SELECT count(*), lower(name), relevance(body, $1) FROM docs WHERE app.allowed(id) AND length(body) > $2"
        ]
    )
    assert found.functions == ("relevance", "allowed")


def test_columns_that_decide_which_rows_are_read() -> None:
    found = concerned_by(
        [
            "SELECT first_name, id FROM users WHERE team_id = $1 AND id = $2 ORDER BY createdAt",
            "SELECT x FROM users GROUP BY last_login",
        ]
    )
    assert found.columns == ("team_id", "createdAt", "last_login")


@pytest.mark.parametrize(
    "statement", ["", "LISTEN a", "SELECT FROM WHERE", "BEGIN", "SELECT ((((", "(" * 5000]
)
def test_statements_that_name_nothing(statement: str) -> None:
    assert concerned_by([statement]) == Concerned()


@pytest.mark.parametrize(
    ("request_line", "path"),
    [
        ("POST /v1/chat/completions", "/v1/chat/completions"),
        ("GET /user/list?page=1&q=a#b", "/user/list"),
        ("/search/", "/search"),
        ("GET /", ""),
        ("GET", ""),
        ("", ""),
        ("CALL upstream", ""),
    ],
)
def test_the_path_of_a_request(request_line: str, path: str) -> None:
    assert path_of(request_line) == path
    assert concerned_by([], [request_line]).paths == ((path,) if path else ())


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/search", '@app.get("/search")'),
        ("/search", "router.get('/search/', find)"),
        ("/search", 'path == "/search?all=1"'),
        ("/v1/chat/completions", '"/chat/completions",'),
        ("/v1/chat/completions", "`/v1/chat/completions`"),
        ("/users/42/keys", '"/users/{user_id}/keys"'),
        ("/users/${user}/keys", '"/users/:id/keys"'),
        ("/users/0b7a3c1e-1111-2222-3333-444455556666", '"/users/<id>"'),
        ("/team/info", "'team/info'"),
    ],
)
def test_how_code_may_write_a_path(path: str, line: str) -> None:
    assert path_pattern(path).search(line)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/search", "the search is slow"),
        ("/search", '"/research"'),
        ("/search", '"/search_all"'),
        ("/v1/chat/completions", '"/completions"'),
        ("/a.b", '"/aXb"'),
    ],
)
def test_what_is_another_path(path: str, line: str) -> None:
    assert not path_pattern(path).search(line)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_request_can_be_looked_for(request_line: str, line: str) -> None:
    if path := path_of(request_line):
        path_pattern(path).search(line)
        assert path_pattern(path).search(f'"{path}"') or any(c in path for c in "\"'`") or " " in path
