"""The command `scripts/engine/engine`. What a shell has to set goes to standard output, all else to standard error."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack

import click
from docker import DockerClient

from perf_matrix.errors import PerfMatrixError

from . import private
from .base_images import base_images
from .command_line import answering_host, compose_settings
from .errors import NoEngineError
from .place import EnginePlace, find_place
from .session import changing, is_used, using

_ANSWER_LIMIT_S = 20


@click.group()
def main() -> None:
    """A Docker engine with compose and base images.

    An engine that answers is used as it is. Else a private one is started, as root on Debian and its kin: it has a
    socket, data and network of its own in /run and in $PERF_MATRIX_ENGINE_STATE (a folder of the cache where that is
    not set), and where Docker is missing it is installed with apt.
    """


@main.command()
def start() -> None:
    """Start an engine unless one answers; prints what to set. It runs until `stop`."""
    place = find_place(os.environ)
    with changing(place):
        settings = _provide(place)
        _keep(place)
    _print(settings)


@main.command()
def images() -> None:
    """Pull or build the base images in the engine that answers; prints what to set."""
    place = find_place(os.environ)
    with changing(place):
        _print(_images(place, _running(place)))


@main.command()
def stop() -> None:
    """End the private engine, unless somebody else still uses it. Its images stay."""
    place = find_place(os.environ)
    with changing(place):
        if is_used(place):
            _say("The engine is still in use and goes on running.")
        else:
            private.stop(place)


@main.command()
def session() -> None:
    """Do `start` and `images`, then wait until standard input ends; a private engine ends with its last session."""
    place = find_place(os.environ)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with ExitStack() as way_out:
        way_out.callback(_stop_unless_needed, place)
        with changing(place):
            way_out.enter_context(using(place))
            settings = _provide(place)
            settings |= _images(place, settings)
        _print(settings)
        # Whoever started this reads until here.
        sys.stdout.flush()
        os.close(sys.stdout.fileno())
        sys.stdin.read()


def _provide(place: EnginePlace) -> dict[str, str]:
    """Make an engine and compose ready; returns what to set to reach them."""
    try:
        return _running(place)
    except NoEngineError as error:
        _say(f"No engine answers ({error}): starting one.")
        try:
            private.start(place)
        except NoEngineError as why:
            raise NoEngineError(f"no Docker engine answers ({error}) and none can be started: {why}") from why
    return _running(place)


def _running(place: EnginePlace) -> dict[str, str]:
    """What to set to reach the engine that answers: the one that the docker command reaches, else the private one."""
    try:
        host = answering_host(os.environ)
    except NoEngineError:
        if not private.answers(place):
            raise
        host = place.docker_host
    return {"DOCKER_HOST": host, **compose_settings(os.environ, place)}


def _images(place: EnginePlace, settings: Mapping[str, str]) -> dict[str, str]:
    client = DockerClient(base_url=settings["DOCKER_HOST"], timeout=_ANSWER_LIMIT_S)
    try:
        return base_images(client, place, os.environ, _say)
    finally:
        client.close()


def _keep(place: EnginePlace) -> None:
    if place.run.is_dir():
        (place.run / "kept").touch()


def _stop_unless_needed(place: EnginePlace) -> None:
    with changing(place):
        if not is_used(place) and not (place.run / "kept").exists():
            private.stop(place)


def _print(settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _say(message: str) -> None:
    click.echo(message, err=True)


if __name__ == "__main__":
    try:
        main(prog_name="scripts/engine/engine")
    except PerfMatrixError as error:
        _say(f"Error: {error}")
        sys.exit(error.exit_code)
