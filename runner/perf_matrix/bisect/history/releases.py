"""The releases between two releases, by the package index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.version import InvalidVersion, Version

from perf_matrix.bisect.history.candidate import Candidate, History, candidate_of
from perf_matrix.errors import InputError
from perf_matrix.subjects.index import Listing, listed_releases, nearest_versions
from perf_matrix.subjects.spec import Release

Refusal = Callable[[str], str | None]
"""Why a version must never be installed; None where it may: `perf_matrix.targets.base.Target.refusal`."""


@dataclass(frozen=True)
class ReleaseChoice:
    """Which of the releases between the ends are candidates.

    ``pre``: pre-releases and development releases, too. ``exclude``: patterns (``1.80.1*``) of versions to pass
    over. The ends are candidates whatever is chosen.
    """

    pre: bool = False
    exclude: tuple[str, ...] = ()


def release_history(
    good: Release,
    bad: Release,
    choice: ReleaseChoice,
    refusal: Refusal,
    list_releases: Callable[[str, Sequence[str]], Listing] = listed_releases,
) -> History:
    """The releases from ``good`` to ``bad``, as the package index has them now.

    Raises what ``list_releases`` and `releases_between` raise.
    """
    for end in (good, bad):
        # Before the index is asked about it by its number.
        _check_allowed(end, refusal)
    return releases_between(
        good, bad, list_releases(good.package, (good.version, bad.version)), choice, refusal
    )


def releases_between(
    good: Release, bad: Release, listing: Listing, choice: ReleaseChoice, refusal: Refusal
) -> History:
    """The releases from ``good`` to ``bad`` in the order of their versions; both ends are among them.  (Pure.)

    Final and post releases, unless ``choice`` says otherwise. Left out with a note: what ``refusal`` refuses.
    Raises InputError where an end is refused or not listed (naming the nearest), where ``good`` is not the older
    one, and for a pattern that matches nothing between the ends.
    """
    first, last = (_checked_end(end, listing, refusal) for end in (good, bad))
    _check_order(good, bad, first, last)
    listed = sorted({Version(version) for version in listing.versions})
    between = [version for version in listed if first < version < last]
    _check_patterns(choice.exclude, between, good, bad)
    chosen = [version for version in between if _is_chosen(version, choice)]
    refused = [version for version in chosen if refusal(str(version)) is not None]
    middle = (
        Candidate(f"{good.package}=={version}", str(version)) for version in chosen if version not in refused
    )
    return History(
        "releases",
        (candidate_of(good), *middle, candidate_of(bad)),
        tuple(
            _notes(refused, [end for end in (good, bad) if end.version in listing.yanked], choice, between)
        ),
    )


def _checked_end(end: Release, listing: Listing, refusal: Refusal) -> Version:
    _check_allowed(end, refusal)
    try:
        version = Version(end.version)
    except InvalidVersion:
        version = None
    if version is None or version not in {Version(one) for one in (*listing.versions, *listing.yanked)}:
        nearest = nearest_versions(end.version, listing.versions)
        named = ", ".join(f"{end.package}=={one}" for one in nearest)
        raise InputError(
            f"the package index offers no release {end.spec} for this Python. The nearest ones are: {named}"
        )
    return version


def _check_allowed(end: Release, refusal: Refusal) -> None:
    if reason := refusal(end.version):
        raise InputError(f"{end.spec}: {reason}")


def _check_order(good: Release, bad: Release, first: Version, last: Version) -> None:
    if first == last:
        raise InputError(f"GOOD and BAD are the same release, {good.spec}: name two, the older one first")
    if first > last:
        raise InputError(
            f"GOOD has to be the older release, and {good.spec} is newer than {bad.spec}. "
            f"Write the older one first, whichever is the faster: {bad.spec} {good.spec}"
        )


def _check_patterns(patterns: Sequence[str], between: Sequence[Version], good: Release, bad: Release) -> None:
    versions = [str(version) for version in between]
    for pattern in patterns:
        if not any(fnmatchcase(version, pattern) for version in versions):
            begins = re.match(r"[0-9.]*[0-9]", pattern)
            nearest = nearest_versions(begins.group() if begins else "", versions)
            known = f"the nearest to it are: {', '.join(nearest)}" if nearest else "there are none"
            raise InputError(
                f"--exclude {pattern}: matches no release between {good.spec} and {bad.spec}; {known}"
            )


def _is_chosen(version: Version, choice: ReleaseChoice) -> bool:
    if version.is_prerelease and not choice.pre:
        return False
    return not any(fnmatchcase(str(version), pattern) for pattern in choice.exclude)


def _notes(
    refused: Sequence[Version], yanked: Sequence[Release], choice: ReleaseChoice, between: Sequence[Version]
) -> Iterator[str]:
    if refused:
        yield f"left out, as they must not be installed: {', '.join(map(str, refused))}"
    for end in yanked:
        yield f"{end.spec} has been yanked from the index: it is tested because it was named"
    passed_over = sum(version.is_prerelease for version in between)
    if passed_over and not choice.pre:
        yield f"{passed_over} pre-releases between the two are not tested: --pre tests them too"
