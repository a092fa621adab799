"""Golden files: compare with the committed text, or renew it with PERF_MATRIX_UPDATE_GOLDEN=1."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "golden" / "bisect"
RENEW = "PERF_MATRIX_UPDATE_GOLDEN=1 pytest tests/unit/bisect/report"


def check(name: str, text: str) -> None:
    golden = FOLDER / name
    if os.environ.get("PERF_MATRIX_UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
        return
    expected = golden.read_text(encoding="utf-8") if golden.exists() else ""
    if text != expected:
        (FOLDER / f".got-{name}").write_text(text, encoding="utf-8")
        lines = difflib.unified_diff(
            expected.splitlines(), text.splitlines(), name, f".got-{name}", lineterm=""
        )
        raise AssertionError("\n".join([*lines, f"If this is meant, read it, then: {RENEW}"]))
