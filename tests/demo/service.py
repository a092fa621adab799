"""The demonstration service: keys, teams, users and a usage log, with faults that are switched on by name.

Run as a program. Its environment: DATABASE_URL (of a database made by schema.sql), PORT (on the loopback
address) and FAULTS, a comma-separated list of the names in ``Fault``, each of which is a mistake as it is
made in real services.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

ADMIN_KEY = "sk-demo-admin"
MODELS = ("demo-small", "demo-large")
CONNECTIONS = 4
HEARTBEAT_S = 0.5
FLUSH_S = 0.3
CHATS_PER_REFRESH = 20
_KEY_LIFETIME_S = 60.0
_DEFAULT_PAGE_SIZE = 25

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]

USERS = (
    "SELECT users.id, users.name, teams.name AS team FROM users JOIN teams ON teams.id = users.team_id"
    " ORDER BY users.id LIMIT %s"
)
KEYS_OF_USER = "SELECT count(*) AS keys FROM keys WHERE user_id = %s"
TEAMS = (
    "SELECT teams.id, teams.name, count(users.id) AS members FROM teams"
    " LEFT JOIN users ON users.team_id = teams.id GROUP BY teams.id ORDER BY teams.id"
)
KEY = "SELECT id, team_id FROM keys WHERE token = %s"
SETTING = "SELECT value FROM settings WHERE name = %s"
TEAM_NAME = "SELECT name FROM teams WHERE id = %s"
ALL_SETTINGS = "SELECT name, value FROM settings WHERE name LIKE %s"
USAGE = "INSERT INTO usage_log (key_id, model, tokens) VALUES "
BEAT = "UPDATE heartbeat SET beats = beats + 1, at = now() WHERE service = %s"
SEARCH = "SELECT id, name, relevance(name) AS relevance FROM users WHERE email = %s"
# Each takes the database 8 ms, in which it needs no processor, so that four at once take no longer.
REPORT = {
    "users": "SELECT count(*) AS number FROM users, pg_sleep(0.008)",
    "teams": "SELECT count(*) AS number FROM teams, pg_sleep(0.008)",
    "keys": "SELECT count(*) AS number FROM keys, pg_sleep(0.008)",
    "settings": "SELECT count(*) AS number FROM settings, pg_sleep(0.008)",
}
_SLOW_RELEVANCE = """
    CREATE OR REPLACE FUNCTION relevance(name text) RETURNS double precision LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(0.006);
        RETURN 1.0 / length(name);
    END $$
"""


class Fault(StrEnum):
    """A mistake that a version of the service makes."""

    N_PLUS_ONE = "n-plus-one"  # /users: one more statement for each user on the page
    EXTRA_LOOKUP = "extra-lookup"  # /chat: a setting is looked up for every request
    LOST_CACHE = "lost-cache"  # /chat: the key is looked up for every request
    LOOKUP_FOR_TEAM_KEYS = "lookup-for-team-keys"  # /chat: the key's team, too, where it has one
    SYNCHRONOUS_WRITES = "synchronous-writes"  # /chat: the usage is written before the answer, alone
    SMALL_POOL = "small-pool"  # one connection instead of four
    SLOW_QUERY = "slow-query"  # /search: the same statement takes the database 6 ms more


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    database_url: str
    port: int
    faults: frozenset[Fault]


@dataclass(frozen=True)
class Key:
    """A virtual key; some belong to a team."""

    id: int
    team_id: int | None


@dataclass(frozen=True)
class Usage:
    """What one chat used."""

    key_id: int
    model: str
    tokens: int


class Database:
    """Runs each statement on a connection of its own, which commits by itself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def rows(self, statement: str, *values: Any) -> list[DictRow]:
        """The rows of a statement."""
        async with self._pool.connection() as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()

    async def execute(self, statement: str, *values: Any) -> None:
        """Run a statement that has no rows."""
        async with self._pool.connection() as connection:
            await connection.execute(statement.encode(), values)

    async def beat(self) -> None:
        """Tell that this service lives, in a transaction."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(BEAT, ["demo"])


class Keys:
    """Looks up keys and remembers each for ``lifetime_s`` seconds."""

    def __init__(self, database: Database, lifetime_s: float) -> None:
        self._database = database
        self._lifetime_s = lifetime_s
        self._remembered: dict[str, tuple[Key, float]] = {}

    async def find(self, token: str) -> Key:
        """The key; answers 401 where there is none."""
        key, until = self._remembered.get(token, (None, 0.0))
        if key is None or time.monotonic() >= until:
            key = await self._look_up(token)
            self._remembered[token] = (key, time.monotonic() + self._lifetime_s)
        return key

    async def _look_up(self, token: str) -> Key:
        rows = await self._database.rows(KEY, token)
        if not rows:
            raise HTTPException(401, "unknown key")
        return Key(rows[0]["id"], rows[0]["team_id"])


class UsageLog(Protocol):
    """Keeps what was used."""

    async def add(self, usage: Usage) -> None:
        """Keep one usage, now or later."""

    async def flush(self) -> None:
        """Write what waits to be written."""


class DirectWriter:
    """Writes each usage while the request waits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, usage: Usage) -> None:
        """Write it."""
        await _write(self._database, [usage])

    async def flush(self) -> None:
        """Nothing waits."""


