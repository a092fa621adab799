"""``${upstream}``, ``${mcp}`` and ``${sink}`` in what a variant changes: where the stand-ins are reached.

That is known when a stack is started and not before, so a cell keeps the names until then. As elsewhere,
``$${`` is a literal ``${``, and keys stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Patch
from perf_matrix.matrix.variables import fill_text, fill_texts, fill_value
from perf_matrix.matrix.yaml_tree import Path


@dataclass(frozen=True)
class StandInUrls:
    """Where the service reaches its stand-ins, without a slash at the end; each field is a variable's name."""

    upstream: str
    mcp: str
    sink: str


_UNKNOWN_YET = StandInUrls(upstream="", mcp="", sink="")


def fill_patch(patch: Patch, urls: StandInUrls) -> Patch:
    """``patch`` with the URLs of the stand-ins instead of their names in ``config``, ``env`` and ``sql``.

    Raises InputError for a variable that is none of them.
    """
    known = asdict(urls)
    return patch.model_copy(
        update={
            "config": fill_value(patch.config, known),
            "env": fill_texts(patch.env, known),
            "sql": [fill_text(statement, known) for statement in patch.sql],
        }
    )


def unfillable(patch: Patch) -> Iterator[tuple[Path, str]]:
    """Each text of ``patch`` with a variable that is no stand-in: its path there, and what to write instead."""
    known = asdict(_UNKNOWN_YET)
    for path, text in _texts(patch.model_dump(include={"config", "env", "sql"}), ()):
        try:
            fill_text(text, known)
        except InputError as error:
            yield path, str(error)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in ``value``, and the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))
