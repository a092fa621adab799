"""What is to be published, where it comes from, and how the user wants it published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perf_matrix.publish.outcome import FailOn

CommentWhen = Literal["always", "on-change", "never"]


@dataclass(frozen=True)
class Wishes:
    """What the user asked for. ``id`` tells several uses in one workflow apart; ``check``: empty for no check run."""

    id: str
    comment: CommentWhen
    fail_on: FailOn
    check: str
    label: str


@dataclass(frozen=True)
class Source:
    """Where a result comes from: the commits, the run that measured them, the pull request if there is one.

    ``reproduce`` and ``bisect`` are commands, empty where there are none; ``report_url`` leads to the whole report.
    ``measured_elsewhere``: by the job of another workflow run, which may have published it itself.
    """

    repository: str
    sha: str
    base_sha: str
    number: int | None
    run_id: int
    run_attempt: int
    run_url: str
    reproduce: str = ""
    bisect: str = ""
    report_url: str = ""
    measured_elsewhere: bool = False
