"""The targets that there are, by the name that a matrix file gives."""

from __future__ import annotations

from perf_matrix.errors import InputError
from perf_matrix.matrix.nearest import hint
from perf_matrix.targets.base import Scale, Target
from perf_matrix.targets.litellm import LiteLLM

_TARGETS: dict[str, Target] = {target.name: target for target in (LiteLLM(),)}


def find_target(name: str | None) -> Target:
    """The target called ``name``, the first one for None; InputError naming the nearest where there is none."""
    if name is None:
        return next(iter(_TARGETS.values()))
    if name not in _TARGETS:
        raise InputError(f"target: {name!r} is not known; {hint(name, list(_TARGETS))}")
    return _TARGETS[name]


def check_scale(target: Target, scale: Scale, key: str) -> None:
    """Raise InputError, naming the ``key`` of the file, for a scale of something that the target does not seed."""
    for name in scale:
        if name not in target.default_scale:
            raise InputError(f"{key}: {name!r} is not known; {hint(name, list(target.default_scale))}")
