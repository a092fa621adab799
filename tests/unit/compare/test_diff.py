"""What a diff changes, whatever its author wrote into it."""

from __future__ import annotations

from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.compare.diff import MAX_CHARACTERS, MAX_COLUMNS, MAX_LINES, NEAR, ChangedLine, changed_lines
from perf_matrix.errors import InputError

EDIT = """\
diff --git a/app/teams.py b/app/teams.py
index 1111111..2222222 100644
--- a/app/teams.py
+++ b/app/teams.py
@@ -10,4 +10,5 @@ def lookup():
 first
-second
+2nd
+between
 third
 fourth
"""
RENAME = """\
diff --git a/app/old.py b/app/new.py
similarity index 90%
rename from app/old.py
rename to app/new.py
index 1111111..2222222 100644
--- a/app/old.py
+++ b/app/new.py
@@ -5 +7 @@
-old
+new
"""
DELETED = """\
diff --git a/gone.py b/gone.py
deleted file mode 100644
index 1111111..0000000
--- a/gone.py
+++ /dev/null
@@ -1,2 +0,0 @@
-one
-two
"""
ADDED = """\
diff --git a/b/new.py b/b/new.py
new file mode 100644
index 0000000..1111111
--- /dev/null
+++ b/b/new.py
@@ -0,0 +1 @@
+one
\\ No newline at end of file
"""
BINARY = """\
diff --git a/a.png b/a.png
index 1111111..2222222 100644
Binary files a/a.png and b/a.png differ
diff --git a/b.png b/b.png
index 1111111..2222222 100644
GIT binary patch
literal 10
RcmZQzU|?Wi04V?f2mk;80Vn_f

literal 9
QcmZQzU|?Wi0002M00saA00000

"""
MODE_ONLY = "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
CRLF = "--- a/x.py\r\n+++ b/x.py\r\n@@ -1 +1 @@\r\n-old\r\n+new\r\n"
CARRIAGE_RETURNS_IN_A_LINE = "--- a/x\n+++ b/x\n@@ -0,0 +1,2 @@\n+one\rstill\x0cone\u2028\r\n+two\n"
LIKE_HEADERS = (
    "--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- a/y.sql\n-@@ -1 +1 @@\n+++ b/y.sql\n+diff --git\n"
)
SPACES_AND_PREFIXES_IN_A_NAME = """\
diff --git a/my b/file b/my b/file
index 1111111..2222222 100644
--- a/my b/file\t
+++ b/my b/file\t
@@ -0,0 +1 @@
+one
"""
QUOTED = """\
diff --git "a/na\\303\\257ve \\"q\\"\\t.py" "b/na\\303\\257ve \\"q\\"\\t.py"
--- "a/na\\303\\257ve \\"q\\"\\t.py"
+++ "b/na\\303\\257ve \\"q\\"\\t.py"
@@ -0,0 +1 @@
+one
"""
WITHOUT_PREFIX = "--- b/x.py\n+++ b/x.py\n@@ -0,0 +1 @@\n+one\n"
OTHER_PREFIXES = "--- i/x.py\n+++ w/x.py\n@@ -0,0 +1 @@\n+one\n"
DATED = "--- x.py\t2026-01-01 00:00:00\n+++ x.py\t2026-01-02 00:00:00\n@@ -0,0 +1 @@\n+one\n"
MAIL = """\
From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
From: Somebody <somebody@example.org>
Subject: [PATCH 1/2] Look the team up

- for every request
--- a/no/file
---
 x.py | 1 +
 1 file changed, 1 insertion(+)

diff --git a/x.py b/x.py
--- a/x.py
+++ b/x.py
@@ -3,0 +4 @@
+first
-- \n2.43.0


From 2222222222222222222222222222222222222222 Mon Sep 17 00:00:00 2001
From: Somebody <somebody@example.org>
Subject: [PATCH 2/2] Again

---
diff --git a/x.py b/x.py
--- a/x.py
+++ b/x.py
@@ -4 +4 @@
-first
+second
-- \n2.43.0

"""


