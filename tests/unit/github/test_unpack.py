"""One file out of an archive: proper archives are read, and whatever is odd about one is refused and said."""

from __future__ import annotations

import hashlib
import stat
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perf_matrix.errors import InputError
from perf_matrix.github.unpack import MOST_ARCHIVE_BYTES, MOST_MEMBERS, take
from tests.unit.github.archives import (
    CENTRAL,
    END,
    LOCAL,
    member,
    renamed,
    streamed,
    with_field,
    written,
    zipped,
)

NAME = "comparison.json"
CONTENT = b'{"schema_version": 1}' * 50
LIMIT = 1_000_000
FILES = {
    "run.json": b"{}",
    "cells/": b"",
    "cells/a=b,c=d/paired/blocks.jsonl": b"x" * 9000,
    NAME: CONTENT,
    "report.md": b"r",
}
CENTRAL_SIZE, LOCAL_SIZE, CENTRAL_FLAGS, CENTRAL_METHOD = 24, 22, 8, 10


def reason(folder: Path, archive: bytes, most_bytes: int = LIMIT) -> str:
    with pytest.raises(InputError) as refused:
        take(written(folder, archive), NAME, most_bytes)
    return str(refused.value)


@pytest.mark.parametrize("archive", [zipped(FILES), streamed(FILES)], ids=["zipped", "streamed"])
def test_a_proper_archive(tmp_path: Path, archive: bytes) -> None:
    assert take(written(tmp_path, archive), NAME, len(CONTENT)) == CONTENT


def test_names_of_other_files_may_be_in_any_language(tmp_path: Path) -> None:
    archive = zipped({"cells/größe=groß/<script>alert(1)</script>.log": b"", NAME: CONTENT})
    assert take(written(tmp_path, archive), NAME, LIMIT) == CONTENT


def test_an_empty_file(tmp_path: Path) -> None:
    assert take(written(tmp_path, zipped({NAME: b""})), NAME, 0) == b""


@pytest.mark.parametrize(
    "files", [{}, {"run.json": b""}, {f"folder/{NAME}": CONTENT}, {f"{NAME}/": b""}, {NAME.upper(): b""}]
)
def test_it_is_not_there(tmp_path: Path, files: dict[str, bytes]) -> None:
    said = "there is no comparison.json in the artifact: did the job that measures get that far?"
    assert reason(tmp_path, zipped(files)) == said


def test_there_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.zip cannot be read: No such file"):
        take(tmp_path / "none.zip", NAME, LIMIT)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../comparison.json", "has a name that leads out of its folder"),
        ("cells/../../etc/passwd", "has a name that leads out of its folder"),
        ("..", "has a name that leads out of its folder"),
        ("./run.json", "has a name that leads out of its folder"),
        ("cells//run.json", "has a name that leads out of its folder"),
        ("cells///", "has a name that leads out of its folder"),
        ("/etc/passwd", "has an absolute name"),
        ("//host/share", "has an absolute name"),
        ("C:/Windows/x", "has an absolute name"),
        ("c:x", "has an absolute name"),
        ("..\\..\\x", "has a backslash in its name"),
        ("run\n::error::x", "has a name that is shown otherwise than it is"),
        ("run\r.json", "has a name that is shown otherwise than it is"),
        ("nosj.\N{RIGHT-TO-LEFT OVERRIDE}x", "has a name that is shown otherwise than it is"),
        ("\x1b[2J", "has a name that is shown otherwise than it is"),
    ],
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str, said: str) -> None:
    # The file that is wanted is all right; its neighbour says what kind of archive this is.
    answer = reason(tmp_path, zipped({NAME: CONTENT, name: b""}))
    assert answer == f"the artifact's archive is refused: its member {name!a} {said}"
    assert "\n" not in answer


def test_a_long_name_is_cut_in_messages(tmp_path: Path) -> None:
    assert len(reason(tmp_path, zipped({"/" + "a" * 60_000: b""}))) < 200


def test_a_name_that_ends_early(tmp_path: Path) -> None:
    archive = renamed(
        zipped({"comparison.json.exe": CONTENT}), b"comparison.json.exe", b"comparison.json\0exe"
    )
    assert "'comparison.json\\x00exe' has a name that is shown otherwise than it is" in reason(
        tmp_path, archive
    )


