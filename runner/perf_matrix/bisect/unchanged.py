"""What a bisect's figures are of besides its versions: matrix file, workload, and folders that may change meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from perf_matrix.bisect.history.candidate import Candidate
from perf_matrix.bisect.store import BisectRequest
from perf_matrix.errors import InputError
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.shipped import resolve_matrix, resolve_workload
from perf_matrix.subjects.content import content_of

_FOLDER = "path:"


def digest_of(matrix: str) -> str:
    """A digest, in hex, of what a matrix file, by name or path, and its workload say; comments do not count.

    Raises InputError where one of them is missing or wrong.
    """
    path = resolve_matrix(matrix)
    read = read_matrix(path)
    workload = read_workload(resolve_workload(read, path))
    # As it was written: what a newer version adds with a default of its own changes nothing.
    told = [model.model_dump_json(exclude_unset=True) for model in (read, workload)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def noted(request: BisectRequest) -> BisectRequest:
    """The request with what tells later whether anything has changed, its matrix file by its absolute path."""
    path = resolve_matrix(request.matrix)
    return request.model_copy(
        update={
            "workload": digest_of(request.matrix),
            "folders": _contents(request.history.candidates),
            # A shipped one is found by its name wherever perf-matrix is installed. Links are not followed: the
            # workload lies beside the name that was given.
            "matrix": str(path.absolute()) if path == Path(request.matrix) else request.matrix,
        }
    )


def refuse_if_changed(request: BisectRequest) -> None:
    """Raise InputError where the matrix file, its workload or a folder is not what it was when the bisect began."""
    if request.workload and digest_of(request.matrix) != request.workload:
        raise InputError(
            f"{request.matrix} or its workload has changed since the bisect began: its figures would be of two "
            f"workloads. Put back what it was (perf-matrix {request.perf_matrix} began it), or begin a new bisect"
        )
    for spec, content in request.folders.items():
        if content_of(_folder(spec)) != content:
            raise InputError(
                f"{spec} has changed since the bisect began: its figures would be of two versions. Put back what it "
                "was, or begin a new bisect"
            )


def _contents(candidates: Sequence[Candidate]) -> dict[str, str]:
    specs = [candidate.spec for candidate in candidates if candidate.spec.startswith(_FOLDER)]
    return {spec: content_of(_folder(spec)) for spec in specs}


def _folder(spec: str) -> Path:
    return Path(spec.removeprefix(_FOLDER))
