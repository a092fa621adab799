"""Everything of ours on this machine that nobody needs: what killed runs left, and what was not used for long.

It is found first and removed later, one thing after the other, so that the list can be shown without removing.
Each removal looks once more whether the thing is still unused.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from perf_matrix.cache import Thing, lease_registry, remove_thing, things
from perf_matrix.errors import MeasurementError, MissingToolError
from perf_matrix.lease import DeadLease, clear_dead_lease, dead_leases, oldest_held, processes_of
from perf_matrix.stacks.compose.engine import Engine, find_engine
from perf_matrix.stacks.compose.images import (
    BuiltImage,
    built_images,
    disk_use,
    images_in_use,
    remove_image,
)
from perf_matrix.stacks.compose.leftovers import dead_parts, is_marked, remove_part, unmark_unless_needed
from perf_matrix.stacks.compose.stamps import has_stamps

Kind = Literal["killed run", "container", "network", "volume", "half-made folder", "folder", "image"]
# What a file system counts in, whatever its own blocks are.
_BLOCK = 512
_UNDER_WAY = "a run that is under way may use it"
_GONE = "it was used just now, or somebody else removed it"


@dataclass(frozen=True)
class Leftover:
    """Something that nobody needs. ``size``: bytes that removing it frees; ``used_at``: seconds since 1970.

    ``remove`` tells whether it did; it raises MeasurementError or OSError where it cannot. ``stays``: why it is not
    removed, else empty.
    """

    kind: Kind
    name: str
    size: int | None
    used_at: float | None
    remove: Callable[[], bool]
    stays: str = ""


@dataclass(frozen=True)
class Found:
    """What nobody needs, in an order in which it can be removed.

    ``engine``: the Docker engine, where one answers. ``notes``: what could not be looked for.
    """

    leftovers: list[Leftover]
    engine: Engine | None
    notes: list[str]


@dataclass(frozen=True)
class _Limits:
    """In seconds since 1970: what was not used since ``old`` is old; what was used since ``busy`` may be in use."""

    old: float
    busy: float | None

    def stays(self, used_at: float) -> str:
        """Why something old stays, if it does. A run notes that it uses a thing once, not as long as it does."""
        return _UNDER_WAY if self.busy is not None and used_at >= self.busy else ""


def find_leftovers(cache: Path, old: float, environ: Mapping[str, str]) -> Found:
    """What killed runs that used ``cache`` left, and what has been cached and not used since the moment ``old``.

    Changes nothing.
    """
    registry = lease_registry(cache)
    limits = _Limits(old, oldest_held(registry))
    here = [*_dead_runs(registry), *_cached(cache, limits)]
    try:
        engine = find_engine(environ)
        return Found([*here, *_of_engine(engine, cache, limits)], engine, [])
    except MissingToolError as error:
        # The sentences after the first one are for those who want to measure.
        why = str(error).partition(". ")[0]
    except MeasurementError as error:
        why = str(error)
    used = is_marked(registry) or has_stamps(cache)
    return Found(here, None, [_not_asked(why)] if used else [])


def remove_leftovers(found: Found, cache: Path) -> list[Leftover]:
    """Remove what was found; returns the same with why each thing ``stays`` that could not be removed."""
    done = [each if each.stays else _removed(each) for each in found.leftovers]
    if found.engine is not None:
        with suppress(MeasurementError):
            unmark_unless_needed(found.engine, lease_registry(cache))
    return done


def freed_by_deleting(folder: Path) -> int:
    """Bytes on disk. A file that has another name elsewhere frees none, as those do that uv links to its own cache."""
    freed = 0
    names: Counter[tuple[int, int]] = Counter()
    files: dict[tuple[int, int], os.stat_result] = {}
    for status in _everything_in(folder):
        if stat.S_ISDIR(status.st_mode):
            freed += status.st_blocks * _BLOCK
        else:
            names[status.st_dev, status.st_ino] += 1
            files[status.st_dev, status.st_ino] = status
    last_names = (status for file, status in files.items() if names[file] == status.st_nlink)
    return freed + sum(status.st_blocks * _BLOCK for status in last_names)


def _everything_in(folder: Path) -> Iterator[os.stat_result]:
    """The folder and all below it, but for what goes meanwhile or may not be looked at."""
    for parent, _, files in os.walk(folder):
        for name in ("", *files):
            with suppress(FileNotFoundError, PermissionError):
                yield Path(parent, name).lstat()


def _removed(leftover: Leftover) -> Leftover:
    try:
        return leftover if leftover.remove() else replace(leftover, stays=_GONE)
    except (MeasurementError, OSError) as error:
        return replace(leftover, stays=str(error))


def _dead_runs(registry: Path) -> Iterator[Leftover]:
    for lease in dead_leases(registry):
        yield Leftover(
            kind="killed run",
            name=_name(lease),
            size=freed_by_deleting(lease.private),
            used_at=lease.began_at,
            remove=partial(clear_dead_lease, registry, lease.id),
        )


def _name(lease: DeadLease) -> str:
    number = len(processes_of(lease.id))
    if number == 0:
        return lease.id
    return f"{lease.id} and {number} {'process' if number == 1 else 'processes'}"


def _cached(cache: Path, limits: _Limits) -> Iterator[Leftover]:
    for thing in things(cache):
        if thing.used_at is None or thing.used_at < limits.old:
            yield _folder(thing, cache, limits)


def _folder(thing: Thing, cache: Path, limits: _Limits) -> Leftover:
    return Leftover(
        kind="half-made folder" if thing.used_at is None else "folder",
        name=str(thing.folder.relative_to(cache)),
        size=freed_by_deleting(thing.folder),
        used_at=thing.used_at,
        remove=partial(remove_thing, thing),
        stays="" if thing.used_at is None else limits.stays(thing.used_at),
    )


def _of_engine(engine: Engine, cache: Path, limits: _Limits) -> list[Leftover]:
    parts = dead_parts(engine, lease_registry(cache))
    images = [image for image in built_images(engine, cache) if image.used_at < limits.old]
    if not parts and not images:
        return []
    # Asked only now, since the engine walks through every volume for it.
    sizes = disk_use(engine)
    in_use = images_in_use(engine, besides={part.id for part in parts})
    return [
        *(
            Leftover(
                part.kind, part.name, sizes.get(part.id), part.made_at, partial(remove_part, engine, part)
            )
            for part in parts
        ),
        *(
            Leftover(
                kind="image",
                name=" ".join(image.tags),
                size=sizes.get(image.id),
                used_at=image.used_at,
                remove=partial(remove_image, engine, cache, image),
                stays=_image_stays(image, in_use, limits),
            )
            for image in images
        ),
    ]


def _image_stays(image: BuiltImage, in_use: set[str], limits: _Limits) -> str:
    if image.id in in_use:
        return "a container uses it"
    if image.others:
        return f"somebody calls it {' and '.join(image.others)}"
    return limits.stays(image.used_at)


def _not_asked(why: str) -> str:
    return f"Containers of killed runs and images that were built may remain: {why}."
