"""One name for every writing of a statement.  (Pure.)

Some clients write the columns of an INSERT in another order each time (Prisma's ``create_many`` goes through a
hash map). pg_stat_statements takes each for a statement of its own, and counted apart they would look like
statements that come and go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.form import Identity, form
from perf_matrix.record.model import QueryWindow


def names_in(windows: Iterable[QueryWindow]) -> Mapping[str, str]:
    """Return text -> the canonical text that stands for every writing of the statement, in these windows."""
    texts = sorted({count.text for window in windows for count in window.statements})
    found: dict[Identity, str] = {}
    return {text: found.setdefault(identity(text), canonical(text)) for text in texts}


def with_short_statements(reason: str, statements: Iterable[str], brief: Callable[[str], str]) -> str:
    """Return a reason with the statements in it shortened; the longest first, since one may contain another."""
    for statement in sorted(statements, key=len, reverse=True):
        reason = reason.replace(statement, brief(statement))
    return reason


def identity(text: str) -> Identity:
    """Return what is equal for statements that do the same with the same columns."""
    return form(canonical(text)).identity
