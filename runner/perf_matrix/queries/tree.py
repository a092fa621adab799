"""Questions about the nodes of a syntax tree. (Pure.)"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

_CONSTANTS = (
    exp.Literal,
    exp.Parameter,
    exp.Boolean,
    exp.BitString,
    exp.ByteString,
    exp.HexString,
    exp.JSONPath,
    exp.UnicodeString,
)
_CLAUSES = (exp.Query, exp.Where, exp.Having, exp.Join, exp.Group, exp.Order)


def is_constant(node: exp.Expr) -> bool:
    """Tell whether a node is one constant or parameter, with whatever signs and casts."""
    while isinstance(node, exp.Paren | exp.Cast | exp.Neg | exp.Interval):
        node = node.this
    return isinstance(node, _CONSTANTS)


def is_plain_value(node: exp.Expr) -> bool:
    """Tell whether a column can be set to this without anything being computed: a constant, NULL, DEFAULT."""
    default = isinstance(node, exp.Var | exp.Column) and node.sql().upper() == "DEFAULT"
    return default or isinstance(node, exp.Null) or is_constant(node)


def is_plain_column(node: exp.Expr) -> bool:
    """Tell whether an item of a list is just a column, cast or not: Prisma casts the columns of an enum."""
    while isinstance(node, exp.Paren | exp.Cast | exp.Alias):
        node = node.this
    return isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier)


def is_star(node: exp.Expr) -> bool:
    """Tell whether an item of a list stands for all columns, of all tables or of one."""
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def name_of(item: exp.Expr) -> exp.Identifier | None:
    """Return the name that an item of a list has in the result: its alias, or the name of the column."""
    while isinstance(item, exp.Paren | exp.Cast):
        item = item.this
    name = item.args.get("alias") if isinstance(item, exp.Alias) else item.this
    return name if isinstance(item, exp.Alias | exp.Column) and isinstance(name, exp.Identifier) else None


def folded(identifier: exp.Expr | None) -> str:
    """Return a name as Postgres understands it: in lower case, unless it is quoted. Nothing for no name."""
    if not isinstance(identifier, exp.Identifier):
        return ""
    return identifier.name if identifier.quoted else identifier.name.lower()


def alias_of(node: exp.Expr) -> str:
    """Return the name that a FROM or WITH gives to a table, query or function; nothing if none."""
    alias = node.args.get("alias")
    return folded(alias.this) if isinstance(alias, exp.TableAlias) else ""


def column_aliases(node: exp.Expr) -> list[str]:
    """Return the names that a FROM or WITH gives to columns, as ``AS t(a, b)`` does."""
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return [folded(column) for column in columns or () if isinstance(column, exp.Identifier)]


def connected(node: exp.Connector) -> Iterator[exp.Expr]:
    """Yield what a chain of ANDs, or of ORs, connects, however it is nested. Without recursion: chains are long."""
    waiting: list[exp.Expr] = [node]
    while waiting:
        operand = waiting.pop().unnest()
        if type(operand) is type(node):
            waiting += [operand.this, operand.expression]
        else:
            yield operand


def is_of_a_list(node: exp.Expr) -> bool:
    """Tell whether a node is part of the list of a SELECT, and not of a condition or an order."""
    return isinstance(node.find_ancestor(*_CLAUSES), exp.Query)


def yields_rows(node: exp.Expr) -> bool:
    """Tell whether parentheses hold a query or VALUES, not joined tables."""
    return isinstance(node, exp.Subquery) and isinstance(node.unnest(), exp.Query | exp.Values)


def row_sources(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the tables, subqueries and functions that a FROM, JOIN or table names, in their order."""
    if node is None:
        return
    if isinstance(node, exp.From | exp.Join) or (isinstance(node, exp.Subquery) and not yields_rows(node)):
        yield from row_sources(node.this)
    else:
        yield node
    for joined in (*(node.args.get("joins") or ()), *(node.args.get("laterals") or ())):
        yield from row_sources(joined)
