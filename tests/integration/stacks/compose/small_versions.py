"""Versions of the small service as images whose tags are versions: what a bisect is to find among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine import Engine
from tests.integration.stacks.small_target import SERVICE

NAME = "perf-small"
ADDED = "SELECT count(*) FROM it"
MISSING = "small_settings"

_OPEN = 'psycopg.connect(os.environ["DATABASE_URL"]) as connection:\n'
_IMPORT = "import psycopg\n"
_FINE: tuple[str, str] = ("", "")
_ASKS_MORE = (_OPEN, f'{_OPEN}                connection.execute("{ADDED}")\n')
_DOES_NOT_START = (_IMPORT, f"{_IMPORT}import {MISSING}\n")
# Of 1.x the culprit can be told; that of 2.x comes right after one that does not start.
_EDITS = {
    "1.0.0": _FINE,
    "1.1.0": _FINE,
    "1.2.0": _ASKS_MORE,
    "1.3.0": _DOES_NOT_START,
    "1.4.0": _ASKS_MORE,
    "2.0.0": _FINE,
    "2.1.0": _DOES_NOT_START,
    "2.2.0": _ASKS_MORE,
}


def image_of(version: str) -> str:
    """The version as a subject."""
    return f"image:{NAME}:{version}"


@contextmanager
def small_versions(engine: Engine, image: str, folder: Path) -> Iterator[None]:
    """All versions with the engine, for as long as the block runs: each made of ``image``, the service as it is."""
    tags = [f"{NAME}:{version}" for version in _EDITS]
    try:
        for tag, (before, after) in zip(tags, _EDITS.values(), strict=True):
            context = folder / tag.replace(":", "-")
            context.mkdir()
            (context / SERVICE.name).write_text(_edited(before, after))
            (context / "Dockerfile").write_text(
                f"FROM {image}\nLABEL version={tag}\nCOPY {SERVICE.name} /srv/\n"
            )
            engine.run("docker", "build", "--quiet", "--tag", tag, str(context))
        yield
    finally:
        engine.run("docker", "rmi", "--force", *tags)


def _edited(before: str, after: str) -> str:
    source = SERVICE.read_text()
    assert before in source, f"the service has no {before!r} any more"
    return source.replace(before, after) if before else source
