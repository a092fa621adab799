"""The images between two images, by their tags.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import Version

from perf_matrix.bisect.history.candidate import Candidate, History, candidate_of, tag_of
from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Image

# main-v1.80.5-stable.1: what stands before the version, its numbers, what follows, and a number at its end.
_TAG = re.compile(
    r"(?P<before>(?:(?!v[0-9])[A-Za-z]+[0-9]*[_-])*v?)(?P<numbers>[0-9]+(?:\.[0-9]+)+|[0-9]+)"
    r"(?P<after>.*?)(?:(?<=[A-Za-z0-9])[._-]?(?P<patch>[0-9]+))?"
)
_HUB = ("index.docker.io/", "docker.io/")
_ADVICE = "pull the images first (docker pull), or list them in a file, oldest first: --list FILE"


@dataclass(frozen=True)
class _Tag:
    """A tag that is a version: its order, and what stands around the numbers, which tells series apart."""

    order: tuple[Version, int]
    series: tuple[str, str]


def images_between(good: Image, bad: Image, known_tags: Sequence[str]) -> History:
    """The images from ``good`` to ``bad`` among ``known_tags`` of the same name, by their versions.

    Tags are of the same series where the same stands around their numbers: between ``v1.80.5-stable`` and
    ``v1.81.3-stable`` there are only tags ``v…-stable``; ``-stable.1`` comes after ``-stable``. Of two tags
    of one version, the one of the good end's series is taken. Raises InputError where the two have other names, a
    tag that is no version, or the wrong order.
    """
    name = name_of(good)
    if familiar(name) != familiar(name_of(bad)):
        raise InputError(
            f"{good.spec} and {bad.spec} are images of different names: name two of one, or {_ADVICE}"
        )
    first, last = _end(good), _end(bad)
    _check_order(good, bad, first, last)
    chosen: dict[tuple[Version, int], str] = {}
    for series in dict.fromkeys((first.series, last.series)):
        for tag in sorted(known_tags):
            read = _read(tag)
            if read and read.series == series and first.order < read.order < last.order:
                chosen.setdefault(read.order, tag)
    middle = (Candidate(f"image:{name}:{chosen[order]}", chosen[order]) for order in sorted(chosen))
    none = () if chosen else (f"this machine has no image between the two: to test more, {_ADVICE}",)
    return History("images", (candidate_of(good), *middle, candidate_of(bad)), none)


def name_of(image: Image) -> str:
    """The name of an image, without its tag and its digest."""
    named, _, _ = image.reference.partition("@")
    tag = tag_of(named)
    return named.removesuffix(f":{tag}") if tag else named


def familiar(name: str) -> str:
    """As the engine lists it: without the host that every name without a host means."""
    for hub in _HUB:
        if name.startswith(hub):
            return name.removeprefix(hub).removeprefix("library/")
    return name


def _end(image: Image) -> _Tag:
    read = _read(tag_of(image.reference))
    if read is None:
        raise InputError(
            f"{image.spec}: has no tag that is a version, so what comes before and after it is not known: name one "
            f"such as image:{name_of(image)}:v1.2.3, or {_ADVICE}"
        )
    return read


def _read(tag: str) -> _Tag | None:
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    patch = int(found["patch"]) if found["patch"] else 0
    return _Tag((Version(found["numbers"]), patch), (found["before"], found["after"]))


def _check_order(good: Image, bad: Image, first: _Tag, last: _Tag) -> None:
    if first.order == last.order:
        raise InputError(f"{good.spec} and {bad.spec} are the same version: name two, the older one first")
    if first.order > last.order:
        raise InputError(
            f"GOOD has to be the older image, and {good.spec} is newer than {bad.spec}. "
            f"Write the older one first, whichever is the faster: {bad.spec} {good.spec}"
        )
