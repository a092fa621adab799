"""Numbers and texts from elsewhere as a budget file, a message or a comment may hold them."""

from __future__ import annotations

_LONGEST = 600
_GAP = " … "


def figure(value: float) -> str:
    """Returns 2, 2.5 or 0.333333: as many decimals as it has, at most the six that are compared."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def on_one_line(text: str) -> str:
    """Returns the text on one line and without characters that are not to be seen.

    Of a long one the middle is left out: what it is about comes first, and figures come last.
    """
    folded = _shortened(" ".join(text.split()))
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in folded)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    end = (_LONGEST - len(_GAP)) // 2
    return text[:end].rstrip() + _GAP + text[-end:].lstrip()
