"""One migrated and seeded template database for each subject and scale; each arm's database is a clone of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from perf_matrix.matrix.model import Arm, Patch
from perf_matrix.stacks.database_server import DatabaseServer
from perf_matrix.targets.base import Scale, Target

_AT_ONCE = 2


@dataclass(frozen=True)
class Schema:
    """What a subject's databases look like: ``key`` is equal where they are the same.

    ``migrations`` reads the scripts, (name, text), that lead to it.
    """

    key: str
    migrations: Callable[[], list[tuple[str, str]]]


class Templates:
    """The templates on one server."""

    def __init__(self, server: DatabaseServer, target: Target) -> None:
        self._server = server
        self._target = target
        self._made: set[str] = set()

    def make(self, schemas: Iterable[Schema], scales: Iterable[Scale]) -> None:
        """Migrate and seed a template for each schema and scale that has none yet, several at the same time.

        Raises MeasurementError where a script fails.
        """
        wanted = {_name(schema, scale): (schema, scale) for scale in scales for schema in schemas}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            missing = [(name, *each) for name, each in wanted.items() if name not in self._made]
            making = [pool.submit(self._make, *each) for each in missing]
        for each in making:
            each.result()

    def clone(self, schema: Schema, scale: Scale, arm: Arm, patch: Patch) -> None:
        """Make the arm's database anew, and run the SQL of the variants on it."""
        self._server.clone(_name(schema, scale), database_of(arm))
        scripts = [(f"sql {place + 1} of the variants", text) for place, text in enumerate(patch.sql)]
        self._server.run_scripts(database_of(arm), scripts)

    def _make(self, name: str, schema: Schema, scale: Scale) -> None:
        # One that failed half-way is made again for the next cell that needs it.
        self._server.drop(name)
        self._server.create(name)
        self._server.run_scripts(name, [*schema.migrations(), ("seed.sql", self._target.seed(scale))])
        # Statistics are gathered here, since nothing does so later while requests are measured.
        self._server.run_scripts(name, [("statistics", "VACUUM ANALYZE")])
        self._made.add(name)


def database_of(arm: Arm) -> str:
    """The name of an arm's database."""
    return f"perf_{arm}"


def _name(schema: Schema, scale: Scale) -> str:
    of = json.dumps([schema.key, sorted(scale.items())])
    return f"template_{hashlib.sha256(of.encode()).hexdigest()[:16]}"
