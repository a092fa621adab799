"""The upstream's answers, in OpenAI's forms. They are fixed: only the name of the model is the caller's."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

from perf_matrix_stand_ins.asked import EmbeddingRequest

Json = dict[str, Any]

CREATED = 1_700_000_000
COMPLETION_ID = "chatcmpl-stand-in"
WORDS = ("This ", "answer ", "is ", "always ", "the ", "same.")
USAGE: Json = {"prompt_tokens": 10, "completion_tokens": len(WORDS), "total_tokens": 10 + len(WORDS)}
EMBEDDING_DIMENSIONS = 1536
# Exact as a 32-bit number, too, so that both encodings say the same.
EMBEDDING_VALUE = 0.03125
MODELS = ("stand-in-chat", "stand-in-embedding")


def completion(model: str) -> Json:
    """A whole chat completion."""
    message = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_head("chat.completion", model), "choices": [choice], "usage": USAGE}


def chunks(model: str, *, with_usage: bool) -> Iterator[Json]:
    """The chunks of a streamed one: the role, each word, the end, and what was used where that is asked for."""
    # In a stream that ends with what was used, every chunk before says that it does not.
    head = {**_head("chat.completion.chunk", model), **({"usage": None} if with_usage else {})}
    yield {**head, "choices": [_delta({"role": "assistant", "content": ""})]}
    for word in WORDS:
        yield {**head, "choices": [_delta({"content": word})]}
    yield {**head, "choices": [_delta({}, "stop")]}
    if with_usage:
        yield {**head, "choices": [], "usage": USAGE}


def embeddings(asked: EmbeddingRequest) -> Json:
    """As many embeddings as there are inputs, all the same."""
    numbers = [EMBEDDING_VALUE] * (asked.dimensions or EMBEDDING_DIMENSIONS)
    embedding = _base64(numbers) if asked.encoding_format == "base64" else numbers
    data = [{"object": "embedding", "index": index, "embedding": embedding} for index in range(asked.inputs)]
    usage = {"prompt_tokens": asked.inputs, "total_tokens": asked.inputs}
    return {"object": "list", "data": data, "model": asked.model, "usage": usage}


def models() -> Json:
    """The list of models. Any other name is answered just as well."""
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "perf-matrix"} for name in MODELS]
    return {"object": "list", "data": data}


def refusal(message: str, parameter: str | None = None) -> Json:
    """An error. ``parameter`` is the one that is wrong."""
    error = {"message": message, "type": "invalid_request_error", "param": parameter, "code": None}
    return {"error": error}


def _head(kind: str, model: str) -> Json:
    return {"id": COMPLETION_ID, "object": kind, "created": CREATED, "model": model}


def _delta(delta: Json, finish_reason: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _base64(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
