"""``perf-matrix clean``: removes what killed runs left and what has not been used for long, and nothing else."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from pydantic import BaseModel, ConfigDict
from tabulate import tabulate

from perf_matrix.cache import cache_root
from perf_matrix.report.numbers import ABSENT, MEGABYTE, memory_scale

if TYPE_CHECKING:
    from perf_matrix.stacks.leftovers import Leftover

_NUMBER = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"
_SECONDS = {"w": 7 * 24 * 3600.0, "d": 24 * 3600.0, "h": 3600.0, "m": 60.0}
_AGE = re.compile("".join(f"(?:{_NUMBER}{unit})?" for unit in _SECONDS))
# Shown in the largest of which it is at least two: 36 h says more than 1 d.
_SHOWN = {"d": "d", "h": "h", "m": "min"}
_SMALLEST_SHOWN = 0.1 * MEGABYTE


class Removed(BaseModel):
    """Something that was removed, or would be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str
    size_bytes: int | None
    last_used: datetime | None


class Kept(BaseModel):
    """Something that would have been removed, and why it was not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str
    reason: str


class Cleaned(BaseModel):
    """What ``clean --json`` prints."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool
    removed: list[Removed]
    freed_bytes: int
    kept: list[Kept]
    notes: list[str]


class _Age(click.ParamType[float]):
    """30d, 2w, 12h, 0."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return age_seconds(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(short_help="Remove what killed runs left, and what has not been used for long.")
@click.option(
    "--older-than",
    "age_s",
    type=_Age(),
    default="30d",
    show_default=True,
    metavar="AGE",
    help="Remove what was cached and not used for so long: 12h, 7d, 2w; 0 for everything.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def clean(
    age_s: float,
    dry_run: bool,  # noqa: FBT001 - a flag of the command line
    as_json: bool,  # noqa: FBT001 - a flag of the command line
) -> None:
    """Remove what killed runs left, and environments, packages and images that have not been used for long.

    \b
    Examples:
      perf-matrix clean --dry-run
      perf-matrix clean --older-than 7d
      perf-matrix clean --older-than 0

    Runs that are under way keep what they use. Run folders, with what was measured, are never removed.
    """
    # The Docker SDK takes a third of a second to import, and the other commands should not wait for it.
    from perf_matrix.stacks.leftovers import find_leftovers, remove_leftovers  # noqa: PLC0415

    now, cache = time.time(), cache_root()
    found = find_leftovers(cache, now - age_s, os.environ)
    leftovers = found.leftovers if dry_run else remove_leftovers(found, cache)
    cleaned = cleaned_of(leftovers, found.notes, dry_run=dry_run)
    click.echo(cleaned.model_dump_json(indent=2) if as_json else listing(cleaned, now))


def age_seconds(text: str) -> float:
    """``2w``, ``7d``, ``12h``, ``1d12h`` or 0, in seconds; ValueError for any other text."""
    if text == "0":
        return 0.0
    match = _AGE.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"{text!r} is not an age; write 12h, 7d or 2w, or 0 for everything")
    parts = zip(match.groups(), _SECONDS.values(), strict=True)
    return sum(float(number) * unit_s for number, unit_s in parts if number)


def cleaned_of(leftovers: Sequence[Leftover], notes: Sequence[str], *, dry_run: bool) -> Cleaned:
    """What became of the leftovers."""
    gone = [each for each in leftovers if not each.stays]
    return Cleaned(
        dry_run=dry_run,
        removed=[
            Removed(kind=each.kind, name=each.name, size_bytes=each.size, last_used=_moment(each.used_at))
            for each in gone
        ],
        freed_bytes=sum(each.size or 0 for each in gone),
        kept=[Kept(kind=each.kind, name=each.name, reason=each.stays) for each in leftovers if each.stays],
        notes=list(notes),
    )


def listing(cleaned: Cleaned, now: float) -> str:
    """The same for people: a table, the sum, and what stays. ``now``: seconds since 1970."""
    rows = [
        [each.kind, each.name, _size(each.size_bytes), _ago(each.last_used, now)] for each in cleaned.removed
    ]
    lines = [_table(rows), "", _sum(cleaned)] if rows else ["Nothing to remove."]
    stays = [f"Stays: {each.kind} {each.name}: {each.reason}." for each in cleaned.kept]
    return "\n".join([*lines, *stays, *cleaned.notes])


def _table(rows: list[list[str]]) -> str:
    header = ["kind", "name", "size", "last used"]
    text = tabulate(
        rows,
        headers=header,
        tablefmt="simple",
        disable_numparse=True,
        colalign=("left", "left", "right", "right"),
    )
    return "\n".join(line.rstrip() for line in text.splitlines())


def _sum(cleaned: Cleaned) -> str:
    return f"{'Would free' if cleaned.dry_run else 'Freed'}: {_size(cleaned.freed_bytes)}"


def _size(size: int | None) -> str:
    if size is None:
        return ABSENT
    if 0 < size < _SMALLEST_SHOWN:
        return "<0.1 MB"
    scale = memory_scale([size])
    return f"{scale.text(size)} {scale.unit}"


def _ago(moment: datetime | None, now: float) -> str:
    if moment is None:
        return ABSENT
    age_s = max(0.0, now - moment.timestamp())
    for unit, shown in _SHOWN.items():
        if age_s >= 2 * _SECONDS[unit]:
            return f"{age_s // _SECONDS[unit]:.0f} {shown} ago"
    return "just now"


def _moment(seconds_since_1970: float | None) -> datetime | None:
    return None if seconds_since_1970 is None else datetime.fromtimestamp(seconds_since_1970, UTC)
