"""Why a count or a line is in doubt, as a person reads it: SQL shortened, the figures behind it kept."""

from __future__ import annotations

import re

from perf_matrix.report import sql

_SQL_WIDTH = 90

# A reason names a statement, then what was counted of it: 'head: SELECT …: 6 calls in 4 requests but …'.
_STATEMENT = re.compile(
    r"(?:^|(?<=; )|(?<=: ))\(*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b.*?(?=: \d|$)",
    re.IGNORECASE | re.DOTALL,
)


def readable(reason: str) -> str:
    """Return the reason with each statement in it on one short line; everything else stays as it is."""
    return _STATEMENT.sub(lambda found: sql.brief(found.group(), _SQL_WIDTH), reason)
