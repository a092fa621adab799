from typing import Any

import pytest
from pydantic import ValidationError

from perf_matrix.load.results import BlockResult, SerialResult

BLOCK: dict[str, Any] = {
    "base_ms": [1.0, 2.0],
    "head_ms": [1.5, 2.5],
    "head_first": [True, False],
    "failed": {"base": 0, "head": 1},
    "failures": ["head: status 500, expected 200; body: x"],
}


def test_a_block_is_read() -> None:
    assert BlockResult.model_validate(BLOCK).failed == {"base": 0, "head": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"head_ms": [1.0]},
        {"base_ms": [1.0, -2.0]},
        {"head_ms": [1.0, float("nan")]},
        {"failed": {"left": 1}},
        {"control_ms": {"base": [1.0, 1.0], "head": [1.0]}},
    ],
)
def test_a_block_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BlockResult.model_validate(BLOCK | wrong)


def test_failed_requests_were_sent_too() -> None:
    assert SerialResult(latencies_ms=[1.0, 2.0], failed=3, failures=[]).sent == 5
