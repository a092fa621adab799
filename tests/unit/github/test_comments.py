"""Whose comment is ours."""

from __future__ import annotations

import pytest

from perf_matrix.github.comments import is_own
from perf_matrix.github.model import User


@pytest.mark.parametrize(
    ("user", "login", "own"),
    [
        (User(login="github-actions[bot]", type="Bot"), "github-actions[bot]", True),
        (User(login="github-actions[bot]", type="Bot"), "github-actions", True),
        (User(login="octocat", type="User"), "octocat", True),
        # Anybody may call themselves as an app is called.
        (User(login="github-actions", type="User"), "github-actions[bot]", False),
        (User(login="other[bot]", type="Bot"), "github-actions[bot]", False),
        (User(login="octocat", type="User"), "github-actions[bot]", False),
        (User(login="", type="User"), "github-actions[bot]", False),
        (None, "github-actions[bot]", False),
    ],
)
def test_whose_it_is(user: User | None, login: str, own: bool) -> None:  # noqa: FBT001
    assert is_own(user, login) is own
