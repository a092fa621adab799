"""What is read of GitHub's answers; what is not named here is left unread.

Most texts in them were written by strangers: titles, branch names, labels, comments.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from perf_matrix.github.errors import UnexpectedAnswerError, plain

_SHOWN = 3
Wanted = TypeVar("Wanted")


class Read(BaseModel):
    """A part of an answer. Immutable."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class User(Read):
    """An account. Apps are users of the type ``Bot``, and their logins end with ``[bot]``; no person's does."""

    login: str
    type: str


class Repository(Read):
    """A repository; ``full_name`` is ``owner/name``."""

    full_name: str
    owner: User


class Branch(Read):
    """One side of a pull request. ``repo`` is None where the fork has been deleted."""

    ref: str
    sha: str
    repo: Repository | None


class Label(Read):
    """A label of a pull request."""

    name: str


class PullRequest(Read):
    """A pull request as it is now; ``state`` is ``open`` or ``closed``, and a merged one is closed."""

    number: int
    state: str
    head: Branch
    base: Branch


class Comment(Read):
    """A comment in a pull request's conversation. ``user`` is None where the account has been deleted."""

    id: int
    node_id: str
    body: str = ""
    user: User | None
    html_url: str
    updated_at: datetime


class LabelEvent(Read):
    """Something that happened to a pull request: ``event`` is ``labeled`` where somebody set ``label``.

    ``actor`` is None where the account has been deleted; ``created_at`` has a time zone.
    """

    id: int
    event: str
    actor: User | None
    created_at: datetime
    label: Label | None = None


class CheckRun(Read):
    """A check run."""

    id: int
    html_url: str | None = None


class Artifact(Read):
    """What a run has uploaded; ``size_in_bytes`` is the archive's size. An expired one cannot be downloaded."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool


class WorkflowRun(Read):
    """A run of a workflow. ``head_repository`` is None where the fork has been deleted."""

    id: int
    run_attempt: int = 1
    head_sha: str
    head_branch: str | None
    head_repository: Repository | None
    html_url: str


class GraphQLError(Read):
    """Why GraphQL did not do a part of what it was asked; ``type`` is empty where it says none."""

    type: str = ""
    message: str = ""


class GraphQLErrors(Read):
    """The errors in an answer of GraphQL, whose status is 200 even so."""

    errors: tuple[GraphQLError, ...] = ()


def read(kind: type[Wanted], answer: object, what: str) -> Wanted:
    """The answer as a ``kind``, which may be a list of models; ``what`` names the answer in messages.

    Raises UnexpectedAnswerError where it is something else.
    """
    try:
        return TypeAdapter(kind).validate_python(answer)
    except ValidationError as error:
        raise UnexpectedAnswerError(
            "read", what, 200, f"this is not what GitHub answers: {_faults(error)}"
        ) from error


def _faults(error: ValidationError) -> str:
    """Where the answer is wrong, without what it holds there: that is a stranger's text."""
    faults = error.errors(include_input=False, include_url=False)[:_SHOWN]
    return "; ".join(
        plain(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}") for fault in faults
    )
