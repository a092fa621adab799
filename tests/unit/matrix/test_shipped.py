"""Which file is meant: one on disk, or one that comes with perf-matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import MatrixFile
from perf_matrix.shipped import resolve_matrix, resolve_workload, shipped, shipped_root

SMOKE = shipped("matrices/smoke.yml")


def matrix(workload: str) -> MatrixFile:
    return MatrixFile(version=1, workload=workload)


def test_in_a_checkout_files_lie_at_its_root(tmp_path: Path) -> None:
    assert shipped_root(tmp_path / "runner" / "perf_matrix") == tmp_path


def test_installed_they_lie_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "_shipped").mkdir()
    assert shipped_root(tmp_path) == tmp_path / "_shipped"


def test_a_file_that_is_not_shipped() -> None:
    with pytest.raises(InputError, match=r"compose/none\.yml does not come with perf-matrix"):
        shipped("compose/none.yml")


@pytest.mark.parametrize("name", ["smoke", "smoke.yml", "matrices/smoke.yml"])
def test_a_shipped_matrix_by_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_matrix(name) == SMOKE


def test_a_file_wins_over_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smoke.yml").touch()
    assert resolve_matrix("smoke.yml").resolve() == tmp_path.resolve() / "smoke.yml"


def test_a_folder_of_that_name_does_not_hide_a_shipped_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smoke").mkdir()
    assert resolve_matrix("smoke") == SMOKE


def test_an_unknown_matrix_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        resolve_matrix("smoek")
    assert str(caught.value) == "smoek: neither a file nor a shipped matrix; did you mean 'smoke'?"


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(InputError, match="neither a file nor a shipped matrix"):
        resolve_matrix("x" * 5000)


def test_a_workload_beside_its_matrix(tmp_path: Path) -> None:
    (tmp_path / "workloads").mkdir()
    own = tmp_path / "workloads" / "proxy.yml"
    own.touch()
    assert resolve_workload(matrix("workloads/proxy.yml"), tmp_path / "m.yml") == own


def test_a_shipped_workload_for_a_matrix_elsewhere(tmp_path: Path) -> None:
    found = resolve_workload(matrix("workloads/proxy.yml"), tmp_path / "m.yml")
    assert found == shipped("matrices/workloads/proxy.yml")


def test_an_unknown_workload_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        resolve_workload(matrix("workloads/prox.yml"), tmp_path / "m.yml")
    assert str(caught.value) == (
        f"{tmp_path}/m.yml: workload: 'workloads/prox.yml' is neither a file beside it nor shipped; "
        "did you mean 'workloads/proxy.yml'?"
    )
