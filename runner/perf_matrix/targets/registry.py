"""The targets that there are, by the name that a matrix file gives: built in, or brought by a plug-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint

from perf_matrix.errors import InputError
from perf_matrix.matrix.nearest import hint
from perf_matrix.targets.base import Scale, Target
from perf_matrix.targets.litellm import LiteLLM
from perf_matrix.targets.plug_ins import load, plug_ins

_BUILT_IN: dict[str, Target] = {target.name: target for target in (LiteLLM(),)}


def find_target(name: str | None, installed: Callable[[], Sequence[EntryPoint]] = plug_ins) -> Target:
    """The target called ``name``, the first one for None.

    ``installed`` tells which plug-ins there are; it is only asked for a name that is not built in, so no
    plug-in can take the place of a built-in target. Raises InputError where there is no such target (naming
    the nearest), and as ``plug_ins.load`` does.
    """
    if name is None:
        return next(iter(_BUILT_IN.values()))
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    found = installed()
    names = dict.fromkeys([*_BUILT_IN, *(point.name for point in found)])
    if name not in names:
        raise InputError(f"target: {name!r} is not known; {hint(name, names)}")
    return load(name, found)


def check_scale(target: Target, scale: Scale, key: str) -> None:
    """Raise InputError, naming the ``key`` of the file, for a scale of something that the target does not seed."""
    for name in scale:
        if name not in target.default_scale:
            raise InputError(f"{key}: {name!r} is not known; {hint(name, list(target.default_scale))}")
