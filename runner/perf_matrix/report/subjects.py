"""What the two versions really were, where their names do not tell."""

from __future__ import annotations

from collections.abc import Iterator

from perf_matrix.compare.model import Comparison
from perf_matrix.record.model import SubjectInfo

# As many digits of a hash as tell it apart at sight.
_DIGITS = 12


def resolved(comparison: Comparison) -> Iterator[str]:
    """Yield a line for each arm that is a commit, a folder or an image."""
    for arm, info in (("base", comparison.subjects.base), ("head", comparison.subjects.head)):
        details = list(_details(info))
        if details:
            yield f"{arm.capitalize()}: {info.spec} is version {info.version}, {', '.join(details)}."


def _details(info: SubjectInfo) -> Iterator[str]:
    if info.commit:
        yield f"commit {info.commit[:_DIGITS]}"
    if info.content:
        yield f"content {info.content[:_DIGITS]}"
    if info.image:
        yield f"image {info.image.removeprefix('sha256:')[:_DIGITS]}"
