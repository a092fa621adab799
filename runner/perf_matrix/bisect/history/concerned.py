"""What a symptom concerns, as far as code may name it: tables, SQL functions, columns, a path.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from perf_matrix.queries.form import form

_VARIABLE = re.compile(r"\$?\{[^}]*\}|:\w+|[0-9]+|[0-9a-fA-F-]{16,}")
# Parameters of a path are written {id}, <id>, :id or put together: any text up to the next slash.
_ANY_SEGMENT = r"[^/\"'`\s]+"
_MOST = 50

Named = TypeVar("Named")


@dataclass(frozen=True)
class Concerned:
    """What to look for in a diff.

    ``tables``: pairs of a statement's verb (SELECT, INSERT, UPDATE, DELETE) and a table. ``functions``: those called
    in SQL that are not SQL's own. ``columns``: of two words or more, which statements filter, join or sort by.
    ``paths``: of requests, ``/v1/chat/completions``.
    """

    tables: tuple[tuple[str, str], ...] = ()
    functions: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


def concerned_by(statements: Iterable[str], requests: Iterable[str] = ()) -> Concerned:
    """What SQL statements and requests (``POST /v1/chat/completions``) concern, each named once.

    ``statements`` are canonical texts, as comparisons hold them; those that cannot be parsed name nothing.
    """
    # The parser takes a quarter of a second to import, and a help text should not wait for it.
    from perf_matrix.bisect.history.sql_names import sql_names  # noqa: PLC0415

    texts = list(dict.fromkeys(statements))
    names = [sql_names(text) for text in texts]
    tables = ((found.verb, table) for found in map(form, texts) for table in found.tables)
    return Concerned(
        tables=_once(tables),
        functions=_once(name for one in names for name in one.functions),
        columns=_once(name for one in names for name in one.columns),
        paths=_once(path for request in requests if (path := path_of(request))),
    )


def path_of(request: str) -> str:
    """The path of a request without its query; empty for the root and for what has no path."""
    path = re.split(r"[?#]", request.split(" ", 1)[-1], maxsplit=1)[0].rstrip("/")
    return path if path.startswith("/") else ""


def path_pattern(path: str) -> re.Pattern[str]:
    """What code calls a path: all of it in quotes, or, where a router has a prefix, its last two segments or more.

    A number or a variable in it stands for any segment.
    """
    segments = [_ANY_SEGMENT if _VARIABLE.fullmatch(one) else re.escape(one) for one in path.split("/")[1:]]
    shortest = min(2, len(segments))
    endings = ["/".join(segments[start:]) for start in range(len(segments) - shortest + 1)]
    return re.compile(rf"[\"'`]/?(?:{'|'.join(endings)})/?[\"'`?]")


def _once(found: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(islice(dict.fromkeys(found), _MOST))
