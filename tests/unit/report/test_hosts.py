"""The machines of a run in one line, and the time that they took."""

from __future__ import annotations

from perf_matrix.compare.model import Comparison, Timings
from perf_matrix.record.model import HostInfo
from perf_matrix.report import render_html, render_markdown, render_terminal
from perf_matrix.report.conditions import host_words, hosts_words, timing_words

from . import builders

ONE = builders.regression().host
OTHER = ONE.model_copy(update={"cpu_model": "Other CPU", "cpus": 4})


def ran_on(**hosts: HostInfo) -> Comparison:
    return builders.regression().model_copy(update={"hosts": hosts})


def test_one_kind_of_machine_is_told_once() -> None:
    assert hosts_words(builders.regression()) == host_words(ONE)
    assert hosts_words(ran_on(a=OTHER, b=OTHER)) == host_words(OTHER)


def test_a_few_bytes_of_memory_are_no_other_kind() -> None:
    less = ONE.model_copy(update={"memory_bytes": ONE.memory_bytes - 4096})
    assert hosts_words(ran_on(a=ONE, b=less)) == host_words(ONE)


def test_different_machines_are_told_with_their_cells() -> None:
    assert hosts_words(ran_on(a=ONE, b=OTHER, c=ONE)) == (
        f"2 kinds of machine: {host_words(ONE)}, for a and c; {host_words(OTHER)}, for b"
    )


def test_many_cells_are_counted() -> None:
    assert hosts_words(ran_on(a=ONE, b=OTHER, c=ONE, d=ONE)).startswith(
        f"2 kinds of machine: {host_words(ONE)}, for 3 cells; "
    )


def test_many_kinds_are_not_all_told() -> None:
    many = {f"c{n}": ONE.model_copy(update={"cpus": n}) for n in range(1, 8)}
    said = hosts_words(ran_on(**many))
    assert said.startswith("7 kinds of machine: ")
    assert said.endswith("(4 CPUs), 8.0 GiB, Python 3.12.3, for c4; and 3 more")


def test_every_report_tells_it() -> None:
    told = ran_on(a=ONE, b=OTHER)
    for text in (
        render_markdown(told),
        render_html(told),
        render_terminal(told, width=200, colour=False),
    ):
        assert "2 kinds of machine" in text


def test_the_time_of_several_runners_is_said_to_be_that() -> None:
    timings = Timings(total_s=120.0, measuring_s=90.0, runners=3)
    several = builders.regression().model_copy(update={"timings": timings})
    assert timing_words(several) == (
        "2 min 00 s on 3 runners together, of which 1 min 30 s measuring; 25% was not measuring."
    )
    one = several.model_copy(update={"timings": timings.model_copy(update={"runners": 1})})
    assert timing_words(one).startswith("2 min 00 s, of which ")
