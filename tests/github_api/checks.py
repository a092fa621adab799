"""Check runs and their annotations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from .call import Call, Route, invalid, not_found
from .exchange import Answer
from .state import Annotation, CheckRun
from .tokens import Needs

_READ: Needs = (("checks", "read"),)
_WRITE: Needs = (("checks", "write"),)
_TEXTS = ("name", "status", "conclusion", "details_url", "external_id")
_TIMES = ("started_at", "completed_at")


def create_check(call: Call) -> Answer:
    """With at most 50 annotations, as the description says."""
    new = CheckRun(call.state.new_id(), call.body["head_sha"], call.body["name"], started_at=call.now)
    run = _changed(new, call.body, call.now)
    call.state.check_runs.append(run)
    return Answer(201, call.present.check_run(run))


def update_check(call: Call) -> Answer:
    """Annotations are added to those that are there."""
    changed = _changed(_check(call), call.body, call.now)
    return Answer(200, call.present.check_run(call.state.replace_check_run(changed)))


def get_check(call: Call) -> Answer:
    """One check run by its id."""
    return Answer(200, call.present.check_run(_check(call)))


def list_checks(call: Call) -> Answer:
    """Those of a commit, or of a pull request's head branch; of each name the latest, where not all are asked for."""
    sha = _sha_of(call, call.text("ref"))
    runs = [run for run in call.state.check_runs if run.head_sha == sha and _fits(call, run)]
    if call.query.get("filter", "latest") == "latest":
        runs = list({run.name: run for run in runs}.values())
    shown = [call.present.check_run(run) for run in reversed(runs)]
    return call.page(shown, lambda page: {"total_count": len(shown), "check_runs": page})


def list_annotations(call: Call) -> Answer:
    """In the order in which they were added."""
    run = _check(call)
    return call.page([call.present.annotation(run, annotation) for annotation in run.annotations])


def _check(call: Call) -> CheckRun:
    wanted = call.number("check_run_id")
    found = next((run for run in call.state.check_runs if run.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def _changed(run: CheckRun, body: dict[str, Any], now: datetime) -> CheckRun:
    output = body.get("output", {})
    given: dict[str, Any] = {name: body[name] for name in _TEXTS if name in body}
    given |= {name: datetime.fromisoformat(body[name]) for name in _TIMES if name in body}
    given |= {name: output[name] for name in ("title", "summary", "text") if name in output}
    if "conclusion" in given:
        given = {"completed_at": now, **given, "status": "completed"}
    added = tuple(_annotation(annotation) for annotation in output.get("annotations", ()))
    return replace(run, **given, annotations=(*run.annotations, *added))


def _annotation(given: dict[str, Any]) -> Annotation:
    annotation = Annotation(**given)
    if annotation.start_line != annotation.end_line and "start_column" in given:
        message = "Annotations only support columns on the same line."
        raise invalid("CheckRun", "annotations", "invalid", message)
    return annotation


def _sha_of(call: Call, ref: str) -> str:
    branches = {pull.head.ref: pull.head.sha for pull in call.state.pull_requests}
    return branches.get(ref.removeprefix("heads/"), ref)


def _fits(call: Call, run: CheckRun) -> bool:
    wanted = {"name": call.query.get("check_name"), "status": call.query.get("status")}
    return wanted["name"] in {None, run.name} and wanted["status"] in {None, run.status}


ROUTES = {
    "checks/create": Route(_WRITE, create_check),
    "checks/update": Route(_WRITE, update_check),
    "checks/get": Route(_READ, get_check),
    "checks/list-for-ref": Route(_READ, list_checks),
    "checks/list-annotations": Route(_READ, list_annotations),
}
