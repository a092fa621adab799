"""Finds the matrices, workloads and compose files that come with perf-matrix.

They lie inside the installed package, or at the root of a checkout.
"""

from __future__ import annotations

from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import MatrixFile
from perf_matrix.matrix.nearest import hint

_PACKAGE = Path(__file__).parent


def shipped_root(package: Path = _PACKAGE) -> Path:
    """The folder that ``matrices/`` and ``compose/`` are in."""
    installed = package / "_shipped"
    return installed if installed.is_dir() else package.parents[1]


def shipped(relative: str) -> Path:
    """The shipped file or folder at ``relative``, such as ``compose/docker-compose.yml``.

    Raises InputError where there is none.
    """
    path = shipped_root() / relative
    if not path.exists():
        raise InputError(f"{relative} does not come with perf-matrix; looked in {shipped_root()}")
    return path


def resolve_matrix(name_or_path: str) -> Path:
    """The matrix file that is meant: a file, or the name of a shipped matrix (``smoke``, ``smoke.yml``).

    Raises InputError that names the nearest shipped matrix.
    """
    path = Path(name_or_path)
    if _is_file(path):
        return path
    matrices = shipped_root() / "matrices"
    known = sorted(each.stem for each in matrices.glob("*.yml"))
    name = name_or_path.removeprefix("matrices/").removesuffix(".yml")
    if name in known:
        return matrices / f"{name}.yml"
    raise InputError(f"{name_or_path}: neither a file nor a shipped matrix; {hint(name, known)}")


def resolve_workload(matrix: MatrixFile, matrix_path: Path) -> Path:
    """The workload file of a matrix: relative to the matrix file, or else the shipped one of that name.

    Raises InputError that names the nearest shipped workload.
    """
    matrices = shipped_root() / "matrices"
    for folder in (matrix_path.parent, matrices):
        if _is_file(folder / matrix.workload):
            return folder / matrix.workload
    known = [f"workloads/{each.name}" for each in sorted((matrices / "workloads").glob("*.yml"))]
    raise InputError(
        f"{matrix_path}: workload: {matrix.workload!r} is neither a file beside it nor shipped; "
        f"{hint(matrix.workload, known)}"
    )


def _is_file(path: Path) -> bool:
    """Also False for what cannot be a path, such as a name longer than the file system allows."""
    try:
        return path.is_file()
    except OSError:
        return False
