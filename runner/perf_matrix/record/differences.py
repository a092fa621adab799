"""What may differ between the runs of several machines, and should be known: in words.  (Pure.)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perf_matrix.matrix.model import ARMS, Arm
from perf_matrix.record.model import RunInfo, SubjectInfo
from perf_matrix.record.shown import shown

_SHOWN = 3


def differences(infos: Sequence[RunInfo]) -> Iterator[str]:
    """Yield a sentence for each thing that differs: what was installed with a version, the diff."""
    for arm in ARMS:
        found = list(_installed_differently(arm, infos))
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            yield (
                f"not every runner installed the same with {arm}: {', '.join(found[:_SHOWN])}{more};"
                " a cell is compared only within itself"
            )
    if len({info.diff for info in infos if info.diff}) > 1:
        yield "the runners were given different diffs: likely places are those of the first"


def _installed_differently(arm: Arm, infos: Sequence[RunInfo]) -> Iterator[str]:
    told = [_installed(info.subjects[arm]) for info in infos if arm in info.subjects]
    for name in sorted({name for each in told for name in each}):
        versions = list(dict.fromkeys(each.get(name, "without") for each in told))
        if len(versions) > 1:
            yield shown(f"{name} {' or '.join(versions)}")


def _installed(subject: SubjectInfo) -> dict[str, str]:
    return {**subject.packages, **({"engine": subject.engine} if subject.engine else {})}
