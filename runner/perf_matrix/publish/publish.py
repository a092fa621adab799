"""Publishing a comparison: the comment of its pull request, a check run, and what is said where that is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from perf_matrix.compare.model import Comparison
from perf_matrix.github.checks import create_check
from perf_matrix.github.client import GitHub
from perf_matrix.publish.conversation import Conversation, Standing
from perf_matrix.publish.noting import Notes
from perf_matrix.publish.outcome import Outcome, outcome, verdict_to_show
from perf_matrix.publish.permissions import CHECK, COMMENT
from perf_matrix.publish.source import Source, Wishes
from perf_matrix.publish.standing import is_of_a_later_run, is_of_the_same_run, why_not_posted
from perf_matrix.report.annotations import Annotation
from perf_matrix.report.annotations import annotations as annotate
from perf_matrix.report.comment import Circumstances, render_comment, render_settled
from perf_matrix.report.marker import Accepted, State
from perf_matrix.report.summaries import headline

ANNOTATIONS_KEPT = 200
"""The worst of them: each fifty take a request, and a repository has a thousand in an hour for all of its workflows."""


@dataclass(frozen=True)
class Published:
    """What became of it. ``notes`` say what was not published, and why; URLs are empty for what was not written.

    ``comparison``: None where nothing was measured, since a label has accepted an earlier result.
    """

    comparison: Comparison | None
    outcome: Outcome
    accepted: Accepted | None
    markdown: str
    annotations: list[Annotation]
    comment_url: str
    check_url: str
    notes: list[str]


class Publisher:
    """Publishes one comparison. ``github``: None where there is no token. ``version`` is perf-matrix's own."""

    def __init__(
        self, comparison: Comparison, source: Source, wishes: Wishes, github: GitHub | None, *, version: str
    ) -> None:
        self._comparison = comparison
        self._source = source
        self._wishes = wishes
        self._github = github
        self._version = version
        self._notes = Notes()

    def publish(self, now: datetime) -> Published:
        """Write what was asked for, as far as the token may; what GitHub refuses is in the notes. ``now``: in UTC.

        A comment that cannot be written fails nothing: the outcome is that of the measurement.
        """
        conversation = self._conversation()
        standing = self._standing(conversation) if conversation else None
        accepted = standing.accepted if standing else None
        result = outcome(self._comparison, self._wishes.fail_on, accepted=accepted is not None)
        told = self._circumstances(result, standing, now)
        markdown = render_comment(self._comparison, told)
        comment_url = (
            self._comment(conversation, standing, told, markdown) if conversation and standing else ""
        )
        overtaken = (
            standing is not None
            and standing.state is not None
            and is_of_a_later_run(standing.state, told.state)
        )
        places = annotate(self._comparison)[:ANNOTATIONS_KEPT]
        return Published(
            comparison=self._comparison,
            outcome=result,
            accepted=accepted,
            markdown=markdown,
            annotations=places,
            comment_url=comment_url,
            check_url="" if overtaken else self._check(result, markdown, places),
            notes=self._notes.lines,
        )

    def _conversation(self) -> Conversation | None:
        number, wishes = self._source.number, self._wishes
        if self._github is None or number is None or wishes.comment == "never":
            return None
        return Conversation(self._github, self._source.repository, number, id_=wishes.id, label=wishes.label)

    def _standing(self, conversation: Conversation) -> Standing | None:
        with self._notes.noting(COMMENT):
            return conversation.standing(self._source.sha)
        return None

    def _circumstances(self, result: Outcome, standing: Standing | None, now: datetime) -> Circumstances:
        source = self._source
        state = State(
            sha=source.sha,
            run=source.run_id,
            attempt=source.run_attempt,
            verdict=verdict_to_show(self._comparison, self._wishes.fail_on),
            at=now,
            accepted=standing.accepted if standing else None,
        )
        return Circumstances(
            id=self._wishes.id,
            state=state,
            base=source.base_sha,
            fails=result.fails,
            version=self._version,
            run=source.run_url,
            reproduce=source.reproduce,
            label=self._wishes.label if standing else "",
            bisect=source.bisect,
            report=source.report_url,
            expired=standing.expired if standing else None,
        )

    def _comment(
        self, conversation: Conversation, standing: Standing, told: Circumstances, markdown: str
    ) -> str:
        """Write the comment, ``markdown`` where it is the whole one; returns its URL, empty where none was written."""
        refused = self._why_not(standing, told.state)
        if refused:
            self._notes.lines.append(f"No comment was written: {refused}.")
            return ""
        body = self._body(standing, told, markdown)
        url = ""
        if body:
            with self._notes.noting(COMMENT):
                url = conversation.write(body, standing.found).html_url
            with self._notes.noting(COMMENT):
                conversation.fold(standing.found.older)
        # Where nothing regressed, the label may be meant for a comparison of another id.
        if standing.label_is_stale and self._comparison.verdict == "regression":
            with self._notes.noting(COMMENT):
                conversation.take_label_off()
        return url

    def _why_not(self, standing: Standing, ours: State) -> str:
        if self._source.measured_elsewhere and standing.state and is_of_the_same_run(standing.state, ours):
            return "the job that measured has written it itself"
        return why_not_posted(standing.pull_request, standing.state, ours)

    def _body(self, standing: Standing, told: Circumstances, markdown: str) -> str:
        """The comment; empty where there is to be none, or where it is to stay as it is."""
        before, verdict = standing.state, told.state.verdict
        if self._wishes.comment == "always" or told.fails or verdict not in ("pass", "inconclusive"):
            return markdown
        if standing.found.comment is None:
            return ""
        if before is None or verdict == "inconclusive":
            return markdown
        return "" if before.verdict == "pass" else render_settled(self._comparison, told, before)

    def _check(self, result: Outcome, markdown: str, places: list[Annotation]) -> str:
        """Put the check run on the commit; returns its URL, empty where there is to be none."""
        if self._github is None or not self._wishes.check:
            return ""
        with self._notes.noting(CHECK):
            check = create_check(
                self._github,
                self._source.repository,
                self._source.sha,
                name=self._wishes.check,
                conclusion=result.conclusion,
                title=headline(self._comparison),
                summary=markdown,
                annotations=places,
                details_url=self._source.run_url,
            )
            return check.html_url or ""
        return ""
