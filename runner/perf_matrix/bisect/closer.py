"""A closer look at a culprit: the files that changed in it, where to read more, the command that goes on.  (Pure.)"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perf_matrix.bisect.history.candidate import HistoryKind
from perf_matrix.bisect.history.concerned import concerned_by
from perf_matrix.bisect.history.ranked_files import ranked_files
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.model import ChangedFile, Culprit, Link
from perf_matrix.bisect.store import BisectRequest
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.matrix.combinations import cell_id
from perf_matrix.targets.base import Target

_FILES = 20
_MERGE = 2
_ONLY_CELL = cell_id({})


def measured_with(request: BisectRequest) -> list[str]:
    """The options that say how a bisect measures, as its user gave them; not those that are taken anyway."""
    return [
        # The matrix file that is taken anyway is not among the arguments.
        *(["--matrix", request.matrix] if "--matrix" in request.arguments else []),
        *(["--metrics", ",".join(request.metrics)] if request.metrics else []),
        *(["--backend", request.backend] if request.backend != "auto" else []),
    ]


@dataclass(frozen=True)
class Closer:
    """Looks closer at culprits of one history. ``requests``: what each endpoint is asked, by its name.

    ``asked``: the options that the user measured with, which a command that goes on repeats.
    """

    kind: HistoryKind
    target: Target
    repository: Path | None
    all_parents: bool
    requests: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[str] = ()

    def look(self, culprit: Culprit, symptom: Symptom, line: Line, diff: str) -> Culprit:
        """The culprit with its files, links and the next command; ``diff``: the change in it, if it is known."""
        files = self._files(culprit, symptom, line, diff)
        return culprit.model_copy(
            update={
                "files": files[:_FILES],
                "more_files": max(0, len(files) - _FILES),
                "links": list(self._links(culprit, line)),
                "go_on": self._go_on(culprit, symptom, line),
            }
        )

    def _files(self, culprit: Culprit, symptom: Symptom, line: Line, diff: str) -> list[ChangedFile]:
        if not diff:
            return []
        commit = line.candidates[culprit.version].commit
        requests = [self.requests[symptom.endpoint]] if symptom.endpoint in self.requests else []
        concerned = concerned_by(_statements(culprit), requests)
        return ranked_files(diff, concerned, commit.url if commit else "")

    def _links(self, culprit: Culprit, line: Line) -> Iterator[Link]:
        candidate = line.candidates[culprit.version]
        if candidate.commit is not None:
            if candidate.commit.url:
                yield Link(text=f"commit {candidate.label}", url=candidate.commit.url)
        elif self.kind == "releases" and (url := self.target.release_page(candidate.label)):
            yield Link(text=f"what is new in {candidate.label}", url=url)

    def _go_on(self, culprit: Culprit, symptom: Symptom, line: Line) -> str:
        """Which command names the commit, where the culprit is a release or a merge."""
        candidate = line.candidates[culprit.version]
        options = self._options(symptom)
        if self.kind in ("releases", "images"):
            tags = (self._tag(line.label(end)) for end in (culprit.parent, culprit.version))
            return f"perf-matrix bisect --repo CHECKOUT {shlex.join([*tags, *options])}"
        commit = candidate.commit
        if commit is None or (self.kind == "commits" and (self.all_parents or commit.parents < _MERGE)):
            return ""
        parent = line.candidates[culprit.parent].commit
        ends = [parent.sha if parent else line.spec(culprit.parent), commit.sha]
        opened = ["--all-parents"] if self.kind == "commits" else []
        repository = ["--repo", str(self.repository)] if self.repository else []
        return shlex.join(["perf-matrix", "bisect", *repository, *ends, *opened, *options])

    def _options(self, symptom: Symptom) -> list[str]:
        """What searches for this symptom alone, measured as it was here."""
        on = ["--on", f"{symptom.endpoint}/{symptom.metric}"] if symptom.endpoint else []
        cell = ["--cell", symptom.cell] if symptom.cell != _ONLY_CELL else []
        return [*on, *cell, *self.asked]

    def _tag(self, label: str) -> str:
        """The tag of a release; an image may be called as the tag is."""
        return self.target.tag_of(label) if label[:1].isdigit() else label


def _statements(culprit: Culprit) -> Sequence[str]:
    come_or_gone = [one.statement for one in (*culprit.added, *culprit.removed)]
    return [*come_or_gone, *(one.statement for one in culprit.changed), *culprit.slower]
