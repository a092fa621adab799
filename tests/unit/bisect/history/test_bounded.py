"""A diff that is too large is cut after its last whole file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.bisect.history.bounded import CutDiff, cut

FILE = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -0,0 +1 @@\n+{0}\n"
THREE = "".join(FILE.format(name) for name in "abc")


def test_all_of_it() -> None:
    assert cut(THREE, 15, complete=True) == CutDiff(THREE)


def test_more_lines_than_may_be() -> None:
    assert cut(THREE, 14, complete=True) == CutDiff(THREE[: 2 * len(THREE) // 3], complete=False)


def test_one_that_git_did_not_finish() -> None:
    assert cut(THREE[:-3], 100, complete=False) == CutDiff(THREE[: 2 * len(THREE) // 3], complete=False)


def test_not_even_one_file() -> None:
    assert cut(FILE.format("a")[:-3], 100, complete=False) == CutDiff("", complete=False)


@given(st.integers(0, len(THREE)), st.integers(1, 20))
def test_what_is_kept_is_whole_files_from_the_beginning(size: int, lines: int) -> None:
    kept = cut(THREE[:size], lines, complete=size == len(THREE))
    assert THREE.startswith(kept.text)
    assert len(kept.text) % (len(THREE) // 3) == 0
    assert kept.text.count("\n") <= lines
    assert kept.complete == (kept.text == THREE)
