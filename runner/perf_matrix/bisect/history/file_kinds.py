"""What a changed file is for, by its path: how likely a cause is in it.  (Pure.)"""

from __future__ import annotations

from enum import IntEnum
from fnmatch import fnmatchcase

from perf_matrix.compare.places.source_files import holds_code, is_test

_SCHEMA_IN = frozenset({"migrations", "migration", "migrate", "alembic"})
_SCHEMA = ("*.sql", "*.prisma", "schema.rb")
_BUILD = ("requirements*.txt", "package.json", "constraints*.txt")
_DOCS_IN = frozenset({"docs", "doc"})
_DOCS = ("*.md", "*.mdx", "*.rst", "*.txt", "*.adoc")
_MADE = ("*.lock", "*-lock.yaml", "*-lock.json", "*.sum")


class FileKind(IntEnum):
    """The likeliest first."""

    CODE = 0
    TEST = 1
    DOCS = 2
    MADE = 3
    """Lock files, data, and what a program wrote."""


def is_schema(path: str) -> bool:
    """Whether a file defines tables: a migration, or a schema."""
    *parents, name = path.split("/")
    return not _SCHEMA_IN.isdisjoint(parents) or _is(name, _SCHEMA)


def kind_of(path: str) -> FileKind:
    """What a file is, by its path."""
    *parents, name = path.split("/")
    if _is(name, _MADE):
        return FileKind.MADE
    if is_test(path):
        return FileKind.TEST
    if is_schema(path) or _is(name, _BUILD):
        return FileKind.CODE
    if not _DOCS_IN.isdisjoint(parents) or _is(name, _DOCS):
        return FileKind.DOCS
    return FileKind.CODE if holds_code(path) else FileKind.MADE


def _is(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
