"""What the types of a matrix or a workload cannot say: references, duplicates, clashes, sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations as choose
from typing import Any

from perf_matrix.matrix.combinations import Combination, cell_id, combinations, size
from perf_matrix.matrix.merge import clashes
from perf_matrix.matrix.model import PAGE_SIZE, Endpoint, MatrixFile, Workload
from perf_matrix.matrix.nearest import hint
from perf_matrix.matrix.stand_ins import unfillable
from perf_matrix.matrix.yaml_tree import Path

# GitHub starts at most 256 jobs from one matrix, and each cell can be a job.
MAX_CELLS = 256
MAX_COMBINATIONS = 10_000
_PAGE_SIZE = f"${{{PAGE_SIZE}}}"
# The id names a folder; file systems allow 255 bytes.
MAX_ID = 200


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a well-formed file, and the path in the document where it lies."""

    path: Path
    message: str


def matrix_flaws(matrix: MatrixFile) -> list[Flaw]:
    """What keeps a matrix from being unfolded; later checks run only where earlier ones found nothing."""
    within = [*_bad_references(matrix), *_bad_stand_ins(matrix)]
    return within or [*_bad_size(matrix)] or [*_clashes(matrix)]


def duplicate_endpoints(workload: Workload) -> list[tuple[int, int]]:
    """Positions (first, again) of endpoints that have the same name."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(each.name, index), index) for index, each in enumerate(workload.endpoints)]
    return [(one, other) for one, other in pairs if one != other]


def page_size_flaws(workload: Workload) -> list[tuple[int, str]]:
    """Positions of endpoints whose request and page sizes do not fit together, and what is wrong."""
    return [(index, flaw) for index, each in enumerate(workload.endpoints) if (flaw := _page_size_flaw(each))]


def _page_size_flaw(endpoint: Endpoint) -> str:
    pages = bool(endpoint.page_sizes)
    if pages and _PAGE_SIZE not in endpoint.request.model_dump_json():
        return f"it has page_sizes, but its request does not use {_PAGE_SIZE}; write it where the size of the page is"
    if not pages and _PAGE_SIZE in endpoint.model_dump_json():
        return f"{_PAGE_SIZE} is known only where rows has page_sizes; add two, such as page_sizes: [25, 10]"
    return ""


def _bad_references(matrix: MatrixFile) -> Iterator[Flaw]:
    for key, entries in (("exclude", matrix.exclude), ("include", matrix.include)):
        for index, entry in enumerate(entries):
            yield from _unknown(matrix, (key, index), entry)


def _unknown(matrix: MatrixFile, path: Path, entry: Combination) -> Iterator[Flaw]:
    for axis, variant in entry.items():
        if axis not in matrix.axes:
            yield Flaw((*path, axis), f"there is no axis {axis!r}; {hint(axis, matrix.axes)}")
        elif variant not in matrix.axes[axis]:
            message = f"axis {axis!r} has no variant {variant!r}; {hint(variant, matrix.axes[axis])}"
            yield Flaw((*path, axis), message)


def _bad_stand_ins(matrix: MatrixFile) -> Iterator[Flaw]:
    for axis, variants in matrix.axes.items():
        for variant, patch in variants.items():
            for path, message in unfillable(patch):
                yield Flaw(("axes", axis, variant, *path), message)


def _bad_size(matrix: MatrixFile) -> Iterator[Flaw]:
    if size(matrix) > MAX_COMBINATIONS:
        message = (
            f"{size(matrix)} combinations, more than {MAX_COMBINATIONS}; split this into several matrix files"
        )
        yield Flaw(("axes",), message)
        return
    cells = combinations(matrix)
    if not cells:
        yield Flaw(("exclude",), "this leaves no cells; remove an entry, or name more axes in it")
    if len(cells) > MAX_CELLS:
        message = f"{len(cells)} cells, more than {MAX_CELLS}; exclude some, or split this into several files"
        yield Flaw(("axes",), message)
    longest = max(map(cell_id, cells), key=len, default="")
    if len(longest) > MAX_ID:
        message = f"the cell {longest} has a name of more than {MAX_ID} characters; shorten names of variants"
        yield Flaw(("axes",), message)


def _clashes(matrix: MatrixFile) -> Iterator[Flaw]:
    pairs = {pair: None for cell in combinations(matrix) for pair in choose(cell.items(), 2)}
    for (axis, variant), (other_axis, other_variant) in pairs:
        one, other = _settings(matrix, axis, variant), _settings(matrix, other_axis, other_variant)
        for key in sorted(clashes(one, other)):
            message = (
                f"{other_axis}={other_variant} sets {key} to another value than {axis}={variant} does; "
                f"set it in one axis only, or exclude the combination"
            )
            yield Flaw(("axes", other_axis, other_variant), message)


def _settings(matrix: MatrixFile, axis: str, variant: str) -> dict[str, Any]:
    """What a variant sets. Its SQL sets nothing that another's could: both are run."""
    return matrix.axes[axis][variant].model_dump(exclude_defaults=True, exclude={"sql"})
