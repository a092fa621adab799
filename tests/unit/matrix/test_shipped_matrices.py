"""What the shipped matrices have in common, and that nothing in them is idle."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.model import MatrixFile, Patch
from perf_matrix.matrix.read import read_matrix
from perf_matrix.matrix.stand_ins import StandInUrls, fill_patch
from perf_matrix.shipped import shipped

PATHS = sorted(shipped("matrices").glob("*.yml"))
SMOKE, PR, NIGHTLY = (read_matrix(shipped(f"matrices/{name}.yml")) for name in ("smoke", "pr", "nightly"))
URLS = StandInUrls(upstream="http://127.0.0.1:1", mcp="http://127.0.0.1:1/mcp", sink="http://127.0.0.1:2")


def variants(matrix: MatrixFile) -> dict[tuple[str, str], Patch]:
    return {(axis, name): patch for axis, names in matrix.axes.items() for name, patch in names.items()}


def test_a_variant_is_the_same_in_both_files() -> None:
    pr, nightly = variants(PR), variants(NIGHTLY)
    assert pr == {name: nightly[name] for name in pr}


def test_all_begin_with_the_same_rows() -> None:
    assert SMOKE.scale == PR.scale == NIGHTLY.scale


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_variant_is_in_a_cell(path: Path) -> None:
    matrix = read_matrix(path)
    assert {pair for cell in unfold(matrix) for pair in cell.variants.items()} == set(variants(matrix))


@pytest.mark.parametrize("index", range(len(NIGHTLY.exclude)))
def test_every_exclusion_excludes_something(index: int) -> None:
    without = NIGHTLY.model_copy(update={"exclude": NIGHTLY.exclude[:index] + NIGHTLY.exclude[index + 1 :]})
    assert len(unfold(without)) > len(unfold(NIGHTLY))


def test_all_pairs_of_variants_that_are_not_excluded_meet_every_night() -> None:
    met = {frozenset(pair) for cell in unfold(NIGHTLY) for pair in _pairs(cell.variants)}
    excluded = {frozenset(entry.items()) for entry in NIGHTLY.exclude}
    every = {
        frozenset((one, other))
        for one in variants(NIGHTLY)
        for other in variants(NIGHTLY)
        if one[0] != other[0]
    }
    assert every - met == excluded


def _pairs(combination: dict[str, str]) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    items = list(combination.items())
    return [(one, other) for place, one in enumerate(items) for other in items[place + 1 :]]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_cell_can_be_filled_in_and_its_sql_is_postgres(path: Path) -> None:
    for cell in unfold(read_matrix(path)):
        filled = fill_patch(cell.patch, URLS)
        assert "${" not in filled.model_dump_json()
        assert all(sqlglot.parse(text, dialect="postgres") for text in filled.sql)


@pytest.mark.parametrize("matrix", [PR, NIGHTLY], ids=["pr", "nightly"])
def test_the_second_scale_has_more_rows_than_any_cell(matrix: MatrixFile) -> None:
    for cell in unfold(matrix):
        first = {**matrix.scale, **cell.patch.scale}
        assert all(matrix.second_scale[name] > count for name, count in first.items())


def test_pull_requests_are_measured_under_load() -> None:
    assert PR.load is not None
    assert (PR.load.slot, PR.load.slots, PR.load.soak) == (6, 8, None)


def test_every_night_each_cell_is_soaked() -> None:
    assert NIGHTLY.load is not None
    assert NIGHTLY.load.soak == 120
    assert NIGHTLY.epochs == 4
