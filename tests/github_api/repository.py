"""The repository, its commits, and who asks."""

from __future__ import annotations

from .call import DIFF, Call, Route, not_found
from .exchange import Answer, RefusedError
from .tokens import Needs

_CONTENTS: Needs = (("contents", "read"),)


def get_repository(call: Call) -> Answer:
    """Every token may read the metadata of its repository."""
    return Answer(200, call.present.repository(call.state.repository))


def compare_commits(call: Call) -> Answer:
    """As JSON, or the diff where that media type is asked for."""
    base, _, head = call.text("basehead").partition("...")
    found = next(
        (known for known in call.state.comparisons if (known.base, known.head) == (base, head)), None
    )
    if found is None:
        raise not_found()
    if call.wanted == DIFF:
        return Answer(200, found.diff, media=f"{DIFF}; charset=utf-8")
    return Answer(200, call.present.comparison(found))


def get_authenticated(call: Call) -> Answer:
    """People only: the token of a job belongs to an app."""
    if call.token.account.kind == "Bot":
        raise RefusedError(403, "Resource not accessible by integration")
    return Answer(200, {**call.present.account(call.token.account), "user_view_type": "public"})


ROUTES = {
    "repos/get": Route((), get_repository),
    "repos/compare-commits-with-basehead": Route(_CONTENTS, compare_commits),
    "users/get-authenticated": Route((), get_authenticated),
}
