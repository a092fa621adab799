"""The stand-ins as services: their image, and waiting until one answers."""

from __future__ import annotations

import time
from collections.abc import Callable

import requests

from perf_matrix.errors import PartDiedError
from perf_matrix.shipped import shipped
from perf_matrix.stacks.compose.building import Builder, Recipe
from perf_matrix.stacks.compose.containers import Containers
from perf_matrix.stacks.stand_ins import START_LIMIT_S

_POLL_S = 0.05
_ANSWER_LIMIT_S = 5.0


def stand_ins_image(builder: Builder, say: Callable[[str], None]) -> str:
    """Its digest; built where the engine does not have it, which ``say`` is told.

    Raises InputError where it cannot be built.
    """
    context = shipped("compose/stand_ins")
    recipe = Recipe(
        what="the stand-ins",
        label="stand-ins",
        repository="perf-matrix/stand-ins",
        context=context,
        dockerfile="Dockerfile",
        files=sorted(path for path in context.rglob("*") if path.is_file() and path.suffix != ".pyc"),
        key="stand-ins",
    )
    if not builder.is_built(recipe):
        say("building the stand-ins")
        builder.build([recipe])
    return builder.id_of(recipe)


def wait_for_stand_in(containers: Containers, service: str, label: str, origin: str) -> None:
    """Wait until the stand-in answers; ``label`` is what messages call it.

    Raises PartDiedError where it ends or does not answer within ``START_LIMIT_S`` seconds.
    """
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(origin):
        containers.check_alive({service: label})
        if time.monotonic() > deadline:
            raise PartDiedError(
                f"{label} did not answer after {START_LIMIT_S:g} s.", containers.log_tail(service)
            )
        time.sleep(_POLL_S)


def _answers(origin: str) -> bool:
    try:
        return requests.get(f"{origin}/health", timeout=_ANSWER_LIMIT_S).ok
    except requests.RequestException:
        return False
