"""What is inside an image of a service: its version, its packages, its migrations."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError, ContainerError, NotFound
from docker.types import LogConfig
from pydantic import BaseModel, ConfigDict, ValidationError

from perf_matrix.cache import make_once
from perf_matrix.errors import InputError
from perf_matrix.processes import last_lines
from perf_matrix.stacks.compose.engine import Engine, answering
from perf_matrix.stacks.compose.project import quoted

_FACTS = "facts.json"
_SITE_PACKAGES = "site-packages"
# Of a traceback the last one says what is missing.
_SHOWN_LINES = 3
# Runs in the image, whose Python may be older or newer than ours.
_ASK = """
import importlib.metadata as metadata, json, pathlib, sys
package = sys.argv[1]
engine = pathlib.Path("/opt/engine")
print(json.dumps({
    "version": metadata.version(package),
    "site_packages": str(metadata.distribution(package).locate_file("")),
    "packages": {each.metadata["Name"]: each.version for each in metadata.distributions()},
    "engine": engine.read_text().strip() if engine.exists() else "",
}))
"""


class Facts(BaseModel):
    """What an image tells of itself. ``site_packages`` is a path inside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    site_packages: str
    packages: dict[str, str]
    engine: str


@dataclass(frozen=True)
class Inspected:
    """An image with its facts, and a folder with the parts of its packages that were asked for."""

    image: str
    facts: Facts
    site_packages: Path


def inspect(
    engine: Engine, image: str, package: str, part: str, *, spec: str, cache: Path, label: dict[str, str]
) -> Inspected:
    """Look into ``image`` (a digest), once: which version of ``package`` it holds, and copy out ``part``.

    ``part``: a folder below site-packages. ``spec``: what messages call the image. ``label`` marks the containers
    that are made for it. Raises InputError where the image holds no such package, or no Python to ask.
    """

    def make(target: Path) -> None:
        facts = _ask(engine, image, package, spec, label)
        (target / _FACTS).write_text(facts.model_dump_json())
        _copy(engine, image, f"{facts.site_packages}/{part}", (target / _SITE_PACKAGES / part).parent, label)

    folder = make_once(cache / "image-facts" / f"{package}-{image.removeprefix('sha256:')[:32]}", make)
    facts = Facts.model_validate_json((folder / _FACTS).read_text())
    return Inspected(image, facts, folder / _SITE_PACKAGES)


def _ask(engine: Engine, image: str, package: str, spec: str, label: dict[str, str]) -> Facts:
    with answering():
        try:
            said = engine.client.containers.run(
                image,
                entrypoint=["python", "-c", _ASK, package],
                command=[],
                network_mode="none",
                labels=label,
                log_config=LogConfig(type="json-file"),
                remove=True,
            )
            return Facts.model_validate_json(said)
        except (ContainerError, ValidationError) as error:
            words = _words(error.stderr) if isinstance(error, ContainerError) else str(error)
            raise InputError(_is_another(spec, package, words)) from error
        except APIError as error:
            # The engine could not start it: the image has no Python.
            if not error.is_client_error():
                raise
            raise InputError(_is_another(spec, package, str(error.explanation))) from error


def _is_another(spec: str, package: str, words: str) -> str:
    return (
        f"{spec} is no image of {package}: its Python, asked for the package, said:\n"
        f"{quoted(last_lines(words, _SHOWN_LINES))}"
    )


def _words(said: bytes | str | None) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""


def _copy(engine: Engine, image: str, source: str, folder: Path, label: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with answering():
        container = engine.client.containers.create(image, labels=label, network_mode="none")
        try:
            pieces, _ = container.get_archive(source)
            archive = io.BytesIO(b"".join(pieces))
        except NotFound:
            # The target says in its own words what is missing, from the empty folder.
            return
        finally:
            container.remove(force=True, v=True)
    with tarfile.open(fileobj=archive) as packed:
        packed.extractall(folder, filter="data")
