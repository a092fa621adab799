"""What the upstream is asked, as far as its answers depend on it. Everything else in a request is let through."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Asked(BaseModel):
    """Immutable; types are taken as they are, as OpenAI does: ``"true"`` is no boolean."""

    model_config = ConfigDict(strict=True, frozen=True)


class Message(Asked):
    """One message of a conversation."""

    role: str
    content: Any = None


class StreamOptions(Asked):
    """What a stream carries besides the answer."""

    include_usage: bool | None = None


class ChatRequest(Asked):
    """A request for a chat completion."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether the stream is to end with a chunk that says what was used."""
        return bool(self.stream_options and self.stream_options.include_usage)


Tokens = Annotated[list[int], Field(min_length=1)]


class EmbeddingRequest(Asked):
    """A request for embeddings: of one text, of several, or of texts given as numbers of tokens."""

    model: str
    input: str | Tokens | Annotated[list[str] | list[Tokens], Field(min_length=1)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=4096)] | None = None

    @property
    def inputs(self) -> int:
        """How many embeddings are asked for."""
        if isinstance(self.input, str) or isinstance(self.input[0], int):
            return 1
        return len(self.input)
