"""What GitHub does not do while a result is published: noted, since it decides nothing about the measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from perf_matrix.github.errors import GitHubError, RefusedError
from perf_matrix.publish.permissions import advice


@dataclass(frozen=True)
class Notes:
    """What was not published, and why, in words."""

    lines: list[str] = field(default_factory=list)

    @contextmanager
    def noting(self, permission: str) -> Iterator[None]:
        """Note what GitHub does not do within; ``permission`` is what it takes, as a line of a workflow."""
        try:
            yield
        except RefusedError as error:
            self.lines.append(advice(error, permission))
        except GitHubError as error:
            self.lines.append(f"GitHub did not do what it was asked for: {error}")
