"""What code may call a table: its words, and the patterns of its names.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9]*)_(?=[A-Z]\w*[a-z])")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_SUFFIXES = ("table", "tbl")

# Between a keyword of SQL and a table: quotes of SQL and of the language around it, '" + "', line ends.
_GAP = r"[\s\"'`+\\\[]+(?:ONLY\s+)?"
_SCHEMA = r"(?:[\w${}.\-]{1,80}[\"`\]\\]{0,2}\.[\"`\[\\]{0,2})?"
_SET = r"[\"`\]\\]{0,3}\s(?:[\s\"'+\\]*(?:AS\s+)?\w+\s)?[\s\"'+\\]*SET\b"


@dataclass(frozen=True)
class TableNames:
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
def names_of(table: str) -> TableNames:
    """The names of one table, as SQL names it without its schema."""
    prefix = _PREFIX.match(table)
    core = table[prefix.end() :] if prefix else table
    stem = stem_of(words_of(core))
    named = rf"{_GAP}{_SCHEMA}{re.escape(table)}(?!\w)"
    return TableNames(
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


def words_of(name: str) -> list[str]:
    """``order_items``, ``OrderItems`` → order, items. Never empty."""
    name = name.lower() if name.isupper() else name
    return (name.isascii() and _WORD.findall(name)) or [name]


def stem_of(words: Sequence[str]) -> tuple[str, ...]:
    """LiteLLM, Teams, Table → litellm, team: lower case, singular, without a closing ``table``."""
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
    words = [word.lower() for word in words_of(table)]
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
    table_words, core_words = words_of(table), words_of(core)
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
