"""The rules by which a changed line touches a table, each with how much it says.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

from perf_matrix.compare.places.code_lines import Excerpt
from perf_matrix.compare.places.table_names import TableNames, stem_of, words_of

_MANY = 20
"""So many names on a line and its neighbours are looked at."""
_LONGEST_NAME = 60
"""Characters of a function's name that a rule shows: the diff could hold any."""


class Strength(IntEnum):
    """How much a rule says; the strongest is the smallest."""

    ACCESSOR_OF_VERB = 0
    SQL_OF_VERB = 1
    INSIDE = 2
    ACCESSOR_MAY = 3
    ACCESSOR = 4
    SQL = 5
    NAME = 6
    HELPER_OF_VERB = 7
    HELPER = 8
    MENTION = 9


class Match(NamedTuple):
    """What one rule says of a line and a table, in words."""

    strength: Strength
    rule: str


_METHODS = {
    "SELECT": ("findunique", "findfirst", "findmany", "count", "aggregate", "groupby", "queryfirst"),
    "INSERT": ("create", "createmany"),
    "UPDATE": ("update", "updatemany", "upsert"),
    "DELETE": ("delete", "deletemany"),
}
"""Prisma's methods in lower case without underscores, so that Python's and TypeScript's are the same."""
_MAY = {
    "SELECT": ("upsert", "create", "update", "updatemany", "delete", "deletemany"),
    "INSERT": ("upsert",),
}
"""Methods that issue such a statement beside their own, in some versions of Prisma or in some cases."""
_METHOD_ENDINGS = ("orraise", "orthrow", "andreturn")
_KNOWN_METHODS = frozenset(method for methods in _METHODS.values() for method in methods)
_CLIENTS = frozenset({"db", "prisma", "tx", "trx", "transaction", "client", "batch", "batcher"})
_RECEIVER = re.compile(r"\w+$")
_RECEIVER_REACH = 60

