"""What a statement does, apart from which columns it names: how statements of two versions are matched.

A release that adds a column to a table names it in every statement on that table. Such a statement is
the same one, a little wider; called another one it would hide the statements that really are new.
(Pure, on canonical text.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PARAMETER = re.compile(r"(?<![\w$])\$\d+")
_WORD = re.compile(r"[A-Za-z]+")

_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})

Identity = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Form:
    """A statement's canonical form.

    ``key`` is equal for two statements that do the same apart from the plain columns that they name.
    ``verb`` is in upper case: SELECT, INSERT, UPDATE, DELETE, VALUES, or the first word of what is not parsed.
    ``tables`` are those read or written, in order of appearance, each once, without schema and quotes; none
    where the statement is not parsed. ``columns`` are the plain columns that its result or its INSERT or SET
    has, by their names there (``b.x AS y`` is y), without quotes, each once, in the order written.
    """

    key: str
    verb: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def identity(self) -> Identity:
        """Equal for two statements that name the same columns, too, in whatever order."""
        return self.key, tuple(sorted(self.columns))

    @property
    def writes(self) -> bool:
        """Whether the statement changes rows."""
        return self.verb in _WRITES


@lru_cache(maxsize=8192)
def form(canonical_text: str) -> Form:
    """Return the form of a statement as `perf_matrix.queries.canonical` writes it. Any text has one.

    What is not understood completely (utility statements, texts that are cut off, syntax that sqlglot does
    not know, a hundred nested parentheses) is the same as another only if the canonical texts are.
    """
    # The parser takes a quarter of a second to import, and a help text should not wait for it.
    from perf_matrix.queries.parsed_form import parsed_form  # noqa: PLC0415

    try:
        return parsed_form(canonical_text) or _form_of_text(canonical_text)
    except RecursionError:
        return _form_of_text(canonical_text)


def grown(base: Form, head: Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that head has and base has not, and those that base has and head has not."""
    added = tuple(column for column in head.columns if column not in base.columns)
    removed = tuple(column for column in base.columns if column not in head.columns)
    return added, removed


def _form_of_text(text: str) -> Form:
    word = _WORD.search(text)
    return Form(key=f"text {_PARAMETER.sub('$', text)}", verb=word[0].upper() if word else "")
