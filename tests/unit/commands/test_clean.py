"""``perf-matrix clean``: how ages are written, and what is said of what was removed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from perf_matrix.commands.clean import age_seconds, cleaned_of, listing
from perf_matrix.stacks.leftovers import Kind, Leftover

NOW = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
HOUR = 3600.0
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("0d", 0.0),
        ("90m", 1.5 * HOUR),
        ("12h", 12 * HOUR),
        ("7d", 7 * DAY),
        ("2w", 14 * DAY),
        ("1d12h", 1.5 * DAY),
        ("0.5d", 12 * HOUR),
        ("1w1d1h1m", 8 * DAY + HOUR + 60),
    ],
)
def test_an_age(text: str, expected: float) -> None:
    assert age_seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "30", "d", "-1d", "7days", "12h1d", "1d 12h", "1y", "inf", "7d\n", "٣d"]
)
def test_no_age(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age; write 12h, 7d or 2w, or 0 for everything"):
        age_seconds(text)


def leftover(kind: Kind, name: str, size: int | None, age_s: float | None, *, stays: str = "") -> Leftover:
    used_at = None if age_s is None else NOW - age_s
    return Leftover(kind, name, size, used_at, lambda: True, stays)


LEFTOVERS = [
    leftover("killed run", "0123456789ab and 2 processes", 120_000_000, 50 * HOUR),
    leftover("network", "perf-matrix-0123456789ab_stack", None, 40 * HOUR),
    leftover("half-made folder", "subjects/litellm-1.81.0-0123", 4096, None),
    leftover("folder", "subjects/litellm-1.80.5-0123", 390_000_000, 45.7 * DAY),
    leftover("image", "perf-matrix/litellm:0123456789abcdef", 1_250_000_000, 60 * DAY),
    leftover(
        "image", "perf-matrix/litellm:1123456789abcdef", 500_000_000, 60 * DAY, stays="a container uses it"
    ),
]
TABLE = """\
kind              name                                     size    last used
----------------  ------------------------------------  -------  -----------
killed run        0123456789ab and 2 processes           120 MB      2 d ago
network           perf-matrix-0123456789ab_stack              —     40 h ago
half-made folder  subjects/litellm-1.81.0-0123          <0.1 MB            —
folder            subjects/litellm-1.80.5-0123           390 MB     45 d ago
image             perf-matrix/litellm:0123456789abcdef  1.25 GB     60 d ago
"""


def test_what_was_removed_is_a_table_with_its_sum() -> None:
    said = listing(cleaned_of(LEFTOVERS, ["A note."], dry_run=False), NOW)
    table, _, below = said.partition("\n\n")
    assert table.splitlines() == TABLE.splitlines()
    assert below.splitlines() == [
        "Freed: 1.76 GB",
        "Stays: image perf-matrix/litellm:1123456789abcdef: a container uses it.",
        "A note.",
    ]


def test_a_dry_run_says_what_it_would_free() -> None:
    said = listing(cleaned_of(LEFTOVERS[:1], [], dry_run=True), NOW)
    assert said.splitlines()[-1] == "Would free: 120 MB"


def test_nothing_to_remove() -> None:
    assert listing(cleaned_of([], [], dry_run=False), NOW) == "Nothing to remove."


def test_nothing_but_what_stays() -> None:
    said = listing(cleaned_of(LEFTOVERS[-1:], [], dry_run=False), NOW)
    assert said.splitlines() == [
        "Nothing to remove.",
        "Stays: image perf-matrix/litellm:1123456789abcdef: a container uses it.",
    ]


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (-5.0, "just now"),
        (119.0, "just now"),
        (120.0, "2 min ago"),
        (2 * HOUR - 1, "119 min ago"),
        (36 * HOUR, "36 h ago"),
        (2 * DAY, "2 d ago"),
    ],
)
def test_the_time_since_the_last_use(age_s: float, expected: str) -> None:
    said = listing(cleaned_of([leftover("folder", "npm/x", 0, age_s)], [], dry_run=False), NOW)
    assert said.splitlines()[2].endswith(expected)


def test_for_machines() -> None:
    cleaned = cleaned_of(LEFTOVERS[3:], ["A note."], dry_run=True)
    assert cleaned.model_dump(mode="json") == {
        "dry_run": True,
        "removed": [
            {
                "kind": "folder",
                "name": "subjects/litellm-1.80.5-0123",
                "size_bytes": 390_000_000,
                "last_used": "2025-12-17T07:12:00Z",
            },
            {
                "kind": "image",
                "name": "perf-matrix/litellm:0123456789abcdef",
                "size_bytes": 1_250_000_000,
                "last_used": "2025-12-03T00:00:00Z",
            },
        ],
        "freed_bytes": 1_640_000_000,
        "kept": [
            {
                "kind": "image",
                "name": "perf-matrix/litellm:1123456789abcdef",
                "reason": "a container uses it",
            }
        ],
        "notes": ["A note."],
    }
