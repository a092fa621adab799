import pytest

from perf_matrix.load.lines import MARKER, Answer, Garbled, parse_line


def test_an_answer_is_the_marker_and_a_json_object() -> None:
    line = f'{MARKER}{{"id": 3, "result": {{"failed": 0, "text": "ü"}}}}\n'.encode()
    assert parse_line(line) == Answer(id=3, result={"failed": 0, "text": "ü"})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"Request Failed\n",
        b'{"id": 3, "result": {}}\n',
        b' perf-matrix> {"id": 3, "result": {}}\n',
        b"\xff\xfe\x00\n",
    ],
)
def test_what_k6_says_itself_is_no_answer(line: bytes) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize("length", range(1, 40))
def test_a_last_line_torn_anywhere_is_no_answer(length: int) -> None:
    whole = f'{MARKER}{{"id": 3, "result": {{"failed": 0}}}}\n'.encode()
    assert parse_line(whole[: min(length, len(whole) - 1)]) is None


@pytest.mark.parametrize(
    "rest", ["", "{", "[]", '{"id": 3}', '{"id": "x", "result": {}}', '{"id": 3, "result": {}, "more": 1}']
)
def test_a_whole_line_with_the_marker_has_to_be_an_answer(rest: str) -> None:
    assert parse_line(f"{MARKER}{rest}\n".encode()) == Garbled(f"{MARKER}{rest}".rstrip())
