"""How numbers read."""

from __future__ import annotations

import pytest

from perf_matrix.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.04123, "0.0412"),
        (4.1234, "4.12"),
        (9.996, "10.0"),
        (41.26, "41.3"),
        (412.6, "413"),
        (4126, "4,130"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert numbers.significant(value) == text


@pytest.mark.parametrize(
    ("sizes", "text"),
    [([0.0], "0 MB"), ([512.34e6, 1.0], "512 MB"), ([999.9e6], "1,000 MB"), ([1.2e9, 512e6], "1.20 GB")],
)
def test_memory_is_in_one_unit(sizes: list[float], text: str) -> None:
    scale = numbers.memory_scale(sizes)
    assert f"{scale.text(sizes[0])} {scale.unit}" == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.5, "0.50"),
        (2.999, "≈3"),
        (0.998, "0.998"),
        (0.9996, "≈1"),
        (0.001, "0.00100"),
        (54.0, "54"),
        (0.0, "0"),
        (3.0000000001, "3"),
    ],
)
def test_a_count_is_exact_or_visibly_not(value: float, text: str) -> None:
    assert numbers.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2.0, "+2"), (-0.5, "-0.5"), (0.0, "+0"), (-0.0, "+0"), (8.888, "+8.89")]
)
def test_a_difference_has_a_sign(value: float, text: str) -> None:
    assert numbers.signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2, "+20%"),
        (0.042, "+4.2%"),
        (-0.0004, "0.0%"),
        (-0.31, "-31%"),
        (0.0996, "+10%"),
        (12.3, "+1,230%"),
    ],
)
def test_percent_has_a_sign(value: float, text: str) -> None:
    assert numbers.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "<0.0001"), (0.00009, "<0.0001"), (0.0021, "0.0021"), (0.41, "0.41"), (1.0, "1.00")],
)
def test_a_p_value_is_never_zero(value: float, text: str) -> None:
    assert numbers.p_value(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(4.2, "4.2 s"), (59.7, "1 min 00 s"), (372.0, "6 min 12 s"), (3720.0, "1 h 02 min")]
)
def test_durations(value: float, text: str) -> None:
    assert numbers.duration(value) == text


@pytest.mark.parametrize(
    ("values", "unit"), [([], "ms"), ([0.2, 0.9], "µs"), ([0.2, 20.0], "ms"), ([20.0, 12_000.0], "s")]
)
def test_one_unit_for_a_column(values: list[float], unit: str) -> None:
    assert numbers.scale_for(values).unit == unit


@pytest.mark.parametrize(
    ("value", "text"), [(0.99, "99%"), (0.9999, "99.99%"), (0.98214, "98.2%"), (0.05, "5%")]
)
def test_a_rule_is_not_rounded_into_another(value: float, text: str) -> None:
    assert numbers.configured(value) == text
