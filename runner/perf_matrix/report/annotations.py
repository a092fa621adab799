"""Warnings for lines of the diff: where the SQL that head issues more often likely comes from. Pure.

Only for lines that the diff adds, since no others are on head, and only where a rule matched: a guess without a
match is no annotation. A statement's likeliest line is called a likely place; its next ones are said to touch it, too.
Texts are plain: no control characters, no markup.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from perf_matrix.compare.model import CellComparison, Comparison, EndpointComparison, Place, Queries
from perf_matrix.report import numbers, plain, sql
from perf_matrix.report.plain import shortened
from perf_matrix.report.table import cell_label

MOST_BYTES = 65_536
MOST_IN_TITLE = 255
_SQL_WIDTH = 300
_NAME_WIDTH = 80
_RULE_WIDTH = 200
_ENDPOINTS_NAMED = 4
_MOST_PLACES = 5
_ROOM_TO_END = 100


@dataclass(frozen=True, slots=True)
class Annotation:
    """A warning for one line of a file on head; ``path`` is relative to the repository, ``line`` counts from 1."""

    path: str
    line: int
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class _Issued:
    """A statement that an endpoint issues ``more`` often per request on head; ``counts`` are both, in words.

    ``likeliest``: of the lines on head that touch it, ``place`` is the one that it most likely comes from.
    """

    statement: str
    counts: str
    more: float
    endpoint: str
    place: Place
    likeliest: bool


def annotations(comparison: Comparison) -> list[Annotation]:
    """Return an annotation for each line that SQL of regressed endpoints may come from.

    Lines that are the likeliest of a statement come first, and among them the worst.
    """
    places: defaultdict[tuple[str, int], list[_Issued]] = defaultdict(list)
    for issued in _issued_more_often(comparison):
        places[issued.place.file, issued.place.line].append(issued)
    found = [(place, sorted(issued, key=_rank)) for place, issued in places.items()]
    found.sort(key=lambda one: (_rank(one[1][0]), one[0]))
    return [_annotation(path, line, issued) for (path, line), issued in found]


def _rank(issued: _Issued) -> tuple[bool, float]:
    # Of many annotations a job's log shows the first ten only.
    return not issued.likeliest, -issued.more


def _issued_more_often(comparison: Comparison) -> Iterator[_Issued]:
    for cell in comparison.cells:
        for endpoint in cell.endpoints:
            if endpoint.verdict == "regression" and endpoint.queries:
                yield from _by_endpoint(_name(cell, endpoint, comparison), endpoint.queries)


def _name(cell: CellComparison, endpoint: EndpointComparison, comparison: Comparison) -> str:
    where = f" in {_short(cell_label(cell), _NAME_WIDTH)}" if len(comparison.cells) > 1 else ""
    return f"{_short(endpoint.name, _NAME_WIDTH)}{where}"


def _by_endpoint(name: str, queries: Queries) -> Iterator[_Issued]:
    """Yield the new and the multiplied statements at each of their places on head, the likeliest first."""
    counted = [
        *((new.statement, 0.0, new.per_request, new.places) for new in queries.added),
        *((both.statement, both.base, both.head, both.places) for both in queries.changed),
    ]
    for statement, base, head, places in counted:
        counts = f"{_count(base, queries)} → {_count(head, queries)} per request"
        on_head = islice(filter(_is_on_head, places), _MOST_PLACES) if head > base else ()
        for rank, place in enumerate(on_head):
            yield _Issued(statement, counts, head - base, name, place, likeliest=rank == 0)


def _count(value: float, queries: Queries) -> str:
    text = numbers.count(value)
    return text if queries.stable or not value else numbers.approximate(text)


def _is_on_head(place: Place) -> bool:
    """Tell whether the place is an added line, in a file with a name that stays within the repository."""
    path = PurePosixPath(place.file)
    within = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    return within and not place.removed and "\\" not in place.file and plain.line(place.file) == place.file


def _annotation(path: str, line: int, found: Sequence[_Issued]) -> Annotation:
    statements = list(_together(found))
    worst, _ = statements[0]
    rest = f", and {len(statements) - 1} more" if len(statements) > 1 else ""
    return Annotation(
        path=path,
        line=line,
        title=shortened(f"SQL issued more often: {worst}{rest}", MOST_IN_TITLE),
        message=_fitted([f"{counts}: {statement}" for counts, statement in statements], _rules(found)),
    )


def _together(found: Sequence[_Issued]) -> Iterator[tuple[str, str]]:
    """Yield how often each statement is issued by which endpoints, and the statement on one line."""
    endpoints: defaultdict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for issued in found:
        endpoints[issued.counts, issued.statement, issued.likeliest].append(issued.endpoint)
    for (counts, statement, likeliest), names in endpoints.items():
        mark = "" if likeliest else " (also touched here)"
        yield f"{counts} of {_named(names)}{mark}", plain.line(sql.brief(plain.block(statement), _SQL_WIDTH))


def _named(names: Sequence[str]) -> str:
    rest = len(names) - _ENDPOINTS_NAMED
    return ", ".join(names[:_ENDPOINTS_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _rules(found: Sequence[_Issued]) -> str:
    likely = _named_rules(issued for issued in found if issued.likeliest)
    others = _named_rules(issued for issued in found if not issued.likeliest)
    said = f"A likely place: {likely}. " if likely else ""
    said += f"Also touched here, likelier from another line: {others}. " if others else ""
    return f"{said}Only names were compared; the cause may lie elsewhere."


def _named_rules(found: Iterable[_Issued]) -> str:
    rules = ", ".join(dict.fromkeys(_short(issued.place.rule, _RULE_WIDTH) for issued in found))
    return shortened(rules, _RULE_WIDTH)


def _fitted(lines: Sequence[str], last: str) -> str:
    """Return the lines and a last one; those for which one annotation has no room are counted."""
    left = MOST_BYTES - len(last.encode()) - _ROOM_TO_END
    kept: list[str] = []
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            kept.append(f"and {len(lines) - len(kept)} more")
            break
        kept.append(line)
    return "\n".join([*kept, last])


def _short(text: str, width: int) -> str:
    return shortened(plain.line(text), width)
