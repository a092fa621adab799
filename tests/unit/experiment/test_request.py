"""What the user asked for, with real files: what will be measured, or what is wrong, before anything is started."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.commands.options import Chosen, measuring
from perf_matrix.errors import InputError
from perf_matrix.experiment.request import Order, Wish, check
from perf_matrix.matrix.model import Arm, GatedMetric

TODAY = date(2026, 3, 1)
BOTH: dict[Arm, str] = {"base": "litellm==1.80.5", "head": "litellm==1.81.0"}
ONE: dict[Arm, str] = {"head": "litellm==1.81.0"}

WORKLOAD = """\
version: 1
endpoints:
  - name: chat
    request: {method: POST, path: /chat, bearer: "${virtual_key}"}
  - name: models
    rows: {of: model, count: data.#}
    request: {path: /models}
    expect: {json: {data.#: "${scale.models}"}}
  - name: users
    rows: {of: user, count: users.#, page_sizes: [25, 10]}
    request: {path: /users, query: {size: "${page_size}"}}
    expect: {json: {users.#: "${page_size}", total: "${scale.users}"}}
"""
MATRIX = """\
version: 1
workload: workload.yml
scale: {users: 30, models: 7}
time: 10m
"""
SECOND = "second_scale: {users: 60}\n"


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    """A matrix file without a second scale, its workload beside it."""
    return written(tmp_path, MATRIX)


def written(folder: Path, matrix: str, workload: str = WORKLOAD) -> Path:
    (folder / "workload.yml").write_text(workload)
    (folder / "matrix.yml").write_text(matrix)
    return folder / "matrix.yml"


def ordered(matrix: Path, subjects: dict[Arm, str] | None = None, **more: Any) -> Order:
    return check(Wish(subjects=subjects or BOTH, matrix=str(matrix), **more), TODAY)


def names(endpoints: Sequence[Any]) -> list[str]:
    return [endpoint.name for endpoint in endpoints]


def test_everything_that_the_files_say_is_ordered(matrix: Path) -> None:
    order = ordered(matrix)
    assert {arm: subject.spec for arm, subject in order.subjects.items()} == BOTH
    assert names(order.endpoints) == order.known_endpoints == ["chat", "models", "users"]
    assert order.endpoints[0].request.bearer == "sk-perf-0001"
    assert (order.instruments, [cell.id for cell in order.cells]) == (["queries", "paired"], ["default"])
    assert order.matrix.time == 600


def test_what_pages_is_ordered_with_both_page_sizes(matrix: Path) -> None:
    order = ordered(matrix)
    first, (second,) = order.endpoints[2], order.other_pages
    assert (first.name, second.name) == ("users", "users")
    assert (first.request.query, second.request.query) == ({"size": 25}, {"size": 10})
    assert (first.expect.values["users.#"], second.expect.values["users.#"]) == (25, 10)


def test_without_a_second_scale_no_list_is_measured_at_one(matrix: Path) -> None:
    order = ordered(matrix)
    assert order.grown == []


def test_at_the_second_scale_the_lists_are_measured_with_their_first_page(tmp_path: Path) -> None:
    order = ordered(written(tmp_path, MATRIX + SECOND))
    assert names(order.grown) == ["models", "users"]
    models, users = order.grown
    # What the second scale does not name is as at the first.
    assert models.expect.values == {"data.#": 7}
    assert users.expect.values == {"users.#": 25, "total": 60}


def test_where_no_list_is_chosen_there_is_no_second_scale(tmp_path: Path) -> None:
    order = ordered(written(tmp_path, MATRIX + SECOND), endpoints=["chat"])
    assert (names(order.endpoints), order.grown, order.other_pages) == (["chat"], [], [])
    assert order.known_endpoints == ["chat", "models", "users"]


@pytest.mark.parametrize(
    ("subjects", "metrics", "instruments"),
    [
        (BOTH, [], ["queries", "paired"]),
        (BOTH, ["queries"], ["queries"]),
        (BOTH, ["queries", "p50"], ["queries", "paired"]),
        (BOTH, ["p95"], ["queries", "paired"]),
        (ONE, [], ["queries"]),  # one arm has nobody to be compared with
        (ONE, ["p50"], ["queries"]),
    ],
)
def test_latencies_are_measured_where_one_is_asked_for(
    matrix: Path, subjects: dict[Arm, str], metrics: list[GatedMetric], instruments: list[str]
) -> None:
    assert ordered(matrix, subjects, metrics=metrics).instruments == instruments


SCALES = "axes: {scale: {small: {}, large: {scale: {models: 200}}}}\n"


def test_a_cell_with_a_scale_of_its_own_has_requests_of_its_own(tmp_path: Path) -> None:
    order = ordered(written(tmp_path, MATRIX + SECOND + SCALES))
    assert list(order.own_requests) == ["scale=large"]
    own = order.own_requests["scale=large"]
    assert names(own.endpoints) == names(order.endpoints)
    assert own.endpoints[1].expect.values == {"data.#": 200}
    assert [each.request.query for each in own.other_pages] == [{"size": 10}]
    models, users = own.grown
    # The second scale names users only; the rest is as at the cell's first one.
    assert models.expect.values == {"data.#": 200}
    assert users.expect.values == {"users.#": 25, "total": 60}
    assert order.endpoints[1].expect.values == {"data.#": 7}


def test_a_cell_that_is_not_chosen_has_no_requests(tmp_path: Path) -> None:
    order = ordered(written(tmp_path, MATRIX + SCALES), cells=["scale=small"])
    assert order.own_requests == {}


def test_without_a_second_scale_no_cell_has_lists_at_one(tmp_path: Path) -> None:
    order = ordered(written(tmp_path, MATRIX + SCALES))
    assert order.own_requests["scale=large"].grown == []


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("{userz: 1}", r"axes\.scale\.large\.scale: 'userz' is not known; did you mean 'users'\?"),
        ("{teams: 0}", "the cell scale=large: scale: teams: the workload needs at least 1"),
        ("{users: 60}", "the cell scale=large: second_scale: it says the same as scale"),
    ],
)
def test_every_scale_of_a_variant_is_checked_chosen_or_not(tmp_path: Path, scale: str, message: str) -> None:
    axes = f"axes: {{scale: {{small: {{}}, large: {{scale: {scale}}}}}}}\n"
    path = written(tmp_path, MATRIX + SECOND + axes)
    with pytest.raises(InputError, match=message) as error:
        ordered(path, cells=["scale=small"])
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("subjects", "metrics", "instruments"),
    [
        (BOTH, [], ["queries", "paired", "load"]),
        (BOTH, ["p95"], ["queries", "paired", "load"]),
        (BOTH, ["queries"], ["queries"]),
        (ONE, [], ["queries"]),
    ],
)
def test_load_goes_with_latencies_where_the_file_asks_for_it(
    tmp_path: Path, subjects: dict[Arm, str], metrics: list[GatedMetric], instruments: list[str]
) -> None:
    path = written(tmp_path, MATRIX + "load: {}\n")
    assert ordered(path, subjects, metrics=metrics).instruments == instruments


def test_metrics_are_gated_instead_of_the_files(tmp_path: Path) -> None:
    path = written(tmp_path, MATRIX + "gate: {metrics: [p95], alpha: 0.02}\n")
    gate = ordered(path, metrics=["queries"]).matrix.gate
    assert (gate.metrics, gate.alpha) == (["queries"], 0.02)
    assert ordered(path).matrix.gate.metrics == ["p95"]


def test_a_files_gate_of_queries_alone_does_not_leave_out_latencies(tmp_path: Path) -> None:
    path = written(tmp_path, MATRIX + "gate: {metrics: [queries]}\n")
    assert ordered(path).instruments == ["queries", "paired"]


def test_a_round_trip_is_put_before_the_database_of_cells_that_say_nothing_else(tmp_path: Path) -> None:
    axes = "axes: {database: {near: {}, far: {database: {round_trip_ms: 20}}}}\n"
    path = written(tmp_path, MATRIX + axes)
    assert [cell.patch.database.round_trip_ms for cell in ordered(path).cells] == [None, 20]
    near = ordered(path, round_trip_ms=2, cells=["database=near"])
    assert [cell.patch.database.round_trip_ms for cell in near.cells] == [2]
    with pytest.raises(InputError, match=r"the cell database=far sets database\.round_trip_ms itself"):
        ordered(path, round_trip_ms=2)


def test_a_round_trip_without_latencies_would_show_nothing(matrix: Path) -> None:
    with pytest.raises(InputError, match="--round-trip shows in latencies only"):
        ordered(matrix, round_trip_ms=2, metrics=["queries"])


def test_a_round_trip_of_0_ms_is_asked_for_too(matrix: Path) -> None:
    assert ordered(matrix, round_trip_ms=0).cells[0].patch.database.round_trip_ms == 0


def test_cells_and_endpoints_are_chosen_by_glob(tmp_path: Path) -> None:
    path = written(tmp_path, MATRIX + "axes: {workers: {one: {}, two: {}}}\n")
    order = ordered(path, cells=["workers=two"], endpoints=["m*,chat"])
    assert ([cell.id for cell in order.cells], names(order.endpoints)) == (
        ["workers=two"],
        ["chat", "models"],
    )


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"matrix": "nowhere.yml"}, "nowhere.yml: neither a file nor a shipped matrix"),
        ({"cells": ["workers=two"]}, "no cell matches 'workers=two'"),
        ({"endpoints": ["chats"]}, "no endpoint matches 'chats'; .*'chat'"),
        ({"subjects": {**BOTH, "head": "litelm==1.81.0"}}, "litelm==1.81.0"),
        ({"time_s": 20.0}, "time: 20s is too short for 8 blocks"),
        ({"diff": "not a diff"}, "diff"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_started(
    matrix: Path, wish: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check(Wish(**{"subjects": BOTH, "matrix": str(matrix)} | wish), TODAY)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("second_scale: {userz: 60}\n", "scale: 'userz' is not known"),
        ("second_scale: {users: 0}\n", "scale: users: the workload needs at least 1"),
        ("target: litelm\n", "target: 'litelm' is not known"),
        ("second_scale: {users: -1}\n", "second_scale"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_name(tmp_path: Path, lines: str, message: str) -> None:
    path = written(tmp_path, MATRIX + lines)
    with pytest.raises(InputError, match=message) as error:
        ordered(path)
    assert str(error.value).startswith(str(path))


def test_a_page_size_without_pages_is_told_with_its_place(tmp_path: Path) -> None:
    workload = WORKLOAD.replace(", page_sizes: [25, 10]", "")
    with pytest.raises(InputError, match=r"yml:9:11: endpoint 'users': \$\{page_size\} is known only where"):
        ordered(written(tmp_path, MATRIX, workload))


def test_a_time_that_is_too_short_for_latencies_is_enough_for_counting(matrix: Path) -> None:
    assert ordered(matrix, metrics=["queries"], time_s=20.0).matrix.time == 20
    assert ordered(matrix, ONE, time_s=20.0).matrix.time == 20


def test_load_needs_time_too(tmp_path: Path) -> None:
    path = written(tmp_path, MATRIX.replace("10m", "2m") + "load: {slots: 8, slot: 8s}\n")
    with pytest.raises(InputError, match=r"time: 120s is too short .*, and for 160s of load: the shortest"):
        ordered(path)
    # Without latencies there is no load.
    ordered(path, metrics=["queries"])


def test_a_second_scale_needs_time_too(tmp_path: Path) -> None:
    def shortest(matrix: str) -> float:
        with pytest.raises(InputError, match="the shortest that works here is about") as error:
            ordered(written(tmp_path, matrix), time_s=1.0)
        return float(str(error.value).partition("is about ")[2].partition("s")[0])

    assert shortest(MATRIX + SECOND) > shortest(MATRIX)


@click.command()
@click.argument("subjects", nargs=-1)
@measuring
def command(subjects: tuple[str, ...], chosen: Chosen) -> None:
    """What the command line makes of a measurement, written out."""
    click.echo(repr((subjects, chosen.wish(BOTH))))


globs = st.lists(st.sampled_from(["chat-*", "models", "a b", "-x"]), max_size=2)


@given(
    cells=globs,
    endpoints=globs,
    time_s=st.none() | st.integers(1, 86_400).map(float),
    metrics=st.lists(st.sampled_from(["queries", "p50", "p95", "p99"]), unique=True),
    round_trip_ms=st.none() | st.integers(0, 4000).map(lambda value: value / 4),
)
def test_the_arguments_ask_for_the_same_again(
    cells: list[str],
    endpoints: list[str],
    time_s: float | None,
    metrics: list[GatedMetric],
    round_trip_ms: float | None,
) -> None:
    """Also after a shell had them; all but the diff, which is in the record."""
    wish = Wish(
        subjects=BOTH,
        matrix="matrices/my own.yml",
        cells=tuple(cells),
        endpoints=tuple(endpoints),
        time_s=time_s,
        metrics=tuple(metrics),
        round_trip_ms=round_trip_ms,
    )
    again = CliRunner().invoke(command, shlex.split(shlex.join(wish.arguments())), catch_exceptions=False)
    assert again.output.strip() == repr((tuple(BOTH.values()), wish))


def test_what_was_not_asked_for_is_no_argument() -> None:
    assert Wish(subjects=BOTH, matrix="smoke").arguments() == [*BOTH.values(), "--matrix", "smoke"]