class BatchWriter:
    """Collects usages; ``flush`` writes all of them in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Usage] = []

    async def add(self, usage: Usage) -> None:
        """Remember it."""
        self._waiting.append(usage)

    async def flush(self) -> None:
        """Write what was collected, if anything was."""
        batch, self._waiting = self._waiting, []
        if batch:
            await _write(self._database, batch)


async def _write(database: Database, usages: list[Usage]) -> None:
    rows = ", ".join(["(%s, %s, %s)"] * len(usages))
    values = [value for usage in usages for value in (usage.key_id, usage.model, usage.tokens)]
    await database.execute(USAGE + rows, *values)


class Service:
    """The endpoints."""

    def __init__(self, pool: Pool, faults: frozenset[Fault]) -> None:
        self._pool = pool
        self._database = Database(pool)
        self._faults = faults
        self._keys = Keys(self._database, 0.0 if Fault.LOST_CACHE in faults else _KEY_LIFETIME_S)
        writer = DirectWriter if Fault.SYNCHRONOUS_WRITES in faults else BatchWriter
        self._usage: UsageLog = writer(self._database)
        self._chats = 0

    @asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        """Connect, migrate, and do what goes on in the background, until the service ends."""
        async with self._pool:
            await self._pool.wait()
            if Fault.SLOW_QUERY in self._faults:
                await self._database.execute(_SLOW_RELEVANCE)
            jobs = [
                asyncio.create_task(_repeat(HEARTBEAT_S, self._database.beat)),
                asyncio.create_task(_repeat(FLUSH_S, self._usage.flush)),
            ]
            yield
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def ready(self, _: Request) -> JSONResponse:
        """Only answers when ``running`` has come to its middle."""
        return JSONResponse({"faults": sorted(self._faults)})

    async def models(self, _: Request) -> JSONResponse:
        """What can be chatted with; asks no database."""
        return JSONResponse({"models": [{"id": model} for model in MODELS]})

    async def users(self, request: Request) -> JSONResponse:
        """A page of users with their teams' names; only with the admin key."""
        if _bearer(request) != ADMIN_KEY:
            raise HTTPException(401, "not the admin key")
        size = int(request.query_params.get("page_size", _DEFAULT_PAGE_SIZE))
        users = await self._database.rows(USERS, size)
        if Fault.N_PLUS_ONE in self._faults:
            for user in users:
                user.update((await self._database.rows(KEYS_OF_USER, user["id"]))[0])
        return JSONResponse({"users": users})

    async def teams(self, _: Request) -> JSONResponse:
        """Every team and how many members it has."""
        return JSONResponse({"teams": await self._database.rows(TEAMS)})

    async def chat(self, request: Request) -> JSONResponse:
        """A chat completion, as a proxy of language models answers it."""
        key = await self._keys.find(_bearer(request))
        if Fault.EXTRA_LOOKUP in self._faults:
            await self._database.rows(SETTING, "moderation")
        if Fault.LOOKUP_FOR_TEAM_KEYS in self._faults and key.team_id is not None:
            await self._database.rows(TEAM_NAME, key.team_id)
        await self._refresh_settings()
        usage = Usage(key.id, (await request.json())["model"], tokens=2)
        await self._usage.add(usage)
        message = {"role": "assistant", "content": "ok"}
        return JSONResponse({"model": usage.model, "choices": [{"message": message}]})

    async def report(self, _: Request) -> JSONResponse:
        """Four numbers, asked for at the same time."""
        answers = await asyncio.gather(*(self._database.rows(statement) for statement in REPORT.values()))
        return JSONResponse({name: rows[0]["number"] for name, rows in zip(REPORT, answers, strict=True)})

    async def search(self, request: Request) -> JSONResponse:
        """The users with an e-mail address."""
        return JSONResponse({"users": await self._database.rows(SEARCH, request.query_params["q"])})

    async def _refresh_settings(self) -> None:
        """Read the settings anew with every so many chats, as a cache is refreshed."""
        self._chats += 1
        if self._chats % CHATS_PER_REFRESH == 0:
            await self._database.rows(ALL_SETTINGS, "%")


async def _repeat(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    # Otherwise the jobs of two services that are started together would go in step.
    await asyncio.sleep(random.uniform(0, seconds))  # noqa: S311
    while True:
        await asyncio.sleep(seconds)
        await job()


def _bearer(request: Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def application(settings: Settings) -> Starlette:
    """The service as an application; it connects when it is started."""
    connections = 1 if Fault.SMALL_POOL in settings.faults else CONNECTIONS
    pool: Pool = AsyncConnectionPool(
        settings.database_url,
        connection_class=AsyncConnection[DictRow],
        kwargs={"autocommit": True, "row_factory": dict_row},
        min_size=connections,
        max_size=connections,
        open=False,
    )
    service = Service(pool, settings.faults)
    routes = [
        Route("/ready", service.ready),
        Route("/models", service.models),
        Route("/users", service.users),
        Route("/teams", service.teams),
        Route("/chat", service.chat, methods=["POST"]),
        Route("/report", service.report),
        Route("/search", service.search),
    ]
    return Starlette(routes=routes, lifespan=service.running)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """What the environment says; ValueError for a fault that there is not."""
    names = [name for name in environ.get("FAULTS", "").split(",") if name]
    return Settings(environ["DATABASE_URL"], int(environ["PORT"]), frozenset(map(_fault, names)))


def _fault(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        raise ValueError(f"FAULTS: there is no fault {name!r}; write some of {', '.join(Fault)}") from None


def main() -> None:
    """Serve until told to end."""
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        sys.exit(str(error))
    uvicorn.run(
        application(settings), host="127.0.0.1", port=settings.port, log_level="warning", access_log=False
    )


if __name__ == "__main__":
    main()
