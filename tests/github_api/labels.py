"""Labels of a pull request, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from .call import Call, Route
from .exchange import Answer, RefusedError
from .present import Json
from .tokens import Needs

_READ: Needs = (("issues", "read"), ("pull_requests", "read"))
_WRITE: Needs = (("issues", "write"), ("pull_requests", "write"))


def list_labels(call: Call) -> Answer:
    """Those that are set now."""
    return call.page(_labels(call, call.pull_request("issue_number").labels))


def remove_label(call: Call) -> Answer:
    """Answers the labels that are left."""
    pull, name = call.pull_request("issue_number"), call.text("name")
    if name not in pull.labels:
        raise RefusedError(404, "Label does not exist")
    call.state.take_off_label(pull.number, name, call.token.account, call.now)
    return Answer(200, _labels(call, call.pull_request("issue_number").labels))


def list_events(call: Call) -> Answer:
    """Oldest first."""
    number = call.pull_request("issue_number").number
    events = [event for event in call.state.label_events if event.issue == number]
    return call.page([call.present.label_event(event) for event in events])


def list_timeline(call: Call) -> Answer:
    """Labels and comments in one list, oldest first."""
    number = call.pull_request("issue_number").number
    labels = [call.present.label_event(event) for event in call.state.label_events if event.issue == number]
    comments = [call.present.comment_event(comment) for comment in call.state.comments_of(number)]
    return call.page(sorted([*labels, *comments], key=lambda event: str(event["created_at"])))


def _labels(call: Call, names: Sequence[str]) -> list[Json]:
    return [call.present.label(name) for name in names]


ROUTES = {
    "issues/list-labels-on-issue": Route(_READ, list_labels),
    "issues/remove-label": Route(_WRITE, remove_label),
    "issues/list-events": Route(_READ, list_events),
    "issues/list-events-for-timeline": Route(_READ, list_timeline),
}
