"""The upstream LLM, in OpenAI's forms, and the MCP server beside it.

``/control/…`` is the same handler without a latency: what it takes is the cost of the machine alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from perf_matrix_stand_ins import answers
from perf_matrix_stand_ins.asked import ChatRequest, EmbeddingRequest
from perf_matrix_stand_ins.lateness import Lateness, late
from perf_matrix_stand_ins.mcp_server import mcp_app
from perf_matrix_stand_ins.settings import UpstreamSettings

if TYPE_CHECKING:
    from starlette.requests import Request


def upstream_app(settings: UpstreamSettings) -> Starlette:
    """The application: OpenAI's endpoints, the control endpoint, the MCP server and ``/health``."""
    lateness = Lateness(settings.latency_ms, settings.jitter_ms, settings.seed)
    mcp = mcp_app()
    return Starlette(
        routes=[
            Route("/v1/chat/completions", late(lateness, _chat), methods=["POST"]),
            Route("/v1/embeddings", late(lateness, _embeddings), methods=["POST"]),
            Route("/v1/models", late(lateness, _models)),
            Route("/control/v1/chat/completions", _chat, methods=["POST"]),
            Route("/health", _health),
            *mcp.routes,
        ],
        exception_handlers={ValidationError: _refuse, HTTPException: _refuse},
        lifespan=mcp.router.lifespan_context,
    )


async def _chat(request: Request) -> Response:
    asked = ChatRequest.model_validate_json(await request.body())
    if not asked.stream:
        return JSONResponse(answers.completion(asked.model))
    return StreamingResponse(_events(asked), media_type="text/event-stream")


async def _embeddings(request: Request) -> Response:
    return JSONResponse(answers.embeddings(EmbeddingRequest.model_validate_json(await request.body())))


async def _models(_request: Request) -> Response:
    return JSONResponse(answers.models())


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _events(asked: ChatRequest) -> AsyncIterator[str]:
    for chunk in answers.chunks(asked.model, with_usage=asked.wants_usage):
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


async def _refuse(_request: Request, error: Exception) -> Response:
    """Status 400 for a body that is none, naming the first thing that is wrong with it; else the error's own."""
    match error:
        case ValidationError():
            first = error.errors(include_url=False, include_context=False)[0]
            parameter = str(first["loc"][0]) if first["loc"] else None
            return JSONResponse(answers.refusal(first["msg"], parameter), 400)
        case HTTPException():
            return JSONResponse(answers.refusal(error.detail), error.status_code, error.headers)
    raise error
