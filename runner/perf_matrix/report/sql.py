"""SQL statements shortened around what matters: the verb, the table, the condition, the new columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

_TOKEN = re.compile(
    r"""\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|[(),]|[^\s"'(),]+|["']""", re.DOTALL
)
_NAME = r'(?:"(?:[^"]|"")*"|[A-Za-z_]\w*)'
_QUALIFIED = re.compile(r'"public"\.')
_ALIAS = re.compile(rf" AS ({_NAME})$", re.IGNORECASE)
_TABLE = re.compile(rf"\b(?:FROM|UPDATE|INTO) ({_NAME})", re.IGNORECASE)
_LONG = 24
# With now() among the values.
_PARENTHESES = re.compile(rf"\((?:[^()]|\(\)){{{_LONG},}}\)")

_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# What begins a list of columns, and what ends it.
_LISTS: dict[str, Collection[str]] = {
    "SELECT": ("FROM",),
    "SET": ("WHERE", "FROM", "RETURNING"),
    "RETURNING": (),
}
_JOINS = ("JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL")
_AFTER_JOINS = ("WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET")


def brief(statement: str, limit: int, columns: Sequence[str] = ()) -> str:
    """Return the statement on one line of at most ``limit`` characters.

    Lists of columns and values become '…', the schema 'public' and the table's name before its own
    columns are left out; what is too long even so is cut at its end. ``columns`` stay in the lists, by their
    names or aliases: those by which a statement grew. Where they are given, joins become '…' if the statement
    is too long, and so do the last columns if the table's name would be cut off.
    """
    text = " ".join("".join(_without_comments(statement)).split())
    names = [column.strip('"') for column in columns]
    shown = _shortened(text, names)
    if names and len(shown) > limit:
        shown = _with_room(text, names, limit)
    return shown if len(shown) <= limit else _cut(shown, limit)


def _cut(shown: str, limit: int) -> str:
    beginning = shown[: max(limit - 1, 0)].rstrip()
    return beginning if beginning.endswith("…") else f"{beginning}…"


def _with_room(text: str, names: Sequence[str], limit: int) -> str:
    """Return the statement without its joins, and with as many of the columns as leave room for the table."""
    shown = ""
    for count in range(len(names), -1, -1):
        shown = _without_joins(_shortened(text, names[:count]))
        table = _TABLE.search(shown)
        if table is None or table.end() < limit:
            break
    return shown


def _shortened(text: str, names: Collection[str]) -> str:
    return _without_own_table(_QUALIFIED.sub("", _without_lists(text, names)))


def _without_comments(statement: str) -> Iterator[str]:
    for token in _TOKEN.findall(statement):
        yield " " if token.startswith(("--", "/*")) else token


def _without_lists(text: str, names: Collection[str]) -> str:
    verb = text.split(" ", 1)[0].upper()
    if verb not in _VERBS:
        return text
    for start, end in reversed(list(_long_lists(text))):
        space = "" if text[end:].startswith(")") else " "
        text = f"{text[:start]} {_elided(text[start:end], names)}{space}{text[end:]}".rstrip()
    if verb == "INSERT":
        return _PARENTHESES.sub(lambda found: f"({_elided(found[0][1:-1], names)})", text)
    return text


def _long_lists(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each long list stands that is not within another one. Within a query, one column is not long."""
    done = 0
    for start, end, depth in sorted(_lists(text)):
        if start >= done and end - start >= _LONG and (depth == 0 or "," in text[start:end]):
            yield start, end
            done = end


def _lists(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield where lists of columns begin and end, and in how many parentheses they are.

    A SELECT without FROM has none: what it selects is all that there is to show.
    """
    begun: dict[int, tuple[str, int]] = {}  # The list that is open at each depth.
    for word, start, end, depth in _words(text):
        inner = depth + 1 if word == ")" else depth
        opening, position = begun.get(inner, ("", 0))
        if word in _LISTS.get(opening, ()) or (word == ")" and opening not in ("", "SELECT")):
            yield position, start, inner
        if word in _LISTS:
            begun[depth] = (word, end)
        elif word == ")" or word in _LISTS.get(opening, ()):
            begun.pop(inner, None)
    for depth, (opening, position) in begun.items():
        if opening != "SELECT":
            yield position, len(text), depth


def _words(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield every token in upper case, where it begins and ends, and in how many parentheses it is."""
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        depth += (token == "(") - (token == ")")  # noqa: S105
        yield token.upper(), match.start(), match.end(), depth


def _elided(items: str, names: Collection[str]) -> str:
    """Return a list with '…' in place of all items but those with the names."""
    shown: list[str] = []
    for item in _items(items) if names else [items]:
        text = item if _name(item) in names else "…"
        if [text] != shown[-1:]:
            shown.append(text)
    return ", ".join(shown)


def _items(items: str) -> Iterator[str]:
    done = 0
    for word, start, end, depth in _words(items):
        if word == "," and depth == 0:
            yield items[done:start].strip()
            done = end
    yield items[done:].strip()


def _name(item: str) -> str:
    """Return the name of an item: its alias, the column that it sets, or the column that it is."""
    alias = _ALIAS.search(item)
    names = [alias[1]] if alias else re.findall(_NAME, re.split("::|=", item, maxsplit=1)[0])
    return names[-1].strip('"') if names else ""


def _without_joins(text: str) -> str:
    """Replace what stands between the first table and the condition by '…'."""
    words = [(word, start) for word, start, _, depth in _words(text) if depth == 0]
    first = next((start for word, start in words if word in _JOINS), len(text))
    end = next((start for word, start in words if start > first and word in _AFTER_JOINS), len(text))
    return f"{text[:first]}… {text[end:]}".rstrip() if first < len(text) else text


def _without_own_table(text: str) -> str:
    table = re.search(r'\b(?:FROM|UPDATE|INTO) ("(?:[^"]|"")*")', text, re.IGNORECASE)
    return text.replace(f"{table.group(1)}.", "") if table else text
