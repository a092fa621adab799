"""The grammar of an image's name, as registries define it."""

from __future__ import annotations

import re

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])"
_REGISTRY = rf"(?:{_HOST}(?::[0-9]+)?/)?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_NAME = rf"(?P<name>{_REGISTRY}{_COMPONENT}(?:/{_COMPONENT})*)"
_TAG = r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
_DIGEST = r"(?:@(?P<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?"
_REFERENCE = re.compile(_NAME + _TAG + _DIGEST)
_NAME_LIMIT = 255


def is_reference(text: str) -> bool:
    """Whether ``text`` is NAME, NAME:TAG or NAME@DIGEST; the name may begin with a registry's host."""
    found = _REFERENCE.fullmatch(text)
    return found is not None and len(found["name"]) <= _NAME_LIMIT
