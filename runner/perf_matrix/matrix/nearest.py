"""Which known word did somebody mean? For the end of every message about an unknown one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LISTED = 20


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like ``word``, whatever its case, or None where none is like it."""
    by_folded = {each.casefold(): each for each in known}
    matches = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def hint(word: str, known: Iterable[str]) -> str:
    """``did you mean 'exclude'?`` or, where no known word is like it, the known words."""
    words = list(known)
    match = nearest(word, words)
    if match is not None:
        return f"did you mean {match!r}?"
    return f"known: {listed(words)}" if words else "there are none"


def listed(words: Iterable[str]) -> str:
    """The words with commas between them; of many, the first 20 and how many more there are."""
    every = list(words)
    more = len(every) - _LISTED
    return ", ".join(every[:_LISTED]) + (f" and {more} more" if more > 0 else "")
