"""Answers that no handler gives, held against the description all the same."""

from __future__ import annotations

import pytest

from tests.github_api.description import Description, Operation
from tests.github_api.exchange import Answer
from tests.github_api.routes import ROUTES
from tests.github_api.spec import descriptions


@pytest.fixture(scope="module")
def description() -> Description:
    return Description.read(descriptions(sorted(ROUTES)).rest)


def _operation(description: Description, wanted: str) -> Operation:
    return next(operation for operation in description.operations if operation.id == wanted)


@pytest.mark.parametrize(
    ("wanted", "answer", "problem"),
    [
        ("pulls/list", Answer(201, []), "status 201 is not described for pulls/list"),
        (
            "issues/delete-comment",
            Answer(204, {"id": 1}),
            "a body is not described for issues/delete-comment 204",
        ),
        ("pulls/list", Answer(200, {}), "/: {} is not of type 'array'"),
        ("pulls/list", Answer(418, {"message": 5}), "/message: 5 is not of type 'string'"),
    ],
)
def test_what_is_not_described_is_a_problem(
    description: Description, wanted: str, answer: Answer, problem: str
) -> None:
    assert description.problems_of(_operation(description, wanted), answer) == [problem]


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ("pulls/list", Answer(200, [])),
        ("issues/delete-comment", Answer(204)),
        ("pulls/get", Answer(200, "diff", media="application/vnd.github.diff")),
        ("pulls/list", Answer(418, {"message": "an error that is described nowhere"})),
    ],
)
def test_what_is_described_is_none(description: Description, wanted: str, answer: Answer) -> None:
    assert description.problems_of(_operation(description, wanted), answer) == []
