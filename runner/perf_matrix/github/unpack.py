"""Takes one file out of a zip archive that an enemy may have made.

Nothing is written, and only the named file is unpacked. The archive's own words are not believed: what it says of sizes
is counted again, and where readers of zip archives could disagree about what is in it, it is refused.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from perf_matrix.errors import InputError

MOST_ARCHIVE_BYTES = 64 * 1024 * 1024
MOST_MEMBERS = 20_000
_MOST_DIRECTORY_BYTES = 4 * 1024 * 1024
"""Of the archive's list of members, which is read as a whole: each takes ten times that much memory."""
_PIECE = 64 * 1024
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\5\6"
_LOCATOR = struct.Struct("<4s16x")
_LOCATOR_SIGNATURE = b"PK\6\7"
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_SHOWN = 80
_BROKEN = (BadZipFile, NotImplementedError, ValueError, OverflowError, EOFError, struct.error, zlib.error)


def take(archive: Path, name: str, most_bytes: int) -> bytes:
    """The content of the member ``name`` of the zip file ``archive``.

    Raises InputError where there is no such member or more than one, where its content is longer than ``most_bytes``,
    or where anything about the archive is not as it should be: more than ``MOST_ARCHIVE_BYTES`` or ``MOST_MEMBERS``,
    any name that leads out of a folder, a link, a device, anything encrypted.
    """
    try:
        with archive.open("rb") as opened:
            return _take(opened, name, most_bytes)
    except OSError as error:
        raise InputError(f"{archive} cannot be read: {error.strerror}") from error


def _take(opened: BinaryIO, name: str, most_bytes: int) -> bytes:
    _check_end(opened)
    try:
        with ZipFile(opened) as members:
            _check_members(members.infolist())
            return _content(members, _named(members.infolist(), name), most_bytes)
    except _BROKEN as error:
        raise _refused("it is damaged") from error


def _refused(reason: str) -> InputError:
    return InputError(f"the artifact's archive is refused: {reason}")


def _check_end(opened: BinaryIO) -> None:
    """The record at the end says how long the list of members is; it must be the only one, and fit exactly."""
    size = opened.seek(0, 2)
    if size > MOST_ARCHIVE_BYTES:
        raise _refused(f"it has {size:,} bytes, and at most {MOST_ARCHIVE_BYTES:,} are read")
    if size < _END.size:
        raise _refused("it is no zip archive")
    opened.seek(max(0, size - _END.size - _LOCATOR.size))
    end = opened.read()
    signature, disk, first_disk, here, members, length, start, comment = _END.unpack(end[-_END.size :])
    if signature != _END_SIGNATURE:
        raise _refused("it is no zip archive, or something follows its end")
    if end.startswith(_LOCATOR_SIGNATURE) or disk or first_disk or comment or here != members:
        raise _refused("it has parts that only large, split or commented archives have")
    if members > MOST_MEMBERS or length > _MOST_DIRECTORY_BYTES:
        raise _refused(f"it has more than {MOST_MEMBERS:,} members, or a list of them that is too long")
    if start + length + _END.size != size:
        raise _refused("its list of members is not where it says, or something else is in the same file")
    opened.seek(0)


def _check_members(members: Sequence[ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise _refused(f"it has more than {MOST_MEMBERS:,} members")
    for member in members:
        if fault := _fault(member):
            raise _refused(f"its member {_shown(member.orig_filename)} {fault}")
    # A folder and a file of the same name are two members of one name, too.
    names = Counter(member.filename.rstrip("/") for member in members)
    for name, times in names.items():
        if times > 1:
            raise _refused(f"its member {_shown(name)} is in it {times} times")


def _fault(member: ZipInfo) -> str:
    """What is wrong with a member, in words; empty where nothing is."""
    if fault := _fault_of_name(member):
        return fault
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in a way that is not read"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link"
    return "" if kind in (0, stat.S_IFREG, stat.S_IFDIR) else "is neither a file nor a folder"


def _fault_of_name(member: ZipInfo) -> str:
    name = member.orig_filename
    if "\\" in name:
        return "has a backslash in its name"
    # The two differ where a name ends at a zero, and in newer Pythons where an extra field gives another one.
    if not name.isprintable() or name != member.filename:
        return "has a name that is shown otherwise than it is"
    if name.startswith("/") or name[1:2] == ":":
        return "has an absolute name"
    if any(part in ("", ".", "..") for part in name.removesuffix("/").split("/")):
        return "has a name that leads out of its folder"
    return ""


def _named(members: Sequence[ZipInfo], name: str) -> ZipInfo:
    for member in members:
        if member.filename == name:
            return member
    raise InputError(f"there is no {name} in the artifact: did the job that measures get that far?")


def _content(members: ZipFile, member: ZipInfo, most_bytes: int) -> bytes:
    # zipfile ends where the header says that the content ends; this makes it go on until it does, or is too long.
    endless = copy(member)
    endless.file_size = most_bytes + 2 * _PIECE
    content = bytearray()
    with members.open(endless) as opened:
        while piece := opened.read(_PIECE):
            content += piece
            if len(content) > most_bytes:
                raise _refused(f"its member {_shown(member.filename)} has more than {most_bytes:,} bytes")
    if len(content) != member.file_size:
        raise _refused(f"its member {_shown(member.filename)} is not as long as it says")
    return bytes(content)


def _shown(name: str) -> str:
    """A stranger's name for a message: nothing in it can end a line or look like another letter."""
    return ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")
