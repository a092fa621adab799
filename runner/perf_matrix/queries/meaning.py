"""What a statement does, written down in one way only: equal texts mean equal statements. (Pure.)

The tree of a statement is written with the type of every node, so nothing that was read is lost, except that:

* constants and parameters, with their casts, are all ``$``;
* tables and columns are called by their places (`perf_matrix.queries.scope`), not by their aliases;
* plain columns of a list that yields rows are only ``…``, and what is left of the list is sorted. In a list
  that yields a value, as in ``IN (SELECT a …)``, they decide, and stay;
* what a SET does to several columns alike is written once, and nothing of those that get a plain value;
* there are no parentheses, since the tree shows what belongs together, and no order within AND and OR.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import singledispatchmethod

from sqlglot import exp

from perf_matrix.queries.outputs import (
    PLAIN_COLUMNS,
    Output,
    Outputs,
    any_columns,
    exact_columns,
    referred,
    shadowed,
)
from perf_matrix.queries.scope import Scope, Source, quoted
from perf_matrix.queries.tree import (
    alias_of,
    column_aliases,
    connected,
    folded,
    is_constant,
    is_of_a_list,
    is_plain_column,
    is_plain_value,
    is_star,
    name_of,
    row_sources,
    yields_rows,
)

_CONSTANT = "$"
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Schema)
_OBJECT_BUILDERS = ("JSON_BUILD_OBJECT", "JSONB_BUILD_OBJECT")

_Listed = Callable[[Outputs], str]
_Queries = Mapping[str, Source]


class Meaning:
    """One statement, written: its ``text``, and the ``tables`` that it names, in order, each once.

    RecursionError for one that is nested too deeply.
    """

    def __init__(self, tree: exp.Expr) -> None:
        """Write the tree of a whole statement."""
        self._tables: dict[int, exp.Identifier] = {}  # By their places in the text.
        self._rows: dict[int, str] = {}  # Texts of the queries in a FROM, by id of their nodes.
        self._numbers = itertools.count(1)  # Of WITH queries.
        self.text, _ = self._query(tree, None, {}, any_columns)
        self.tables = _each_once(table for _, table in sorted(self._tables.items()))

    # Statements and queries: what yields rows, or changes them.

    def _query(
        self, node: exp.Expr, outer: Scope | None, queries: _Queries, listed: _Listed
    ) -> tuple[str, Outputs]:
        """Write what yields rows; return its text and its result's columns."""
        known, clause = self._with(node, outer, queries)
        scope = Scope(outer, known)
        if isinstance(node, exp.Subquery | exp.SetOperation):
            return self._combined(node, scope, clause, listed)
        if isinstance(node, exp.Select):
            return self._select(node, scope, clause, listed)
        if isinstance(node, exp.Insert | exp.Update | exp.Delete):
            return self._change(node, scope, clause)
        return self.write(node, scope), Outputs(whole=False)

    def _with(self, node: exp.Expr, outer: Scope | None, queries: _Queries) -> tuple[_Queries, str]:
        """Write the WITH queries of a statement; return all that it can name, and the text."""
        clause = node.args.get("with_")
        if clause is None:
            return queries, ""
        names = {alias_of(cte): f"with {next(self._numbers)}" for cte in clause.expressions}
        recursive = bool(clause.args.get("recursive"))
        known = {**queries, **({alias: Source(name) for alias, name in names.items()} if recursive else {})}
        texts = []
        for cte in clause.expressions:
            text, columns = self._with_query(cte, outer, known)
            known[alias_of(cte)] = Source(names[alias_of(cte)], columns)
            texts.append(text)
        return known, f"With(recursive={recursive}, {'; '.join(texts)})"

    def _with_query(
        self, cte: exp.Expr, outer: Scope | None, known: dict[str, Source]
    ) -> tuple[str, Mapping[str, str]]:
        """Write one WITH query, which knows its own columns where it is recursive."""
        aliases = column_aliases(cte)
        own = known.get(alias_of(cte))
        if own and isinstance(cte.this, exp.SetOperation):
            _, first = self._query(cte.this.this, outer, known, any_columns)
            known[alias_of(cte)] = Source(own.name, first.named(aliases))
        text, outputs = self._query(cte.this, outer, known, any_columns)
        return self._node(cte, Scope(outer, known), this=text), outputs.named(aliases)

    def _combined(
        self, node: exp.Subquery | exp.SetOperation, scope: Scope, clause: str, listed: _Listed
    ) -> tuple[str, Outputs]:
        """Write a UNION or the like, or a query in parentheses, which mostly say nothing."""
        text, outputs = self._query(node.this, scope.outer, scope.queries, listed)
        if isinstance(node, exp.Subquery) and not any(
            value for name, value in node.args.items() if name not in ("this", "alias")
        ):
            return text, outputs
        given = {"with_": clause, "this": text, **self._ordered(node, scope, outputs)}
        if isinstance(node, exp.SetOperation):
            given["expression"], _ = self._query(node.expression, scope.outer, scope.queries, listed)
        return self._node(node, scope, **given), outputs

    def _select(self, node: exp.Select, scope: Scope, clause: str, listed: _Listed) -> tuple[str, Outputs]:
        joined = [*(node.args.get("joins") or ()), *(node.args.get("laterals") or ())]
        self._open(scope, node.args.get("from_"), *joined)
        outputs = self._outputs(node.expressions, scope)
        given = {"with_": clause, "expressions": listed(outputs), **self._ordered(node, scope, outputs)}
        return self._node(node, scope, **given), outputs

    def _change(
        self, node: exp.Insert | exp.Update | exp.Delete, scope: Scope, clause: str
    ) -> tuple[str, Outputs]:
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        self._open(scope, target, node.args.get("from_"), *(node.args.get("using") or ()))
        returning = node.args.get("returning")
        outputs = self._outputs(returning.expressions, scope) if returning else Outputs()
        given = {"with_": clause, "returning": any_columns(outputs) if returning else ""}
        if isinstance(node, exp.Insert):
            given["expression"] = self._inserted(node.expression, scope)
        if isinstance(node, exp.Update):
            given["expressions"] = self._assignments(node.expressions, scope)
        return self._node(node, scope, **given), outputs

    def _inserted(self, rows: exp.Expr | None, scope: Scope) -> str:
        """Write where new rows come from: a query, or VALUES, of which only the queries among them matter."""
        if isinstance(rows, exp.Values):
            cells = [cell for row in rows.expressions for cell in row.expressions if cell.find(exp.Query)]
            return self._set_of("Values", cells, scope)
        return "" if rows is None else self._query(rows, None, scope.queries, any_columns)[0]

    def _assignments(self, items: Iterable[exp.Expr], scope: Scope) -> str:
        """Write the kinds of things that a SET does: the columns themselves come and go with versions."""
        kinds = {self._assignment(item, scope) for item in items}
        return f"Set({'; '.join(sorted(kinds - {''}))})" if kinds else ""

    def _assignment(self, item: exp.Expr, scope: Scope) -> str:
        """Write what a column is set to in terms of ``self``, its own value; nothing if to a plain value."""
        if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column):
            return self.write(item, scope)
        if is_plain_value(item.expression):
            return ""
        name = folded(item.this.this)
        text = self.write(item.expression, scope)
        return text.replace(scope.target(name), "self").replace(scope.column("excluded", name), "excluded")

    # Where rows come from, and what they are called.

    def _open(self, scope: Scope, *nodes: exp.Expr | None) -> None:
        """Bring the tables that these nodes name into the scope, one after the other."""
        for node in nodes:
            for source in row_sources(node):
                scope.sources.append(self._source(source, scope))

    def _source(self, node: exp.Expr, scope: Scope) -> Source:
        """Return what a FROM clause names. Queries are written here, before anything refers to their columns."""
        name, aliases = alias_of(node), column_aliases(node)
        query = node.this if isinstance(node, exp.Lateral) else node
        if yields_rows(query):
            outer = scope if isinstance(node, exp.Lateral) else None
            self._rows[id(query)], outputs = self._query(query.this, outer, scope.queries, any_columns)
            return Source(name, outputs.named(aliases))
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            columns = self._with_columns(node, scope)
            return Source(name or folded(node.this), columns | Outputs(whole=False).named(aliases))
        return Source(name, Outputs(whole=False).named(aliases or [name]))

    def _with_columns(self, table: exp.Table, scope: Scope) -> dict[str, str]:
        query = _named_query(table, scope)
        return dict(query.columns) if query else {}

    # Lists, and what refers to their columns.

    def _outputs(self, items: Iterable[exp.Expr], scope: Scope) -> Outputs:
        columns = [
            Output(folded(name_of(item)), self.write(item, scope), is_plain_column(item)) for item in items
        ]
        return Outputs(columns, whole=not any(map(is_star, items)))

    def _ordered(self, node: exp.Expr, scope: Scope, outputs: Outputs) -> dict[str, str]:
        """Write the clauses that can refer to columns of the list, by number or by name."""
        known = {"order": outputs, "distinct": outputs, "group": outputs.without(shadowed(node.expressions))}
        return {name: self._keys(node.args.get(name), scope, columns) for name, columns in known.items()}

    def _keys(self, clause: object, scope: Scope, outputs: Outputs) -> str:
        """Write an ORDER BY, GROUP BY or DISTINCT ON."""
        if isinstance(clause, exp.Distinct) and (on := clause.args.get("on")):
            return self._node(clause, scope, on=self._keys(on, scope, outputs))
        if not isinstance(clause, exp.Expr):
            return self._value(clause, scope)
        keys = [self._key(key, scope, outputs) for key in clause.expressions]
        return self._node(clause, scope, expressions="; ".join(keys))

    def _key(self, key: exp.Expr, scope: Scope, outputs: Outputs) -> str:
        if not isinstance(key, exp.Ordered):
            return referred(key, outputs) or self.write(key, scope)
        descending = "DESC" if key.args.get("desc") else ""  # ASC may be written, or not.
        return self._node(key, scope, this=self._key(key.this, scope, outputs), desc=descending)

    # Nodes: everything within a query.

    @singledispatchmethod
    def write(self, node: exp.Expr, scope: Scope) -> str:
        """Write one node and all below it."""
        return _CONSTANT if is_constant(node) else self._node(node, scope)

    def _node(self, node: exp.Expr, scope: Scope, **given: str) -> str:
        """Write a node by its type and parts; some parts may be written already."""
        parts = {name: self._value(value, scope) for name, value in node.args.items() if name not in given}
        told = [f"{name}={text}" for name, text in sorted((parts | given).items()) if text]
        return f"{type(node).__name__}({', '.join(told)})"

    def _value(self, value: object, scope: Scope) -> str:
        if isinstance(value, exp.Expr):
            return self.write(value, scope)
        if isinstance(value, list):
            return "; ".join(self._value(item, scope) for item in value)
        return "" if value is None else str(value).upper()

    def _set_of(self, name: str, nodes: Iterable[exp.Expr], scope: Scope) -> str:
        """Write nodes without their order and number."""
        return f"{name}({'; '.join(sorted({self.write(node, scope) for node in nodes}))})"

    @write.register
    def _(self, node: exp.Paren, scope: Scope) -> str:
        return self.write(node.this, scope)

    @write.register
    def _(self, node: exp.Alias, scope: Scope) -> str:
        return self.write(node.this, scope)

    @write.register
    def _(self, node: exp.Identifier, _scope: Scope) -> str:
        return quoted(folded(node))

    @write.register
    def _(self, node: exp.TableAlias, scope: Scope) -> str:
        # In ``json_to_recordset($1) AS x(a int)`` the names decide: they are keys of the JSON.
        return self._value([c for c in node.args.get("columns") or () if isinstance(c, exp.ColumnDef)], scope)

    @write.register
    def _(self, node: exp.Column, scope: Scope) -> str:
        table = folded(node.args.get("table"))
        if isinstance(node.this, exp.Star):
            return f"{scope.row(table) or quoted(table)}.*"
        name = folded(node.this)
        if not table and isinstance(node.parent, exp.Anonymous | exp.AggFunc) and (row := scope.row(name)):
            return row
        return scope.column(table, name) + _schema(node)

    @write.register
    def _(self, node: exp.Table, scope: Scope) -> str:
        if query := _named_query(node, scope):
            return self._node(node, scope, this=query.name)
        if isinstance(node.this, exp.Identifier):
            self._tables[node.this.meta.get("start", 0)] = node.this
        return self._node(node, scope, db=_schema(node))

    @write.register
    def _(self, node: exp.Schema, scope: Scope) -> str:
        return f"{self.write(node.this, scope)}({PLAIN_COLUMNS})"

    @write.register
    def _(self, node: exp.Join, scope: Scope) -> str:
        kind = "" if node.kind in ("INNER", "OUTER") else node.kind
        return self._node(node, scope, kind=kind)

    @write.register
    def _(self, node: exp.Ordered, scope: Scope) -> str:
        return self._key(node, scope, Outputs())

    @write.register
    def _(self, node: exp.Lock, scope: Scope) -> str:
        rows = [scope.row(folded(table.this)) or self.write(table, scope) for table in node.expressions]
        return self._node(node, scope, expressions="; ".join(rows))

    @write.register
    def _(self, node: exp.Values, scope: Scope) -> str:
        cells = [cell for row in node.expressions for cell in row.expressions if not is_constant(cell)]
        return self._set_of("Values", cells, scope)

    @write.register(exp.Subquery)
    @write.register(exp.Query)
    def _(self, node: exp.Expr, scope: Scope) -> str:
        if id(node) in self._rows:
            return self._node(node, scope, this=self._rows[id(node)])
        if isinstance(node, exp.Subquery) and not yields_rows(node):
            return self._node(node, scope)
        return self._query(node, scope, scope.queries, exact_columns)[0]

    @write.register
    def _(self, node: exp.Exists, scope: Scope) -> str:
        text, _ = self._query(node.this, scope, scope.queries, any_columns)
        return self._node(node, scope, this=text)

    @write.register
    def _(self, node: exp.Connector, scope: Scope) -> str:
        operands = sorted(self.write(operand, scope) for operand in connected(node))
        return f"{type(node).__name__}({'; '.join(operands)})"

    @write.register
    def _(self, node: exp.In, scope: Scope) -> str:
        return self._node(node, scope, expressions=self._set_of("Set", node.expressions, scope))

    @write.register
    def _(self, node: exp.Array, scope: Scope) -> str:
        if all(map(is_constant, node.expressions)):
            return f"Array({_CONSTANT})"
        return self._node(node, scope)

    @write.register
    def _(self, node: exp.Is, scope: Scope) -> str:
        if isinstance(node.expression, exp.Boolean):  # IS TRUE is a question, not a constant.
            return self._node(node, scope, expression=node.expression.sql())
        return self._node(node, scope)

    @write.register
    def _(self, node: exp.Dot, scope: Scope) -> str:
        if isinstance(node.this, exp.Identifier) and folded(node.this) == "public":
            return self.write(node.expression, scope)
        return self._node(node, scope)

    @write.register
    def _(self, node: exp.Anonymous, scope: Scope) -> str:
        if node.name.upper() in _OBJECT_BUILDERS and is_of_a_list(node):
            return self._object(node, scope)
        return self._node(node, scope)

    def _object(self, node: exp.Anonymous, scope: Scope) -> str:
        """Write a JSON object of columns like a list of them: so Prisma selects what it joins."""
        pairs = zip(node.expressions[::2], node.expressions[1::2], strict=False)
        kept = [list(pair) for pair in pairs if not (is_constant(pair[0]) and is_plain_column(pair[1]))]
        texts = sorted(self._value(pair, scope) for pair in kept)
        return self._node(node, scope, expressions="; ".join(texts))

    @write.register
    def _(self, node: exp.OnConflict, scope: Scope) -> str:
        return self._node(node, scope, expressions=self._assignments(node.expressions, scope))


def _named_query(table: exp.Table, scope: Scope) -> Source | None:
    """Return the WITH query that a table's name refers to. One cannot write to it: there, it is a table's."""
    is_target = table.arg_key == "this" and isinstance(table.parent, _CHANGES)
    return None if is_target or table.args.get("db") else scope.queries.get(folded(table.this))


def _schema(node: exp.Table | exp.Column) -> str:
    schema = folded(node.args.get("db"))
    return "" if schema in ("", "public") else quoted(schema)


def _each_once(tables: Iterable[exp.Identifier]) -> tuple[str, ...]:
    """Return the names as they are written first: Postgres takes ``T`` for ``t``."""
    names: dict[str, str] = {}
    for table in tables:
        names.setdefault(folded(table), table.name)
    return tuple(names.values())
