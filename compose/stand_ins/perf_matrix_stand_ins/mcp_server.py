"""An MCP server with two tools, over the streamable HTTP transport, without sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

if TYPE_CHECKING:
    from starlette.applications import Starlette

PATH = "/mcp"


# Both are asynchronous, though they wait for nothing: others would be run by a thread each.
async def add(a: float, b: float) -> float:
    """Add two numbers."""
    return a + b


async def echo(text: str) -> str:
    """Give back a text."""
    return text


def mcp_app() -> Starlette:
    """The server as an application of its own. Its lifespan has to be entered before it is asked."""
    server = MCPServer("perf-matrix-stand-in", version="1", log_level="WARNING")
    server.add_tool(add)
    server.add_tool(echo)
    return server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        # In a stack of containers it goes by the name that it has there.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
