"""A list of versions that the user wrote, in the order to take them.  (Pure.)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from perf_matrix.bisect.history.candidate import Candidate, History, candidate_of
from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Subject

_FEWEST = 2


@dataclass(frozen=True)
class ListedSubject:
    """One line of a list."""

    number: int
    """From 1."""
    text: str


def read_list(text: str, source: str) -> list[ListedSubject]:
    """The subjects of a list, one a line, oldest first; ``#`` begins a comment, empty lines do not count.

    ``source``: what to call the list in messages. Raises InputError, with the line, for one that stands twice, and
    where there are fewer than two.
    """
    lines = list(_lines(text))
    seen: dict[str, int] = {}
    for line in lines:
        if first := seen.get(line.text):
            raise _twice(source, line, first)
        seen[line.text] = line.number
    if len(lines) < _FEWEST:
        raise InputError(
            f"{source}: lists {len(lines)} of the 2 versions or more that a bisect needs: write one subject a line, "
            "the oldest first, such as git:v1.2.3 or path:../built/1.2.3"
        )
    return lines


def history_of_list(
    text: str,
    source: str,
    parse: Callable[[str], Subject],
    describe: Callable[[Subject], Candidate] = candidate_of,
) -> History:
    """The versions that a list names, in its order.

    ``parse`` reads a subject: `perf_matrix.subjects.spec.parse_subject`; ``describe`` makes it a candidate. Raises
    InputError with the list's name and the line for what is no subject, and for one that another line names too.
    """
    candidates: dict[str, Candidate] = {}
    places: dict[str, int] = {}
    for line in read_list(text, source):
        try:
            candidate = describe(parse(line.text))
        except InputError as error:
            raise InputError(f"{source}, line {line.number}: {error}") from error
        if first := places.get(candidate.spec):
            raise _twice(source, line, first)
        places[candidate.spec] = line.number
        candidates[candidate.spec] = candidate
    return History("list", tuple(_told_apart(list(candidates.values()))))


def _lines(text: str) -> Iterator[ListedSubject]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        # A "#" within a word belongs to it: folders may be called so.
        kept = "" if line.lstrip().startswith("#") else line.split(" #")[0].split("\t#")[0].strip()
        if kept:
            yield ListedSubject(number, kept)


def _twice(source: str, line: ListedSubject, first: int) -> InputError:
    return InputError(
        f"{source}, line {line.number}: {line.text} is the version of line {first}, too: leave one of them out"
    )


def _told_apart(candidates: list[Candidate]) -> Iterator[Candidate]:
    """A label that two have (images of one tag) gives way to the whole spec."""
    labels = [candidate.label for candidate in candidates]
    for candidate in candidates:
        alone = labels.count(candidate.label) == 1
        yield candidate if alone else Candidate(candidate.spec, candidate.spec, candidate.commit)
