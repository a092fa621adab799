"""At which scales a cell is seeded: the file's, but for what its variants say."""

from __future__ import annotations

from typing import Any

from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.model import Cell, MatrixFile
from perf_matrix.matrix.scales import first_scale, second_scale

AXES: dict[str, Any] = {"scale": {"small": {}, "large": {"scale": {"models": 200, "teams": 5}}}}
MATRIX = MatrixFile.model_validate(
    {
        "version": 1,
        "workload": "w.yml",
        "axes": AXES,
        "scale": {"users": 50, "models": 10},
        "second_scale": {"users": 80, "models": 300},
    }
)
SMALL, LARGE = unfold(MATRIX)


def test_a_cell_that_says_nothing_has_the_files() -> None:
    assert first_scale(MATRIX, SMALL) == {"users": 50, "models": 10}
    assert second_scale(MATRIX, SMALL) == {"users": 80, "models": 300}


def test_what_a_cell_says_instead_is_seeded_key_by_key() -> None:
    assert first_scale(MATRIX, LARGE) == {"users": 50, "models": 200, "teams": 5}


def test_the_second_scale_is_the_first_but_for_what_it_names() -> None:
    assert second_scale(MATRIX, LARGE) == {"users": 80, "models": 300, "teams": 5}


def test_without_a_second_scale_it_is_the_first() -> None:
    only_one = MATRIX.model_copy(update={"second_scale": {}})
    assert second_scale(only_one, LARGE) == first_scale(only_one, LARGE)


def test_the_file_alone() -> None:
    assert first_scale(MATRIX, Cell(id="default", variants={})) == {"users": 50, "models": 10}
