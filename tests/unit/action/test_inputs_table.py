"""The tables of inputs and outputs: how they are made, and that the documentation has them as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.action.definitions import FILES, ROOT, Definition, Input, Output, read_definition
from scripts.action.inputs_table import DOCS, inputs_table, main, outputs_table, renewed


def test_a_table_of_inputs() -> None:
    definition = Definition(
        inputs=(
            Input("base", "What to compare with, such as git:REF.", "", required=False),
            Input("cells", "Globs: a=*,b=<c> | d.", "x|y", required=False),
            Input("plan", "The plan.", None, required=True),
        ),
        outputs=(),
    )

    assert inputs_table(definition).splitlines() == [
        "| input | default | meaning |",
        "| --- | --- | --- |",
        "| `base` | empty | What to compare with, such as git:REF. |",
        r"| `cells` | `x\|y` | Globs: a=\*,b=\<c> \| d. |",
        "| `plan` | must be given | The plan. |",
    ]


def test_a_table_of_outputs() -> None:
    definition = Definition(inputs=(), outputs=(Output("verdict", "pass, or not.", "${{ x }}"),))

    assert outputs_table(definition).splitlines() == [
        "| output | meaning |",
        "| --- | --- |",
        "| `verdict` | pass, or not. |",
    ]


def test_tables_are_renewed_where_they_stand_and_nothing_else_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- outputs of plan/action.yml -->\nold\n<!-- end -->\nbetween\n"
        "<!-- inputs of action.yml -->\n<!-- end -->\nafter\n"
    )

    main(page)

    text = page.read_text()
    assert tables_in(text) == [("outputs", "plan/action.yml"), ("inputs", "action.yml")]
    assert text.startswith("before\n<!-- outputs of plan/action.yml -->\n| output | meaning |\n")
    assert "<!-- end -->\nbetween\n<!-- inputs of action.yml -->\n| input |" in text
    assert text.endswith("<!-- end -->\nafter\n")
    assert "\nold\n" not in text
    assert "| `fail-on` | `regression` |" in text
    assert renewed(text) == text


def test_a_table_of_an_unknown_file_is_refused() -> None:
    with pytest.raises(KeyError, match=r"other/action\.yml"):
        renewed("<!-- inputs of other/action.yml -->\n<!-- end -->")


def test_a_workflow_that_cannot_be_called_has_no_definition(tmp_path: Path) -> None:
    file = tmp_path / "ci.yml"
    file.write_text("on: {push: {}}\njobs: {}\n")

    with pytest.raises(KeyError, match="workflow_call"):
        read_definition(file)


def test_the_documentation_has_every_input_and_output_as_it_is() -> None:
    text = DOCS.read_text(encoding="utf-8")

    there = tables_in(text)
    assert {file for kind, file in there if kind == "inputs"} == set(FILES)
    documented = {each for kind, file in there if kind == "outputs" for each in outputs_of(file)}
    assert {each for file in FILES for each in outputs_of(file)} <= documented
    assert renewed(text) == text, "run: python -m scripts.action.inputs_table"


def tables_in(text: str) -> list[tuple[str, str]]:
    """Which tables a documentation has: ``inputs`` or ``outputs``, and the file that declares them."""
    return re.findall(r"^<!-- (inputs|outputs) of (\S+) -->$", text, re.MULTILINE)


def outputs_of(file: str) -> set[str]:
    return {each.name for each in read_definition(ROOT / file).outputs}
