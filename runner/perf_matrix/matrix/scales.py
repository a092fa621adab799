"""The data scales of a cell, as far as the matrix file and its variants say; the rest is the target's own."""

from __future__ import annotations

from perf_matrix.matrix.model import Cell, MatrixFile


def first_scale(matrix: MatrixFile, cell: Cell) -> dict[str, int]:
    """Kind of row -> number: what the matrix file says, and what the cell says instead."""
    return {**matrix.scale, **cell.patch.scale}


def second_scale(matrix: MatrixFile, cell: Cell) -> dict[str, int]:
    """The scale that the cell's lists are measured at, too; the first one where the file names no other."""
    return {**first_scale(matrix, cell), **matrix.second_scale}
