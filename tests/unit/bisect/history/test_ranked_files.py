"""Which changed files come first, and why they are said to."""

from __future__ import annotations

import pytest

from perf_matrix.bisect.history.concerned import Concerned
from perf_matrix.bisect.history.file_kinds import FileKind, kind_of
from perf_matrix.bisect.history.ranked_files import ranked_files
from perf_matrix.bisect.model import ChangedFile
from perf_matrix.errors import InputError

USERS = Concerned(tables=(("SELECT", "users"),), functions=("relevance",), paths=("/search",))
PAGE = "https://github.com/a/b/commit/1"


def of(path: str, *lines: str, heading: str = "") -> str:
    """The diff of one file: lines that begin with ``+``, ``-`` or a space."""
    old, new = (sum(line[0] in f" {sign}" for line in lines) for sign in "-+")
    hunk = f"@@ -{min(old, 1)},{old} +{min(new, 1)},{new} @@ {heading}".rstrip()
    header = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
    return header + "".join(f"{line}\n" for line in (hunk, *lines))


def ranked(*files: str, concerned: Concerned = USERS) -> list[ChangedFile]:
    return ranked_files("".join(files), concerned)


def paths(*files: str, concerned: Concerned = USERS) -> list[str]:
    return [file.path for file in ranked(*files, concerned=concerned)]


def reasons(*lines: str, path: str = "app.py", heading: str = "", concerned: Concerned = USERS) -> list[str]:
    (file,) = ranked(of(path, *lines, heading=heading), concerned=concerned)
    return file.because


def test_what_touches_the_table_comes_before_what_is_longer() -> None:
    assert paths(
        of("a.py", *["+x = 1"] * 30),
        of("b.py", '+cursor.execute("SELECT * FROM users")'),
    ) == ["b.py", "a.py"]


def test_the_stronger_reason_comes_first() -> None:
    assert paths(
        of("helper.py", "+found = get_user_by_name(name)"),
        of("path.py", '+@app.get("/search")'),
        of("other_verb.py", '+run("DELETE FROM users")'),
        of("reads.py", '+run("SELECT * FROM users")'),
        of("nothing.py", "+x = 1"),
    ) == ["reads.py", "other_verb.py", "path.py", "helper.py", "nothing.py"]


def test_more_lines_that_touch_come_first_then_more_changed_lines() -> None:
    touch = '+run("SELECT * FROM users")'
    assert paths(of("a.py", touch, "+x = 1", "+y = 1"), of("b.py", touch, touch)) == ["b.py", "a.py"]
    assert paths(of("a.py", touch), of("b.py", touch, "+x = 1")) == ["b.py", "a.py"]
    assert paths(of("b.py", touch), of("a.py", touch)) == ["a.py", "b.py"]


def test_code_then_tests_then_documents_then_the_rest() -> None:
    touch = "+SELECT * FROM users"
    assert paths(
        of("uv.lock", *["+x"] * 9),
        of("README.md", touch, *["+x"] * 8),
        of("tests/test_it.py", touch),
        of("src/it.py", "+x = 1"),
    ) == ["src/it.py", "tests/test_it.py", "README.md", "uv.lock"]


def test_the_words_and_counts_of_reasons() -> None:
    assert reasons(
        '+run("SELECT * FROM users WHERE a")',
        '-run("SELECT * FROM users")',
        '+run("SELECT relevance(a) FROM docs")',
    ) == ["touches the table users in 2 lines", "names the function relevance in 1 line"]
    assert reasons('+@app.get("/search")') == ["names the path /search in 1 line"]
    assert reasons(' @app.get("/search")', "+def search():") == [
        "changes what is next to the path /search in 1 line"
    ]
    assert reasons("+x = 1") == []


def test_one_reason_of_several_strengths_is_said_once() -> None:
    assert reasons('+run("SELECT 1 FROM users")', '+run("DELETE FROM users")') == [
        "touches the table users in 2 lines"
    ]


