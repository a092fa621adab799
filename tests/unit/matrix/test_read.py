"""Files that are no matrix: each ends in one clear error, and none is read to its end first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.matrix.yaml_tree import MAX_BYTES


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_matrix(path)
    return str(caught.value)


def test_reads_a_matrix_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_bytes(b"\xef\xbb\xbfversion: 1\nworkload: w.yml\n")
    assert read_matrix(path).workload == "w.yml"


def test_reads_a_workload(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_text("version: 1\nendpoints: [{name: a, request: {path: /}}]", encoding="utf-8")
    assert read_workload(path).endpoints[0].name == "a"


def test_an_error_in_the_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text("version: 1\nworkload: w.yml\nepochs: 1\n", encoding="utf-8")
    assert message(path).startswith(f"{path}:3:9: epochs: ")


def test_missing(tmp_path: Path) -> None:
    path = tmp_path / "none.yml"
    assert (
        message(path) == f"{path}: there is no such file; name a matrix file, or a shipped one such as smoke"
    )


def test_folder(tmp_path: Path) -> None:
    assert message(tmp_path) == f"{tmp_path}: is a folder; name a file in it"


def test_ten_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "big.yml"
    with path.open("wb") as file:
        file.truncate(10_000_000)
    assert message(path) == f"{path}: 10000000 bytes, more than {MAX_BYTES}; is this the right file?"


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert message(path) == f"{path}: is not a regular file; write its text to a file first"


def test_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "latin.yml"
    path.write_bytes("version: 1\nworkload: w.yml\n# Größe\n".encode("latin-1"))
    assert message(path) == f"{path}:3: not UTF-8 (invalid start byte); save the file as UTF-8"


def test_a_name_longer_than_the_file_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    assert message(path) == f"{path}: cannot be read: File name too long"
