"""What git's own bisect, under way in a checkout, is about: its ends, and the commit that it asks about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.subjects.git import run_git
from perf_matrix.subjects.revision import commit_of, is_full_hash, repository_of

_NOTED = re.compile(r"^# (?P<term>[^:]+): \[(?P<sha>[0-9a-f]{40}|[0-9a-f]{64})\]", re.MULTILINE)


@dataclass(frozen=True)
class Session:
    """The ends that the bisect began with and the commit to judge, by full hashes; ``folder``: for what is kept."""

    repository: Path
    good: str
    bad: str
    commit: str
    folder: Path


def read_session(checkout: Path, good: str | None, bad: str | None) -> Session:
    """The session in ``checkout``. ``good``, ``bad``: instead of the ends that git knows.

    Raises InputError where no bisect is under way, or an end is not known.
    """
    repository = repository_of(checkout)
    noted = {} if good and bad else _first_of_each_term(repository)
    terms = ["good", "bad"] if good and bad else _terms(repository)
    first, last = (
        commit_of(given, repository) if given else _known(noted, term)
        for given, term in zip((good, bad), terms, strict=True)
    )
    place = run_git(repository, "rev-parse", "--git-path", f"perf-matrix-bisect/{first[:12]}-{last[:12]}")
    return Session(repository, first, last, _asked_for(repository), repository / place.stdout.strip())


def _terms(repository: Path) -> list[str]:
    told = [run_git(repository, "bisect", "terms", f"--term-{term}") for term in ("good", "bad")]
    return [one.stdout.strip() or term for one, term in zip(told, ("good", "bad"), strict=True)]


def _first_of_each_term(repository: Path) -> dict[str, str]:
    """What git noted when the bisect began, by term."""
    log = run_git(repository, "bisect", "log")
    if log.returncode != 0:
        raise InputError(
            f"no git bisect is under way in {repository}: begin one with git bisect start BAD GOOD, "
            "or name both ends with --good and --bad"
        )
    found: dict[str, str] = {}
    for noted in _NOTED.finditer(log.stdout):
        found.setdefault(noted["term"], noted["sha"])
    return found


def _known(noted: dict[str, str], term: str) -> str:
    if term not in noted:
        raise InputError(f"git bisect does not know a {term} commit yet: git bisect {term} COMMIT")
    return noted[term]


def _asked_for(repository: Path) -> str:
    """With --no-checkout git says it in the file BISECT_HEAD, otherwise it is checked out.

    Read from the file: by its name a tag or a branch of the repository could be meant as well.
    """
    file = repository / run_git(repository, "rev-parse", "--git-path", "BISECT_HEAD").stdout.rstrip("\n")
    try:
        noted = file.read_text().strip()
    except FileNotFoundError:
        return commit_of("HEAD", repository)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file}: cannot be read, so what git bisect asks about is not known: {error}"
        ) from error
    if not is_full_hash(noted):
        raise InputError(
            f"{file}: does not name the commit that git bisect asks about: begin the bisect anew"
        )
    return noted
