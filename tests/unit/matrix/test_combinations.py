"""``exclude`` and ``include``: GitHub's rule, as far as a file can say it in which every variant has its axis.

``github`` is that rule as GitHub's documentation tells it, written slowly and for any keys; the examples are the
ones from there (docs.github.com, "Running variations of jobs in a workflow").
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.matrix.combinations import cell_id, combinations
from perf_matrix.matrix.model import MatrixFile, Patch

Entry = dict[str, str]
Axes = dict[str, list[str]]

FRUITS: Axes = {"fruit": ["apple", "pear"], "animal": ["cat", "dog"]}


def github(axes: Axes, exclude: list[Entry], include: list[Entry]) -> list[Entry]:
    every = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    originals = [one for one in every if not any(entry.items() <= one.items() for entry in exclude)]
    jobs, added = [dict(one) for one in originals], []
    for entry in include:
        joined = [
            job
            for one, job in zip(originals, jobs, strict=True)
            if not any(key in one and one[key] != value for key, value in entry.items())
        ]
        for job in joined:
            job.update(entry)
        if not joined:
            added.append(entry)
    return jobs + added


def ours(axes: Axes, exclude: list[Entry], include: list[Entry]) -> list[Entry]:
    """The same from a matrix file whose variants change nothing."""
    variants = {axis: dict.fromkeys(names, Patch()) for axis, names in axes.items()}
    return combinations(
        MatrixFile(version=1, workload="w.yml", axes=variants, exclude=exclude, include=include)
    )


def test_the_rule_is_githubs() -> None:
    include = [
        {"color": "green"},
        {"color": "pink", "animal": "cat"},
        {"fruit": "apple", "shape": "circle"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    assert github(FRUITS, [], include) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_githubs_example_without_the_keys_that_are_no_axes() -> None:
    """A variant that only ``include`` is to have belongs to its axis, too, and is excluded from the product."""
    axes: Axes = {**FRUITS, "fruit": ["apple", "pear", "banana"]}
    include = [
        {"animal": "cat"},
        {"fruit": "apple"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    assert ours(axes, [{"fruit": "banana"}], include) == [
        {"fruit": "apple", "animal": "cat"},
        {"fruit": "apple", "animal": "dog"},
        {"fruit": "pear", "animal": "cat"},
        {"fruit": "pear", "animal": "dog"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_githubs_example_of_what_is_added() -> None:
    axes = {"os": ["macos", "windows", "ubuntu"], "version": ["12", "14", "16", "17"]}
    jobs = ours(axes, [{"version": "17"}], [{"os": "windows", "version": "17"}])
    assert len(jobs) == 10
    assert jobs[-1] == {"os": "windows", "version": "17"}


def test_githubs_example_of_what_is_excluded() -> None:
    axes = {
        "os": ["macos", "windows"],
        "version": ["12", "14", "16"],
        "environment": ["staging", "production"],
    }
    exclude = [
        {"os": "macos", "version": "12", "environment": "production"},
        {"os": "windows", "version": "16"},
    ]
    assert ours(axes, exclude, []) == github(axes, exclude, [])
    assert len(ours(axes, exclude, [])) == 9


def test_what_was_excluded_can_be_included_again() -> None:
    whole = {"fruit": "pear", "animal": "dog"}
    assert ours(FRUITS, [{"fruit": "pear"}], [whole]) == [
        {"fruit": "apple", "animal": "cat"},
        {"fruit": "apple", "animal": "dog"},
        whole,
    ]


def test_an_entry_that_fits_what_is_left_brings_nothing_back() -> None:
    excluded = [{"fruit": "pear", "animal": "dog"}]
    assert ours(FRUITS, excluded, [{"fruit": "pear"}]) == ours(FRUITS, excluded, [])


def test_where_everything_is_excluded_only_what_is_included_is_left() -> None:
    """As in a job matrix that has nothing but ``include``."""
    include = [{"site": "production", "datacenter": "site-a"}, {"site": "staging"}]
    axes = {"site": ["production", "staging"], "datacenter": ["site-a", "site-b"]}
    everything = [{"site": "production"}, {"site": "staging"}]
    assert ours(axes, everything, include) == include == github({}, [], include)


def test_what_an_entry_added_is_joined_by_no_other() -> None:
    axes = {"a": ["x", "y"], "b": ["z"]}
    include = [{"a": "y", "b": "z"}, {"a": "y"}, {"b": "z"}]
    assert ours(axes, [{"a": "y"}], include) == [{"a": "x", "b": "z"}, {"a": "y", "b": "z"}, {"a": "y"}]


def test_an_entry_twice_is_one_cell() -> None:
    axes = {"a": ["x", "y"]}
    assert ours(axes, [{"a": "y"}], [{"a": "y"}, {"a": "y"}]) == [{"a": "x"}, {"a": "y"}]


def test_what_is_added_has_its_axes_in_their_order() -> None:
    axes = {"a": ["x"], "b": ["y"], "c": ["z"]}
    assert cell_id(ours(axes, [{"a": "x"}], [{"c": "z", "a": "x"}])[0]) == "a=x,c=z"


@pytest.mark.parametrize("include", [[], [{"fruit": "apple"}]])
def test_without_include_or_with_one_that_fits_it_is_the_product(include: list[Entry]) -> None:
    assert ours(FRUITS, [], include) == github(FRUITS, [], [])


names = st.sampled_from("abcd")
all_axes = st.dictionaries(
    names, st.lists(names, min_size=1, max_size=3, unique=True), min_size=1, max_size=3
)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Axes, list[Entry], list[Entry]]:
    axes = draw(all_axes)

    def entry() -> st.SearchStrategy[Entry]:
        parts = {axis: st.sampled_from(variants) for axis, variants in axes.items()}
        return st.fixed_dictionaries({}, optional=parts).filter(bool)

    return axes, draw(st.lists(entry(), max_size=4)), draw(st.lists(entry(), max_size=4))


@given(matrices())
def test_it_is_githubs_rule_where_an_entry_is_there_once(
    matrix: tuple[Axes, list[Entry], list[Entry]],
) -> None:
    jobs = github(*matrix)
    assert ours(*matrix) == [job for place, job in enumerate(jobs) if job not in jobs[:place]]


@given(matrices())
def test_every_cell_is_called_differently(matrix: tuple[Axes, list[Entry], list[Entry]]) -> None:
    ids = [cell_id(one) for one in ours(*matrix)]
    assert len(set(ids)) == len(ids)


@given(matrices())
def test_no_excluded_combination_is_there_but_for_an_entry_that_says_so(
    matrix: tuple[Axes, list[Entry], list[Entry]],
) -> None:
    axes, exclude, include = matrix
    for one in ours(axes, exclude, include):
        excluded = len(one) == len(axes) and any(entry.items() <= one.items() for entry in exclude)
        assert not excluded or one in include


@given(matrices())
def test_every_entry_of_include_is_in_a_cell(matrix: tuple[Axes, list[Entry], list[Entry]]) -> None:
    cells = ours(*matrix)
    assert all(any(entry.items() <= one.items() for one in cells) for entry in matrix[2])
