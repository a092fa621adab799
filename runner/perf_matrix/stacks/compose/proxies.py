"""The image of each subject: pulled, or built from a release or a checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import SubjectInfo
from perf_matrix.shipped import shipped
from perf_matrix.stacks.compose.building import Builder, Recipe
from perf_matrix.stacks.compose.facts import inspect
from perf_matrix.stacks.prisma import ENGINE_VARIABLE
from perf_matrix.stacks.templates import Schema
from perf_matrix.subjects.content import content_of, copied, dependency_files
from perf_matrix.subjects.spec import Commit, Folder, Image, Release, Subject
from perf_matrix.subjects.worktree import checked_out
from perf_matrix.targets.base import Target

_GIT = shutil.ignore_patterns(".git")
_PRISMA_ENGINE = Path(__file__).parents[1] / "prisma_engine"


@dataclass(frozen=True)
class ImageSubject:
    """A version as an image, by digest, and what its databases look like."""

    image: str
    info: SubjectInfo
    schema: Schema


@dataclass(frozen=True)
class ProxyImages:
    """Makes the images of subjects. ``label`` marks containers that are started to look into them."""

    builder: Builder
    target: Target
    label: dict[str, str]

    def prepare(self, subjects: Mapping[Arm, Subject], say: Callable[[str], None]) -> dict[Arm, ImageSubject]:
        """Build or pull every image; those that are missing are built at the same time.

        ``say`` is told what is being done. Raises InputError where one cannot be had.
        """
        distinct = {subject.spec: subject for subject in subjects.values()}
        # One that there is not should be told before anything is built for minutes.
        fetched = {
            spec: self.builder.fetch(subject.reference, spec, say)
            for spec, subject in distinct.items()
            if isinstance(subject, Image)
        }
        recipes = {
            spec: self._recipe(subject)
            for spec, subject in distinct.items()
            if not isinstance(subject, Image)
        }
        missing = [spec for spec, recipe in recipes.items() if not self.builder.is_built(recipe)]
        if missing:
            say(f"building {' and '.join(missing)}")
            with ExitStack() as sources:
                for spec in missing:
                    sources.enter_context(self._source(distinct[spec], recipes[spec]))
                self.builder.build(recipes[spec] for spec in missing)
        built = {spec: self.builder.id_of(recipe) for spec, recipe in recipes.items()}
        ready = {
            spec: self._ready(distinct[spec], image, recipes.get(spec), say)
            for spec, image in {**fetched, **built}.items()
        }
        _refuse_different_engines(ready)
        return {arm: ready[subject.spec] for arm, subject in subjects.items()}

    def _ready(
        self, subject: Subject, image: str, recipe: Recipe | None, say: Callable[[str], None]
    ) -> ImageSubject:
        say(f"looking into the image of {subject.spec}")
        seen = inspect(
            self.builder.engine,
            image,
            self.target.package,
            self.target.migrations_folder,
            spec=subject.spec,
            cache=self.builder.cache,
            label=self.label,
        )
        info = SubjectInfo(
            spec=subject.spec,
            version=seen.facts.version,
            engine=seen.facts.engine or "of the image",
            packages=seen.facts.packages,
            commit=subject.sha if isinstance(subject, Commit) else "",
            source=str(subject.repository) if isinstance(subject, Commit) else "",
            content=recipe.key if recipe is not None and isinstance(subject, Folder) else "",
            image=image,
        )
        return ImageSubject(image, info, Schema(image, lambda: self.target.migrations(seen.site_packages)))

    def _recipe(self, subject: Release | Commit | Folder) -> Recipe:
        if isinstance(subject, Release):
            requirement, *_ = self.target.requirements(subject.version)
            return self._built(subject, "release", requirement, {"REQUIREMENT": requirement})
        key = subject.sha if isinstance(subject, Commit) else content_of(subject.folder)
        return self._built(subject, "checkout", key, {})

    def _built(
        self, subject: Release | Commit | Folder, stage: str, key: str, arguments: dict[str, str]
    ) -> Recipe:
        context = self._context(subject.label)
        asked = self.builder.environ.get(ENGINE_VARIABLE)
        return Recipe(
            what=subject.spec,
            label=subject.label,
            repository=f"perf-matrix/{self.target.name}",
            context=context,
            dockerfile="proxy.Dockerfile",
            files=_files_below(context),
            key=key,
            target=stage,
            arguments={**arguments, **({"PRISMA_ENGINE": asked} if asked else {})},
        )

    @contextmanager
    def _source(self, subject: Subject, recipe: Recipe) -> Iterator[None]:
        """What a checkout's image is built from, in the context as long as that takes; nothing for a release."""
        with ExitStack() as held:
            if isinstance(subject, Commit):
                source = held.enter_context(checked_out(subject, self.builder.private))
                held.enter_context(_with_source(recipe.context, source, self.target))
            elif isinstance(subject, Folder):
                source = held.enter_context(copied(subject, recipe.key, self.builder.private))
                held.enter_context(_with_source(recipe.context, source, self.target))
            yield

    def _context(self, label: str) -> Path:
        """A folder with what every build needs: the Dockerfile, its scripts, the WebAssembly engine."""
        context = self.builder.private / f"context-{label}"
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(shipped("compose/build"), context / "build")
        ignored = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(_PRISMA_ENGINE, context / "build" / "prisma_engine", ignore=ignored)
        shutil.copy(shipped("compose/proxy.Dockerfile"), context)
        return context


@contextmanager
def _with_source(context: Path, source: Path, target: Target) -> Iterator[None]:
    """The checkout in the context, and apart from it what names its dependencies."""
    # Links, not copies: both are below the run's own folder.
    shutil.copytree(source, context / "source", symlinks=True, ignore=_GIT, copy_function=os.link)
    dependencies = context / "dependencies"
    for relative in dependency_files(source):
        (dependencies / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / relative, dependencies / relative)
    # Some build systems want to see the package before they tell what it depends on.
    package = dependencies / target.package
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (dependencies / "README.md").touch()
    never = 'python_version < "0"'
    held = [f"{name} ; {never}\n" for name in target.companions(source)]
    (dependencies / "overrides.txt").write_text("".join(held))
    yield
    shutil.rmtree(context / "source")


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _refuse_different_engines(ready: Mapping[str, ImageSubject]) -> None:
    """The database client's engine must not be what differs between two images of ours."""
    kinds = {
        subject.info.engine: spec
        for spec, subject in ready.items()
        if subject.info.engine in ("native", "wasm")
    }
    if len(kinds) > 1:
        raise InputError(
            f"{kinds['native']} was built with Prisma's native engine and {kinds['wasm']} with the WebAssembly one, "
            f"since a download failed in between. Set {ENGINE_VARIABLE}=wasm, or clean and build again"
        )
