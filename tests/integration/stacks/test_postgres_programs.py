"""Where the server's programs come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perf_matrix.cache import cache_root
from perf_matrix.errors import MissingToolError
from perf_matrix.lease import Lease, hold_lease
from perf_matrix.stacks.postgres import start_postgres
from perf_matrix.stacks.postgres_programs import POSTGRES_VARIABLE, find_postgres
from perf_matrix.tools import Node, find_node


@pytest.fixture
def own_lease(tmp_path: Path) -> Iterator[Lease]:
    with hold_lease(tmp_path / "leases") as lease:
        yield lease


def no_node() -> Node:
    raise MissingToolError("no Node.js found")


def put(home: Path, prints: str, *, statements: str | None = "lib/pg_stat_statements.so") -> Path:
    """Programs of that name that only print a version; returns their folder."""
    folder = home / "bin"
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {prints}'\n")
        (folder / name).chmod(0o755)
    if statements:
        (home / statements).parent.mkdir(parents=True)
        (home / statements).touch()
    return folder


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing is on PATH."""
    return {"PATH": str(tmp_path / "nothing"), **more}


def test_what_is_set_comes_first(tmp_path: Path) -> None:
    put(tmp_path / "system" / "17", "17.1")
    chosen = put(tmp_path / "chosen", "16.2")
    found = find_postgres(
        tmp_path,
        no_node,
        environ(tmp_path, **{POSTGRES_VARIABLE: str(chosen)}),
        system=[f"{tmp_path}/system/*"],
    )
    assert (found.folder, found.version) == (chosen, "16.2")


def test_what_is_set_and_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as told:
        find_postgres(tmp_path, no_node, environ(tmp_path, **{POSTGRES_VARIABLE: str(tmp_path)}))
    assert str(told.value) == (
        f"PERF_MATRIX_POSTGRES_BIN is {tmp_path}, where there is no initdb and postgres. "
        "Set it to the bin folder of a PostgreSQL server, such as /usr/lib/postgresql/16/bin, or unset it."
    )


def test_what_is_set_and_is_too_old(tmp_path: Path) -> None:
    chosen = put(tmp_path / "old", "13.4")
    with pytest.raises(MissingToolError) as told:
        find_postgres(tmp_path, no_node, environ(tmp_path, **{POSTGRES_VARIABLE: str(chosen)}))
    assert str(told.value) == (
        f"PERF_MATRIX_POSTGRES_BIN is {chosen}, where postgres is version 13.4. "
        "Set it to the bin folder of PostgreSQL 14 or later, or unset it."
    )


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (["9.6.2", "15.3"], "15.3"),
        (["9.6.2", "15.3", "17beta1"], "17beta1"),
        (["14.0", "15.1"], "15.1"),
    ],
)
def test_the_newest_of_the_system(tmp_path: Path, versions: list[str], newest: str) -> None:
    for version in versions:
        put(tmp_path / "system" / version, version)
    found = find_postgres(tmp_path, no_node, environ(tmp_path), system=[f"{tmp_path}/system/*"])
    assert found.folder == tmp_path / "system" / newest / "bin"


def test_one_without_pg_stat_statements_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "system" / "17", "17.1", statements=None)
    put(tmp_path / "system" / "15", "15.1", statements="lib/postgresql/pg_stat_statements.dylib")
    found = find_postgres(tmp_path, no_node, environ(tmp_path), system=[f"{tmp_path}/system/*"])
    assert found.version == "15.1"


def test_one_on_path_is_found(tmp_path: Path) -> None:
    folder = put(tmp_path / "somewhere", "16.4")
    assert find_postgres(tmp_path, no_node, {"PATH": str(folder)}, system=[]).folder == folder


def test_none_and_no_node_either(tmp_path: Path) -> None:
    put(tmp_path / "system" / "13", "13.9")
    with pytest.raises(MissingToolError) as told:
        find_postgres(tmp_path, no_node, environ(tmp_path), system=[f"{tmp_path}/system/*"])
    said = str(told.value)
    assert said.startswith("no PostgreSQL server with pg_stat_statements found on this machine")
    assert "apt-get install postgresql" in said
    assert "set PERF_MATRIX_POSTGRES_BIN to the bin folder of a server" in said
    assert said.endswith("Node.js: no Node.js found")


@pytest.mark.skipif(sys.platform != "linux", reason="the figures below are those of Linux")
def test_the_package_really_starts_where_the_machine_has_no_server(tmp_path: Path, own_lease: Lease) -> None:
    programs = find_postgres(cache_root(), find_node, environ(tmp_path), system=[])
    assert "@embedded-postgres" in str(programs.folder)
    assert int(programs.version.split(".")[0]) >= 14
    server = start_postgres(programs, own_lease.private, {"PATH": os.environ["PATH"]})
    try:
        server.create("it")
        with server.connect("it") as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            connection.execute("SELECT count(*) FROM pg_stat_statements")
            (version,) = connection.execute("SHOW server_version").fetchone() or ("",)
        assert programs.version == version.split()[0]
    finally:
        server.stop()
