"""Runs of workflows and what they uploaded."""

from __future__ import annotations

from .call import Call, Route, not_found
from .exchange import Answer, RefusedError
from .state import Artifact, WorkflowRun
from .tokens import Needs

_READ: Needs = (("actions", "read"),)


def get_run(call: Call) -> Answer:
    """One run by its id."""
    return Answer(200, call.present.workflow_run(_run(call)))


def list_artifacts(call: Call) -> Answer:
    """Of one run, newest first; of one name where that is asked for."""
    run, name = _run(call), call.query.get("name")
    artifacts = [
        artifact
        for artifact in call.state.artifacts
        if artifact.run_id == run.id and name in {None, artifact.name}
    ]
    shown = [call.present.artifact(artifact) for artifact in reversed(artifacts)]
    if call.query.get("direction") == "asc":
        shown.reverse()
    return call.page(shown, lambda page: {"total_count": len(shown), "artifacts": page})


def get_artifact(call: Call) -> Answer:
    """One artifact by its id."""
    return Answer(200, call.present.artifact(_artifact(call)))


def download_artifact(call: Call) -> Answer:
    """Sends on to another server, which wants no token: its address carries a signature."""
    artifact = _artifact(call)
    if call.text("archive_format") != "zip":
        raise not_found()
    if artifact.expired:
        raise RefusedError(410, "Artifact has expired")
    return Answer(302, headers={"Location": call.storage(artifact.id)})


def _run(call: Call) -> WorkflowRun:
    wanted = call.number("run_id")
    found = next((run for run in call.state.workflow_runs if run.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def _artifact(call: Call) -> Artifact:
    wanted = call.number("artifact_id")
    found = next((artifact for artifact in call.state.artifacts if artifact.id == wanted), None)
    if found is None:
        raise not_found()
    return found


ROUTES = {
    "actions/get-workflow-run": Route(_READ, get_run),
    "actions/list-workflow-run-artifacts": Route(_READ, list_artifacts),
    "actions/get-artifact": Route(_READ, get_artifact),
    "actions/download-artifact": Route(_READ, download_artifact),
}
