"""Targets that other distributions bring: found by their entry points, imported only when one is asked for.

A plug-in is an entry point in the group ``perf_matrix.targets``. Its name is the name of the target; its
object is the target itself, or a class that makes one without arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from packaging.utils import canonicalize_name

from perf_matrix.errors import InputError
from perf_matrix.targets.base import Target

GROUP = "perf_matrix.targets"
# Read off the protocol, so that this list cannot be another than that one.
_FIELDS = tuple(name for name in Target.__annotations__ if not name.startswith("_"))
_METHODS = tuple(
    name for name, member in vars(Target).items() if callable(member) and not name.startswith("_")
)


def plug_ins() -> Sequence[EntryPoint]:
    """The entry points of the installed plug-ins; imports none of them."""
    return list(entry_points(group=GROUP))


def load(name: str, found: Iterable[EntryPoint]) -> Target:
    """Import the target called ``name``, which ``found`` has.

    Raises InputError, naming the plug-in and the distribution that it comes with, where it cannot be
    imported, is no target (saying what it lacks), or where two plug-ins have the name.
    """
    point = _only_one([each for each in found if each.name == name])
    target = _made(_imported(point), point)
    _refuse_incomplete(target, point)
    return cast("Target", target)


def _only_one(points: Sequence[EntryPoint]) -> EntryPoint:
    point, *others = points
    if others:
        told = " and ".join(_told(each) for each in points)
        raise InputError(f"target: {point.name!r} is the name of {told}: uninstall all but one")
    return point


def _imported(point: EntryPoint) -> Any:
    try:
        return point.load()
    # All that Python itself says of a module or an object that is not there. What the plug-in's own code raises
    # is a defect of the plug-in, whose author needs the traceback.
    except (ImportError, AttributeError, SyntaxError) as error:
        raise InputError(
            f"{_which(point)} cannot be imported: {error}. Install it anew, or uninstall it"
        ) from error


def _made(found: Any, point: EntryPoint) -> Any:
    """The target: ``found`` itself, or what it makes where it is a class."""
    if not isinstance(found, type):
        return found
    try:
        return found()
    except TypeError as error:
        raise InputError(f"{_which(point)} cannot be made without arguments: {error}") from error


def _refuse_incomplete(target: Any, point: EntryPoint) -> None:
    """Raise InputError, naming every attribute, for what lacks something or has it in another form."""
    lacking = [name for name in (*_FIELDS, *_METHODS) if not hasattr(target, name)]
    if lacking:
        raise InputError(
            f"{_which(point)} is no target, it lacks {', '.join(lacking)}: perf_matrix.targets.base says what each is"
        )
    wrong = list(_misshapen(target)) or list(_contradictions(target, point))
    if wrong:
        raise InputError(f"{_which(point)} is no target: {'; '.join(wrong)}")


def _misshapen(target: Any) -> Iterator[str]:
    """What is there, but is not of the kind that it has to be."""
    for name in _METHODS:
        if not callable(getattr(target, name)):
            yield f"{name} has to be a method"
    for name in _FIELDS:
        kind = Mapping if name == "default_scale" else str
        if not isinstance(getattr(target, name), kind):
            yield f"{name} has to be a {'mapping' if kind is Mapping else 'text'}"


def _contradictions(target: Target, point: EntryPoint) -> Iterator[str]:
    """What does not fit what others say: the entry point, installers, the rules for paths of an URL."""
    if target.name != point.name:
        yield f"its name is {target.name!r}, and its entry point's {point.name!r}: both have to be the same"
    if target.package != canonicalize_name(target.package):
        yield f"package is {target.package!r}: write {canonicalize_name(target.package)!r}, as installers do"
    if not target.ready_path.startswith("/"):
        yield f"ready_path is {target.ready_path!r}: begin it with /"


def _which(point: EntryPoint) -> str:
    return f"target: {point.name!r}: {_told(point)}"


def _told(point: EntryPoint) -> str:
    """``demo_target:DemoTarget (demo-target 1.0)``."""
    brought_by = f" ({point.dist.name} {point.dist.version})" if point.dist else ""
    return point.value + brought_by
