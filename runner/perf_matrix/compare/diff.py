"""A unified diff in, its changed lines out. (Pure.)

The diff comes from a pull request, so it is not to be trusted. unidiff parses it, but is given only what
it needs: file headers and hunks. Its patterns for git's other header lines take minutes for a line
that was made to be slow, and they misread names such as ``a b/c``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, Line, PatchedFile, PatchSet

from perf_matrix.errors import InputError

MAX_CHARACTERS = 50_000_000
MAX_LINES = 1_000_000
"""Of a whole diff. Beyond it, the diff is refused: it would take gigabytes of memory."""
MAX_COLUMNS = 2_000
"""The rest of a longer line is not looked at."""
NEAR = 3
"""So many neighbours of a changed line are kept."""

_HUNK_OR_NAME = ("+", "-", " ", "\\", "@", "\n", "\r")
_HUNK = re.compile(r"@@ -[0-9]{1,10}(?:,[0-9]{1,10})? \+[0-9]{1,10}(?:,[0-9]{1,10})? @@")
_GIT_DIFF = re.compile(r"^(?:diff -|Binary files |Only in |Index: )", re.MULTILINE)
_COMBINED = re.compile(r"^(?:diff --(?:cc|combined) |@@@+ -)", re.MULTILINE)
_PREFIX = re.compile(r"[abciow12]/")
_ESCAPE = re.compile(rb'\\(?:([abtnvfr"\\])|([0-3][0-7]{2}))')
_ESCAPED = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_NOWHERE = "/dev/null"


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line that the diff adds or removes. Lines of text are cut to ``MAX_COLUMNS`` characters."""

    file: str
    """Path in the repository: the new one of an added line, the old one of a removed line."""
    number: int
    """From 1: in the new file for an added line, in the old one for a removed line."""
    text: str
    """With its indentation, without its line end."""
    removed: bool
    before: tuple[str, ...] = ()
    """The unchanged lines right above it in its hunk, at most ``NEAR``."""
    after: tuple[str, ...] = ()
    """The lines right below it in its hunk, as they are in its own version, at most ``NEAR``."""


def changed_lines(diff: str) -> list[ChangedLine]:
    """Every added and removed line, in the diff's order; in each hunk the removed lines come first.

    Reads what ``git diff``, ``git format-patch`` (also of several commits) and ``diff -u`` write. Renames,
    changes of mode and binary files have no lines. Git's prefixes (``a/``, ``b/``) are taken off names; the
    file of a new folder ``b`` written with ``--no-prefix`` cannot be told from one, and loses it too.
    An empty diff has no lines. InputError for text that is no unified diff, for the combined diff of
    a merge, and beyond ``MAX_CHARACTERS`` or ``MAX_LINES``.
    """
    if not diff.strip():
        return []
    _refuse_the_enormous(diff)
    _refuse_a_combined_diff(diff)
    # A lone surrogate stands for a byte that was no UTF-8; it could not be written to comparison.json.
    files = _parse(diff.encode(errors="replace").decode())
    if not files and not _GIT_DIFF.search(diff):
        raise _no_diff(1, "there is no file header ('--- a/FILE') in it")
    return [line for file in files for hunk in file for line in _of_hunk(hunk, *_names(file))]


def _refuse_the_enormous(diff: str) -> None:
    if len(diff) > MAX_CHARACTERS or diff.count("\n") > MAX_LINES:
        raise InputError(
            f"the diff has more than {MAX_CHARACTERS:,} characters or {MAX_LINES:,} lines. Leave generated files"
            " out: git diff BASE HEAD -- . ':(exclude)FOLDER'"
        )


def _refuse_a_combined_diff(diff: str) -> None:
    if found := _COMBINED.search(diff):
        raise _no_diff(diff.count("\n", 0, found.start()) + 1, "it is the combined diff of a merge")


def _no_diff(line: int, reason: str) -> InputError:
    return InputError(
        f"line {line} of the diff: this is not a unified diff: {reason}. Write it with: git diff BASE HEAD"
    )


class _Lines:
    """The lines of a diff as unidiff gets them, and how many of them it has got."""

    def __init__(self, diff: str) -> None:
        # Split at "\n" alone, as git does: what else str.splitlines splits at can stand in a line of code.
        self._lines = StringIO(diff, newline="\n")
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            if line.startswith("@@ -") and not _HUNK.match(line):
                # unidiff would take it, and all of the hunk, for a remark.
                raise _no_diff(self.number, "its '@@ -' does not begin a hunk")
            yield _shorter(line) if line.startswith(_HUNK_OR_NAME) else _first_word(line)


def _shorter(line: str) -> str:
    return line if len(line) <= MAX_COLUMNS else line[:MAX_COLUMNS] + "\n"


def _first_word(line: str) -> str:
    """Enough of a line outside hunks: unidiff takes it for a remark, and within a hunk for an error."""
    return line[:MAX_COLUMNS].split(maxsplit=1)[0] + "\n" if line.strip() else "\n"


def _parse(diff: str) -> PatchSet:
    lines = _Lines(diff)
    try:
        return PatchSet(lines)
    except UnidiffParseError as error:
        reason, _, _ = str(error).partition(":")  # What follows is the line, which may hold anything.
        raise _no_diff(lines.number, reason) from error


def _names(file: PatchedFile) -> tuple[str, str]:
    """The old and the new path. Equal names were written without prefixes: they would differ in them."""
    old, new = _unquoted(file.source_file), _unquoted(file.target_file)
    if old != new and all(name == _NOWHERE or _PREFIX.match(name) for name in (old, new)):
        return old[2:], new[2:]
    return old, new


def _unquoted(name: str) -> str:
    r"""Git's ``"b/na\303\257ve"`` as it is called; other names as they are, without the CR of a CRLF diff."""
    name = name.rstrip("\r")
    if len(name) <= 1 or not (name.startswith('"') and name.endswith('"')):
        return name
    return _ESCAPE.sub(_unescaped, name[1:-1].encode()).decode(errors="replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    letter, octal = found.groups()
    return bytes([_ESCAPED[letter[0]] if letter else int(octal, 8)])


def _of_hunk(hunk: Hunk, old: str, new: str) -> Iterator[ChangedLine]:
    yield from _of_version(hunk.source_lines(), old)
    yield from _of_version(hunk.target_lines(), new)


def _of_version(lines: Iterable[Line], file: str) -> Iterator[ChangedLine]:
    """The changed lines among the lines that one version of the hunk has."""
    version = list(lines)
    texts = [line.value.rstrip("\r\n") for line in version]
    unchanged = 0
    for index, line in enumerate(version):
        if line.is_context:
            unchanged += 1
            continue
        before = tuple(texts[index - min(unchanged, NEAR) : index])
        after = tuple(texts[index + 1 : index + 1 + NEAR])
        yield ChangedLine(file, _number(line), texts[index], line.is_removed, before, after)
        unchanged = 0


def _number(line: Line) -> int:
    number = line.source_line_no if line.is_removed else line.target_line_no
    if not number:
        raise _no_diff(line.diff_line_no or 1, "by its hunk it would be line 0 of its file")
    return number
