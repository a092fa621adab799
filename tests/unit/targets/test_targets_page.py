"""docs/TARGETS.md names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.targets.base import Target
from perf_matrix.targets.plug_ins import GROUP
from tests.demo_repository.target import DemoTarget

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "TARGETS.md").read_text()


def test_the_table_has_every_member_of_a_target() -> None:
    named = re.findall(r"^\| `(\w+)[(`]", PAGE, re.MULTILINE)
    members = {name for name in (*Target.__annotations__, *vars(Target)) if not name.startswith("_")}
    assert len(named) == len(set(named))
    assert set(named) == members


@pytest.mark.parametrize("member", ["name", "package", "migrations_folder", "ready_path"])
def test_the_example_is_the_demonstration_target(member: str) -> None:
    (row,) = re.findall(rf"^\| `{member}` \|.*$", PAGE, re.MULTILINE)
    assert row.endswith(f"| `{getattr(DemoTarget, member)}` |")


def test_the_group_of_the_entry_points_is_the_one_that_is_read() -> None:
    assert f'[project.entry-points."{GROUP}"]' in PAGE


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
