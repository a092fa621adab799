"""Numbers and texts from elsewhere as a budget file, a message or a comment may hold them."""

from __future__ import annotations

import textwrap

SAME = 1e-6
"""Counts per request are quotients of whole numbers; closer than this they are equal."""

_LONGEST = 300


def figure(value: float) -> str:
    """Returns 2, 2.5 or 0.333333: as many decimals as it has, at most the six that are compared."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def on_one_line(text: str) -> str:
    """Returns the text on one line, shortened, and without characters that are not to be seen."""
    folded = textwrap.shorten(text, _LONGEST, placeholder=" …")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in folded)
