"""The columns of a query's result: how its list of them is written, and what can refer to them. (Pure.)"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from sqlglot import exp

from perf_matrix.queries.tree import folded, is_plain_column

PLAIN_COLUMNS = "…"
"""Stands for plain columns, however many there are."""


@dataclass(frozen=True)
class Output:
    """One column of a query's result: its name there, what it is, and whether that is a plain column."""

    name: str
    text: str
    plain: bool

    @property
    def reference(self) -> str:
        """What it is, in few characters: a query within queries may refer to it again and again."""
        return self.text if self.plain else blake2b(self.text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Outputs:
    """The result columns of a query, in order; ``whole`` is false where a ``*`` stands for some of them."""

    columns: Sequence[Output] = ()
    whole: bool = True

    def at(self, position: int) -> str:
        """Return what the column at a position, from 1, is."""
        known = self.whole and 1 <= position <= len(self.columns)
        return self.columns[position - 1].reference if known else f"#{position}"

    def named(self, aliases: Sequence[str] = ()) -> dict[str, str]:
        """Return what each named column is, where aliases of the table's columns rename the first of them."""
        own = {column.name: column.reference for column in self.columns[len(aliases) :] if column.name}
        return own | {alias: self.at(position) for position, alias in enumerate(aliases, 1)}

    def without(self, names: Collection[str]) -> Outputs:
        """Return the same columns, in their places, of which these can no longer be called by their names."""
        return replace(self, columns=[replace(c, name="") if c.name in names else c for c in self.columns])


def any_columns(outputs: Outputs) -> str:
    """Return a list that yields rows: what is computed in it, in any order, and whether there are plain columns."""
    computed = sorted(column.text for column in outputs.columns if not column.plain)
    return "; ".join([PLAIN_COLUMNS] * any(column.plain for column in outputs.columns) + computed)


def exact_columns(outputs: Outputs) -> str:
    """Return a list that yields a value."""
    return "; ".join(column.text for column in outputs.columns)


def shadowed(items: Iterable[exp.Expr]) -> set[str]:
    """Return the aliases that are names of columns, too: in a GROUP BY these come first."""
    computed = [item for item in items if isinstance(item, exp.Alias) and not is_plain_column(item)]
    return {
        folded(item.args["alias"])
        for item in computed
        if folded(item.args["alias"]) in {folded(column.this) for column in item.find_all(exp.Column)}
    }


def referred(key: exp.Expr, outputs: Outputs) -> str:
    """Return which column of the list a key of an order means, or nothing if it is an expression of its own."""
    if isinstance(key, exp.Literal) and key.is_int:
        return outputs.at(int(key.name))
    if isinstance(key, exp.Column) and not key.args.get("table"):
        return outputs.named().get(folded(key.this), "")
    return ""
