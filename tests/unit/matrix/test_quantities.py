"""Times and shares as people write them."""

from __future__ import annotations

import pytest

from perf_matrix.matrix.model import Gate, MatrixFile
from perf_matrix.matrix.quantities import fraction, seconds


@pytest.mark.parametrize(
    ("written", "expected"),
    [("90s", 90), ("6m", 360), ("1h30m", 5400), ("1.5h", 5400), ("1h1s", 3601), (45, 45)],
)
def test_times(written: object, expected: float) -> None:
    assert seconds(written) == expected


@pytest.mark.parametrize(
    "written", ["", "90", "6 min", "30m1h", "1h1h", "-5m", "5M", "m", "1e3s", "\u0661m", "6m\n"]
)
def test_what_is_no_time(written: str) -> None:
    with pytest.raises(ValueError, match="write 90s, 6m or 1h30m"):
        seconds(written)


@pytest.mark.parametrize(
    ("written", "expected"), [("5%", 0.05), ("0.5 %", 0.005), (0.05, 0.05), (0, 0), (1, 1)]
)
def test_shares(written: object, expected: float) -> None:
    assert fraction(written) == pytest.approx(expected)


@pytest.mark.parametrize("written", ["5", "five%", "-5%", "%", 5, 1.01])
def test_what_is_no_share(written: object) -> None:
    with pytest.raises(ValueError, match="write "):
        fraction(written)


def test_models_read_back_what_they_wrote() -> None:
    matrix = MatrixFile.model_validate(
        {
            "version": 1,
            "workload": "w.yml",
            "time": "1h30m",
            "gate": Gate.model_validate({"min_effect": "7%"}),
        }
    )
    assert MatrixFile.model_validate_json(matrix.model_dump_json()) == matrix
