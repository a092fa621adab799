"""Records as the JSON that GitHub answers: what means something. The description fills in what else it requires."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .state import (
    Account,
    Annotation,
    Artifact,
    Branch,
    CheckRun,
    Comment,
    Comparison,
    LabelEvent,
    PullRequest,
    State,
    WorkflowRun,
)

Json = dict[str, Any]
_KEPT = timedelta(days=90)


def number_of(name: str) -> int:
    """A number that stands for a name everywhere: ids of accounts and repositories."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:3], "big")


@dataclass(frozen=True)
class Presenter:
    """``api`` and ``site``: where the interface and the pages are, without a slash at the end."""

    state: State
    api: str
    site: str

    @property
    def home(self) -> str:
        """The repository's URL in the interface."""
        return f"{self.api}/repos/{self.state.repository}"

    def account(self, account: Account) -> Json:
        """A user, an app's bot or an organization."""
        number = number_of(account.login)
        return {
            "login": account.login,
            "id": number,
            "node_id": f"U_{number}",
            "type": account.kind,
            "url": f"{self.api}/users/{account.login}",
            "html_url": f"{self.site}/{account.login}",
        }

    def repository(self, full_name: str) -> Json:
        """The repository, or a fork of it."""
        owner, name = full_name.split("/")
        return {
            "id": number_of(full_name),
            "node_id": f"R_{number_of(full_name)}",
            "name": name,
            "full_name": full_name,
            "owner": self.account(Account(owner)),
            "private": self.state.private,
            "fork": full_name != self.state.repository,
            "default_branch": self.state.default_branch,
            "url": f"{self.api}/repos/{full_name}",
            "html_url": f"{self.site}/{full_name}",
        }

    def pull_request(self, pull: PullRequest) -> Json:
        """A pull request as in a list of them."""
        page = f"{self.site}/{self.state.repository}/pull/{pull.number}"
        closed_at = moment(pull.created_at) if pull.state == "closed" else None
        return {
            "id": number_of(page),
            "number": pull.number,
            "url": f"{self.home}/pulls/{pull.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "state": pull.state,
            "draft": pull.draft,
            "title": pull.title,
            "user": self.account(pull.author),
            "head": self._branch(pull.head),
            "base": self._branch(pull.base),
            "labels": [self.label(name) for name in pull.labels],
            "created_at": moment(pull.created_at),
            "updated_at": moment(pull.created_at),
            "closed_at": closed_at,
            "merged_at": closed_at if pull.merged else None,
        }

    def whole_pull_request(self, pull: PullRequest) -> Json:
        """A pull request as it is answered alone."""
        comments = len(self.state.comments_of(pull.number))
        return {**self.pull_request(pull), "merged": pull.merged, "comments": comments}

    def label(self, name: str) -> Json:
        """A label of the repository."""
        number = number_of(name)
        return {"id": number, "node_id": f"LA_{number}", "name": name, "color": "ededed", "default": False}

    def label_event(self, event: LabelEvent) -> Json:
        """That a label was set or taken off."""
        return {
            "id": event.id,
            "node_id": f"LE_{event.id}",
            "url": f"{self.home}/issues/events/{event.id}",
            "actor": self.account(event.actor),
            "event": event.event,
            "commit_id": None,
            "commit_url": None,
            "created_at": moment(event.at),
            "performed_via_github_app": None,
            "label": {"name": event.label, "color": "ededed"},
        }

    def comment(self, comment: Comment) -> Json:
        """A comment of the conversation."""
        page = f"{self.site}/{self.state.repository}/pull/{comment.issue}#issuecomment-{comment.id}"
        return {
            "id": comment.id,
            "node_id": comment.node_id,
            "url": f"{self.home}/issues/comments/{comment.id}",
            "html_url": page,
            "issue_url": f"{self.home}/issues/{comment.issue}",
            "body": comment.body,
            "user": self.account(comment.author),
            "created_at": moment(comment.created_at),
            "updated_at": moment(comment.updated_at),
            "author_association": "NONE",
            "minimized": None if comment.reason is None else {"reason": comment.reason},
        }

    def comment_event(self, comment: Comment) -> Json:
        """A comment as it stands in the timeline."""
        shown = {**self.comment(comment), "event": "commented", "actor": self.account(comment.author)}
        del shown["minimized"]
        return shown

    def check_run(self, run: CheckRun) -> Json:
        """A check run, without its annotations: these are listed by a request of their own."""
        url = f"{self.home}/check-runs/{run.id}"
        return {
            "id": run.id,
            "node_id": f"CR_{run.id}",
            "name": run.name,
            "head_sha": run.head_sha,
            "status": run.status,
            "conclusion": run.conclusion,
            "url": url,
            "html_url": f"{self.site}/{self.state.repository}/runs/{run.id}",
            "details_url": run.details_url,
            "external_id": run.external_id or "",
            "started_at": maybe_moment(run.started_at),
            "completed_at": maybe_moment(run.completed_at),
            "check_suite": {"id": number_of(run.head_sha)},
            "output": {
                "title": run.title,
                "summary": run.summary,
                "text": run.text,
                "annotations_count": len(run.annotations),
                "annotations_url": f"{url}/annotations",
            },
        }

    def annotation(self, run: CheckRun, annotation: Annotation) -> Json:
        """An annotation of a check run."""
        page = f"{self.site}/{self.state.repository}/blob/{run.head_sha}/{annotation.path}"
        return {
            "path": annotation.path,
            "blob_href": page,
            "start_line": annotation.start_line,
            "end_line": annotation.end_line,
            "start_column": annotation.start_column,
            "end_column": annotation.end_column,
            "annotation_level": annotation.annotation_level,
            "title": annotation.title,
            "message": annotation.message,
            "raw_details": annotation.raw_details,
        }

    def workflow_run(self, run: WorkflowRun) -> Json:
        """A run of a workflow."""
        return {
            "id": run.id,
            "node_id": f"WFR_{run.id}",
            "name": run.name,
            "display_title": run.name,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "run_attempt": run.run_attempt,
            "run_number": 1,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "head_repository": self.repository(run.head_repository),
            "repository": self.repository(self.state.repository),
            "url": f"{self.home}/actions/runs/{run.id}",
            "html_url": f"{self.site}/{self.state.repository}/actions/runs/{run.id}",
            "artifacts_url": f"{self.home}/actions/runs/{run.id}/artifacts",
            "pull_requests": self._minimal_pull_requests(run.pull_requests),
        }

    def artifact(self, artifact: Artifact) -> Json:
        """What a run uploaded."""
        url = f"{self.home}/actions/artifacts/{artifact.id}"
        size = len(artifact.archive) if artifact.claimed_size is None else artifact.claimed_size
        run = next((run for run in self.state.workflow_runs if run.id == artifact.run_id), None)
        return {
            "id": artifact.id,
            "node_id": f"A_{artifact.id}",
            "name": artifact.name,
            "size_in_bytes": size,
            "url": url,
            "archive_download_url": f"{url}/zip",
            "expired": artifact.expired,
            "digest": f"sha256:{hashlib.sha256(artifact.archive).hexdigest()}",
            "created_at": moment(artifact.created_at),
            "updated_at": moment(artifact.created_at),
            "expires_at": moment(artifact.created_at + _KEPT),
            "workflow_run": None if run is None else self._origin(run),
        }

    def comparison(self, comparison: Comparison) -> Json:
        """How two commits relate."""
        apart = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
        status = apart.get((comparison.ahead_by > 0, comparison.behind_by > 0), "diverged")
        return {
            "url": f"{self.home}/compare/{comparison.base}...{comparison.head}",
            "status": status,
            "ahead_by": comparison.ahead_by,
            "behind_by": comparison.behind_by,
            "total_commits": comparison.ahead_by,
            "base_commit": {"sha": comparison.base},
            "merge_base_commit": {"sha": comparison.merge_base},
            "commits": [],
            "files": [],
        }

    def _branch(self, branch: Branch) -> Json:
        owner = branch.repository.split("/")[0] if branch.repository else "ghost"
        return {
            "label": f"{owner}:{branch.ref}",
            "ref": branch.ref,
            "sha": branch.sha,
            "user": self.account(Account(owner)),
            "repo": None if branch.repository is None else self.repository(branch.repository),
        }

    def _minimal_pull_requests(self, numbers: Sequence[int]) -> list[Json]:
        pulls = [pull for pull in self.state.pull_requests if pull.number in numbers]
        return [
            {
                "id": number_of(str(pull.number)),
                "number": pull.number,
                "url": f"{self.home}/pulls/{pull.number}",
                "head": self._minimal_branch(pull.head),
                "base": self._minimal_branch(pull.base),
            }
            for pull in pulls
        ]

    def _minimal_branch(self, branch: Branch) -> Json:
        full_name = branch.repository or "ghost/ghost"
        repository = {
            "id": number_of(full_name),
            "url": f"{self.api}/repos/{full_name}",
            "name": full_name.split("/")[1],
        }
        return {"ref": branch.ref, "sha": branch.sha, "repo": repository}

    def _origin(self, run: WorkflowRun) -> Json:
        return {
            "id": run.id,
            "repository_id": number_of(self.state.repository),
            "head_repository_id": number_of(run.head_repository),
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        }


def moment(at: datetime) -> str:
    """A time as GitHub writes it, in whole seconds of UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_moment(at: datetime | None) -> str | None:
    """The same for a time that may not be known."""
    return None if at is None else moment(at)
