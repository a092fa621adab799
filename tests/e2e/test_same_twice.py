"""An A/A run: the same release on both sides is never different."""

from __future__ import annotations

import pytest

from .command import BASE, comparison_in
from .conftest import Measure

pytestmark = pytest.mark.e2e

NAMES = ["chat-virtual-key", "chat-master-key", "key-info"]


def test_a_release_against_itself_has_no_finding(measure: Measure) -> None:
    begun = measure(BASE, BASE, "--endpoints", ",".join(NAMES))
    run, out = begun.command, begun.folder
    ended = run.end()
    assert ended.exit_code == 0, ended.stderr
    comparison = comparison_in(out)
    assert comparison.verdict in ("pass", "inconclusive")
    assert comparison.findings == []
    (cell,) = comparison.cells
    assert [endpoint.name for endpoint in cell.endpoints] == NAMES
    for endpoint in cell.endpoints:
        assert endpoint.queries is not None
        assert endpoint.queries.stable, endpoint.name
        assert endpoint.queries.base == endpoint.queries.head
        assert endpoint.queries.verdict == "pass"
        assert endpoint.queries.added == endpoint.queries.removed == []
        assert endpoint.queries.changed == []
        assert endpoint.errors is not None
        assert (endpoint.errors.base, endpoint.errors.head) == (0, 0)
    counts = [endpoint.queries.base for endpoint in cell.endpoints if endpoint.queries]
    assert counts == [0, 0, 1]
    assert run.left_behind() == []
