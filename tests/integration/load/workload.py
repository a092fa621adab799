"""Short ways to write endpoints and to start agents on them."""

from collections.abc import Callable
from typing import Any

from perf_matrix.load.agent import Agent
from perf_matrix.matrix.model import Endpoint, Expectation, Request

StartAgent = Callable[..., Agent]


def endpoint(path: str, expect: dict[str, Any] | None = None, **request: Any) -> Endpoint:
    """Return an endpoint named after its path; keywords are those of the request."""
    return Endpoint(
        name=path.strip("/").split("?")[0],
        request=Request.model_validate({"path": path, **request}),
        expect=Expectation.model_validate(expect or {}),
    )
