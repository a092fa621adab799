"""The images that everything else is built on: what the engine has, else what can be pulled, else stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import requests
from docker.errors import APIError, ImageNotFound

from .errors import NoEngineError
from .place import EnginePlace
from .stand_ins import Kind, build_stand_in, find_stand_in

if TYPE_CHECKING:
    from docker import DockerClient

# variable -> the image where it is not set, and what stands in for that
_WANTED: Mapping[str, tuple[str, Kind]] = {
    "POSTGRES_IMAGE": ("postgres:16", "postgres"),
    "BASE_IMAGE": ("python:3.12-slim", "python"),
}


def base_images(
    client: DockerClient, place: EnginePlace, environ: Mapping[str, str], say: Callable[[str], None]
) -> dict[str, str]:
    """Variable -> name of an image that the engine has. A variable that is set says which image is wanted.

    ``say`` is told of what takes long. Raises NoEngineError where an image can neither be pulled nor stood in for.
    """
    return {
        variable: _provide(client, place, environ.get(variable) or default, kind, say)
        for variable, (default, kind) in _WANTED.items()
    }


def _provide(
    client: DockerClient, place: EnginePlace, name: str, kind: Kind, say: Callable[[str], None]
) -> str:
    if _has(client, name):
        return name
    # A stand-in that was built before is taken before the registry is asked again: asking can take long.
    found = find_stand_in(client, kind)
    if found is not None:
        return found
    try:
        _pull(client, name, say)
    except (APIError, requests.RequestException) as error:
        why = error.explanation if isinstance(error, APIError) else error
        say(f"{name} cannot be pulled: {why}")
        return _stand_in(client, place, name, kind, say)
    return name


def _has(client: DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _pull(client: DockerClient, name: str, say: Callable[[str], None]) -> None:
    # A pull has no limit of its own. The client's limit holds for this question, which every registry answers first.
    client.images.get_registry_data(name)
    say(f"pulling {name}")
    client.images.pull(name)


def _stand_in(
    client: DockerClient, place: EnginePlace, name: str, kind: Kind, say: Callable[[str], None]
) -> str:
    say(f"building a stand-in for {name} from Debian's packages (a minute or two, once)")
    try:
        return build_stand_in(client, place, kind)
    except NoEngineError as error:
        raise NoEngineError(f"{name} can neither be pulled nor be stood in for: {error}") from error
