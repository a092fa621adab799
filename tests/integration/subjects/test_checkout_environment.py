"""Environments of what checkouts hold: small projects, and real LiteLLM, built by the real uv."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.content import content_of, copied
from perf_matrix.subjects.environment import Environment, make_checkout_environment, make_environment
from perf_matrix.subjects.spec import Commit, Folder, Release, parse_subject
from perf_matrix.subjects.worktree import checked_out
from perf_matrix.targets.litellm.target import LiteLLM
from perf_matrix.tools import find_uv
from tests.checkouts import EXTRAS_HERE, EXTRAS_RELEASED, LITELLM, Repository, litellm_repository

UV = find_uv()
# This backend leaves files behind where it builds, and takes in those of the time before.
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "{version}"
dependencies = {dependencies}
[project.optional-dependencies]
proxy = {proxy}
[tool.setuptools]
packages = ["{module}"]
"""


def project(
    name: str, *, version: str = "1.0", dependencies: Sequence[str] = (), proxy: Sequence[str] = ()
) -> dict[str, str]:
    """The files of a package ``name`` whose module says its version as ``it``."""
    module = name.replace("-", "_")
    told = PROJECT.format(
        name=name, version=version, module=module, dependencies=list(dependencies), proxy=list(proxy)
    )
    return {"pyproject.toml": told, f"{module}/__init__.py": f"it = {version!r}\n"}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project ``perf-it``, its extra ``proxy`` in need of a version of perf-extras that nobody has released."""
    folder = tmp_path / "my source"
    files = project("perf-it", dependencies=["iniconfig==2.0.0"], proxy=["perf-extras==0.1"])
    Repository(folder).write(files | below("extras", project("perf-extras", version="0.2")))
    return folder


def both(source: Path) -> list[str]:
    return [f"perf-it[proxy] @ {source.as_uri()}", f"perf-extras @ {(source / 'extras').as_uri()}"]


def make(source: Path, requirements: Sequence[str], folder: Path) -> Environment:
    return make_checkout_environment("git:main", requirements, touch, folder=folder, uv=UV)


def touch(environment: Environment) -> None:
    (environment.folder / "finished").touch()


def run(environment: Environment, code: str) -> str:
    command = [str(environment.bin / "python"), "-c", code]
    return subprocess.check_output(command, text=True, cwd="/").strip()


def test_what_is_built_stays_when_the_source_goes(source: Path, tmp_path: Path) -> None:
    environment = make(source, both(source), tmp_path / "it")
    shutil.rmtree(source)
    assert run(environment, "import perf_it, perf_extras; print(perf_it.it, perf_extras.it)") == "1.0 0.2"
    # The package in the checkout wins over the version that the other one asks for.
    assert environment.packages(UV) == {"iniconfig": "2.0.0", "perf-it": "1.0", "perf-extras": "0.2"}
    assert (environment.folder / "finished").exists()
    # From the cache now: there is nothing left to build from.
    assert make(source, both(source), tmp_path / "it") == environment


def test_a_package_that_only_the_workspace_has_is_no_link_to_it(source: Path, tmp_path: Path) -> None:
    told = (source / "pyproject.toml").read_text()
    workspace = (
        '[tool.uv.workspace]\nmembers = ["extras"]\n[tool.uv.sources]\nperf-extras = { workspace = true }\n'
    )
    (source / "pyproject.toml").write_text(told + workspace)
    environment = make(source, both(source)[:1], tmp_path / "it")
    shutil.rmtree(source)
    assert run(environment, "import perf_extras; print(perf_extras.it)") == "0.2"


def test_what_was_built_at_the_same_path_before_is_not_taken_for_it(source: Path, tmp_path: Path) -> None:
    module = source / "perf_it" / "__init__.py"
    for number in ("1", "2"):
        module.write_text(f"it = {number}\n")
        environment = make(source, both(source), tmp_path / number)
        assert run(environment, "import perf_it; print(perf_it.it)") == number


def test_a_folder_is_not_written_to_and_nothing_of_an_earlier_build_gets_in(
    source: Path, tmp_path: Path
) -> None:
    before = content_of(source)
    (source / "perf_it" / "old.py").write_text("")
    private = tmp_path / "private"
    private.mkdir()
    with copied(Folder(source), content_of(source), private) as copy:
        make(copy, both(copy), tmp_path / "first")
        assert (copy / "build").exists()
    (source / "perf_it" / "old.py").unlink()
    assert content_of(source) == before
    with copied(Folder(source), before, private) as copy:
        second = make(copy, both(copy), tmp_path / "second")
    assert [path.name for path in (second.site_packages / "perf_it").glob("*.py")] == ["__init__.py"]


def test_what_the_project_around_sets_for_uv_does_not_count(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both from where it is started, and where the cache lies.
    around = tmp_path / "around"
    Repository(around).write({"pyproject.toml": '[tool.uv]\nrequired-version = ">=9999"\n'})
    monkeypatch.chdir(around)
    assert make(source, both(source), around / "cache" / "checkout").packages(UV)["perf-extras"] == "0.2"
    release = Release("iniconfig", "2.0.0")
    made = make_environment(release, [release.spec], touch, folder=around / "cache" / "release", uv=UV)
    assert made.packages(UV) == {"iniconfig": "2.0.0"}


def test_what_cannot_be_built(source: Path, tmp_path: Path) -> None:
    (source / "setup.py").write_text("raise SystemExit('no compiler today')\n")
    with pytest.raises(InputError) as told:
        make(source, both(source), tmp_path / "it")
    assert str(told.value).startswith("git:main cannot be installed:\n")
    assert "no compiler today" in str(told.value)
    assert not (tmp_path / "it").exists()


def test_what_needs_something_that_there_is_not(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        make(source, both(source)[:1], tmp_path / "it")
    assert "perf-extras" in str(told.value)
    assert not (tmp_path / "it").exists()


def test_a_failure_of_the_last_step_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def fail(environment: Environment) -> None:
        raise MeasurementError("no client")

    with pytest.raises(MeasurementError, match="no client"):
        make_checkout_environment("git:main", both(source), fail, folder=tmp_path / "it", uv=UV)
    assert not (tmp_path / "it").exists()


def test_two_commits_of_litellm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one, its dependencies being the same, needs nothing from the package index any more."""
    repository = litellm_repository(tmp_path / "litellm")
    private = tmp_path / "private"
    private.mkdir()
    for name, offline in (("first", "0"), ("second", "1")):
        monkeypatch.setenv("UV_OFFLINE", offline)
        commit = parse_subject(f"git:{name}", "litellm", checkout=repository.folder)
        assert isinstance(commit, Commit)
        with checked_out(commit, private) as folder:
            environment = make(folder, LiteLLM().checkout_requirements(folder), tmp_path / commit.label)
        packages = environment.packages(UV)
        # The release asks for another version, but this is what the checkout holds.
        assert packages["litellm-proxy-extras"] == EXTRAS_HERE != EXTRAS_RELEASED
        assert packages["litellm"] == LITELLM
        imported = "import litellm._version as it; print(it.COMMIT, it.version)"
        assert run(environment, imported) == f"{name} {LITELLM}"
        version = subprocess.check_output([environment.bin / "litellm", "--version"], text=True, cwd="/")
        assert f"Current Version = {LITELLM}" in version
        assert len(LiteLLM().migrations(environment.site_packages)) == 50
    assert repository.git("worktree", "list").count("\n") == 0
