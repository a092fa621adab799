"""Which files of a repository can issue SQL, and which of them are tests.  (Pure.)"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

_NO_CODE_IN = frozenset(
    {"migrations", "migration", "migrate", "alembic", "docs", "doc", "node_modules", "vendor", "dist"}
)
_NO_CODE = (
    *("*.md", "*.mdx", "*.rst", "*.txt", "*.adoc", "*.json", "*.csv", "*.svg", "*.css", "*.map", "*.min.js"),
    *("*.lock", "*-lock.yaml", "*.sum", "*.prisma", "schema.rb", "structure.sql", "schema.sql"),
)
_TESTS_IN = frozenset({"test", "tests", "__tests__", "spec", "specs", "testdata", "e2e"})
_TESTS = (
    *("test_*", "conftest.py", "*_test.*", "*_spec.*", "*.test.*", "*.spec.*"),
    *("*Test.java", "*Tests.java", "*Test.kt"),
)


@lru_cache(maxsize=4096)
def holds_code(file: str) -> bool:
    """Tell whether a changed line of ``file`` can issue SQL: not documentation, a migration, a generated file."""
    return not _is_one_of(file, _NO_CODE_IN, _NO_CODE)


@lru_cache(maxsize=4096)
def is_test(file: str) -> bool:
    """Tell whether ``file`` is a test, by its folders or its name."""
    return _is_one_of(file, _TESTS_IN, _TESTS)


def _is_one_of(file: str, folders: frozenset[str], patterns: Sequence[str]) -> bool:
    *parents, name = file.split("/")
    return not folders.isdisjoint(parents) or any(fnmatchcase(name, pattern) for pattern in patterns)
