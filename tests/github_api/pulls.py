"""Pull requests."""

from __future__ import annotations

from .call import DIFF, Call, Route
from .exchange import Answer
from .state import PullRequest
from .tokens import Needs

_READ_ONE: Needs = (("contents", "read"), ("pull_requests", "read"))
_READ_MANY: Needs = (("pull_requests", "read"),)


def get_pull_request(call: Call) -> Answer:
    """As JSON, or the diff where that media type is asked for."""
    pull = call.pull_request("pull_number")
    if call.wanted == DIFF:
        return Answer(200, pull.diff, media=f"{DIFF}; charset=utf-8")
    return Answer(200, call.present.whole_pull_request(pull))


def list_pull_requests(call: Call) -> Answer:
    """Newest first, the open ones where nothing else is asked for."""
    chosen = [pull for pull in call.state.pull_requests if _fits(call, pull)]
    newest_first = sorted(chosen, key=lambda pull: (pull.created_at, pull.number), reverse=True)
    if call.query.get("direction") == "asc":
        newest_first.reverse()
    return call.page([call.present.pull_request(pull) for pull in newest_first])


def _fits(call: Call, pull: PullRequest) -> bool:
    state = call.query.get("state", "open")
    head, base = call.query.get("head", ""), call.query.get("base")
    # Without an owner before it GitHub does not filter by the branch at all.
    fits_head = ":" not in head or head == _label(pull)
    return state in {"all", pull.state} and fits_head and base in {None, pull.base.ref}


def _label(pull: PullRequest) -> str | None:
    if pull.head.repository is None:
        return None
    return f"{pull.head.repository.split('/')[0]}:{pull.head.ref}"


ROUTES = {
    "pulls/get": Route(_READ_ONE, get_pull_request),
    "pulls/list": Route(_READ_MANY, list_pull_requests),
}
