from pathlib import Path

from perf_matrix.load.summary import Summary, read_summary


def test_nothing_dropped_is_nothing_to_warn_of() -> None:
    assert Summary(iterations=1, dropped_iterations=0, http_reqs=9).warnings == []


def test_dropped_iterations_are_told_with_the_cure() -> None:
    (warning,) = Summary(iterations=97, dropped_iterations=3, http_reqs=97).warnings
    assert warning.startswith("k6 dropped 3 of 100 iterations: answers came too slowly; lower the rate")


def test_a_killed_k6_has_left_no_summary(tmp_path: Path) -> None:
    assert read_summary(tmp_path / "summary.json") is None