def test_a_second_name_that_only_some_readers_know(tmp_path: Path) -> None:
    """The field "Unicode path", which newer Pythons take for the member's name and others do not."""
    info = member("harmless.txt")
    name = struct.pack("<BL", 1, zlib.crc32(b"harmless.txt")) + NAME.encode()
    info.extra = struct.pack("<HH", 0x7075, len(name)) + name
    with pytest.raises(InputError):
        take(written(tmp_path, zipped([(info, CONTENT)])), NAME, LIMIT)


def test_two_names_for_one_member(tmp_path: Path) -> None:
    archive = zipped({NAME: CONTENT})
    at = archive.index(b"comparison", archive.index(CENTRAL))
    lying = archive[:at] + b"comparisoN" + archive[at + 10 :]
    assert "there is no comparison.json" in reason(tmp_path, lying)
    other_way_round = archive.replace(b"comparison", b"comparisoN", 1)
    assert reason(tmp_path, other_way_round).endswith("it is damaged")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", [NAME, f"{NAME}/"])
def test_a_name_that_is_there_twice(tmp_path: Path, other: str) -> None:
    archive = zipped([(NAME, CONTENT), (other, b"")])
    assert reason(tmp_path, archive).endswith("its member 'comparison.json' is in it 2 times")


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (stat.S_IFLNK | 0o777, "is a link"),
        (stat.S_IFIFO | 0o644, "is neither a file nor a folder"),
        (stat.S_IFCHR | 0o644, "is neither a file nor a folder"),
        (stat.S_IFSOCK | 0o644, "is neither a file nor a folder"),
    ],
)
@pytest.mark.parametrize("name", [NAME, "logs"])
def test_links_and_devices(tmp_path: Path, name: str, mode: int, said: str) -> None:
    archive = zipped(
        [(member(name, mode), b"/etc/passwd"), (member("run.json", stat.S_IFREG | 0o644), b"{}")]
    )
    assert reason(tmp_path, archive) == f"the artifact's archive is refused: its member '{name}' {said}"


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_encrypted(tmp_path: Path, flag: int) -> None:
    archive = with_field(zipped({NAME: CONTENT}), CENTRAL, CENTRAL_FLAGS, "<H", flag)
    assert reason(tmp_path, archive).endswith("its member 'comparison.json' is encrypted")


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 99])
def test_other_ways_to_compress(tmp_path: Path, method: int) -> None:
    archive = with_field(zipped({NAME: CONTENT}), CENTRAL, CENTRAL_METHOD, "<H", method)
    assert reason(tmp_path, archive).endswith("is compressed in a way that is not read")


def test_200_megabytes_are_not_even_opened(tmp_path: Path) -> None:
    file = tmp_path / "artifact.zip"
    with file.open("wb") as opened:
        opened.truncate(200_000_000)
    with pytest.raises(InputError, match=r"it has 200,000,000 bytes, and at most 67,108,864 are read"):
        take(file, NAME, LIMIT)
    assert MOST_ARCHIVE_BYTES < 200_000_000


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """200 MB of zeros in 200 kB."""
    return zipped({NAME: bytes(200_000_000)})


