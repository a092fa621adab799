"""Building images by docker compose: several at once, each made once and known by a digest of what it is made from."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import ImageNotFound, NotFound

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.processes import last_lines
from perf_matrix.stacks.compose.engine import Engine, answering
from perf_matrix.stacks.compose.project import ComposeError, Project, quoted
from perf_matrix.stacks.compose.stamps import deciding, stamp_use

IMAGE_LABEL = "perf-matrix.image"
BASE_IMAGE_VARIABLE = "BASE_IMAGE"
_BASE_IMAGE = "python:3.12-slim"
# Where pip, uv and npm are told of an index or a registry; such an address may hold a password.
_INDEX_VARIABLES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "NPM_CONFIG_REGISTRY",
)
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True)
class Recipe:
    """How an image is built.

    ``what`` and ``label`` are what messages and Docker's own call it. ``key`` tells apart what differs outside of
    ``files``, such as a commit.
    """

    what: str
    label: str
    repository: str
    context: Path
    dockerfile: str
    files: Sequence[Path]
    key: str
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Builder:
    """Builds on one engine. ``private``: where its own files go; ``environ``: what says how the index is reached."""

    engine: Engine
    cache: Path
    private: Path
    environ: Mapping[str, str]

    @property
    def base_image(self) -> str:
        """What images of Python programs start from: $BASE_IMAGE, else the official one."""
        return self.environ.get(BASE_IMAGE_VARIABLE) or _BASE_IMAGE

    def tag(self, recipe: Recipe) -> str:
        """The image's name: the same for the same recipe, files and base image."""
        digest = hashlib.sha256()
        for text in (
            recipe.key,
            recipe.target,
            self._base_id(),
            *sorted(f"{k}={v}" for k, v in recipe.arguments.items()),
        ):
            digest.update(text.encode() + b"\0")
        for path in recipe.files:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return f"{recipe.repository}:{digest.hexdigest()[:16]}"

    def is_built(self, recipe: Recipe) -> bool:
        """Whether the engine has the image; from here on it counts as used."""
        tag = self.tag(recipe)
        with deciding(self.cache):
            built = self._id_of(tag) is not None
            if built:
                stamp_use(self.cache, tag)
        return built

    def build(self, recipes: Iterable[Recipe]) -> None:
        """Build all at once; one that is there already is built from the engine's cache.

        Raises InputError, with what the failing step wrote.
        """
        wanted = {self.tag(recipe): recipe for recipe in recipes}
        # What is built from the engine's cache may look old as soon as it is there.
        for tag in wanted:
            stamp_use(self.cache, tag)
        folder = self.private / f"build-{time.monotonic_ns()}"
        folder.mkdir(mode=0o700)
        file = folder / "build.json"
        file.write_text(json.dumps(self._compose_file(wanted, folder)))
        project = Project("perf-matrix-build", self.engine, [file], {}, folder / "build.log")
        names = " and ".join(recipe.what for recipe in wanted.values())
        try:
            project.run("build", doing=f"building an image of {names}")
        except ComposeError as error:
            self.engine.check_answers()
            raise InputError(f"{names} cannot be built:\n{quoted(failed_step(error.said))}") from error

    def id_of(self, recipe: Recipe) -> str:
        """The digest of a built image. Raises MeasurementError where it is not there."""
        tag = self.tag(recipe)
        found = self._id_of(tag)
        if found is None:
            raise MeasurementError(f"the engine has no image {tag}, although it was built")
        return found

    def fetch(self, reference: str, what: str, say: Callable[[str], None]) -> str:
        """The digest of an image by name, pulled where the engine does not have it; ``say`` is told of that.

        ``what``: what messages call it. Raises InputError with the registry's words where it cannot be had.
        """
        found = self._id_of(reference)
        if found is None:
            say(f"fetching {reference}")
            why = self._pull(reference)
            found = self._id_of(reference)
            if found is None:
                raise InputError(
                    f"{what} is neither on this machine nor can it be pulled: {why}. "
                    "Check its name and tag, or log in first: docker login"
                )
        return found

    def _pull(self, reference: str) -> str:
        """Pull an image; returns what went wrong, in the words of the registry or the engine."""
        try:
            with answering():
                said = list(self.engine.client.api.pull(reference, stream=True, decode=True))
        except NotFound as error:
            return str(error.explanation)
        except MeasurementError as error:
            self.engine.check_answers()
            return str(error)
        return next((str(line["error"]) for line in said if "error" in line), "the engine does not say why")

    def _base_id(self) -> str:
        return self._id_of(self.base_image) or self.base_image

    def _id_of(self, reference: str) -> str | None:
        try:
            with answering():
                return str(self.engine.client.images.get(reference).id)
        except ImageNotFound:
            return None

    def _compose_file(self, wanted: Mapping[str, Recipe], folder: Path) -> dict[str, object]:
        certificates, index = folder / "ca", folder / "index"
        certificates.write_bytes(self._certificates())
        index.write_text(self._index())
        return {
            "services": {recipe.label: self._service(tag, recipe) for tag, recipe in wanted.items()},
            "secrets": {"ca": {"file": str(certificates)}, "index": {"file": str(index)}},
        }

    def _service(self, tag: str, recipe: Recipe) -> dict[str, object]:
        proxies = {name: self.environ[name] for name in _PROXY_VARIABLES if name in self.environ}
        build: dict[str, object] = {
            "context": str(recipe.context),
            "dockerfile": recipe.dockerfile,
            "args": {BASE_IMAGE_VARIABLE: self.base_image, **proxies, **recipe.arguments},
            "secrets": ["ca", "index"],
            "labels": {IMAGE_LABEL: recipe.repository},
            "network": "host",
        }
        return {"image": tag, "build": build | ({"target": recipe.target} if recipe.target else {})}

    def _certificates(self) -> bytes:
        files = [Path(self.environ[name]) for name in _CERTIFICATE_VARIABLES if self.environ.get(name)]
        return next((file.read_bytes() for file in files if file.is_file()), b"")

    def _index(self) -> str:
        set_ones = {name: self.environ[name] for name in _INDEX_VARIABLES if self.environ.get(name)}
        return "".join(f"{name}={_quoted(value)}\n" for name, value in set_ones.items())


def failed_step(said: str) -> list[str]:
    """What BuildKit repeats at the end, between two rules: the step that failed, and what it wrote."""
    _, rule, last = said.partition("\n------\n")
    return last_lines(last if rule else said)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
