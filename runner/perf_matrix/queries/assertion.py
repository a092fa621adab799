"""Asserting how many SQL statements a request issues: when a count is believed, and what a failure says.  (Pure.)

An assertion never passes on a count that is not exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perf_matrix.errors import InputError
from perf_matrix.queries.ledger import Done
from perf_matrix.queries.naming import with_short_statements
from perf_matrix.queries.profile import WINDOW_SIZES, QueryProfile, needs_more, profile_endpoint
from perf_matrix.queries.slope import RowLine, line_through
from perf_matrix.record.model import QueryWindow

Look = tuple[Done, float]
"""What the database did, over so many seconds."""

_STATEMENTS_SHOWN = 12

_BATCH = "a statement that is issued again and again is usually issued for each row: ask for all rows at once"
_REPEAT = (
    "let every call do the same work (the same answer, the same caches: raise warm_up), "
    "and let nothing else use this database meanwhile"
)


@dataclass(frozen=True)
class Route:
    """The database whose statements are counted, and how to connect to the one that it is counted through."""

    database: str
    conninfo: str


@dataclass(frozen=True)
class Limit:
    """How many statements a request may issue: so many at most, or exactly so many."""

    word: Literal["at_most", "exactly"]
    statements: int

    def allows(self, statements: float) -> bool:
        """Tell whether a request may issue so many."""
        return statements == self.statements or (self.word == "at_most" and statements < self.statements)

    def __str__(self) -> str:
        return f"{self.word.replace('_', ' ')} {self.statements}"


def route(url: str, through: str) -> Route:
    """Return the way to count the database of a URL through the database ``through`` of the same server.

    InputError if libpq does not read the URL, if it names no database, or if both are the same one.
    """
    try:
        database = str(conninfo_to_dict(url).get("dbname") or "")
    except ProgrammingError:
        # Neither the URL nor what libpq says of it is shown: both can hold the password.
        raise InputError(
            "the database URL cannot be read: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with 'postgresql:' "
            "as the scheme (not 'postgresql+psycopg:') and without parameters of Prisma or SQLAlchemy"
        ) from None
    if not database:
        raise InputError("the database URL names no database: add /DATABASE, the one that the service uses")
    if database == through:
        raise InputError(
            f"statements are counted through the database {through}, so those of {through} itself cannot be counted. "
            "Give the service a database of its own, or let the fixture perf_counting_database return another one"
        )
    return Route(database, make_conninfo(url, dbname=through))


def limit(at_most: int | None, exactly: int | None) -> Limit:
    """Return the one limit that is given; InputError if none is or both are, or if it is no whole number."""
    if at_most is not None and exactly is None:
        return Limit("at_most", _whole(at_most, "at_most"))
    if exactly is not None and at_most is None:
        return Limit("exactly", _whole(exactly, "exactly"))
    raise InputError("say how many statements are allowed by one of at_most=… and exactly=…")


def two_sizes(sizes: Sequence[int]) -> tuple[int, int]:
    """Return the smaller and the larger one; InputError if these are not two different sizes, from 1."""
    numbers = sorted({_whole(size, "sizes") for size in sizes} - {0})
    if len(sizes) != len(numbers) or len(numbers) != 2:  # noqa: PLR2004
        raise InputError("sizes=… are two different numbers of rows, such as sizes=(10, 25)")
    return numbers[0], numbers[1]


def _whole(value: object, word: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{word}=… takes whole numbers from 0, not {value!r}")
    return value


def profile_calls(
    endpoint: str,
    take: Callable[[int], Look],
    warm_up: int,
    idle: Look,
    rows: int | None = None,
) -> QueryProfile:
    """Profile an endpoint by windows of requests, until its count is exact or more of them would not help.

    ``take`` sends so many requests and looks at the database. What the first ``warm_up`` requests cause does
    not count. ``idle``: without requests. ``rows``: of each answer, where that is known.
    """
    __tracebackhide__ = True  # Where a request raises, pytest shows the test and the request, not this.
    take(_whole(warm_up, "warm_up"))
    sizes = cycle(WINDOW_SIZES)
    without = [_window(None, 0, idle, None)]
    windows: list[QueryWindow] = []
    while needs_more(windows, without):
        size = next(sizes)
        windows.append(_window(endpoint, size, take(size), rows))
    return profile_endpoint(windows, without)


def _window(endpoint: str | None, requests: int, look: Look, rows: int | None) -> QueryWindow:
    done, seconds = look
    return QueryWindow(
        epoch=0,
        endpoint=endpoint,
        arm="head",
        kind="warm" if endpoint else "idle",
        requests=requests,
        seconds=seconds,
        statements=done.statements,
        evicted=done.evicted,
        rows=rows,
    )


def count_problem(profile: QueryProfile, allowed: Limit, brief: Callable[[str], str]) -> str:
    """Return why a request does not keep to its limit, in lines; empty if it does.

    ``brief`` shortens a statement for a line.
    """
    if profile.per_request is None or not profile.stable:
        return _lines(_not_exact(profile, f"'{allowed}' is not proved", brief))
    if allowed.allows(profile.per_request):
        return ""
    return _lines(_beyond(profile, profile.per_request, allowed, brief))


def growth_problem(smaller: QueryProfile, larger: QueryProfile, brief: Callable[[str], str]) -> str:
    """Return why the statements of two page sizes do not show that there is no N+1, in lines; empty if they do.

    More rows must have been read for the larger page: else both answers held the same rows.
    """
    for profile in (smaller, larger):
        if not profile.stable:
            return _lines(
                _not_exact(
                    profile, f"it is not proved that they do not grow with the rows ({_size(profile)})", brief
                )
            )
    line = line_through(smaller, larger)
    if line is None:
        raise ValueError("profiles of two page sizes are wanted")
    if line.per_row > 0:
        return _lines(_growing(larger, line, brief))
    return _lines(_same_rows(smaller, larger)) if smaller.rows == larger.rows else ""


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines)


def _beyond(
    profile: QueryProfile, found: float, allowed: Limit, brief: Callable[[str], str]
) -> Iterator[str]:
    yield f"{profile.endpoint}: {_statements(found)} per request, {allowed} allowed."
    yield from _counted(profile, brief, "SQL statements per request:")
    if found > allowed.statements:
        yield f"  To do: {_BATCH}. If all of them are meant, write {allowed.word}={found:g}."
    else:
        yield f"  To do: if fewer are meant, write {allowed.word}={found:g}, so that the gain is kept."


def _not_exact(profile: QueryProfile, missing: str, brief: Callable[[str], str]) -> Iterator[str]:
    yield f"{profile.endpoint}: the SQL statements per request could not be counted exactly, so {missing}."
    reason = profile.invalid_because or profile.unstable_because
    yield f"  Reason: {with_short_statements(reason, [*profile.statements, *profile.background], brief)}."
    yield from _counted(profile, brief, "SQL statements per request, not exact:")
    if not profile.invalid_because:
        yield f"  To do: {_REPEAT}."


def _growing(larger: QueryProfile, line: RowLine, brief: Callable[[str], str]) -> Iterator[str]:
    counts = " and ".join(f"{_statements(count)} for {rows:g} rows" for rows, count in line.points)
    name = ", an N+1" if line.is_n_plus_one else ""
    yield f"{larger.endpoint}: {counts}: {_figure(line.per_row)} more for each row{name}."
    yield from _calls("SQL statements for each further row:", line.statements, brief)
    yield f"  To do: {_BATCH}."


def _same_rows(smaller: QueryProfile, larger: QueryProfile) -> Iterator[str]:
    yield (
        f"{larger.endpoint}: the statements read as many rows for {_size(larger)} as for {_size(smaller)}, "
        "so they do not show whether they grow with the rows."
    )
    yield (
        f"  To do: have at least {_size(larger)} in the database that is counted, and let the endpoint use the size "
        "that it is given."
    )


def _counted(profile: QueryProfile, brief: Callable[[str], str], title: str) -> Iterator[str]:
    yield from _calls(title, profile.statements, brief)
    if profile.transactions:
        yield f"  Not counted: BEGIN, COMMIT and the like, {profile.transactions:g} per request."
    meanwhile = {name: calls for name, calls in profile.background.items() if calls}
    yield from _calls("Not counted: background, so many calls in all that time:", meanwhile, brief)


def _calls(title: str, calls: Mapping[str, float], brief: Callable[[str], str]) -> Iterator[str]:
    if not calls:
        return
    yield f"  {title}"
    digits = max(len(_figure(count)) for count in calls.values())
    most_first = sorted(calls.items(), key=lambda item: (-item[1], item[0]))
    for statement, count in islice(most_first, _STATEMENTS_SHOWN):
        yield f"    {_figure(count):>{digits}}  {brief(statement)}"
    if len(calls) > _STATEMENTS_SHOWN:
        yield f"    and {len(calls) - _STATEMENTS_SHOWN} more"


def _statements(count: float) -> str:
    return "1 SQL statement" if count == 1 else f"{count:g} SQL statements"


def _size(profile: QueryProfile) -> str:
    return f"{profile.answer_rows} rows"


def _figure(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
