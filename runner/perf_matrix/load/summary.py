"""k6's own count at the end of a test."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Summary(BaseModel):
    """Iterations started and dropped, and requests sent to the arms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    iterations: int
    dropped_iterations: int
    http_reqs: int

    @property
    def warnings(self) -> list[str]:
        """What makes the test doubtful, with the cure."""
        if not self.dropped_iterations:
            return []
        due = self.iterations + self.dropped_iterations
        share = f"k6 dropped {self.dropped_iterations} of {due} iterations"
        return [f"{share}: answers came too slowly; lower the rate or allow more requests in flight"]


def read_summary(path: Path) -> Summary | None:
    """Read the summary that k6 wrote at the end of a test; ``None`` where it did not come so far."""
    if not path.exists():
        return None
    return Summary.model_validate_json(path.read_text())
