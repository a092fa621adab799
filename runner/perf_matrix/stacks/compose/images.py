"""The images that runs have built: how long each has not been used, who uses it, removing one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import NotFound

from perf_matrix.cache import remove_thing, things
from perf_matrix.stacks.compose.building import IMAGE_LABEL
from perf_matrix.stacks.compose.engine import Engine, answering
from perf_matrix.stacks.compose.stamps import deciding, forget, used_at

_NO_TAG = "<none>:<none>"


@dataclass(frozen=True)
class BuiltImage:
    """An image that a run has built. ``tags`` are those that runs gave it, ``others`` are further names.

    ``used_at``: when a run with this cache used it last, else when it was built, in seconds since 1970.
    """

    id: str
    tags: tuple[str, ...]
    others: tuple[str, ...]
    used_at: float


def built_images(engine: Engine, cache: Path) -> list[BuiltImage]:
    """Every image of the engine that has the label, and a tag that a run gave it.

    What somebody builds upon such an image inherits the label; it has another name, or none.
    """
    with answering():
        found = engine.client.api.images(filters={"label": IMAGE_LABEL})
    images = [_built(each, cache) for each in found]
    return sorted((image for image in images if image.tags), key=lambda image: image.tags)


def images_in_use(engine: Engine, besides: Collection[str]) -> set[str]:
    """The digests of the images that a container was made from, running or not; not those with an id in ``besides``."""
    with answering():
        found = engine.client.api.containers(all=True)
    return {each["ImageID"] for each in found if each["Id"] not in besides}


def remove_image(engine: Engine, cache: Path, image: BuiltImage) -> bool:
    """Remove an image, and what the cache holds about it; False where it was used since.

    Raises MeasurementError where the engine refuses, because a container was made from it.
    """
    with deciding(cache):
        if any(moment > image.used_at for moment in _uses(image.tags, cache)):
            return False
        for tag in image.tags:
            with suppress(NotFound), answering():
                engine.client.api.remove_image(tag, force=False, noprune=True)
            forget(cache, tag)
    for thing in things(cache):
        if thing.folder.parent.name == "image-facts" and _is_about(thing.folder.name, image):
            remove_thing(thing)
    return True


def disk_use(engine: Engine) -> dict[str, int]:
    """Bytes by id: of an image, what no other one shares; of a container, what it wrote; of a volume, by its name."""
    with answering():
        used = engine.client.api.df()
    return {
        **{each["Id"]: max(0, each["Size"] - each["SharedSize"]) for each in used["Images"] or []},
        **{each["Id"]: each.get("SizeRw", 0) for each in used["Containers"] or []},
        **{each["Name"]: max(0, each["UsageData"]["Size"]) for each in used["Volumes"] or []},
    }


def _built(listed: Mapping[str, Any], cache: Path) -> BuiltImage:
    named = sorted(name for name in listed["RepoTags"] or [] if name != _NO_TAG)
    tags = tuple(name for name in named if name.rpartition(":")[0] == listed["Labels"][IMAGE_LABEL])
    return BuiltImage(
        id=listed["Id"],
        tags=tags,
        others=tuple(name for name in named if name not in tags),
        used_at=max(_uses(tags, cache), default=float(listed["Created"])),
    )


def _uses(tags: Iterable[str], cache: Path) -> list[float]:
    return [moment for tag in tags if (moment := used_at(cache, tag)) is not None]


def _is_about(folder: str, image: BuiltImage) -> bool:
    """Whether a folder that is named after a package and the beginning of a digest is about the image."""
    return image.id.removeprefix("sha256:").startswith(folder.rpartition("-")[2])
