"""What GitHub tells a job about itself: its environment variables, and the payload of the event that started it.

A payload of a pull request holds text that anybody may have written; only what is named here is read of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from perf_matrix.errors import InputError

API_URL = "https://api.github.com"
SERVER_URL = "https://github.com"
_REPOSITORY = r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}"
_NO_COMMIT = "0" * 40

Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class _Payload(BaseModel):
    """A part of a payload: what is not named is left unread."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Tip(_Payload):
    """One side of a pull request: its branch, and the commit that the branch was at."""

    ref: str
    sha: Sha


class PullRequestEvent(_Payload):
    """The pull request of an event, as it was then."""

    number: int = Field(ge=1)
    head: Tip
    base: Tip


class Label(_Payload):
    """A label that was set."""

    name: str


class MergeGroup(_Payload):
    """What a merge queue wants to merge, and onto what."""

    head_sha: Sha
    base_sha: Sha


class FinishedRun(_Payload):
    """The workflow run that a ``workflow_run`` event tells of."""

    id: int = Field(ge=1)


class RepositoryEvent(_Payload):
    """The repository of the event."""

    default_branch: str = ""


class Payload(_Payload):
    """What is read of an event's payload; each event has other parts."""

    action: str = ""
    pull_request: PullRequestEvent | None = None
    label: Label | None = None
    merge_group: MergeGroup | None = None
    workflow_run: FinishedRun | None = None
    repository: RepositoryEvent = RepositoryEvent()
    before: str = ""

    @property
    def commit_before(self) -> str:
        """Of a push: the commit that the branch was at; empty for a new branch."""
        return "" if self.before == _NO_COMMIT else self.before


@dataclass(frozen=True)
class Job:
    """The job that this process runs in. ``api_url`` and the others differ on GitHub Enterprise."""

    event: str
    payload: Payload
    repository: str
    sha: str
    run_id: int
    run_attempt: int
    api_url: str
    graphql_url: str
    server_url: str

    @property
    def run_url(self) -> str:
        """Where people see this run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"


class _Variables(BaseModel):
    """The environment variables that are read, validated as one."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    event: str = Field(alias="GITHUB_EVENT_NAME", min_length=1)
    event_path: Path = Field(alias="GITHUB_EVENT_PATH")
    repository: str = Field(alias="GITHUB_REPOSITORY", pattern=f"^{_REPOSITORY}$")
    sha: Sha = Field(alias="GITHUB_SHA")
    run_id: int = Field(alias="GITHUB_RUN_ID", ge=0)
    run_attempt: int = Field(alias="GITHUB_RUN_ATTEMPT", default=1, ge=1)
    api_url: str = Field(alias="GITHUB_API_URL", default=API_URL, pattern=r"^https?://[^\s]+$")
    graphql_url: str = Field(alias="GITHUB_GRAPHQL_URL", default="")
    server_url: str = Field(alias="GITHUB_SERVER_URL", default=SERVER_URL, pattern=r"^https?://[^\s]+$")


def read_job(environ: Mapping[str, str]) -> Job:
    """The job that ``environ`` describes. Raises InputError where this is no job of GitHub Actions."""
    given = {name: value for name, value in environ.items() if name.startswith("GITHUB_") and value}
    try:
        variables = _Variables.model_validate(given)
    except ValidationError as error:
        raise InputError(
            f"this command runs in a job of GitHub Actions, and {_reason(error)} in the environment"
        ) from error
    return Job(
        event=variables.event,
        payload=_read_payload(variables.event_path),
        repository=variables.repository,
        sha=variables.sha,
        run_id=variables.run_id,
        run_attempt=variables.run_attempt,
        api_url=variables.api_url.rstrip("/"),
        graphql_url=variables.graphql_url or f"{variables.api_url.rstrip('/')}/graphql",
        server_url=variables.server_url.rstrip("/"),
    )


def _read_payload(file: Path) -> Payload:
    try:
        return Payload.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InputError(f"GITHUB_EVENT_PATH: {file} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise InputError(f"GITHUB_EVENT_PATH: {file} is no payload of an event: {_reason(error)}") from error


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg'].lower()}"
