"""The image of the stand-ins."""

from __future__ import annotations

from collections.abc import Callable

from perf_matrix.shipped import shipped
from perf_matrix.stacks.compose.building import Builder, Recipe


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
