"""Every way in which a budget file can be wrong, and the exact words about it.

``bad_budgets.txt`` holds the cases, each as ``=== name``, the file, ``--- says`` and the message, which is written
by hand: it is what somebody has to understand.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.budget.read import parse_budget
from perf_matrix.errors import InputError

TEXT = (Path(__file__).parent / "bad_budgets.txt").read_text(encoding="utf-8")
CASES: list[tuple[str, str, str]] = re.findall(
    r"^=== (.+)\n((?:.*\n)*?)--- says\n((?:.+\n)+)", TEXT, re.MULTILINE
)


def test_no_case_is_skipped() -> None:
    assert len(CASES) == TEXT.count("\n=== ") + 1


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_bad_budget(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_budget(text, "perf-budget.yml")
    assert str(caught.value) == expected.rstrip("\n")
