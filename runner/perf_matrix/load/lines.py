"""One line of k6's log: an answer to a command, or anything else that k6 has to say.

An answer is the marker and a JSON object: ``perf-matrix> {"id": 3, "result": {…}}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

MARKER = "perf-matrix> "


class Answer(BaseModel):
    """The result of the command, or the request, with this number; not yet validated as one of its kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    result: dict[str, Any]


@dataclass(frozen=True)
class Garbled:
    """A whole line with the marker that is no answer: the measurement cannot go on."""

    text: str


def parse_line(line: bytes) -> Answer | Garbled | None:
    """Return what a line of the log says; ``None`` for k6's own words and for a torn last line."""
    if not line.startswith(MARKER.encode()) or not line.endswith(b"\n"):
        return None
    try:
        return Answer.model_validate_json(line[len(MARKER) :])
    except ValidationError:
        return Garbled(line.decode(errors="replace").rstrip())
