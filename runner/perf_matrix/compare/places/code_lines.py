"""What of a changed line, and of the lines around it, is code.  (Pure.)"""

from __future__ import annotations

import re
from dataclasses import dataclass

from perf_matrix.compare.diff import ChangedLine

_COMMENT = re.compile(r"\s*(?:#|//|--|/\*|<!--|\*(?=[\s/]|$)(?!\s*FROM\b))", re.IGNORECASE)
_COMMENT_AFTER_CODE = re.compile(r"\s(?:#|//|--)\s")
_IMPORT = re.compile(
    r"\s*(?:from\s+\S+\s+import\b|import\b|export\b.*\bfrom\b|\}\s*from\b|use\s|using\s|package\s|require"
    r"|(?:const|let|var)\b.*\brequire\()"
)
_DEFINES_A_TABLE = re.compile(
    r"\s*(?:CREATE|ALTER|DROP|COMMENT)\b[^;]{0,60}\b(?:TABLE|INDEX|VIEW|TRIGGER|COLUMN)\b", re.IGNORECASE
)
_DOCSTRING = re.compile(r"\s*[rR]?(?:\"\"\"|''')")


def _code(text: str) -> str:
    """The line without its comment; nothing where it only imports or defines a table."""
    if any(pattern.match(text) for pattern in (_COMMENT, _IMPORT, _DEFINES_A_TABLE)):
        return ""
    comment = _COMMENT_AFTER_CODE.search(text)
    return text[: comment.start()] if comment else text


@dataclass(frozen=True)
class Excerpt:
    """A changed line among its neighbours: the code of all, and where the line's own begins and ends."""

    text: str
    start: int
    end: int

    @property
    def line(self) -> str:
        """The code of the line itself."""
        return self.text[self.start : self.end]

    @property
    def is_docstring(self) -> bool:
        """Whether the line begins with Python's quotes of a docstring."""
        return _DOCSTRING.match(self.line) is not None

    def touches(self, found: re.Match[str]) -> bool:
        """What begins above the line has to reach into it, what begins in it may reach below."""
        return found.start() < self.end and found.end() > self.start


def excerpt_of(line: ChangedLine) -> Excerpt:
    """The code of a changed line and of its neighbours; what is no code is left empty."""
    above = "".join(_code(text) + "\n" for text in line.before)
    own = _code(line.text)
    below = "".join("\n" + _code(text) for text in line.after)
    return Excerpt(above + own + below, len(above), len(above) + len(own))
