"""A small service on a real database as a program of its own, so that what it uses can be told.

Its environment: DATABASE_URL, PORT (on the loopback address), LOG (a file that each path is appended to) and
KEPT_BYTES (which each request to /keep never gives back).
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

STATEMENTS = {"/one": 1, "/transaction": 4, "/burn": 0, "/keep": 0}
"""How many statements each request takes, transaction control counted."""
BURN_S = 0.005


class Service:
    """What it answers; /stop ends it."""

    def __init__(self, database_url: str, log: Path, kept_bytes: int) -> None:
        self._pool = AsyncConnectionPool(database_url, min_size=2, max_size=2, open=False)
        self._log = log
        self._kept_bytes = kept_bytes
        self._kept: list[bytes] = []

    def app(self) -> Starlette:
        answering = (self.one, self.transaction, self.burn, self.keep, self.stop)
        routes = [Route(f"/{each.__name__}", each) for each in answering]
        return Starlette(routes=routes, lifespan=self._lifespan)

    async def one(self, request: Request) -> JSONResponse:
        async with self._pool.connection() as connection:
            await connection.set_autocommit(True)
            await connection.execute("SELECT count(*) FROM users")
        return self._answer(request)

    async def transaction(self, request: Request) -> JSONResponse:
        async with self._pool.connection() as connection:
            await connection.set_autocommit(True)
            async with connection.transaction():
                await connection.execute("SELECT name FROM users WHERE id = 1")
                await connection.execute("SELECT count(*) FROM users")
        return self._answer(request)

    async def burn(self, request: Request) -> JSONResponse:
        until = time.process_time() + BURN_S
        while time.process_time() < until:
            pass
        return self._answer(request)

    async def keep(self, request: Request) -> JSONResponse:
        self._kept.append(os.urandom(self._kept_bytes))
        return self._answer(request)

    async def stop(self, request: Request) -> JSONResponse:
        os._exit(3)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self._pool:
            yield

    def _answer(self, request: Request) -> JSONResponse:
        with self._log.open("a") as log:
            log.write(f"{request.url.path}\n")
        return JSONResponse({})


def main() -> None:
    """Serve until it is ended."""
    environ = os.environ
    service = Service(environ["DATABASE_URL"], Path(environ["LOG"]), int(environ["KEPT_BYTES"]))
    uvicorn.run(service.app(), host="127.0.0.1", port=int(environ["PORT"]), log_level="error")


if __name__ == "__main__":
    main()
