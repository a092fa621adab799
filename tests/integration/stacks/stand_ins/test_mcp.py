"""The MCP server of the upstream, asked by the official client, in the old and in the new form of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
import requests
from mcp import Client
from mcp.types import TextContent

AnswerT = TypeVar("AnswerT")

# With a handshake first, and without.
both_modes = pytest.mark.parametrize("mode", ["legacy", "auto"])
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"accept": "application/json, text/event-stream"}


def with_client(url: str, mode: str, act: Callable[[Client], Awaitable[AnswerT]]) -> AnswerT:
    async def run() -> AnswerT:
        async with Client(f"{url}/mcp", mode=mode) as client:
            return await act(client)

    return asyncio.run(run())


def call(url: str, mode: str, tool: str, arguments: dict[str, Any]) -> tuple[bool, str]:
    """Whether it is an error, and the text."""
    result = with_client(url, mode, lambda client: client.call_tool(tool, arguments))
    (content,) = result.content
    assert isinstance(content, TextContent)
    return result.is_error, content.text


@both_modes
def test_it_lists_its_two_tools(upstream: str, mode: str) -> None:
    listed = with_client(upstream, mode, lambda client: client.list_tools())
    assert {tool.name: tool.description for tool in listed.tools} == {
        "add": "Add two numbers.",
        "echo": "Give back a text.",
    }


@both_modes
def test_add(upstream: str, mode: str) -> None:
    assert call(upstream, mode, "add", {"a": 2, "b": 0.5}) == (False, "2.5")


@both_modes
def test_echo(upstream: str, mode: str) -> None:
    assert call(upstream, mode, "echo", {"text": "grüße"}) == (False, "grüße")


@both_modes
def test_wrong_arguments_are_an_error_of_the_call(upstream: str, mode: str) -> None:
    failed, text = call(upstream, mode, "add", {"a": "two", "b": 1})
    assert failed
    assert "valid number" in text


def test_it_has_no_sessions_and_answers_in_json(upstream: str) -> None:
    answer = requests.post(f"{upstream}/mcp", json=LIST_TOOLS, headers=ACCEPT, timeout=30)
    assert answer.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in answer.headers
    assert {tool["name"] for tool in answer.json()["result"]["tools"]} == {"add", "echo"}


def test_it_is_reached_by_the_name_that_it_has_among_containers(upstream: str) -> None:
    headers = {**ACCEPT, "host": "upstream:8000"}
    assert requests.post(f"{upstream}/mcp", json=LIST_TOOLS, headers=headers, timeout=30).status_code == 200
