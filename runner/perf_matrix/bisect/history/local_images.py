"""The tags of an image that this machine's engine has.

Registries are not asked: what they list is one page of thousands, needs a login for many, and an image that is
not here would have to be pulled first anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_matrix.bisect.history.candidate import tag_of
from perf_matrix.bisect.history.images import familiar
from perf_matrix.stacks.compose.engine import answering

if TYPE_CHECKING:
    import docker


def local_tags(client: docker.DockerClient, name: str) -> list[str]:
    """The tags of the image ``name`` that the engine has. Raises MeasurementError where it does not answer."""
    short = familiar(name)
    with answering():
        references = [reference for image in client.images.list(name=short) for reference in image.tags]
    return [tag for one in references if familiar(one.rpartition(":")[0]) == short and (tag := tag_of(one))]
