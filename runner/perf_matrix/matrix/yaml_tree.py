"""YAML text to plain data, with the place of every key and value.

Only what JSON can say comes out: text, numbers, true, false, null, lists, mappings with text as
keys. PyYAML's safe loader makes the tree of nodes; no constructor of it ever runs. Refused: tags, several
documents, duplicate keys, merge keys, and whatever grows without bound (depth, nodes, aliases).

Without quotes, ``yes`` and ``on`` are booleans as in YAML 1.1, since the services under test read theirs
so. A number is only what both YAML 1.1 and 1.2 call the same number: ``1:30``, ``0644``, ``1e3`` and dates
are text, and so is a commit such as ``7e12345``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from perf_matrix.matrix.problems import Place, Problem, UnreadableError

MAX_BYTES = 1024 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 50

Path = tuple[str | int, ...]

_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_NULLS = {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"(?:[-+]?[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+][0-9]{1,4})?")

_CURES = (
    ("'\\t'", "indent with spaces, not tabs"),
    ("'@'", "put the value in quotes"),
    ("'`'", "put the value in quotes"),
    ("'%'", "put the value in quotes"),
    (
        "mapping values are not allowed here",
        "put a value that contains ': ' in quotes, or check the indentation",
    ),
    ("could not find expected ':'", "write 'key: value', with a blank after the colon"),
    (
        "expected <block end>",
        "check the indentation: entries of one mapping or list start in the same column",
    ),
    ("undefined alias", "an alias (*name) needs its anchor (&name) earlier in the file"),
    ("expected a single document", "write one document: remove the line '---' that starts the second"),
    ("while scanning a quoted scalar", "close the quotes"),
    ("while parsing a flow", "close the bracket, and separate entries with commas"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data, where each part of it stands, and what was wrong without stopping the reading.

    ``written`` holds plain scalars as they stand in the text: ``yes`` where ``data`` has True.
    """

    data: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    written: Mapping[Path, str]
    problems: tuple[Problem, ...]

    def place(self, path: Path) -> Place:
        """Where the key of ``path`` stands, or its value where it has no key (a list's item, the root)."""
        return self.keys.get(path) or self.values[path]

    def value(self, path: Path) -> Any:
        """The data at ``path``."""
        data = self.data
        for part in path:
            data = data[part]
        return data


def read_tree(text: str) -> Document:
    """The document in ``text``; UnreadableError with the place where reading had to stop."""
    if len(text) > MAX_BYTES:
        raise UnreadableError(Problem(Place(1, 1), f"larger than {MAX_BYTES} bytes; is this the right file?"))
    node = _compose(text)
    if node is None:
        raise UnreadableError(Problem(Place(1, 1), "the file is empty; it starts with 'version: 1'"))
    builder = _Builder()
    data = builder.build(node, ())
    return Document(data, builder.values, builder.keys, builder.written, tuple(builder.problems))


