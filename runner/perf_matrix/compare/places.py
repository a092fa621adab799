"""Likely places: which changed lines may be where an SQL statement comes from. (Pure.)

Only names are compared: of the statement's tables with what stands on the changed lines. That is a
hint for a reader, not a proof; docs/REPORT.md says how it is found and what it misses. Every pattern here
takes time proportional to a line's length, whatever the line holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from perf_matrix.compare.diff import ChangedLine
from perf_matrix.compare.model import Place

SHOWN = 200
"""Characters of a line that a place shows."""
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


class _Match(NamedTuple):
    strength: Strength
    rule: str


# --- What code calls a table ---------------------------------------------------------------------------

_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9]*)_(?=[A-Z]\w*[a-z])")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_SUFFIXES = ("table", "tbl")

# Between a keyword of SQL and a table: quotes of SQL and of the language around it, '" + "', line ends.
_GAP = r"[\s\"'`+\\\[]+(?:ONLY\s+)?"
_SCHEMA = r"(?:[\w${}.\-]{1,80}[\"`\]\\]{0,2}\.[\"`\[\\]{0,2})?"
_SET = r"[\"`\]\\]{0,3}\s(?:[\s\"'+\\]*(?:AS\s+)?\w+\s)?[\s\"'+\\]*SET\b"


@dataclass(frozen=True)
class _Names:
    """One table, and the patterns of what code may call it."""

    table: str
    stem: tuple[str, ...]
    """Its words, lower case and singular, without prefix and suffix: ``LiteLLM_TeamTable`` → ``team``."""
    hint: str
    """What every line that matches any rule holds, in lower case."""
    accessor: re.Pattern[str]
    sql: re.Pattern[str]
    name: re.Pattern[str]
    argument: re.Pattern[str]


@lru_cache(maxsize=1024)
def _names_of(table: str) -> _Names:
    prefix = _PREFIX.match(table)
    core = table[prefix.end() :] if prefix else table
    stem = _stem(_words(core))
    named = rf"{_GAP}{_SCHEMA}{re.escape(table)}(?!\w)"
    return _Names(
        table=table,
        stem=stem,
        hint=stem[0].rstrip("y"),
        accessor=_accessor_pattern(_accessors(table)),
        sql=re.compile(
            rf"\b(?:(?P<keyword>DELETE\s+FROM|FROM|JOIN|INSERT\s+INTO|INTO|USING){named}|UPDATE{named}{_SET})",
            re.IGNORECASE,
        ),
        name=_name_pattern(table, core, prefix[1] if prefix else ""),
        argument=re.compile(
            rf"\btable(?:_?name)?\s*[=:]\s*[\"'](?:{re.escape('_'.join(stem))}s?)[\"']", re.IGNORECASE
        ),
    )


def _words(name: str) -> list[str]:
    """``order_items``, ``OrderItems`` → order, items. Never empty."""
    name = name.lower() if name.isupper() else name
    return (name.isascii() and _WORD.findall(name)) or [name]


def _stem(words: Sequence[str]) -> tuple[str, ...]:
    words = [word.lower() for word in words]
    if len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return tuple(_singular(word) for word in words)


def _singular(word: str) -> str:
    """By the regular endings of English only: ``people`` stays as it is."""
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "nches", "rches", "tches", "shes", "tuses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _accessors(table: str) -> set[str]:
    """The names of Prisma's accessors in lower case, also of a model ``OrderItem`` mapped to ``order_items``."""
    words = [word.lower() for word in _words(table)]
    singular = [*words[:-1], _singular(words[-1])]
    return {table.lower(), *(glue.join(form) for form in (words, singular) for glue in ("", "_"))}


def _accessor_pattern(accessors: set[str]) -> re.Pattern[str]:
    return re.compile(
        rf"\.[\s\\]*(?P<accessor>{_any_of(accessors)})(?!\w)"
        r"(?:[\s\\]*[?!]{0,2}\.[\s\\]*(?P<method>\w+)[\s\\]*\()?",
        re.IGNORECASE,
    )


