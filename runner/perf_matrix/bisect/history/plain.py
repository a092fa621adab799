"""Texts that others wrote, such as the titles of commits, made fit for one line of a report.  (Pure.)"""

from __future__ import annotations

import unicodedata

LONGEST = 500
"""Characters that are kept of a text."""

_JOINERS = "\u200c\u200d"
"""Between letters and between the parts of an emoji; all other invisible characters go."""


def plain(text: str, longest: int = LONGEST) -> str:
    """``text`` on one line, without what steers a terminal or turns the direction of writing.

    Bytes that were no UTF-8 (lone surrogates here) and control characters become U+FFFD, every kind of space a
    space, in a row one only. Cut to ``longest`` characters, the last of them an ellipsis then.
    """
    cut = text[: 4 * longest]
    line = " ".join("".join(map(_shown, cut)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _shown(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace() or category in ("Zl", "Zp", "Zs"):
        return " "
    if category == "Cf":
        return letter if letter in _JOINERS else ""
    return "\ufffd" if category in ("Cc", "Cs", "Co", "Cn") else letter