_SQL_VERBS = {"DELETE": "DELETE", "INSERT": "INSERT", "INTO": "INSERT", "UPDATE": "UPDATE"}
"""By its first word; every other SQL that names a table reads it."""
_SQL_NEARBY = re.compile(r"\b(?:select|delete|insert|where|set|values)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"[\s\"'`+]*(?:f[\"'])?(?:WHERE|AND|OR|ON|SET|GROUP BY|ORDER BY|HAVING|LIMIT|OFFSET|VALUES|RETURNING)\b"
)

_CALLED = re.compile(
    r"(?<!\w)(?<!def )(?<!func )(?<!function )(?:(?P<receiver>[A-Za-z_]\w*)\.)?(?P<function>[A-Za-z_]\w*)\s?\("
)
_STORES = frozenset({"repository", "repo", "dao", "store", "mapper", "queries"})
_HELPER_VERBS = {
    "SELECT": (
        "get",
        "fetch",
        "find",
        "load",
        "list",
        "read",
        "query",
        "count",
        "select",
        "search",
        "lookup",
    ),
    "INSERT": ("create", "insert", "add", "save", "store", "register"),
    "UPDATE": ("update", "upsert", "set", "save", "store", "modify", "patch", "increment"),
    "DELETE": ("delete", "remove", "destroy", "purge", "clear"),
}
_TYPE_BEFORE = re.compile(r"(?::\s+|->\s*|\|\s*|\[[\w., ]*)[\"']?$")
_NAME_ONLY = re.compile(r"[\w.]+")
_TYPE_REACH = 20
_SHORTEST_STEM = 3


def _by_accessor(excerpt: Excerpt, names: TableNames, verb: str) -> Iterator[Match]:
    for found in islice(names.accessor.finditer(excerpt.text), _MANY):
        if _is_accessor(found):
            yield from _accessor_matches(excerpt, found, verb)


def _is_accessor(found: re.Match[str]) -> bool:
    """``.users`` may be any attribute; it has to be one of something that is called like Prisma's client."""
    if len(words_of(found["accessor"])) > 1:
        return True
    before = found.string[max(0, found.start() - _RECEIVER_REACH) : found.start()].rstrip(" \t\n\\)(]?!")
    receiver = _RECEIVER.search(before)
    return receiver is not None and (receiver[0].lower() in _CLIENTS or "prisma" in receiver[0].lower())


def _accessor_matches(excerpt: Excerpt, found: re.Match[str], verb: str) -> Iterator[Match]:
    method = _known_method(found["method"])
    of_verb = method in _METHODS.get(verb, ())
    call = f"Prisma accessor {found['accessor']}" + (f", {found['method']}" if method else "")
    if not excerpt.touches(found):
        if of_verb and _is_inside(excerpt, found):
            yield Match(Strength.INSIDE, f"inside a call of {call}: {verb}")
    elif of_verb:
        yield Match(Strength.ACCESSOR_OF_VERB, f"{call}: {verb}")
    elif method in _MAY.get(verb, ()):
        yield Match(Strength.ACCESSOR_MAY, f"{call}: may {verb} too")
    else:
        yield Match(Strength.ACCESSOR, f"{call}: not {verb}" if method else f"{call}, method not seen")


def _known_method(name: str | None) -> str:
    """Prisma's method without its ending that only says what it returns; empty if it is none of Prisma's."""
    method = (name or "").replace("_", "").lower()
    for ending in _METHOD_ENDINGS:
        method = method.removesuffix(ending)
    return method if method in _KNOWN_METHODS else ""


def _is_inside(excerpt: Excerpt, found: re.Match[str]) -> bool:
    """Whether the call that was opened above the line is, by its brackets, still open there."""
    between = excerpt.text[found.end() : excerpt.start]
    return found.end() <= excerpt.start and between.count("(") >= between.count(")")


def _by_sql(excerpt: Excerpt, names: TableNames, verb: str) -> Iterator[Match]:
    for found in islice(names.sql.finditer(excerpt.text), _MANY):
        keyword = found["keyword"] or "UPDATE"
        if not (keyword.isupper() or _SQL_NEARBY.search(excerpt.text)):
            continue  # "removed it from users" is English.
        words = keyword.upper().split()
        of_verb = _SQL_VERBS.get(words[0], "SELECT") == verb
        rule = f"SQL: {' '.join(words)} {names.table}"
        if excerpt.touches(found):
            yield Match(Strength.SQL_OF_VERB if of_verb else Strength.SQL, rule)
        elif of_verb and found.end() <= excerpt.start and _CLAUSE.match(excerpt.line):
            yield Match(Strength.INSIDE, f"inside {rule}")


def _by_name(excerpt: Excerpt, names: TableNames, _verb: str) -> Iterator[Match]:
    line = excerpt.line
    if excerpt.is_docstring:
        return
    for found in islice(names.name.finditer(line), _MANY):
        name = found[0].rpartition("(")[2]
        as_type = _TYPE_BEFORE.search(line[max(0, found.start() - _TYPE_REACH) : found.start()])
        if as_type or _NAME_ONLY.fullmatch(line.strip().rstrip(",")):
            yield Match(Strength.MENTION, f"mentions {name}, as a type or in a list of names")
        else:
            yield Match(Strength.NAME, f"names the model or table {name}")


def _by_helper(excerpt: Excerpt, names: TableNames, verb: str) -> Iterator[Match]:
    if excerpt.is_docstring or len("".join(names.stem)) < _SHORTEST_STEM:
        return
    if found := names.argument.search(excerpt.line):
        yield Match(Strength.HELPER, f"has the argument {found[0][:_LONGEST_NAME]}")
    for call in islice(_CALLED.finditer(excerpt.line), _MANY):
        function, receiver = call["function"][:_LONGEST_NAME], (call["receiver"] or "")[:_LONGEST_NAME]
        words, store = stem_of(words_of(function)), stem_of(words_of(receiver))
        of_verb = any(word in _HELPER_VERBS.get(verb, ()) for word in words)
        constructs = (
            function[0].isupper() and not of_verb
        )  # TeamView(…) makes an object, GetTeam(…) gets one.
        if _holds(words, names.stem) and not constructs:
            strength = Strength.HELPER_OF_VERB if of_verb else Strength.HELPER
            yield Match(strength, f"calls {function}, named after the table")
        elif _holds(store, names.stem) and store[-1] in _STORES:
            yield Match(Strength.HELPER, f"calls {receiver}, named after the table")


def _holds(words: tuple[str, ...], stem: tuple[str, ...]) -> bool:
    """Whether the stem is a part of the words, and not all of them: ``team(`` is no helper."""
    starts = range(len(words) - len(stem) + 1)
    return len(words) > len(stem) and any(words[start : start + len(stem)] == stem for start in starts)


_RULES: tuple[Callable[[Excerpt, TableNames, str], Iterator[Match]], ...] = (
    _by_accessor,
    _by_sql,
    _by_name,
    _by_helper,
)


def strongest(excerpt: Excerpt, names: TableNames, verb: str) -> Match | None:
    """Return what the strongest rule says of a line and a table of a ``verb`` statement; None if none does."""
    if not excerpt.line.strip():
        return None
    matches = (match for rule in _RULES for match in rule(excerpt, names, verb))
    return min(matches, key=lambda match: match.strength, default=None)
