"""What the names in a statement refer to, so that aliases can be called anything. (Pure.)

A column is written as the place of its table among the tables in sight and its name there: ``[1.2."id"]``
is the column "id" of the second table of a subquery. Two statements that call their tables otherwise get the
same text; the two sides of a self join stay apart. Column aliases are followed to what they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A table, or what stands for one: the name that columns are qualified with, and aliases of its columns."""

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """The tables that the columns of one SELECT, INSERT, UPDATE or DELETE can belong to, and its WITH queries."""

    outer: Scope | None = None
    queries: Mapping[str, Source] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    def column(self, table: str, name: str) -> str:
        """Return a column of a table; ``table`` is empty where the column is not qualified."""
        for place, source in self._in_sight():
            if source.name == table if table else name in source.columns:
                return f"[{place}.{source.columns.get(name) or quoted(name)}]"
        if not table and self.outer is None and len(self.sources) == 1:
            return self.target(name)
        return f"[{quoted(table)}.{quoted(name)}]"

    def target(self, name: str) -> str:
        """Return a column of the table that is written to, which is the first one."""
        return f"[{self.depth}.1.{quoted(name)}]"

    def row(self, table: str) -> str:
        """Return a whole row of a table, or nothing where no table has that name."""
        return next((f"[{place}]" for place, source in self._in_sight() if source.name == table), "")

    def _in_sight(self) -> Iterator[tuple[str, Source]]:
        scope: Scope | None = self
        while scope:
            for number, source in enumerate(scope.sources, 1):
                yield f"{scope.depth}.{number}", source
            scope = scope.outer

    @property
    def depth(self) -> int:
        """How many queries this one is within, as far as it can refer to their tables."""
        return self.outer.depth + 1 if self.outer else 0


def quoted(name: str) -> str:
    """Return a name in quotes, which no other name can be taken for."""
    return '"' + name.replace('"', '""') + '"'
