"""Where the parts of a YAML text stand in it, so that one can be changed and the rest left alone.  (Pure.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from perf_matrix.matrix.problems import Place, Problem, UnreadableError


@dataclass(frozen=True)
class Part:
    """A key or a value: characters ``start`` to ``end`` of the text.

    ``braces`` tells a mapping between braces from one in a block; ``pairs`` are a mapping's, in their order.
    """

    start: int
    end: int
    column: int
    written: str = ""
    braces: bool = False
    pairs: Mapping[str, Pair] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """A key of a mapping, and its value."""

    key: Part
    value: Part


def layout(text: str) -> Part:
    """The parts of ``text``, which matrix.yaml_tree could read, and which holds no list.

    Raises UnreadableError for an anchor or alias: one text then says two things, and neither can change alone.
    """
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None) is not None:
            message = "a file with anchors (&) or aliases (*) cannot be updated; write each entry out"
            raise UnreadableError(Problem(place(text, _index(event.start_mark)), message))
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        raise ValueError("the text is empty")
    return _part(text, root)


def place(text: str, index: int) -> Place:
    """The place of a character of the text; lines and columns count from 1."""
    return Place(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _part(text: str, node: yaml.Node) -> Part:
    start, end = _index(node.start_mark), _index(node.end_mark)
    column = place(text, start).column - 1
    if not isinstance(node, yaml.MappingNode):
        return Part(start, _without_blanks(text, end), column, written=node.value)
    pairs = {key.value: Pair(_part(text, key), _part(text, value)) for key, value in node.value}
    if not node.flow_style and pairs:
        # YAML ends a block only where the next thing begins, below comments and empty lines.
        end = list(pairs.values())[-1].value.end
    return Part(start, end, column, braces=bool(node.flow_style), pairs=pairs)


def _without_blanks(text: str, end: int) -> int:
    return len(text[:end].rstrip())


def _index(mark: Any) -> int:
    """PyYAML's two kinds of marks have no common type."""
    return int(mark.index)
