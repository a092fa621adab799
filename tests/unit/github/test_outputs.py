from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.errors import MeasurementError
from perf_matrix.github.outputs import command, write_outputs, write_summary


def read_as_github_does(file: Path) -> dict[str, str]:
    """The outputs in a file, by GitHub's rules: NAME<<DELIMITER, lines, DELIMITER."""
    found: dict[str, str] = {}
    lines = iter(file.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if line:
            name, delimiter = line.split("<<", 1)
            value = []
            for each in lines:
                if each == delimiter:
                    break
                value.append(each)
            found[name] = "\n".join(value)
    return found


def test_outputs_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("earlier<<x\n1\nx\n")
    write_outputs(file, {"verdict": "pass", "folder": "a place/b"})
    assert read_as_github_does(file) == {"earlier": "1", "verdict": "pass", "folder": "a place/b"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_no_value_sets_another_output(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.mktemp("outputs") / "output"
    write_outputs(file, {"verdict": value + "\nverdict=pass\nother<<end\nx\nend", "last": "1"})
    assert set(read_as_github_does(file)) == {"verdict", "last"}


@pytest.mark.parametrize("name", ["", "a=b", "a\nb", "A"])
def test_a_name_is_checked(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        write_outputs(tmp_path / "output", {name: "1"})


def test_a_summary_is_added(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    write_summary(file, "one")
    write_summary(file, "two")
    assert file.read_text() == "one\ntwo\n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="nowhere"):
        write_summary(tmp_path / "nowhere" / "summary", "one")


def test_a_command_is_one_line() -> None:
    found = command("warning", "two\nlines: 100%\r\n::error::x", file="a,b:c.py", line="3", title="")
    assert found == "::warning file=a%2Cb%3Ac.py,line=3::two%0Alines: 100%25%0D%0A::error::x"
    assert command("notice", "plain") == "::notice::plain"
