"""The hidden first line of a comment: whose comment it is, and which result it shows. Pure.

A later run finds its own comment by it, and knows from it which commit an acceptance was given for. The state is
JSON inside an HTML comment; every value in it has a pattern, so that none can end the HTML comment.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from perf_matrix.compare.model import Verdict

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
_LARGEST = 2**53
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(3000, 1, 1, tzinfo=UTC)


def _whole_seconds(time: datetime) -> datetime:
    """Return the time in UTC, cut to seconds, as GitHub's own times are."""
    return time.astimezone(UTC).replace(microsecond=0)


Sha = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}(?:\[bot\])?$")]
# Between years that every time zone has: the others cannot be turned into UTC.
Instant = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST), AfterValidator(_whole_seconds)]
Count = Annotated[int, Field(le=_LARGEST)]


class _Kept(BaseModel):
    """Immutable; what is not known is an error: somebody else wrote it, or it is damaged."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Accepted(_Kept):
    """An acceptance: of the result of commit ``sha``, by the user ``by``, at ``at`` (UTC)."""

    sha: Sha
    by: Login
    at: Instant


class State(_Kept):
    """What a comment shows: the verdict on head's commit ``sha``, by an attempt of a workflow run, at ``at`` (UTC)."""

    v: Literal[1] = 1
    sha: Sha
    run: Annotated[Count, Field(ge=0)]
    attempt: Annotated[Count, Field(ge=1)]
    verdict: Verdict
    at: Instant
    accepted: Accepted | None = None


def write_marker(id_: str, state: State) -> str:
    """Return the line, without a line end. ValueError where ``id_`` is none: [a-z0-9][a-z0-9-]{0,38}."""
    return f"{marker_start(id_)}{state.model_dump_json()} -->"


def read_marker(body: str, id_: str) -> State | None:
    """Return the state of the comment with this ``body``.

    None where the marker of ``id_`` does not stand at the very start, or is damaged. ValueError as in ``write_marker``.
    """
    line = body.partition("\n")[0].rstrip()
    start, end = marker_start(id_), " -->"
    if not (line.startswith(start) and line.endswith(end)):
        return None
    try:
        return State.model_validate_json(line[len(start) : -len(end)])
    except ValidationError:
        return None


def has_marker(body: str, id_: str) -> bool:
    """Tell whether it is the comment of ``id_``, even if its state is damaged. ValueError as in ``write_marker``."""
    return body.startswith(marker_start(id_))


def marker_start(id_: str) -> str:
    """Return what the comments of ``id_`` begin with, and no others. ValueError as in ``write_marker``."""
    if not is_id(id_):
        raise ValueError(f"{id_!r} is no id of a comment: write a-z, 0-9 and -, at most 39 characters")
    return f"<!-- perf-matrix:{id_} "


def is_id(text: str) -> bool:
    """Tell whether it may be the id of a comment."""
    return _ID.fullmatch(text) is not None
