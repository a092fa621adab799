"""``python -m perf_matrix_stand_ins upstream|sink``: run one stand-in until a signal ends it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from perf_matrix_stand_ins.serving import serve
from perf_matrix_stand_ins.settings import SinkSettings, UpstreamSettings
from perf_matrix_stand_ins.sink import sink_app

if TYPE_CHECKING:
    from starlette.applications import Starlette


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and serve."""
    arguments = _parser().parse_args(argv)
    serve(lambda: arguments.build(arguments), arguments.host, arguments.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "perf_matrix_stand_ins", description="Stand-ins for what a service calls."
    )
    commands = parser.add_subparsers(required=True, metavar="upstream|sink")

    upstream = commands.add_parser("upstream", help="an LLM in OpenAI's forms, and an MCP server at /mcp")
    upstream.set_defaults(build=_upstream)
    _add_address(upstream)
    upstream.add_argument("--latency-ms", type=_milliseconds, default=0.0, help="each answer takes so long")
    upstream.add_argument("--jitter-ms", type=_milliseconds, default=0.0, help="drawn from 0 to N on top")
    upstream.add_argument("--seed", type=int, default=0, help="what the jitter is drawn from")

    sink = commands.add_parser("sink", help="a receiver of OTLP over HTTP that counts what it gets")
    sink.set_defaults(build=_sink)
    _add_address(sink)
    sink.add_argument("--delay-ms", type=_milliseconds, default=0.0, help="each export is answered so late")
    return parser


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0, unless told, is any free one")


def _milliseconds(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError(f"{text}: write 0 or a positive number of milliseconds")
    return number


def _upstream(arguments: argparse.Namespace) -> Starlette:
    # The sink does without the MCP SDK, which takes most of a second to import.
    from perf_matrix_stand_ins.upstream import upstream_app  # noqa: PLC0415

    return upstream_app(UpstreamSettings(arguments.latency_ms, arguments.jitter_ms, arguments.seed))


def _sink(arguments: argparse.Namespace) -> Starlette:
    return sink_app(SinkSettings(arguments.delay_ms))


if __name__ == "__main__":
    main()
