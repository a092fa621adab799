"""Merging of configuration: mappings key by key, everything else (lists too) as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def merged(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``patch`` on top; neither is changed, and the result shares parts with both.

    Null in a patch sets null, it removes nothing.
    """
    result = dict(base)
    for key, value in patch.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result


def clashes(one: Mapping[str, Any], other: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted keys that both set, to different values: there the order of merging would decide."""
    for key in one.keys() & other.keys():
        mine, theirs, path = one[key], other[key], f"{above}{key}"
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            yield from clashes(mine, theirs, f"{path}.")
        elif _canonical(mine) != _canonical(theirs):
            yield path


def _canonical(value: Any) -> str:
    """Text that differs where JSON differs: Python calls 1, 1.0 and True equal."""
    return json.dumps(value, sort_keys=True)
