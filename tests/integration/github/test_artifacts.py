"""From a run to the one file that is wanted of its artifact; the storage never sees the token."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from perf_matrix.errors import InputError
from perf_matrix.github.artifacts import artifact_of, download, workflow_run
from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import GitHubError, NotFoundError, TooLargeError
from perf_matrix.github.model import Artifact as Found
from perf_matrix.github.unpack import take
from tests.github_api.faults import Fault, Kind
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Artifact, State
from tests.integration.github.conftest import REPOSITORY

NAME = "perf-matrix-default"
LIMIT = 1_000_000


def archive(content: bytes = b"{}", name: str = "comparison.json") -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w") as opened:
        opened.writestr(name, content)
    return made.getvalue()


def artifact(github: GitHub) -> Found:
    found = artifact_of(github, REPOSITORY, 5, NAME)
    assert found is not None
    return found


def test_a_run(github: GitHub, state: State) -> None:
    state.workflow_runs[0] = replace(state.workflow_runs[0], run_attempt=3)
    run = workflow_run(github, REPOSITORY, 5)
    assert run.run_attempt == 3
    with pytest.raises(NotFoundError):
        workflow_run(github, REPOSITORY, 6)


def test_by_its_name(github: GitHub, state: State) -> None:
    assert artifact_of(github, REPOSITORY, 5, NAME) is None
    state.artifacts += [
        Artifact(31, 5, f"{NAME}-cell", archive()),
        Artifact(32, 6, NAME, archive()),
        Artifact(33, 5, NAME, archive(b"first attempt")),
        Artifact(34, 5, NAME, archive(b"second attempt")),
        Artifact(35, 5, NAME, archive(), expired=True),
    ]
    assert artifact(github).id == 34
    state.artifacts += [Artifact(number, 5, f"log-{number}", b"") for number in range(100, 350)]
    assert artifact(github).id == 34


def test_downloaded_and_read(github: GitHub, api: FakeGitHub, state: State, tmp_path: Path) -> None:
    state.artifacts.append(Artifact(31, 5, NAME, archive(b'{"a": 1}')))
    file = tmp_path / "it.zip"
    download(github, REPOSITORY, artifact(github), file, LIMIT)
    assert take(file, "comparison.json", LIMIT) == b'{"a": 1}'
    assert [(fetched.artifact, fetched.with_token, fetched.status) for fetched in api.fetched] == [
        (31, False, 200)
    ]


def test_an_enemys(github: GitHub, state: State, tmp_path: Path) -> None:
    state.artifacts.append(Artifact(31, 5, NAME, archive(name="../comparison.json")))
    file = tmp_path / "it.zip"
    download(github, REPOSITORY, artifact(github), file, LIMIT)
    with pytest.raises(InputError, match="has a name that leads out of its folder"):
        take(file, "comparison.json", LIMIT)
    assert list(tmp_path.iterdir()) == [file]


def test_too_large_and_says_so(github: GitHub, api: FakeGitHub, state: State, tmp_path: Path) -> None:
    state.artifacts.append(Artifact(31, 5, NAME, archive(), claimed_size=200_000_000))
    with pytest.raises(
        TooLargeError, match=r"the artifact has 200,000,000 bytes, and at most 1,000,000 are read"
    ):
        download(github, REPOSITORY, artifact(github), tmp_path / "it.zip", LIMIT)
    assert api.fetched == []


def test_too_large_and_says_otherwise(github: GitHub, state: State, tmp_path: Path) -> None:
    state.artifacts.append(Artifact(31, 5, NAME, bytes(2 * LIMIT), claimed_size=10))
    with pytest.raises(TooLargeError, match=r"the answer has more than 1,000,000 bytes"):
        download(github, REPOSITORY, artifact(github), tmp_path / "it.zip", LIMIT)


def test_gone_meanwhile(github: GitHub, state: State, tmp_path: Path) -> None:
    state.artifacts.append(Artifact(31, 5, NAME, archive()))
    found = artifact(github)
    state.artifacts.clear()
    with pytest.raises(GitHubError):
        download(github, REPOSITORY, found, tmp_path / "it.zip", LIMIT)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (r"/zip$", Kind.BAD_GATEWAY),
        (r"/zip$", Kind.CUT),
        (r"^/artifacts/", Kind.BAD_GATEWAY),
        (r"^/artifacts/", Kind.CUT),
        (r"^/artifacts/", Kind.HALF),
    ],
)
def test_on_a_bad_day(
    github: GitHub, api: FakeGitHub, state: State, tmp_path: Path, path: str, kind: Kind
) -> None:
    content = bytes(range(256)) * 2000
    state.artifacts.append(Artifact(31, 5, NAME, archive(content)))
    api.order(Fault(kind, path, times=2))
    download(github, REPOSITORY, artifact(github), tmp_path / "it.zip", LIMIT)
    assert take(tmp_path / "it.zip", "comparison.json", LIMIT) == content
