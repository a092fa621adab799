"""Finds the changed lines that touch a statement's tables, the likeliest first.  (Pure.)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from perf_matrix.compare.diff import ChangedLine
from perf_matrix.compare.model import Place
from perf_matrix.compare.places.code_lines import excerpt_of
from perf_matrix.compare.places.rules import Match, strongest
from perf_matrix.compare.places.source_files import holds_code, is_test
from perf_matrix.compare.places.table_names import names_of

SHOWN = 200
"""Characters of a line that a place shows."""


@dataclass(frozen=True)
class _Hit:
    """What the strongest rule says of one line and one table."""

    line: ChangedLine
    table: str
    match: Match


def likely_places(
    lines: Sequence[ChangedLine], verb: str, tables: Sequence[str], limit: int = 5
) -> list[Place]:
    """The changed lines that touch the tables of an SQL statement of head's; at most ``limit``, best first.

    ``verb`` is SELECT, INSERT, UPDATE or DELETE, ``tables`` are the statement's, as SQL names them. Ranked
    by: outside tests before tests, added before removed, the stronger rule, the table that fewer
    lines touch, then file and line. A line is one place, for the table that it touches most surely. Never a
    place: a comment, an import, the definition of a table, and a line of documentation, of a migration or
    schema, or of a generated file. A text is cut to 200 characters.
    """
    hits = list(_hits(lines, verb.upper(), tables))
    touched = Counter(hit.table for hit in hits)

    def rank(hit: _Hit) -> tuple[bool, bool, int, int, str, int]:
        line = hit.line
        rare = touched[hit.table]
        return is_test(line.file), line.removed, hit.match.strength, rare, line.file, line.number

    # A line's later hits say less: setdefault keeps the first.
    best: dict[ChangedLine, _Hit] = {}
    for hit in sorted(hits, key=rank):
        best.setdefault(hit.line, hit)
    return [_place(hit) for hit in islice(best.values(), max(0, limit))]


def _hits(lines: Sequence[ChangedLine], verb: str, tables: Sequence[str]) -> Iterator[_Hit]:
    named = [names_of(table) for table in dict.fromkeys(tables) if table]
    for line in lines:
        if not holds_code(line.file):
            continue
        near = "\n".join((*line.before, line.text, *line.after)).lower()
        for names in named:
            if names.hint in near and (match := strongest(excerpt_of(line), names, verb)):
                yield _Hit(line, names.table, match)


def _place(hit: _Hit) -> Place:
    line = hit.line
    return Place(
        file=line.file,
        line=line.number,
        removed=line.removed,
        text=line.text.strip()[:SHOWN],
        table=hit.table,
        rule=hit.match.rule + (", in a test" if is_test(line.file) else ""),
    )
