"""Which of the changed files touch what a symptom concerns, the likeliest first.  (Pure.)

Like `perf_matrix.compare.places`, which it goes by for tables: names are compared, so it is a hint and no proof.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial

from perf_matrix.bisect.history.concerned import Concerned, path_pattern
from perf_matrix.bisect.history.file_kinds import is_schema, kind_of
from perf_matrix.bisect.history.hunks import surroundings
from perf_matrix.bisect.history.pages import file_in
from perf_matrix.bisect.history.plain import plain
from perf_matrix.bisect.model import ChangedFile
from perf_matrix.compare.diff import ChangedLine, changed_lines
from perf_matrix.compare.places.code_lines import excerpt_of
from perf_matrix.compare.places.rules import Strength, strongest
from perf_matrix.compare.places.source_files import holds_code
from perf_matrix.compare.places.table_names import TableNames, names_of

Rule = Callable[[ChangedLine], Iterator["Reason"]]
Tables = Sequence[tuple[TableNames, tuple[str, ...]]]
"""Each table with the verbs of the statements that read or write it."""
Patterns = Sequence[tuple[str, re.Pattern[str]]]

_REASONS = 5
"""So many are said of a file."""
_LONGEST_NAME = 80


class Weight(IntEnum):
    """How much a reason says; the smallest is the strongest."""

    ISSUES = 0
    """Touches the table with the statement's verb, or names the SQL function."""
    TOUCHES = 1
    """Touches the table in another way, or names the path."""
    NAMES = 2
    """Names the table or a column."""
    NEAR = 3
    """Calls something named after the table, or stands by the path."""


@dataclass(frozen=True, order=True)
class Reason:
    """Why a file is thought to be concerned: ``touches the table users``."""

    weight: Weight
    words: str


@dataclass
class _File:
    added: int = 0
    removed: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    def rank(self, path: str) -> tuple[object, ...]:
        strongest_first = sorted(self.reasons)
        weight = strongest_first[0].weight if strongest_first else len(Weight)
        hits = sum(count for reason, count in self.reasons.items() if reason.weight == weight)
        lines = self.added + self.removed
        return kind_of(path), weight, -hits, -sum(self.reasons.values()), -lines, path


def ranked_files(diff: str, concerned: Concerned, commit_page: str = "") -> list[ChangedFile]:
    """The files that a unified diff changes, those that touch what is concerned first.

    Code comes before tests, these before documents, these before lock files, data and generated files; within
    each, the stronger reason, more lines that give it, more changed lines. A renamed file is named by its new
    path. ``commit_page``: where the files can be read, if there is such a page. Files of which no line changed are
    not listed. Raises InputError for what `perf_matrix.compare.diff.changed_lines` refuses.
    """
    around = surroundings(diff)
    rules = _rules(concerned)
    files: dict[str, _File] = defaultdict(_File)
    for line in changed_lines(diff):
        path = around.renamed.get(line.file, line.file) if line.removed else line.file
        file = files[path]
        file.removed += line.removed
        file.added += not line.removed
        file.reasons.update({reason for rule in rules for reason in rule(line)})
    for path, headings in around.headings.items():
        if path in files:
            files[path].reasons.update(_of_headings(headings, concerned))
    ordered = sorted(files, key=lambda path: files[path].rank(path))
    return [_changed_file(path, files[path], commit_page) for path in ordered]


def _rules(concerned: Concerned) -> list[Rule]:
    verbs: dict[str, set[str]] = defaultdict(set)
    for verb, table in concerned.tables:
        verbs[table].add(verb)
    tables = [(names_of(table), tuple(sorted(found))) for table, found in verbs.items()]
    return [
        partial(_of_tables, tables),
        partial(_of_functions, _calls(concerned.functions)),
        partial(_of_columns, _words(concerned.columns)),
        partial(_of_paths, [(path, path_pattern(path)) for path in concerned.paths]),
    ]