def _name_pattern(table: str, core: str, prefix: str) -> re.Pattern[str]:
    """Whole words, in their own case. A single plain word is found where it can hardly be prose only."""
    table_words, core_words = _words(table), _words(core)
    classes = [_classes(words) for words in (table_words, core_words)]
    if len(table_words) == 1:
        quoted = rf"(?<=[\"'`]){re.escape(table)}(?=[\"'`])"
        argument = rf"\b(?:from|into|select|insert|update|delete|query|[jJ]oin)\({re.escape(table)}(?=[),.])"
        return re.compile(rf"{quoted}|{argument}|(?<!\w)(?:{_any_of(classes[0])})(?!\w|\s+[a-z])")
    snake = "_".join(filter(None, [prefix.lower(), *(word.lower() for word in core_words)]))
    names = {table, table.lower(), snake, *classes[0], *(classes[1] if len(core_words) > 1 else ())}
    return re.compile(rf"(?<!\w)(?:{_any_of(names)})(?!\w)")


def _classes(words: Sequence[str]) -> set[str]:
    """``order``, ``items`` → OrderItems, OrderItem."""
    large = [word[0].upper() + word[1:] for word in words]
    return {"".join(large), "".join([*large[:-1], _singular(large[-1])])}


def _any_of(names: set[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


# --- What of a line is code -----------------------------------------------------------------------------

_COMMENT = re.compile(r"\s*(?:#|//|--|/\*|<!--|\*(?=[\s/]|$)(?!\s*FROM\b))", re.IGNORECASE)
_COMMENT_AFTER_CODE = re.compile(r"\s(?:#|//|--)\s")
_IMPORT = re.compile(
    r"\s*(?:from\s+\S+\s+import\b|import\b|export\b.*\bfrom\b|\}\s*from\b|use\s|using\s|package\s|require"
    r"|(?:const|let|var)\b.*\brequire\()"
)
_DEFINES_A_TABLE = re.compile(
    r"\s*(?:CREATE|ALTER|DROP|COMMENT)\b[^;]{0,60}\b(?:TABLE|INDEX|VIEW|TRIGGER|COLUMN)\b", re.IGNORECASE
)
_DOCSTRING = re.compile(r"\s*[rR]?(?:\"\"\"|''')")


def _code(text: str) -> str:
    """The line without its comment; nothing where it only imports or defines a table."""
    if any(pattern.match(text) for pattern in (_COMMENT, _IMPORT, _DEFINES_A_TABLE)):
        return ""
    comment = _COMMENT_AFTER_CODE.search(text)
    return text[: comment.start()] if comment else text


@dataclass(frozen=True)
class _Window:
    """A changed line among its neighbours: the code of all, and where the line's own begins and ends."""

    text: str
    start: int
    end: int

    @property
    def line(self) -> str:
        return self.text[self.start : self.end]

    def touches(self, found: re.Match[str]) -> bool:
        """What begins above the line has to reach into it, what begins in it may reach below."""
        return found.start() < self.end and found.end() > self.start


def _window(line: ChangedLine) -> _Window:
    above = "".join(_code(text) + "\n" for text in line.before)
    own = _code(line.text)
    below = "".join("\n" + _code(text) for text in line.after)
    return _Window(above + own + below, len(above), len(above) + len(own))


# --- The rules --------------------------------------------------------------------------------------------

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


def _by_accessor(window: _Window, names: _Names, verb: str) -> Iterator[_Match]:
    for found in islice(names.accessor.finditer(window.text), _MANY):
        if _is_accessor(found):
            yield from _accessor_matches(window, found, verb)


def _is_accessor(found: re.Match[str]) -> bool:
    """``.users`` may be any attribute; it has to be one of something that is called like Prisma's client."""
    if len(_words(found["accessor"])) > 1:
        return True
    before = found.string[max(0, found.start() - _RECEIVER_REACH) : found.start()].rstrip(" \t\n\\)(]?!")
    receiver = _RECEIVER.search(before)
    return receiver is not None and (receiver[0].lower() in _CLIENTS or "prisma" in receiver[0].lower())


def _accessor_matches(window: _Window, found: re.Match[str], verb: str) -> Iterator[_Match]:
    method = _known_method(found["method"])
    of_verb = method in _METHODS.get(verb, ())
    call = f"Prisma accessor {found['accessor']}" + (f", {found['method']}" if method else "")
    if not window.touches(found):
        if of_verb and _is_inside(window, found):
            yield _Match(Strength.INSIDE, f"inside a call of {call}: {verb}")
    elif of_verb:
        yield _Match(Strength.ACCESSOR_OF_VERB, f"{call}: {verb}")
    elif method in _MAY.get(verb, ()):
        yield _Match(Strength.ACCESSOR_MAY, f"{call}: may {verb} too")
    else:
        yield _Match(Strength.ACCESSOR, f"{call}: not {verb}" if method else f"{call}, method not seen")


def _known_method(name: str | None) -> str:
    """Prisma's method without its ending that only says what it returns; empty if it is none of Prisma's."""
    method = (name or "").replace("_", "").lower()
    for ending in _METHOD_ENDINGS:
        method = method.removesuffix(ending)
    return method if method in _KNOWN_METHODS else ""


def _is_inside(window: _Window, found: re.Match[str]) -> bool:
    """Whether the call that was opened above the line is, by its brackets, still open there."""
    between = window.text[found.end() : window.start]
    return found.end() <= window.start and between.count("(") >= between.count(")")


def _by_sql(window: _Window, names: _Names, verb: str) -> Iterator[_Match]:
    for found in islice(names.sql.finditer(window.text), _MANY):
        keyword = found["keyword"] or "UPDATE"
        if not (keyword.isupper() or _SQL_NEARBY.search(window.text)):
            continue  # "removed it from users" is English.
        words = keyword.upper().split()
        of_verb = _SQL_VERBS.get(words[0], "SELECT") == verb
        rule = f"SQL: {' '.join(words)} {names.table}"
        if window.touches(found):
            yield _Match(Strength.SQL_OF_VERB if of_verb else Strength.SQL, rule)
        elif of_verb and found.end() <= window.start and _CLAUSE.match(window.line):
            yield _Match(Strength.INSIDE, f"inside {rule}")


def _by_name(window: _Window, names: _Names, _verb: str) -> Iterator[_Match]:
    line = window.line
    if _DOCSTRING.match(line):
        return
    for found in islice(names.name.finditer(line), _MANY):
        name = found[0].rpartition("(")[2]
        as_type = _TYPE_BEFORE.search(line[max(0, found.start() - _TYPE_REACH) : found.start()])
        if as_type or _NAME_ONLY.fullmatch(line.strip().rstrip(",")):
            yield _Match(Strength.MENTION, f"mentions {name}, as a type or in a list of names")
        else:
            yield _Match(Strength.NAME, f"names the model or table {name}")


def _by_helper(window: _Window, names: _Names, verb: str) -> Iterator[_Match]:
    if _DOCSTRING.match(window.line) or len("".join(names.stem)) < _SHORTEST_STEM:
        return
    if found := names.argument.search(window.line):
        yield _Match(Strength.HELPER, f"has the argument {found[0][:_LONGEST_NAME]}")
    for call in islice(_CALLED.finditer(window.line), _MANY):
        function, receiver = call["function"][:_LONGEST_NAME], (call["receiver"] or "")[:_LONGEST_NAME]
        words, store = _stem(_words(function)), _stem(_words(receiver))
        of_verb = any(word in _HELPER_VERBS.get(verb, ()) for word in words)
        constructs = (
            function[0].isupper() and not of_verb
        )  # TeamView(…) makes an object, GetTeam(…) gets one.
        if _holds(words, names.stem) and not constructs:
            strength = Strength.HELPER_OF_VERB if of_verb else Strength.HELPER
            yield _Match(strength, f"calls {function}, named after the table")
        elif _holds(store, names.stem) and store[-1] in _STORES:
            yield _Match(Strength.HELPER, f"calls {receiver}, named after the table")


def _holds(words: tuple[str, ...], stem: tuple[str, ...]) -> bool:
    """Whether the stem is a part of the words, and not all of them: ``team(`` is no helper."""
    starts = range(len(words) - len(stem) + 1)
    return len(words) > len(stem) and any(words[start : start + len(stem)] == stem for start in starts)


_RULES: tuple[Callable[[_Window, _Names, str], Iterator[_Match]], ...] = (
    _by_accessor,
    _by_sql,
    _by_name,
    _by_helper,
)


# --- Which files count ------------------------------------------------------------------------------------

_NO_CODE_IN = frozenset(
    {"migrations", "migration", "migrate", "alembic", "docs", "doc", "node_modules", "vendor", "dist"}
)
_NO_CODE = (
    *("*.md", "*.mdx", "*.rst", "*.txt", "*.adoc", "*.json", "*.csv", "*.svg", "*.css", "*.map", "*.min.js"),
    *("*.lock", "*-lock.yaml", "*.sum", "*.prisma", "schema.rb", "structure.sql", "schema.sql"),
)
_TESTS_IN = frozenset({"test", "tests", "__tests__", "spec", "specs", "testdata", "e2e"})
_TESTS = (
    *("test_*", "conftest.py", "*_test.*", "*_spec.*", "*.test.*", "*.spec.*"),
    *("*Test.java", "*Tests.java", "*Test.kt"),
)


@lru_cache(maxsize=4096)
def _holds_code(file: str) -> bool:
    return not _is_one_of(file, _NO_CODE_IN, _NO_CODE)


@lru_cache(maxsize=4096)
def _is_test(file: str) -> bool:
    return _is_one_of(file, _TESTS_IN, _TESTS)


def _is_one_of(file: str, folders: frozenset[str], patterns: Sequence[str]) -> bool:
    *parents, name = file.split("/")
    return not folders.isdisjoint(parents) or any(fnmatchcase(name, pattern) for pattern in patterns)


# --- Finding and ranking ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Hit:
    """What the strongest rule says of one line and one table."""

    line: ChangedLine
    table: str
    match: _Match


def likely_places(
    lines: Sequence[ChangedLine], verb: str, tables: Sequence[str], limit: int = 5
) -> list[Place]:
    """The changed lines that touch the tables of an SQL statement of head's; at most ``limit``, best first.

    ``verb`` is SELECT, INSERT, UPDATE or DELETE, ``tables`` are the statement's, as SQL names them. Ranked
    by: outside tests before tests, added before removed, the stronger rule, the table that fewer
    lines touch, then file and line. A line is one place, for the table that it touches most surely. Never a
    place: a comment, an import, the definition of a table, and a line of documentation, of a migration or
    schema, or of a generated file. A text is cut to 200 characters.
    """
    hits = list(_hits(lines, verb.upper(), tables))
    touched = Counter(hit.table for hit in hits)

    def rank(hit: _Hit) -> tuple[bool, bool, int, int, str, int]:
        line = hit.line
        rare = touched[hit.table]
        return _is_test(line.file), line.removed, hit.match.strength, rare, line.file, line.number

    # A line's later hits say less: setdefault keeps the first.
    best: dict[ChangedLine, _Hit] = {}
    for hit in sorted(hits, key=rank):
        best.setdefault(hit.line, hit)
    return [_place(hit) for hit in islice(best.values(), max(0, limit))]


def _hits(lines: Sequence[ChangedLine], verb: str, tables: Sequence[str]) -> Iterator[_Hit]:
    named = [_names_of(table) for table in dict.fromkeys(tables) if table]
    for line in lines:
        if not _holds_code(line.file):
            continue
        near = "\n".join((*line.before, line.text, *line.after)).lower()
        for names in named:
            if names.hint in near and (match := _strongest(line, names, verb)):
                yield _Hit(line, names.table, match)


def _strongest(line: ChangedLine, names: _Names, verb: str) -> _Match | None:
    window = _window(line)
    if not window.line.strip():
        return None
    matches = (match for rule in _RULES for match in rule(window, names, verb))
    return min(matches, key=lambda match: match.strength, default=None)


def _place(hit: _Hit) -> Place:
    line = hit.line
    return Place(
        file=line.file,
        line=line.number,
        removed=line.removed,
        text=line.text.strip()[:SHOWN],
        table=hit.table,
        rule=hit.match.rule + (", in a test" if _is_test(line.file) else ""),
    )
