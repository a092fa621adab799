"""What a statement names besides its tables.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from perf_matrix.queries.syntax import parsed

_DISTINCTIVE = re.compile(r"[A-Za-z0-9]+_[A-Za-z0-9_]*[A-Za-z0-9]|[a-z0-9]+[A-Z]\w*")
_CLAUSES = (exp.Where, exp.Join, exp.Order, exp.Group)


@dataclass(frozen=True)
class SqlNames:
    """``functions``: those called that are not SQL's own. ``columns``: of two words or more, that decide on rows."""

    functions: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def sql_names(statement: str) -> SqlNames:
    """What a statement names, as `perf_matrix.queries.canonical` writes it; nothing where it is not parsed."""
    try:
        tree = parsed(statement)
    except RecursionError:
        return SqlNames()
    return SqlNames() if tree is None else SqlNames(tuple(_functions(tree)), tuple(_columns(tree)))


def _functions(tree: exp.Expr) -> Iterator[str]:
    """The names of functions that sqlglot does not know: the application's own, and those of extensions."""
    return (node.name for node in tree.find_all(exp.Anonymous) if node.name)


def _columns(tree: exp.Expr) -> Iterator[str]:
    """Columns that decide which rows are read; a list of results names every column there is."""
    clauses = (clause for kind in _CLAUSES for clause in tree.find_all(kind))
    for clause in clauses:
        for column in clause.find_all(exp.Column):
            if _DISTINCTIVE.fullmatch(column.name):
                yield column.name