class _GuardedLoader(yaml.SafeLoader):
    """Composes nodes as the safe loader does, but stops at tags and beyond the limits."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._nodes += 1
        self._depth += 1
        place = _place(event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise UnreadableError(Problem(place, f"the tag {event.tag!r} is not allowed; remove it"))
        _check_limits(self._depth, self._nodes, place)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _check_limits(depth: int, nodes: int, place: Place) -> None:
    if depth > MAX_DEPTH:
        message = f"nested deeper than {MAX_DEPTH} levels (does an alias stand inside its own anchor?)"
        raise UnreadableError(Problem(place, message))
    if nodes > MAX_NODES:
        message = f"more than {MAX_NODES} values, counting what aliases repeat; write a smaller file"
        raise UnreadableError(Problem(place, message))


def _compose(text: str) -> yaml.Node | None:
    loader = _loader(text)
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(Problem(_syntax_place(error), _syntax_message(error))) from None
    except UnreadableError:
        raise
    except (ValueError, OverflowError):
        # PyYAML hands the number of an escape such as "\UFFFFFFFF" to chr() unchecked.
        message = "this escape names no character; write the character itself"
        raise UnreadableError(Problem(Place(loader.line + 1, loader.column + 1), message)) from None


def _loader(text: str) -> _GuardedLoader:
    try:
        return _GuardedLoader(text)
    except yaml.reader.ReaderError as error:
        message = f"the character {text[error.position]!r} is not allowed in YAML; remove it"
        raise UnreadableError(Problem(_place_at(text, error.position), message)) from None


def _syntax_place(error: yaml.MarkedYAMLError) -> Place:
    """Where it went wrong; for what was never closed, where it was opened."""
    never_closed = error.problem is not None and re.search("end of stream|<stream end>", error.problem)
    marks = (
        (error.context_mark, error.problem_mark) if never_closed else (error.problem_mark, error.context_mark)
    )
    return _place(marks[0] or marks[1])


def _syntax_message(error: yaml.MarkedYAMLError) -> str:
    said = " ".join(part for part in (error.context, error.problem) if part)
    cures = [cure for symptom, cure in _CURES if symptom in said]
    return f"not YAML: {said}" + (f"; {cures[0]}" if cures else "")


class _Builder:
    """Walks the nodes once, aliases expanded, under the same limits as the composing."""

    def __init__(self) -> None:
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.written: dict[Path, str] = {}
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, path: Path) -> Any:
        place = _place(node.start_mark)
        _check_characters(node)
        self.values[path] = place
        _check_limits(len(path), len(self.values), place)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            _check_characters(key_node)
            problem = _key_problem(key_node)
            if problem is not None:
                self.problems.append(problem)
            if not _is_usable_key(key_node):
                continue
            here = (*path, key_node.value)
            if here in self.keys:
                self.problems.append(_duplicate(key_node, self.keys[here]))
                continue
            self.keys[here] = _place(key_node.start_mark)
            data[key_node.value] = self.build(value_node, here)
        return data

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text: str = node.value
        if not _is_plain(node):
            return text
        self.written[path] = text
        return plain_scalar(text)


def _is_usable_key(node: yaml.Node) -> bool:
    """Whether reading can go on as if the key were text, so that one bad key is one problem."""
    return isinstance(node, yaml.ScalarNode) and not _is_merge(node)


def _is_merge(node: yaml.Node) -> bool:
    return _is_plain(node) and bool(node.value == "<<")


def _is_plain(node: yaml.Node) -> bool:
    """Written without quotes and not as a block of text."""
    return isinstance(node, yaml.ScalarNode) and node.style is None


def _key_problem(node: yaml.Node) -> Problem | None:
    place = _place(node.start_mark)
    if not isinstance(node, yaml.ScalarNode):
        return Problem(place, "a list or a mapping cannot be a key; write a name")
    if _is_merge(node):
        return Problem(place, "merge keys (<<) are not supported; write the keys out")
    meaning = plain_scalar(node.value) if _is_plain(node) else node.value
    if isinstance(meaning, str):
        return None
    return Problem(
        place, f'{_meaning(node.value, meaning)}; a key has to be text, write it in quotes: "{node.value}"'
    )


def _meaning(text: str, value: object) -> str:
    if value is None:
        return f"the key {text!r} is empty in YAML" if text else "the key is missing"
    kind = "a boolean" if isinstance(value, bool) else "a number"
    return f"the key {text} is {kind} in YAML"


def _duplicate(node: yaml.Node, first: Place) -> Problem:
    message = f"{node.value!r} is already on line {first.line}; rename or remove one of the two"
    return Problem(_place(node.start_mark), message)


def plain_scalar(text: str) -> str | int | float | bool | None:
    """What a scalar without quotes means."""
    if text in _NULLS:
        return None
    if text in (text.lower(), text.upper(), text.capitalize()) and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _check_characters(node: yaml.Node) -> None:
    """An escape can name half a surrogate pair, which no file and no request could ever hold."""
    if isinstance(node, yaml.ScalarNode) and any(
        "\ud800" <= character <= "\udfff" for character in node.value
    ):
        message = "half of a surrogate pair is no character; write the character itself"
        raise UnreadableError(Problem(_place(node.start_mark), message))


def _place(mark: yaml.Mark | None) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _place_at(text: str, position: int) -> Place:
    before = text[:position]
    return Place(before.count("\n") + 1, position - before.rfind("\n"))
