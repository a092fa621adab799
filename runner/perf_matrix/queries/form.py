"""What a statement does, apart from which columns it names: how statements of two versions are matched.

A release that adds a column to a table names it in every statement on that table. Such a statement is
the same one, a little wider; called another one it would hide the statements that really are new.
(Pure, on canonical text.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from perf_matrix.queries.meaning import Meaning
from perf_matrix.queries.syntax import parsed
from perf_matrix.queries.tree import is_plain_column, name_of

_PARAMETER = re.compile(r"(?<![\w$])\$\d+")
_WORD = re.compile(r"[A-Za-z]+")

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


@lru_cache(maxsize=8192)
def form(canonical_text: str) -> Form:
    """Return the form of a statement as `perf_matrix.queries.canonical` writes it. Any text has one.

    What is not understood completely (utility statements, texts that are cut off, syntax that sqlglot does
    not know, a hundred nested parentheses) is the same as another only if the canonical texts are.
    """
    try:
        tree = parsed(canonical_text)
        return _form_of_text(canonical_text) if tree is None else _form_of_tree(tree)
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


def _form_of_tree(tree: exp.Expr) -> Form:
    meaning = Meaning(tree)
    statement = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    verb = "SELECT" if isinstance(statement, exp.Query) else type(statement).__name__.upper()
    return Form(meaning.text, verb, meaning.tables, tuple(dict.fromkeys(_columns(statement))))


def _columns(statement: exp.Expr) -> Iterator[str]:
    while isinstance(statement, exp.SetOperation | exp.Subquery):
        statement = statement.this
    if isinstance(statement, exp.Select):
        yield from _listed(statement.expressions)
    if isinstance(statement, exp.Insert) and isinstance(statement.this, exp.Schema):
        yield from (column.name for column in statement.this.expressions)
    if isinstance(statement, exp.Update):
        yield from (
            column.name for item in statement.expressions for column in item.this.find_all(exp.Column)
        )
    if returning := statement.args.get("returning"):
        yield from _listed(returning.expressions)


def _listed(items: Iterable[exp.Expr]) -> Iterator[str]:
    return (name.name for item in items if is_plain_column(item) and (name := name_of(item)))
