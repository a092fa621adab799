"""Which changed files no cause is looked for in."""

from __future__ import annotations

import pytest

from perf_matrix.bisect.history.passed_over import LARGEST, is_passed_over, is_written_by_a_program


@pytest.mark.parametrize(
    "path",
    [
        "it/__pycache__/a.pyc",
        "it/a.pyc",
        "ui/_next/static/a.js",
        "ui/node_modules/b/index.js",
        "it-1.0.dist-info/RECORD",
        "dist/it.js",
        "static/it.min.js",
        "static/it.js.map",
    ],
)
def test_by_its_name(path: str) -> None:
    assert is_passed_over(path)


@pytest.mark.parametrize("path", ["it/a.py", "dist.py", "a/minjs.js", "it/schema.prisma", "uv.lock"])
def test_not_by_its_name(path: str) -> None:
    assert not is_passed_over(path)


@pytest.mark.parametrize(
    "content",
    [b"\x7fELF\0\0", b"x" * (LARGEST + 1), b"a,b\n" * (LARGEST // 4 + 1), (b"x" * 2000 + b"\n") * 20],
)
def test_by_its_content(content: bytes) -> None:
    assert is_written_by_a_program(content)


@pytest.mark.parametrize("content", [b"", b"x = 1\n" * 10_000, b"x" * 9_000, "naïve\n".encode("latin-1")])
def test_not_by_its_content(content: bytes) -> None:
    assert not is_written_by_a_program(content)