def found(diff: str) -> list[tuple[str, int, str]]:
    """File, number and text with its sign."""
    return [(line.file, line.number, "+-"[line.removed] + line.text) for line in changed_lines(diff)]


@pytest.mark.parametrize(
    ("diff", "expected"),
    [
        ("", []),
        (" \n\n", []),
        (
            EDIT,
            [("app/teams.py", 11, "-second"), ("app/teams.py", 11, "+2nd"), ("app/teams.py", 12, "+between")],
        ),
        (RENAME, [("app/old.py", 5, "-old"), ("app/new.py", 7, "+new")]),
        (DELETED, [("gone.py", 1, "-one"), ("gone.py", 2, "-two")]),
        (ADDED, [("b/new.py", 1, "+one")]),
        (BINARY, []),
        (MODE_ONLY, []),
        (MODE_ONLY + BINARY + ADDED, [("b/new.py", 1, "+one")]),
        (CRLF, [("x.py", 1, "-old"), ("x.py", 1, "+new")]),
        (CARRIAGE_RETURNS_IN_A_LINE, [("x", 1, "+one\rstill\x0cone\u2028"), ("x", 2, "+two")]),
        (
            LIKE_HEADERS,
            [
                ("x.sql", 1, "--- a/y.sql"),
                ("x.sql", 2, "-@@ -1 +1 @@"),
                ("x.sql", 1, "+++ b/y.sql"),
                ("x.sql", 2, "+diff --git"),
            ],
        ),
        (SPACES_AND_PREFIXES_IN_A_NAME, [("my b/file", 1, "+one")]),
        (QUOTED, [('naïve "q"\t.py', 1, "+one")]),
        (WITHOUT_PREFIX, [("b/x.py", 1, "+one")]),
        (OTHER_PREFIXES, [("x.py", 1, "+one")]),
        (DATED, [("x.py", 1, "+one")]),
        (MAIL, [("x.py", 4, "+first"), ("x.py", 4, "-first"), ("x.py", 4, "+second")]),
    ],
)
def test_changed_lines_have_the_file_and_number_of_their_own_version(
    diff: str, expected: list[tuple[str, int, str]]
) -> None:
    assert found(diff) == expected


def test_neighbours_are_those_of_the_lines_own_version_of_the_hunk() -> None:
    removed, added, between = changed_lines(EDIT)
    assert (removed.before, removed.after) == (("first",), ("third", "fourth"))
    assert (added.before, added.after) == (("first",), ("between", "third", "fourth"))
    assert (between.before, between.after) == ((), ("third", "fourth"))


