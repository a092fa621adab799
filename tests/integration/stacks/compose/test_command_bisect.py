"""Images of the small service are bisected: the one that asks more is named, and nothing of it is left."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from perf_matrix.bisect.model import Bisection, Culprit
from perf_matrix.cache import CACHE_VARIABLE
from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.stacks.compose.leftovers import Part, parts
from perf_matrix.stacks.compose.project import REGISTRY_LABEL
from tests.e2e.command import Command, started
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

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Command]:
        """A bisect that counts SQL statements."""
        paths = {"PYTHONPATH": f"{ROOT}:{self.scratch}", CACHE_VARIABLE: str(self.scratch / "cache")}
        environ = {**self.engine.environ, **paths}
        with started(["bisect", *arguments, "--json"], self.scratch, environ) as command:
            yield command

    def bisect(self, good: str, bad: str) -> Found:
        """Search the images between two; nothing of it is left."""
        out = self.scratch / f"bisect-{good}"
        with self.started(*between(good, bad), "--out", str(out)) as command:
            ended = command.end()
            assert command.left_behind() == []
        assert self.left() == []
        assert ended.exit_code == 0, ended.stderr
        return Found(Bisection.model_validate_json(ended.stdout), out, ended.stderr)

    def left(self) -> list[Part]:
        """What the engine has of bisects here."""
        return parts(self.engine, {REGISTRY_LABEL: str(self.scratch / "cache" / "leases")})

    def measures(self, out: Path, number: str) -> bool:
        """Whether the measurement of this number is under way, with containers, a network and volumes."""
        begun = (out / "runs" / number).exists()
        return begun and {part.kind for part in self.left()} == {"container", "network", "volume"}


def between(good: str, bad: str) -> tuple[str, ...]:
    """What asks for the images between two."""
    ends = (image_of(version) for version in (good, bad))
    return (*ends, "--backend", "compose", "--matrix", "matrix.yml", *QUERIES)


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
    assert culprit.go_on == (
        "perf-matrix bisect --repo CHECKOUT v1.1.0 v1.2.0 --on rows/queries "
        f"--matrix {bench.scratch / 'matrix.yml'} --metrics queries --backend compose"
    )
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


def test_what_a_killed_bisect_left_is_cleared_by_the_next_start(bench: Bench) -> None:
    out = bench.scratch / "killed"
    with bench.started(*between("1.0.0", "1.4.0"), "--out", str(out)) as killed:
        killed.wait_until(lambda: bench.measures(out, "0002"), "a second measurement with its containers")
        killed.send(signal.SIGKILL)
        assert killed.end().exit_code == -signal.SIGKILL
        left = bench.left()
        assert {part.kind for part in left} == {"container", "network", "volume"}
        with bench.started("--resume", str(out)) as resumed:
            resumed.wait_for("for the second time")
            resumed.wait_until(lambda: bench.measures(out, "0002"), "the second measurement again")
            assert killed.left_behind() == []
            assert {part.id for part in left}.isdisjoint(part.id for part in bench.left())
            resumed.send(signal.SIGTERM)
            assert resumed.end().exit_code == 128 + signal.SIGTERM
            assert resumed.left_behind() == []
    assert bench.left() == []
