"""Environments of small packages, made with the real uv from the real package index."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.environment import Environment, make_environment
from perf_matrix.subjects.index import released_versions
from perf_matrix.subjects.spec import Release
from perf_matrix.tools import find_uv

UV = find_uv()


def make(folder: Path, version: str, *requirements: str, package: str = "iniconfig") -> Environment:
    release = Release(package, version)
    return make_environment(release, requirements or [release.spec], touch, folder=folder, uv=UV)


def touch(environment: Environment) -> None:
    (environment.folder / "finished").touch()


def test_the_index_lists_real_releases() -> None:
    listed = released_versions("litellm")
    assert {"1.80.5", "1.81.0"} <= set(listed)


def test_the_index_lists_nothing_of_what_is_not_there() -> None:
    assert released_versions("perf-matrix-there-is-no-such-package") == []


def test_an_environment_holds_the_release_and_is_finished(tmp_path: Path) -> None:
    environment = make(tmp_path / "it", "2.0.0")
    assert environment.packages(UV) == {"iniconfig": "2.0.0"}
    assert (environment.folder / "finished").exists()
    assert (environment.site_packages / "iniconfig" / "__init__.py").exists()
    version = [str(environment.bin / "python"), "-c", "import sys; print(sys.version)"]
    assert subprocess.check_output(version, text=True).strip() == sys.version


def test_a_half_made_one_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "it" / "bin").mkdir(parents=True)
    (tmp_path / "it" / "bin" / "python").write_text("torn")
    assert make(tmp_path / "it", "2.0.0").packages(UV) == {"iniconfig": "2.0.0"}


def test_two_at_once_share_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(make, tmp_path / "it", "2.0.0") for _ in range(2)]
        assert [one.result().packages(UV) for one in made] == [{"iniconfig": "2.0.0"}] * 2


def test_a_failure_of_the_last_step_leaves_nothing(tmp_path: Path) -> None:
    def fail(environment: Environment) -> None:
        assert environment.packages(UV) == {"iniconfig": "2.0.0"}
        raise MeasurementError("no client")

    release = Release("iniconfig", "2.0.0")
    with pytest.raises(MeasurementError, match="no client"):
        make_environment(release, [release.spec], fail, folder=tmp_path / "it", uv=UV)
    assert not (tmp_path / "it").exists()


def test_a_release_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        make(tmp_path / "it", "1.0.99")
    assert str(told.value) == (
        "there is no release iniconfig==1.0.99. The nearest ones are: "
        "iniconfig==1.0.0, iniconfig==1.0.1, iniconfig==1.1.0, iniconfig==1.1.1"
    )
    assert not (tmp_path / "it").exists()


def test_what_is_no_version(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^there is no release iniconfig==2\.0\.0-stable\. .*==2\.0\.0"):
        make(tmp_path / "it", "2.0.0-stable")


def test_a_package_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        make(tmp_path / "it", "1.0", package="perf-matrix-there-is-no-such-package")
    assert "the package index lists no release of it:\n" in str(told.value)
    assert "perf-matrix-there-is-no-such-package" in str(told.value).splitlines()[-1]


def test_a_release_that_does_not_resolve(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        make(tmp_path / "it", "2.0.0", "iniconfig==2.0.0", "iniconfig<2.0.0,>=1.0")
    said = str(told.value)
    assert said.startswith(
        "iniconfig==2.0.0 exists, but cannot be installed from the package index:\n"
        "error: No solution found when resolving dependencies"
    )
    assert "iniconfig>=1.0" in said
    assert said.endswith("\nOne that can be: iniconfig==1.1.1")
    assert not (tmp_path / "it").exists()


def test_a_uv_that_makes_no_environment(tmp_path: Path) -> None:
    broken = tmp_path / "uv"
    broken.write_text("#!/bin/sh\necho 'disk quota exceeded' >&2\nexit 2\n")
    broken.chmod(0o755)
    release = Release("iniconfig", "2.0.0")
    with pytest.raises(
        MeasurementError, match=r"could not make an environment in .*/it:\ndisk quota exceeded"
    ):
        make_environment(release, [release.spec], touch, folder=tmp_path / "it", uv=broken)
