"""What git says around the lines of a diff."""

from __future__ import annotations

from perf_matrix.bisect.history.hunks import surroundings

DIFF = """\
diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -10,3 +10,3 @@ def search():
 x
--- a/no_header.py
+++ b/no_header.py
 y
@@ -30 +30 @@ class Users:
-one
+two
\\ No newline at end of file
@@ -50,0 +51 @@
+three
diff --git a/old name.py b/new name.py
similarity index 90%
rename from old name.py
rename to new name.py
--- a/old name.py\t
+++ b/new name.py\t
@@ -1 +1 @@ heading of the renamed
-a
+b
"""


def test_headings_and_renames() -> None:
    found = surroundings(DIFF)
    assert found.headings == {
        "a.py": ["def search():", "class Users:"],
        "new name.py": ["heading of the renamed"],
    }
    assert found.renamed == {"old name.py": "new name.py"}


def test_nothing_in_what_is_no_diff() -> None:
    found = surroundings("rename to x\n@@ -1 +1 @@ orphan\nhello\n")
    assert (found.headings, found.renamed) == ({}, {})
