"""The tables of inputs and outputs in the documentation, made from the files that declare them.

``python -m scripts.action.inputs_table [FILE]`` renews the tables in ``docs/ACTION.md``, or in FILE. A table stands
between two comments, the first of which names the file that declares it:

    <!-- inputs of plan/action.yml -->
    <!-- end -->
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.action.definitions import FILES, ROOT, Definition, read_definition

DOCS = ROOT / "docs" / "ACTION.md"
_SECTION = re.compile(
    r"^<!-- (?P<kind>inputs|outputs) of (?P<file>\S+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL
)


def renewed(text: str) -> str:
    """The documentation with its tables as they have to be.

    Raises KeyError for a table of a file that is not one of FILES.
    """
    definitions = {name: read_definition(ROOT / name) for name in FILES}

    def section(found: re.Match[str]) -> str:
        table = _TABLES[found["kind"]](definitions[found["file"]])
        return f"<!-- {found['kind']} of {found['file']} -->\n{table}\n<!-- end -->"

    return _SECTION.sub(section, text)


def inputs_table(definition: Definition) -> str:
    """The inputs as a Markdown table, a row each."""
    rows = [
        (f"`{each.name}`", _default(each.default, required=each.required), _cell(each.description))
        for each in definition.inputs
    ]
    return _table(("input", "default", "meaning"), rows)


def outputs_table(definition: Definition) -> str:
    """The outputs as a Markdown table, a row each."""
    rows = [(f"`{each.name}`", _cell(each.description)) for each in definition.outputs]
    return _table(("output", "meaning"), rows)


_TABLES: dict[str, Callable[[Definition], str]] = {"inputs": inputs_table, "outputs": outputs_table}


def _default(default: str | None, *, required: bool) -> str:
    if required:
        return "must be given"
    if not default:
        return "empty"
    return "`" + default.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    """Text as it can stand in a table: a ``|`` would end the cell, a ``*`` or ``<`` would be taken for Markdown."""
    return re.sub(r"([|*<])", r"\\\1", text)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(file: Path) -> None:
    """Renew the tables in ``file``."""
    file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
