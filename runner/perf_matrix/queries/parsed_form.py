"""The form of a statement that can be parsed. (Pure; `perf_matrix.queries.form` is what to call.)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from perf_matrix.queries.form import Form
from perf_matrix.queries.meaning import Meaning
from perf_matrix.queries.syntax import parsed
from perf_matrix.queries.tree import is_plain_column, name_of


def parsed_form(canonical_text: str) -> Form | None:
    """Return the form of a statement by its syntax tree; None where that is not understood completely.

    RecursionError for one that is nested too deeply.
    """
    tree = parsed(canonical_text)
    if tree is None:
        return None
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