def _of_tables(tables: Tables, line: ChangedLine) -> Iterator[Reason]:
    near = "\n".join((*line.before, line.text, *line.after)).lower()
    for names, verbs in tables:
        if names.hint not in near:
            continue
        if is_schema(line.file):
            if re.search(rf"(?<!\w){re.escape(names.table)}(?!\w)", line.text, re.IGNORECASE):
                yield Reason(Weight.NAMES, f"names the table {_short(names.table)}")
        elif holds_code(line.file):
            excerpt = excerpt_of(line)
            matches = [match for verb in verbs if (match := strongest(excerpt, names, verb))]
            if matches:
                yield _of_strength(min(match.strength for match in matches), _short(names.table))


def _of_strength(strength: Strength, table: str) -> Reason:
    if strength <= Strength.INSIDE:
        return Reason(Weight.ISSUES, f"touches the table {table}")
    if strength <= Strength.SQL:
        return Reason(Weight.TOUCHES, f"touches the table {table}")
    if strength in (Strength.NAME, Strength.MENTION):
        return Reason(Weight.NAMES, f"names the table {table}")
    return Reason(Weight.NEAR, f"calls what is named after the table {table}")


def _of_functions(functions: Patterns, line: ChangedLine) -> Iterator[Reason]:
    for name, pattern in functions:
        if pattern.search(line.text):
            yield Reason(Weight.ISSUES, f"names the function {_short(name)}")


def _of_columns(columns: Patterns, line: ChangedLine) -> Iterator[Reason]:
    for name, pattern in columns:
        if pattern.search(line.text):
            yield Reason(Weight.NAMES, f"names the column {_short(name)}")


def _of_paths(paths: Patterns, line: ChangedLine) -> Iterator[Reason]:
    for path, pattern in paths:
        if pattern.search(line.text):
            yield Reason(Weight.TOUCHES, f"names the path {_short(path)}")
        elif any(pattern.search(text) for text in (*line.before, *line.after)):
            yield Reason(Weight.NEAR, f"changes what is next to the path {_short(path)}")


def _of_headings(headings: Sequence[str], concerned: Concerned) -> Iterator[Reason]:
    """What the lines name that git shows as what a hunk is in; once for each hunk."""
    kinds = (
        ("table", _words(tuple(dict.fromkeys(table for _, table in concerned.tables)))),
        ("function", _calls(concerned.functions)),
        ("path", [(path, path_pattern(path)) for path in concerned.paths]),
    )
    for heading in headings:
        for kind, patterns in kinds:
            for name, pattern in patterns:
                if pattern.search(heading):
                    yield Reason(Weight.NAMES, f"changes what is under the {kind} {_short(name)}")


def _words(names: Sequence[str]) -> Patterns:
    return [(name, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)) for name in names]


def _calls(names: Sequence[str]) -> Patterns:
    """Of functions: called or defined. Their bare names may be any word."""
    return [
        (
            name,
            re.compile(
                rf"(?<!\w){re.escape(name)}\"?\s?\(|\bFUNCTION\s.{{0,80}}\b{re.escape(name)}\b", re.IGNORECASE
            ),
        )
        for name in names
    ]


def _changed_file(path: str, file: _File, commit_page: str) -> ChangedFile:
    return ChangedFile(
        path=path if path.isprintable() else plain(path),
        added=file.added,
        removed=file.removed,
        because=_because(file.reasons),
        url=file_in(commit_page, path),
    )


def _because(reasons: Counter[Reason]) -> list[str]:
    """The strongest first; the same words of several weights are one reason."""
    weights: dict[str, Weight] = {}
    lines: Counter[str] = Counter()
    for reason, count in reasons.items():
        weights[reason.words] = min(weights.get(reason.words, reason.weight), reason.weight)
        lines[reason.words] += count
    ordered = sorted(weights, key=lambda words: (weights[words], -lines[words], words))
    return [f"{words} in {lines[words]} {_lines(words, lines[words])}" for words in ordered[:_REASONS]]


def _lines(words: str, count: int) -> str:
    unit = "place" if words.startswith("changes what is under") else "line"
    return unit if count == 1 else f"{unit}s"


def _short(name: str) -> str:
    return plain(name, _LONGEST_NAME)