@pytest.mark.parametrize(
    ("diff", "line", "reason"),
    [
        ("SELECT 1\n", 1, "there is no file header"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\nb\n", 5, "Hunk diff line expected"),
        ("--- a/x\n+++ b/x\n@@ -1 +1,3 @@\n-a\n+b\n", 5, "Hunk is shorter than expected"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n+b\n+c\n", 6, "Hunk is longer than expected"),
        ("@@ -1 +1 @@\n-a\n+b\n", 1, "Unexpected hunk found"),
        ("+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", 1, "Target without source"),
        ("--- a/x\n+++ b/x\n@@ -0,0 +0,1 @@\n+a\n", 4, "line 0 of its file"),
        ("--- a/x\n+++ b/x\n@@ -0,0 +" + "9" * 9000 + " @@\n+a\n", 3, "does not begin a hunk"),
        ("--- a/x\n+++ b/x\n@@ -0,0 @@\n+a\n", 3, "does not begin a hunk"),
        (
            "diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n",
            1,
            "combined diff of a merge",
        ),
        ("--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n", 3, "combined diff of a merge"),
    ],
)
def test_what_is_no_unified_diff_is_refused_with_its_line_and_what_to_write_instead(
    diff: str, line: int, reason: str
) -> None:
    with pytest.raises(InputError) as caught:
        changed_lines(diff)
    message = str(caught.value)
    assert message.startswith(f"line {line} of the diff: this is not a unified diff: ")
    assert reason in message
    assert message.endswith("Write it with: git diff BASE HEAD")


def test_an_error_repeats_nothing_of_the_diff() -> None:
    with pytest.raises(InputError) as caught:
        changed_lines("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\x1b]0;title\x07\n")
    assert "title" not in str(caught.value)


@pytest.mark.parametrize("body", ["+\n" * MAX_LINES, "+" + "x" * MAX_CHARACTERS])
def test_an_enormous_diff_is_refused(body: str) -> None:
    with pytest.raises(InputError, match=r"more than .*Leave generated files out: git diff"):
        changed_lines(EDIT + body)


def test_ten_megabytes_and_a_line_of_one_megabyte() -> None:
    ordinary = "+" + "x" * 79 + "\n"
    diff = f"--- a/x\n+++ b/x\n@@ -0,0 +1,125001 @@\n{ordinary * 125_000}+{'y' * 1_000_000}\n"
    lines = changed_lines(diff)
    assert (len(lines), lines[-2].number) == (125_001, 125_000)
    assert len(lines[-1].text) == MAX_COLUMNS - 1


@pytest.mark.parametrize(
    "header",
    [
        "diff --git " + "://" * 100_000 + " " * 100_000,
        "Binary files " + " and " * 100_000,
        "Binary files a" + "\t" * 100_000,
    ],
)
def test_header_lines_that_are_made_to_be_slow_are_not(header: str) -> None:
    """A parser that tries every way to split these does not come back within hours."""
    assert found(header + "\n" + ADDED) == [("b/new.py", 1, "+one")]


def test_bytes_that_were_no_text_can_be_written_to_a_comparison() -> None:
    (line,) = changed_lines("--- a/x\udcff\n+++ b/x\udcff\n@@ -0,0 +1 @@\n+caf\udce9\n")
    assert (line.file, line.text) == ("x?", "caf?")


TEXT_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "a", "b", "c", " a", "-- a/x", "++ b/x", "@@ -1 +1 @@", "\\ No newline", "\r", "\t"]
        ),
        st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=5),
    ),
    max_size=12,
)


@given(old=TEXT_LINES, new=TEXT_LINES, context=st.integers(0, 4))
def test_taking_the_changes_back_gives_the_old_text(old: list[str], new: list[str], context: int) -> None:
    diff = "".join(line + "\n" for line in unified_diff(old, new, "a/x", "b/x", n=context, lineterm=""))
    lines = changed_lines(diff)
    removed = {line.number: line.text for line in lines if line.removed}
    added = {line.number: line.text for line in lines if not line.removed}
    assert removed == {number: old[number - 1].rstrip("\r") for number in removed}
    assert added == {number: new[number - 1].rstrip("\r") for number in added}
    assert len(lines) == len(removed) + len(added)
    assert _without(new, added) == _without(old, removed)
    assert all(_stands_in(line, old if line.removed else new) for line in lines)


def _without(text: list[str], changed: dict[int, str]) -> list[str]:
    return [line for number, line in enumerate(text, 1) if number not in changed]


def _stands_in(line: ChangedLine, text: list[str]) -> bool:
    """Whether the neighbours are the line's neighbours in its version."""
    here = line.number - 1
    version = [each.rstrip("\r") for each in text]
    above, below = version[here - len(line.before) : here], version[here + 1 : here + 1 + len(line.after)]
    return (above, below) == (list(line.before), list(line.after)) and len(line.after) <= NEAR


@given(st.text(st.sampled_from("+-@ \\\n\r\tab/0123,\"'diff")))
def test_any_text_is_read_or_refused(text: str) -> None:
    header = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n"
    try:
        lines = changed_lines(header + text)
    except InputError:
        return
    assert all(line.number >= 1 for line in lines)
