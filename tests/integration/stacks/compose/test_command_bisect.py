"""Images of the small service are bisected: the one that asks more is named, and nothing of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from perf_matrix.bisect.model import Bisection, Culprit
from perf_matrix.cache import CACHE_VARIABLE
from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.stacks.compose.leftovers import parts
from perf_matrix.stacks.compose.project import REGISTRY_LABEL
from tests.e2e.command import started
from tests.engine import Engine as SharedEngine
from tests.integration.stacks.compose.backends import VERSIONS
from tests.integration.stacks.compose.commands import QUERIES, ROOT, WORKLOAD
from tests.integration.stacks.compose.small_versions import ADDED, MISSING, image_of, small_versions

pytestmark = pytest.mark.docker

# A plug-in, since what is built ahead is built by another process, which has to know the target, too.
PLUG_IN = "[perf_matrix.targets]\nsmall = tests.integration.stacks.compose.small_image:ContainerTarget\n"
MATRIX = {"version": 1, "target": "small", "workload": "small.yml"}


@dataclass(frozen=True)
class Found:
    """An answer, and where it is: the folder, and what was said of it."""

    bisection: Bisection
    folder: Path
    said: str

    @property
    def culprit(self) -> Culprit:
        """The only one, of the only symptom."""
        (symptom,) = self.bisection.symptoms
        assert (symptom.endpoint, symptom.metric, symptom.state) == ("rows", "queries", "found")
        (culprit,) = symptom.culprits
        return culprit

    def label(self, version: int) -> str:
        """The tag of a version."""
        return self.bisection.versions[version].label


@dataclass(frozen=True)
class Bench:
    """Where bisects run, with a cache and so with leases of their own."""

    engine: Engine
    scratch: Path

    def bisect(self, good: str, bad: str) -> Found:
        """Search the images between two, by what they ask of the database; nothing of it is left."""
        out = self.scratch / f"bisect-{good}"
        ends = [image_of(version) for version in (good, bad)]
        told = ("--backend", "compose", "--matrix", "matrix.yml", "--json", "--out", str(out))
        with started(["bisect", *ends, *told, *QUERIES], self.scratch, self._environ()) as command:
            ended = command.end()
            assert command.left_behind() == []
        registry = self.scratch / "cache" / "leases"
        assert parts(self.engine, {REGISTRY_LABEL: str(registry)}) == []
        assert ended.exit_code == 0, ended.stderr
        return Found(Bisection.model_validate_json(ended.stdout), out, ended.stderr)

    def _environ(self) -> dict[str, str]:
        paths = {"PYTHONPATH": f"{ROOT}:{self.scratch}", CACHE_VARIABLE: str(self.scratch / "cache")}
        return {**self.engine.environ, **paths}


@pytest.fixture(scope="module")
def bench(
    found: Engine, engine: SharedEngine, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """With the matrix file, the plug-in and all versions."""
    scratch = tmp_path_factory.mktemp("bisect")
    (scratch / "matrix.yml").write_text(yaml.safe_dump(MATRIX))
    (scratch / "small.yml").write_text(yaml.safe_dump(WORKLOAD))
    told = scratch / "small_target-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: small-target\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(PLUG_IN)
    with small_versions(engine, images[VERSIONS[0]], tmp_path_factory.mktemp("contexts")):
        yield Bench(found, scratch)


def test_the_image_that_asks_more_is_named(bench: Bench) -> None:
    found = bench.bisect("1.0.0", "1.4.0")
    bisection, culprit = found.bisection, found.culprit
    assert (bisection.kind, bisection.backend, bisection.state) == ("images", "compose", "found")
    assert [each.label for each in bisection.versions] == ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]
    assert (found.label(culprit.parent), found.label(culprit.version)) == ("1.1.0", "1.2.0")
    assert culprit.suspects == []
    assert (culprit.before.value, culprit.after.value) == (1, 2)
    assert (culprit.direction, culprit.confidence) == ("worse", 1.0)
    assert [(each.statement, each.per_request) for each in culprit.added] == [(ADDED, 1)]
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed
    assert culprit.go_on == "perf-matrix bisect --repo CHECKOUT v1.1.0 v1.2.0 --on rows/queries"
    assert "1.2.0 made rows issue 2 SQL statements per request instead of 1" in found.said
    assert "1.2.0" in (found.folder / "report.html").read_text()


def test_a_culprit_behind_an_image_that_does_not_start_is_one_of_both(bench: Bench) -> None:
    found = bench.bisect("2.0.0", "2.2.0")
    culprit = found.culprit
    assert [each.label for each in found.bisection.versions] == ["2.0.0", "2.1.0", "2.2.0"]
    assert (found.label(culprit.parent), found.label(culprit.version)) == ("2.0.0", "2.2.0")
    assert [found.label(each) for each in culprit.suspects] == ["2.1.0"]
    skipped = found.bisection.versions[1]
    assert skipped.state == "skipped"
    assert f"({image_of('2.1.0')})" in skipped.reason
    assert skipped.log_tail[-1] == f"ModuleNotFoundError: No module named '{MISSING}'"
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed
