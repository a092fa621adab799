"""Comments of a pull request's conversation."""

from __future__ import annotations

from dataclasses import replace

from .call import Call, Route, invalid, not_found
from .exchange import Answer
from .state import Comment
from .tokens import Needs

MOST_CHARACTERS = 65_536
_READ: Needs = (("issues", "read"), ("pull_requests", "read"))
_WRITE: Needs = (("issues", "write"), ("pull_requests", "write"))


def list_comments(call: Call) -> Answer:
    """In the order in which they were written."""
    comments = call.state.comments_of(call.pull_request("issue_number").number)
    since = call.query.get("since", "")
    shown = [comment for comment in map(call.present.comment, comments) if comment["updated_at"] >= since]
    return call.page(shown)


def get_comment(call: Call) -> Answer:
    """One comment by its id."""
    return Answer(200, call.present.comment(_comment(call)))


def create_comment(call: Call) -> Answer:
    """As whoever the token belongs to."""
    body = _checked_body(call)
    number = call.pull_request("issue_number").number
    comment = call.state.add_comment(number, body, call.token.account, call.now)
    shown = call.present.comment(comment)
    return Answer(201, shown, {"Location": shown["url"]})


def update_comment(call: Call) -> Answer:
    """Whoever may write may change the comments of others, too."""
    changed = replace(_comment(call), body=_checked_body(call), updated_at=call.now)
    return Answer(200, call.present.comment(call.state.replace_comment(changed)))


def delete_comment(call: Call) -> Answer:
    """For good."""
    call.state.comments.remove(_comment(call))
    return Answer(204)


def _comment(call: Call) -> Comment:
    wanted = call.number("comment_id")
    found = next((comment for comment in call.state.comments if comment.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def _checked_body(call: Call) -> str:
    body = str(call.body["body"])
    if not body.strip():
        raise invalid("IssueComment", "data", "unprocessable", "Body cannot be blank")
    if len(body) > MOST_CHARACTERS:
        message = f"Body is too long (maximum is {MOST_CHARACTERS} characters)"
        raise invalid("IssueComment", "data", "unprocessable", message)
    return body


ROUTES = {
    "issues/list-comments": Route(_READ, list_comments),
    "issues/get-comment": Route(_READ, get_comment),
    "issues/create-comment": Route(_WRITE, create_comment),
    "issues/update-comment": Route(_WRITE, update_comment),
    "issues/delete-comment": Route(_WRITE, delete_comment),
}
