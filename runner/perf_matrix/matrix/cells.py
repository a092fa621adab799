"""A matrix unfolded into cells, and the choice of some of its cells or endpoints by glob."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import reduce
from typing import TypeVar

from perf_matrix.errors import InputError
from perf_matrix.matrix.checks import matrix_flaws
from perf_matrix.matrix.combinations import Combination, cell_id, combinations
from perf_matrix.matrix.merge import merged
from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Patch, Strict, Workload
from perf_matrix.matrix.nearest import hint

Part = TypeVar("Part", bound=Strict)


def unfold(matrix: MatrixFile) -> list[Cell]:
    """Every cell of a matrix: see ``combinations``, which says which and in what order.

    Raises InputError where two axes set the same key to different values, naming both, and for
    everything else that parse_matrix refuses.
    """
    flaws = matrix_flaws(matrix)
    if flaws:
        raise InputError("\n".join(flaw.message for flaw in flaws))
    return [_cell(matrix, combination) for combination in combinations(matrix)]


def select(cells: Sequence[Cell], globs: Sequence[str]) -> list[Cell]:
    """The cells that any glob matches, in the order of the matrix; all of them without globs.

    A glob stands for a whole id (``callbacks=none,*``) or for some of its parts (``workers=one``); one that is an id
    stands for that cell alone. Raises InputError for a glob that matches no cell.
    """
    if not globs:
        return list(cells)
    chosen = {name for glob in globs for name in _matched([cell.id for cell in cells], glob)}
    return [cell for cell in cells if cell.id in chosen]


def select_endpoints(workload: Workload, globs: Sequence[str]) -> list[Endpoint]:
    """The endpoints that any glob matches, in the order of the workload; all of them without globs.

    Each text may hold several globs with commas between them: ``chat-*,models``. Raises InputError
    for a glob that matches no endpoint.
    """
    chosen = matching([endpoint.name for endpoint in workload.endpoints], globs)
    return [endpoint for endpoint in workload.endpoints if endpoint.name in chosen]


def matching(names: Sequence[str], globs: Sequence[str]) -> list[str]:
    """The names of endpoints that any glob matches; see select_endpoints."""
    single = [glob.strip() for several in globs for glob in several.split(",") if glob.strip()]
    for glob in single:
        if not _any_matches(names, glob):
            raise InputError(f"no endpoint matches {glob!r}; {hint(glob, names)}")
    return [name for name in names if not single or any(fnmatchcase(name, glob) for glob in single)]


def _matched(ids: Sequence[str], glob: str) -> list[str]:
    """The ids that a glob stands for. Raises InputError where there are none."""
    matched = [glob] if glob in ids else [each for each in ids if _cell_matches(each, glob)]
    if not matched:
        raise InputError(f"no cell matches {glob!r}; {hint(glob, list(ids))}")
    return matched


def _cell(matrix: MatrixFile, combination: Combination) -> Cell:
    patches = [matrix.axes[axis][variant] for axis, variant in combination.items()]
    whole = reduce(_merged, patches, Patch(database=matrix.database))
    return Cell(id=cell_id(combination), variants=dict(combination), patch=whole)


def _merged(one: Patch, other: Patch) -> Patch:
    return Patch(
        config=merged(one.config, other.config),
        env={**one.env, **other.env},
        database=_field_by_field(one.database, other.database),
        scale={**one.scale, **other.scale},
        sql=[*one.sql, *other.sql],
        upstream=_field_by_field(one.upstream, other.upstream),
        sink=_field_by_field(one.sink, other.sink),
    )


def _field_by_field(one: Part, other: Part) -> Part:
    """``one`` with what ``other`` sets."""
    return one.model_copy(update=other.model_dump(exclude_none=True))


def _cell_matches(cell: str, glob: str) -> bool:
    return fnmatchcase(cell, glob) or all(_any_matches(cell.split(","), part) for part in glob.split(","))


def _any_matches(names: Iterable[str], glob: str) -> bool:
    return any(fnmatchcase(name, glob) for name in names)