def test_a_function_is_called_or_defined_and_its_bare_name_is_any_word() -> None:
    assert reasons('+"relevance": 1.0,  # the relevance of it') == []
    assert reasons("+DROP FUNCTION IF EXISTS relevance;", path="a.sql") == [
        "names the function relevance in 1 line"
    ]
    assert reasons('+"relevance"($1)', path="a.sql") == ["names the function relevance in 1 line"]
    assert reasons("+irrelevance(1)", path="a.py") == []


def test_columns() -> None:
    concerned = Concerned(columns=("team_id",))
    assert reasons("+where(team_id=1, steam_id=2)", concerned=concerned) == [
        "names the column team_id in 1 line"
    ]
    assert reasons("+steam_id = team_ids", concerned=concerned) == []


def test_migrations_and_schemas_name_tables_too() -> None:
    assert reasons("+DROP INDEX users_name ON users;", path="migrations/2_drop.sql") == [
        "names the table users in 1 line"
    ]
    assert reasons("-  @@index([name])", path="schema.prisma", heading="model users {") == [
        "changes what is under the table users in 1 place"
    ]


def test_what_a_hunk_is_in() -> None:
    assert reasons("+  return 1;", path="a.sql", heading="CREATE FUNCTION relevance(a int)") == [
        "changes what is under the function relevance in 1 place"
    ]


def test_lines_are_counted() -> None:
    (file,) = ranked(of("a.py", "+a", "+b", "-c", " d"))
    assert (file.added, file.removed) == (2, 1)


def test_a_renamed_file_is_one() -> None:
    diff = (
        "diff --git a/old.py b/new.py\nsimilarity index 60%\nrename from old.py\nrename to new.py\n"
        "--- a/old.py\n+++ b/new.py\n@@ -1,2 +1,2 @@\n x = 1\n-y = 1\n+y = 2\n"
    )
    (file,) = ranked_files(diff, USERS)
    assert (file.path, file.added, file.removed) == ("new.py", 1, 1)


def test_new_and_deleted_files() -> None:
    new = "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x\n"
    gone = (
        "diff --git a/g.py b/g.py\ndeleted file mode 100644\n--- a/g.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    )
    assert {(file.path, file.added, file.removed) for file in ranked(new, gone)} == {
        *(("n.py", 1, 0), ("g.py", 0, 1))
    }


def test_the_place_of_a_file_on_the_commit_s_page() -> None:
    (file,) = ranked_files(of("a.py", "+x"), USERS, PAGE)
    assert file.url.startswith(f"{PAGE}#diff-")
    (file,) = ranked_files(of("a.py", "+x"), USERS)
    assert file.url == ""


def test_a_name_that_steers_a_terminal() -> None:
    diff = 'diff --git "a/\\033[2J.py" "b/\\033[2J.py"\n--- "a/\\033[2J.py"\n+++ "b/\\033[2J.py"\n@@ -1 +1 @@\n-a\n+b\n'
    (file,) = ranked_files(diff, USERS)
    assert file.path == "\ufffd[2J.py"


def test_an_empty_diff_and_one_that_is_none() -> None:
    assert ranked_files("", USERS) == []
    with pytest.raises(InputError):
        ranked_files("hello\n", USERS)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("app/search.py", FileKind.CODE),
        ("ui/src/Page.tsx", FileKind.CODE),
        ("db/migrations/001_users.sql", FileKind.CODE),
        ("schema.prisma", FileKind.CODE),
        ("requirements.txt", FileKind.CODE),
        ("pyproject.toml", FileKind.CODE),
        ("package.json", FileKind.CODE),
        ("tests/test_search.py", FileKind.TEST),
        ("app/test_search.py", FileKind.TEST),
        ("tests/fixtures/schema.sql", FileKind.TEST),
        ("docs/search.py", FileKind.DOCS),
        ("README.md", FileKind.DOCS),
        ("notes.txt", FileKind.DOCS),
        ("uv.lock", FileKind.MADE),
        ("package-lock.json", FileKind.MADE),
        ("tests/uv.lock", FileKind.MADE),
        ("prices.json", FileKind.MADE),
        ("vendor/it.js", FileKind.MADE),
    ],
)
def test_what_a_file_is_for(path: str, kind: FileKind) -> None:
    assert kind_of(path) is kind
