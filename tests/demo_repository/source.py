"""The files of the demonstration service without any fault: what the first commit of its repository holds.

They are made of ``tests/demo/service.py`` and ``schema.sql``: each class and constant is taken over as it is
there, into a module of its own, and what switches faults on is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from tests.demo_repository.edits import Replace, edited

_DEMO = Path(__file__).parents[1] / "demo"
_FIRST_ROW = "INSERT INTO"
VERSION = "1.0.0"

_PYPROJECT = f"""\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "demo-service"
version = "{VERSION}"
description = "Keys, teams, users and a usage log, in Postgres"
requires-python = ">=3.11"
dependencies = [
    "psycopg[binary]>=3.2,<4",
    "psycopg-pool>=3.2,<4",
    "starlette>=1,<2",
    "uvicorn>=0.30,<1",
]

[project.scripts]
demo-service = "demo_service.service:main"
"""

_README = """\
# demo-service

Keys, teams, users and a usage log, in Postgres. It listens on the loopback address.
"""

_DATABASE = '''\
"""Running statements."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from demo_service.statements import BEAT
'''

_KEYS = '''\
"""Virtual keys, and remembering them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from demo_service.database import Database
from demo_service.statements import KEY
'''

_USAGE = '''\
"""What chats used."""

from __future__ import annotations

from dataclasses import dataclass

from demo_service.database import Database
from demo_service.statements import USAGE
'''

_SERVICE = '''\
"""The endpoints, and the program that serves them."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

import uvicorn
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from demo_service.database import Database, Pool
from demo_service.keys import Keys
from demo_service.statements import ALL_SETTINGS, REPORT, SEARCH, TEAMS, USERS
from demo_service.usage import BatchWriter, Usage
'''

_CONSTANTS = (
    "ADMIN_KEY",
    "MODELS",
    "CONNECTIONS",
    "HEARTBEAT_S",
    "FLUSH_S",
    "CHATS_PER_REFRESH",
    "_KEY_LIFETIME_S",
    "_DEFAULT_PAGE_SIZE",
)
_STATEMENTS = ("USERS", "TEAMS", "KEY", "ALL_SETTINGS", "USAGE", "BEAT", "SEARCH", "REPORT")
_SERVICE_PATH = "demo_service/service.py"


def _without(old: str, new: str = "") -> Replace:
    """What the faults need in the service's module, left out."""
    return Replace(_SERVICE_PATH, old, new)


_CLEANING = (
    _without("    port: int\n    faults: frozenset[Fault]\n", "    port: int\n"),
    _without("pool: Pool, faults: frozenset[Fault]) -> None:", "pool: Pool) -> None:"),
    _without("        self._faults = faults\n"),
    _without("0.0 if Fault.LOST_CACHE in faults else _KEY_LIFETIME_S", "_KEY_LIFETIME_S"),
    _without("        writer = DirectWriter if Fault.SYNCHRONOUS_WRITES in faults else BatchWriter\n"),
    _without("self._usage: UsageLog = writer(self._database)", "self._usage = BatchWriter(self._database)"),
    _without(
        "            if Fault.SLOW_QUERY in self._faults:\n"
        "                await self._database.execute(_SLOW_RELEVANCE)\n"
    ),
    _without("Connect, migrate, and do what goes on", "Connect, and do what goes on"),
    _without('{"faults": sorted(self._faults)}', '{"version": version("demo-service")}'),
    _without(
        "        if Fault.N_PLUS_ONE in self._faults:\n"
        "            for user in users:\n"
        '                user.update((await self._database.rows(KEYS_OF_USER, user["id"]))[0])\n'
    ),
    _without(
        "        if Fault.EXTRA_LOOKUP in self._faults:\n"
        '            await self._database.rows(SETTING, "moderation")\n'
        "        if Fault.LOOKUP_FOR_TEAM_KEYS in self._faults and key.team_id is not None:\n"
        "            await self._database.rows(TEAM_NAME, key.team_id)\n"
    ),
    _without("    connections = 1 if Fault.SMALL_POOL in settings.faults else CONNECTIONS\n"),
    _without("min_size=connections", "min_size=CONNECTIONS"),
    _without("max_size=connections", "max_size=CONNECTIONS"),
    _without("Service(pool, settings.faults)", "Service(pool)"),
    _without(
        "What the environment says; ValueError for a fault that there is not.", "What the environment says."
    ),
    _without('    names = [name for name in environ.get("FAULTS", "").split(",") if name]\n'),
    _without(', int(environ["PORT"]), frozenset(map(_fault, names)))', ', int(environ["PORT"]))'),
    _without("except ValueError as error:", "except KeyError as error:"),
    _without("sys.exit(str(error))", 'sys.exit(f"set {error} in the environment")'),
)


def clean_files() -> dict[str, str]:
    """The text of every file, by its path.

    Raises ValueError where the demonstration service is no longer what the cleaning expects.
    """
    text = (_DEMO / "service.py").read_text()
    functions = ("_repeat", "_bearer", "application", "read_settings", "main")
    service = [_SERVICE, _taken(text, _CONSTANTS, "\n"), _taken(text, ("Settings", "Service", *functions))]
    files = {
        "README.md": _README,
        "pyproject.toml": _PYPROJECT,
        "demo_service/__init__.py": '"""Keys, teams, users and a usage log, in Postgres."""\n',
        "demo_service/database.py": _module(_DATABASE, _taken(text, ("Pool", "Database"))),
        "demo_service/keys.py": _module(_KEYS, _taken(text, ("Key", "Keys"))),
        "demo_service/migrations/001_tables.sql": tables(),
        "demo_service/statements.py": '"""What is asked of the database."""\n\n'
        + _taken(text, _STATEMENTS, "\n"),
        _SERVICE_PATH: _module(*service) + '\n\nif __name__ == "__main__":\n    main()\n',
        "demo_service/usage.py": _module(_USAGE, _taken(text, ("Usage", "BatchWriter", "_write"))),
    }
    return edited(files, _CLEANING)


def tables() -> str:
    """The part of schema.sql that makes tables and functions."""
    text = (_DEMO / "schema.sql").read_text()
    made = text[text.index("CREATE TABLE") : text.index(_FIRST_ROW)]
    return made.rstrip() + "\n"


def rows() -> str:
    """The part of schema.sql that fills them, at a scale."""
    text = (_DEMO / "schema.sql").read_text()
    return text[text.index(_FIRST_ROW) :]


def _module(*parts: str) -> str:
    return "\n\n".join(parts)


def _taken(text: str, names: Sequence[str], between: str = "\n\n\n") -> str:
    """The passages of a module that define these names, with the comments before them, in its own order."""
    lines = text.splitlines()
    found = {
        name: "\n".join(lines[_first_line(node, lines) : node.end_lineno])
        for node in ast.parse(text).body
        if (name := _defines(node)) in names
    }
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"the demonstration service has no {', '.join(missing)}")
    return between.join(found.values()) + "\n"


def _defines(node: ast.stmt) -> str | None:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _first_line(node: ast.stmt, lines: Sequence[str]) -> int:
    """Where it begins, counted from 0: with its decorators and the comments right before it."""
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    first = min([node.lineno, *(each.lineno for each in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return first