@pytest.mark.parametrize(
    "claimed",
    [200_000_000, 0, 10, LIMIT, 0xFFFFFFF0],
    ids=["as it is", "empty", "a little", "the limit", "four gigabytes"],
)
def test_a_bomb_whatever_it_says_of_itself(tmp_path: Path, bomb: bytes, claimed: int) -> None:
    lying = with_field(
        with_field(bomb, CENTRAL, CENTRAL_SIZE, "<L", claimed), LOCAL, LOCAL_SIZE, "<L", claimed
    )
    file = written(tmp_path, lying)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"its member 'comparison\.json' has more than 1,000,000 bytes"):
            take(file, NAME, LIMIT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * LIMIT


@pytest.mark.parametrize("claimed", [0, 10, len(CONTENT) - 1, len(CONTENT) + 1, 0xFFFFFFF0])
def test_a_length_that_is_not_true(tmp_path: Path, claimed: int) -> None:
    """With the checksum of what it claims to hold: other readers would end there."""
    archive = with_field(zipped({NAME: CONTENT}), CENTRAL, CENTRAL_SIZE, "<L", claimed)
    assert reason(tmp_path, archive).endswith("its member 'comparison.json' is not as long as it says")
    matching = with_field(archive, CENTRAL, 16, "<L", zlib.crc32(CONTENT[:claimed]))
    assert "is refused" in reason(tmp_path, matching)


def test_a_bomb_beside_what_is_wanted_stays_unopened(tmp_path: Path) -> None:
    archive = zipped({"bomb": bytes(50_000_000), NAME: CONTENT})
    assert take(written(tmp_path, archive), NAME, LIMIT) == CONTENT


def test_exactly_the_limit_and_one_byte_more(tmp_path: Path) -> None:
    file = written(tmp_path, zipped({NAME: b"x" * 1000}))
    assert take(file, NAME, 1000) == b"x" * 1000
    with pytest.raises(InputError, match=r"has more than 999 bytes"):
        take(file, NAME, 999)


def test_too_many_members(tmp_path: Path) -> None:
    archive = zipped({str(number): b"" for number in range(MOST_MEMBERS + 1)})
    assert "more than 20,000 members" in reason(tmp_path, archive)
    # It does not help to say that there are fewer.
    fewer = with_field(with_field(archive, END, 8, "<H", 3), END, 10, "<H", 3)
    assert "more than 20,000 members" in reason(tmp_path, fewer)


def test_a_list_of_members_that_is_too_long(tmp_path: Path) -> None:
    archive = zipped({f"{number}{'n' * 60_000}": b"" for number in range(80)})
    assert "a list of them that is too long" in reason(tmp_path, archive)


def proper() -> bytes:
    return zipped({NAME: CONTENT})


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (b"", "it is no zip archive"),
        (b"PK", "it is no zip archive"),
        (b"<html>not found</html>", "it is no zip archive"),
        (b"x" * 1000, "it is no zip archive, or something follows its end"),
        (proper() + b"more", "it is no zip archive, or something follows its end"),
        (b"#!/bin/sh\n" + proper(), "or something else is in the same file"),
        (proper() + proper(), "or something else is in the same file"),
        (
            with_field(proper(), END, 20, "<H", 9),
            "it has parts that only large, split or commented archives have",
        ),
        (
            with_field(proper(), END, 4, "<H", 1),
            "it has parts that only large, split or commented archives have",
        ),
        (
            with_field(proper(), END, 8, "<H", 2),
            "it has parts that only large, split or commented archives have",
        ),
        (with_field(proper(), END, 16, "<L", 0xFFFFFFFF), "its list of members is not where it says"),
        (
            proper()[:-22] + b"PK\6\7" + bytes(16) + proper()[-22:],
            "it has parts that only large, split or commented",
        ),
        (proper()[: len(proper()) // 2], "it is no zip archive"),
    ],
)
def test_what_is_no_proper_archive(tmp_path: Path, archive: bytes, said: str) -> None:
    assert said in reason(tmp_path, archive)


def test_an_archive_in_the_archive_is_a_file_like_others(tmp_path: Path) -> None:
    archive = zipped({"inner.zip": zipped({NAME: b"inner"}), NAME: CONTENT})
    assert take(written(tmp_path, archive), NAME, LIMIT) == CONTENT


def test_damaged_content(tmp_path: Path) -> None:
    noise = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(100))
    archive = zipped({NAME: noise})
    at = archive.index(LOCAL) + 500
    assert reason(tmp_path, archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]).endswith(
        "it is damaged"
    )


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    changes=st.dictionaries(
        st.integers(0, len(streamed(FILES)) - 1), st.integers(0, 255), min_size=1, max_size=4
    ),
    end=st.none() | st.integers(0, 900),
)
def test_whatever_is_changed_it_is_read_rightly_or_refused(
    tmp_path: Path, changes: dict[int, int], end: int | None
) -> None:
    archive = bytearray(streamed(FILES))
    for at, value in changes.items():
        archive[at] = value
    try:
        content = take(written(tmp_path, bytes(archive[:end])), NAME, LIMIT)
    except InputError:
        return
    assert content == CONTENT
