"""Which cells a merged run has, where each comes from, and what its ``run.json`` says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.model import Cell, MatrixFile
from perf_matrix.record.alike import RunPart
from perf_matrix.record.merge import BROKE_OFF, NO_RESULT, Merged, merge
from perf_matrix.record.model import Merger, Requests, RunInfo, SubjectInfo

from .runners import BASE, FOUR, HEAD, MATRIX, ONE, OTEL_FOUR, OTEL_ONE, endpoint, host, info, part

ALL = [ONE, FOUR, OTEL_ONE, OTEL_FOUR]
WITHIN = "a cell is compared only within itself"
GIT = {"spec": "git:main", "version": "1.81.0"}


def merger(merged: Merged) -> Merger:
    assert merged.info.merged is not None
    return merged.info.merged


def origins(merged: Merged) -> dict[str, str]:
    return {cell: taken.folder.name for cell, taken in merged.taken.items()}


def refusal(*parts: RunPart, planned: list[str] | None = None) -> str:
    with pytest.raises(InputError) as raised:
        merge(parts, planned)
    return str(raised.value)


def test_cells_come_in_the_order_of_the_matrix_whatever_that_of_the_folders() -> None:
    merged = merge([part("a", OTEL_FOUR), part("b", ONE, OTEL_ONE), part("c", FOUR)], None)
    assert [cell.id for cell in merged.info.cells] == ALL
    assert merged.info.cells == unfold(MATRIX)
    assert origins(merged) == {ONE: "b", FOUR: "c", OTEL_ONE: "b", OTEL_FOUR: "a"}
    assert [each.folder.name for each in merged.parts] == ["b", "c", "a"]
    assert (merged.faults, merger(merged).notes, merger(merged).runners) == ({}, [], 3)


def test_what_all_agree_on_is_kept_and_what_each_has_is_gathered() -> None:
    small, large = host("Small CPU", 2), host("Large CPU", 8)
    merged = merge(
        [
            part("a", ONE, started_at=20.0, seed=1, host=small, diff=""),
            part("b", FOUR, started_at=10.0, seed=2, host=large, diff="--- a\n+++ b\n"),
        ],
        None,
    )
    assert (merged.info.seed, merged.info.started_at, merged.info.diff) == (1, 10.0, "--- a\n+++ b\n")
    assert (merged.info.host, merger(merged).hosts) == (small, {ONE: small, FOUR: large})
    assert merged.info.subjects == {"base": BASE, "head": HEAD}
    assert RunInfo.model_validate_json(merged.info.model_dump_json()) == merged.info


def test_a_run_from_before_merging_is_read() -> None:
    assert RunInfo.model_validate_json(info(ONE).model_dump_json(exclude={"merged"})) == info(ONE)


def test_the_command_for_all_cells_names_none() -> None:
    merged = merge([part(name, name) for name in ALL], None)
    assert merged.info.arguments == [BASE.spec, HEAD.spec, "--matrix", "m.yml", "--time", "360s"]


def test_the_command_for_some_cells_names_those() -> None:
    merged = merge([part("a", ONE)], [ONE, OTEL_FOUR])
    cells = ["--cell", ONE, "--cell", OTEL_FOUR]
    assert merged.info.arguments == [BASE.spec, HEAD.spec, "--matrix", "m.yml", "--time", "360s", *cells]


def test_values_of_other_options_are_kept_whatever_they_are() -> None:
    arguments = [BASE.spec, HEAD.spec, "--diff", "--cell", "--cell", ONE]
    merged = merge([part("a", ONE, arguments=arguments)], [ONE])
    assert merged.info.arguments == [BASE.spec, HEAD.spec, "--diff", "--cell", "--cell", ONE]


def test_cells_of_the_plan_without_a_run_have_a_fault() -> None:
    merged = merge([part("a", FOUR)], [OTEL_FOUR, FOUR, ONE])
    assert [cell.id for cell in merged.info.cells] == [ONE, FOUR, OTEL_FOUR]
    assert merged.faults == {ONE: NO_RESULT, OTEL_FOUR: NO_RESULT}
    assert NO_RESULT.startswith("no result came from its runner: ")
    assert (list(merged.taken), list(merger(merged).hosts), merger(merged).runners) == ([FOUR], [FOUR], 1)


def test_a_cell_that_broke_off_has_a_fault_too() -> None:
    merged = merge([part("a", ONE, FOUR, unfinished=[FOUR])], None)
    assert merged.faults == {FOUR: BROKE_OFF}


def test_the_newest_attempt_of_a_job_is_taken_and_that_is_said() -> None:
    times = {"first": 1.0, "third": 3.0, "second": 2.0}
    parts = [part(name, ONE, started_at=at, seed=int(at)) for name, at in times.items()]
    merged = merge([part("other", FOUR, seed=9), *parts], None)
    assert origins(merged) == {ONE: "third", FOUR: "other"}
    assert merger(merged).notes == [f"{ONE}: its job ran 3 times; its last result is taken"]
    assert merger(merged).runners == 2


def test_what_an_attempt_that_is_not_taken_was_of_is_no_matter() -> None:
    old = {"base": BASE, "head": SubjectInfo(**GIT, commit="a" * 40)}
    new = {"base": BASE, "head": SubjectInfo(**GIT, commit="b" * 40)}
    merged = merge(
        [
            part("old", ONE, started_at=1.0, subjects=old),
            part("new", ONE, started_at=2.0, subjects=new),
            part("other", FOUR, subjects=new),
        ],
        None,
    )
    assert origins(merged) == {ONE: "new", FOUR: "other"}


@pytest.mark.parametrize(
    "other",
    [
        part("b", ONE, FOUR, started_at=2.0),
        part("b", ONE, started_at=2.0, subjects={"base": BASE, "head": BASE}),
        part("b", ONE),
    ],
    ids=["another choice of cells", "other versions", "a copy"],
)
def test_a_cell_in_two_folders_is_refused_unless_it_is_a_later_attempt(other: RunPart) -> None:
    assert refusal(part("a", ONE), other) == (
        f"runs/a and runs/b both hold the cell {ONE}, and neither is a later attempt of the same job:"
        " leave one of them out"
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"perf_matrix": "0.2.0"}, "the version of perf-matrix is 0.1.0 in the one and 0.2.0 in the other"),
        ({"backend": "compose"}, "the backend is local in the one and compose in the other"),
        (
            {"instruments": ["queries"]},
            "what was measured is queries, paired in the one and queries in the other",
        ),
        (
            {"subjects": {"base": BASE, "head": SubjectInfo(spec="litellm==1.81.1", version="1.81.1")}},
            (
                "head is litellm==1.81.0, version 1.81.0 in the one"
                " and litellm==1.81.1, version 1.81.1 in the other"
            ),
        ),
        ({"subjects": {"head": HEAD}}, "base is litellm==1.80.5, version 1.80.5 in the one and not there in"),
        ({"known_endpoints": ["chat"]}, "the list of the workload's endpoints is chat, models in the one and chat"),
        ({"endpoints": [endpoint("/v1/chat")]}, "the workload is "),
        ({"grown": [endpoint()]}, "the workload is "),
        (
            {"matrix": MATRIX.model_copy(update={"time": 90.0})},
            'the matrix file\'s time is {"time":360.0} in the one and {"time":90.0} in the other',
        ),
    ],
)  # fmt: skip
def test_runs_that_are_not_of_one_comparison_are_refused(changed: dict[str, Any], words: str) -> None:
    said = refusal(part("a", ONE), part("b", FOUR, **changed))
    assert said.startswith("runs/a and runs/b cannot be merged: ")
    assert words in said
    assert said.endswith(". Measure every cell with the same command, but for --cell")


@pytest.mark.parametrize("what", ["commit", "content", "image"])
def test_what_a_version_turned_out_to_be_must_be_the_same(what: str) -> None:
    spec = "image:service:1" if what == "image" else "git:main"
    one, other = (
        {"base": BASE, "head": SubjectInfo(spec=spec, version="1.81.0", **{what: letter * 40})}
        for letter in "ab"
    )
    said = refusal(part("a", ONE, subjects=one), part("b", FOUR, subjects=other))
    assert f"{what} {'a' * 40} in the one" in said
    assert f"{what} {'b' * 40} in the other" in said


def test_only_where_long_texts_part_is_shown() -> None:
    one, other = ([endpoint("/" + "x" * 900 + letter)] for letter in "ab")
    said = refusal(part("a", ONE, endpoints=one), part("b", FOUR, endpoints=other))
    assert re.search(r"the workload is …x{30}a.* in the one and …x{30}b", said)
    assert len(said) < 700


def test_images_that_each_machine_built_are_not_the_same_and_need_not_be() -> None:
    one, other = (
        {"base": BASE, "head": SubjectInfo(**GIT, commit="a" * 40, source=f"/{i}", image=f"sha256:{i}")}
        for i in "xy"
    )
    assert len(merge([part("a", ONE, subjects=one), part("b", FOUR, subjects=other)], None).parts) == 2


def test_what_was_installed_differently_is_noted() -> None:
    packages = [{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}, {"a": "2", "b": "2", "c": "2", "e": "1"}]
    parts = [
        part(name, cell, subjects={"base": BASE, "head": HEAD.model_copy(update={"packages": each})})
        for name, cell, each in zip("xy", (ONE, FOUR), packages, strict=True)
    ]
    assert merger(merge(parts, None)).notes == [
        f"not every runner installed the same with head: a 1 or 2, b 1 or 2, c 1 or 2 and 1 more; {WITHIN}"
    ]


def test_other_engines_tools_and_diffs_are_told() -> None:
    native, web = (BASE.model_copy(update={"engine": engine}) for engine in ("native", "WebAssembly"))
    merged = merge(
        [
            part("a", ONE, subjects={"base": native, "head": HEAD}, diff="one"),
            part("b", FOUR, subjects={"base": web, "head": HEAD}, diff="two", tools={"k6": "1.2.0"}),
        ],
        None,
    )
    assert merger(merged).notes == [
        f"not every runner installed the same with base: engine native or WebAssembly; {WITHIN}",
        "the runners were given different diffs: likely places are those of the first",
    ]
    assert merged.info.tools == {"k6": "1.1.0 and 1.2.0", "postgres": "16.4"}
    assert merged.info.diff == "one"


def test_runners_on_two_sides_of_midnight_sent_the_requests_of_their_day() -> None:
    monday, tuesday = ([endpoint(f"/spend?day=2026-03-0{day}")] for day in (2, 3))
    merged = merge([part("a", ONE, endpoints=monday), part("b", FOUR, endpoints=tuesday)], None)
    assert merged.info.requests_of(ONE).endpoints == monday
    assert merged.info.requests_of(FOUR).endpoints == tuesday
    assert list(merged.info.own_requests) == [FOUR]


def test_requests_of_a_cell_with_a_scale_of_its_own_are_its_own() -> None:
    own = Requests(endpoints=[endpoint("/large")])
    unrelated = {ONE: Requests(endpoints=[endpoint("/never")])}
    parts = [part("a", ONE), part("b", FOUR, own_requests={FOUR: own, **unrelated})]
    assert merge(parts, None).info.own_requests == {FOUR: own}


def test_a_run_that_was_merged_is_not_merged_again() -> None:
    merged = merge([part("a", ONE)], None).info.merged
    assert refusal(part("b", ONE, merged=merged)) == (
        "runs/b was merged already: name the folders that it was merged from"
    )


def test_plan_and_runs_must_have_the_same_cells() -> None:
    assert refusal(part("a", ONE), planned=[FOUR]) == (
        f"runs/a holds the cell {ONE}, which is not in the plan: make the plan with the --matrix and --cell"
        " that the jobs have"
    )
    assert refusal(part("a", ONE), planned=[ONE, "callbacks=x\n::error::"]) == (
        r"the plan has the cell callbacks=x\n::error::, which is not in the matrix of runs/a: make the plan with"
        " the --matrix that the jobs have"
    )


def test_cells_that_its_own_matrix_does_not_have_are_refused() -> None:
    made_up = Cell(id="../../etc\n::error::x", variants={})
    said = refusal(part("a", cells=[made_up]))
    assert said == (
        r"runs/a: its matrix has no cell ../../etc\n::error::x. Its run.json was damaged or edited: measure again"
    )


def test_a_cell_is_what_the_matrix_says_not_what_the_run_says() -> None:
    claimed = Cell(id=ONE, variants={"callbacks": "something else"})
    assert merge([part("a", cells=[claimed])], None).info.cells == unfold(MATRIX)[:1]


def test_a_cell_named_twice_is_refused() -> None:
    assert f"it names the cell {ONE} twice" in refusal(part("a", ONE, ONE))


def test_a_matrix_too_large_to_be_one_is_refused() -> None:
    axes: dict[str, Any] = {f"axis-{n}": {f"v{m}": {} for m in range(10)} for n in range(12)}
    huge = MatrixFile.model_validate({"version": 1, "workload": "w.yml", "axes": axes})
    said = refusal(part("a", ONE, matrix=huge))
    assert said.startswith("runs/a: its matrix cannot be: 1000000000000 combinations, more than 10000")
