"""The text of a YAML file to a validated model, or to one error that lists what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from pydantic import ValidationError

from perf_matrix.matrix.checks import duplicate_endpoints, matrix_flaws, page_size_flaws
from perf_matrix.matrix.explain import explain
from perf_matrix.matrix.model import MatrixFile, Strict, Workload
from perf_matrix.matrix.problems import Problem, UnreadableError, input_error
from perf_matrix.matrix.schema_lookup import Schema
from perf_matrix.matrix.yaml_tree import Document, read_tree

Model = TypeVar("Model", bound=Strict)
Check = Callable[[Model, Document], list[Problem]]


def parse_matrix(text: str, source: str) -> MatrixFile:
    """The matrix that ``text`` describes; ``source`` names the file in messages.

    Raises InputError with a line ``source:line:column: message`` for each thing that is wrong.
    """
    return parse(text, source, MatrixFile, _check_matrix)


def parse_workload(text: str, source: str) -> Workload:
    """The workload that ``text`` describes; raises InputError as parse_matrix does."""
    return parse(text, source, Workload, _check_workload)


def parse(text: str, source: str, model: type[Model], check: Check[Model]) -> Model:
    """What ``text`` says as a ``model``, after ``check`` found nothing either; raises InputError as parse_matrix does.

    ``check`` gets the model and the document, and returns what the model alone cannot find.
    """
    try:
        document = read_tree(text)
    except UnreadableError as error:
        raise input_error(source, [error.problem]) from None
    validated = _validated(document, model)
    found = validated if isinstance(validated, list) else check(validated, document)
    problems = [*document.problems, *found]
    if problems or isinstance(validated, list):
        raise input_error(source, problems)
    return validated


def _validated(document: Document, model: type[Model]) -> Model | list[Problem]:
    """``by_name=False``: a file says ``json``, as its schema does, although Python says ``body``."""
    try:
        return model.model_validate(document.data, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        return explain(error.errors(include_url=False), document, _schema(model))


@cache
def _schema(model: type[Strict]) -> Schema:
    return model.model_json_schema()


def _check_matrix(matrix: MatrixFile, document: Document) -> list[Problem]:
    flaws = [Problem(document.place(flaw.path), flaw.message) for flaw in matrix_flaws(matrix)]
    return flaws + _load_of_nothing(document)


def _load_of_nothing(document: Document) -> list[Problem]:
    """A key without a value would measure nothing under load, which is what leaving the key out means."""
    if document.data.get("load", {}) is not None:
        return []
    message = "load: expected a mapping, found nothing; write {} for the defaults, or leave the key out"
    return [Problem(document.values["load",], message)]


def _check_workload(workload: Workload, document: Document) -> list[Problem]:
    problems = []
    for first, again in duplicate_endpoints(workload):
        line = document.values["endpoints", first, "name"].line
        name = workload.endpoints[again].name
        message = f"the name {name!r} is already on line {line}; rename one of the two endpoints"
        problems.append(Problem(document.values["endpoints", again, "name"], message))
    for index, flaw in page_size_flaws(workload):
        name = workload.endpoints[index].name
        problems.append(Problem(document.values["endpoints", index, "name"], f"endpoint {name!r}: {flaw}"))
    return problems
