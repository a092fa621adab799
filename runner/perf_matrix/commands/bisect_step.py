"""``perf-matrix bisect step``: one step of git's own bisect."""

from __future__ import annotations

import click


@click.command(short_help="One step of `git bisect run`.")
def step() -> None:
    """Judge the commit that git bisect has checked out."""
