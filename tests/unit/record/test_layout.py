from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.record.layout import slug


@pytest.mark.parametrize(
    ("cell_id", "readable"),
    [
        ("default", "default-"),
        ("callbacks=none,workers=one", "callbacks-none-workers-one-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("A=É", "a-"),
    ],
)
def test_slugs_are_readable(cell_id: str, readable: str) -> None:
    assert re.fullmatch(re.escape(readable) + "[0-9a-f]{12}", slug(cell_id))


def test_ids_that_read_alike_get_different_slugs() -> None:
    alike = ["a=b,c=d", "a=b-c=d", "a-b-c-d", "A=b,c=d", "a" * 200, "a" * 201]
    assert len({slug(cell_id) for cell_id in alike}) == len(alike)


@given(st.text())
def test_slugs_are_safe_anywhere(cell_id: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,99}", slug(cell_id))
