"""Changes of text files, as a commit makes them. A change that does not fit what is there is a mistake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Files = Mapping[str, str]
"""The text of every file, by its path in the repository."""


@dataclass(frozen=True)
class Write:
    """A new file."""

    path: str
    text: str

    def applied(self, files: Files) -> dict[str, str]:
        """``files`` with the new one; ValueError where there is one of that path already."""
        if self.path in files:
            raise ValueError(f"{self.path} is there already")
        return {**files, self.path: self.text}


@dataclass(frozen=True)
class Replace:
    """A passage that stands in a file exactly once, and what stands there instead."""

    path: str
    old: str
    new: str

    def applied(self, files: Files) -> dict[str, str]:
        """``files`` with the passage replaced; ValueError where it is not there exactly once."""
        text = files[self.path]
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.path} has this {text.count(self.old)} times, and should have it once:\n{self.old}"
            )
        return {**files, self.path: text.replace(self.old, self.new)}


@dataclass(frozen=True)
class Append:
    """Lines at the end of a file."""

    path: str
    text: str

    def applied(self, files: Files) -> dict[str, str]:
        """``files`` with the lines added."""
        return {**files, self.path: files[self.path] + self.text}


Edit = Write | Replace | Append


def edited(files: Files, edits: Iterable[Edit]) -> dict[str, str]:
    """``files`` after all edits, in their order; ValueError for one that does not fit."""
    result = dict(files)
    for edit in edits:
        result = edit.applied(result)
    return result
