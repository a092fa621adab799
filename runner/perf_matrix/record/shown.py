"""What other machines wrote, made fit for a message on a terminal or in the log of a job.  (Pure.)"""

from __future__ import annotations

_LONGEST = 200


def on_one_line(text: object) -> str:
    """Return ``text`` with line breaks, control and invisible characters spelled out: ``\\n``, ``\\x1b``."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(text))


def shown(text: object) -> str:
    """Return ``text`` on one line, at most 200 characters of it."""
    written = on_one_line(text)
    return written if len(written) <= _LONGEST else f"{written[: _LONGEST - 1]}…"
