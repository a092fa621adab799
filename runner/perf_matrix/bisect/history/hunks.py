"""What git says around a diff's lines: renames, and what each hunk stands in.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -[0-9]+(?:,([0-9]{1,10}))? \+[0-9]+(?:,([0-9]{1,10}))? @@ ?(.{0,300})")
_NEW_NAME = re.compile(r"\+\+\+ b/([^\t\r]*)")


@dataclass
class Surroundings:
    """``headings``: by file, the lines that git shows as what a hunk is in. ``renamed``: old path → new path."""

    headings: dict[str, list[str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)


def surroundings(diff: str) -> Surroundings:
    """What git says around the lines of a diff with its usual prefixes. Names that git quotes are passed over."""
    found = Surroundings()
    new_name = old_name = ""
    for line in _outside_hunks(diff):
        if line.startswith("diff --git "):
            new_name = old_name = ""
        elif line.startswith("rename from "):
            old_name = line.removeprefix("rename from ")
        elif line.startswith("rename to ") and old_name:
            found.renamed[old_name] = line.removeprefix("rename to ")
        elif name := _NEW_NAME.match(line):
            new_name = name[1]
        elif (hunk := _HUNK.match(line)) and hunk[3].strip() and new_name:
            found.headings.setdefault(new_name, []).append(hunk[3])
    return found


def _outside_hunks(diff: str) -> Iterator[str]:
    """Every line that is no line of a file; what is removed may look like a header (``--- a``)."""
    old = new = 0
    for line in diff.split("\n"):
        if old <= 0 and new <= 0:
            if hunk := _HUNK.match(line):
                old, new = (int(count or 1) for count in hunk.group(1, 2))
            yield line
        elif not line.startswith("\\"):
            old -= not line.startswith("+")
            new -= not line.startswith("-")
