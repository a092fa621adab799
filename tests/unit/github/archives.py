"""Zip archives as their makers like them: proper ones, and such as only an enemy makes."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


class Unseekable(io.RawIOBase):
    """A stream: what is written to it cannot be gone back to, so sizes and checksums follow the content."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, piece: object, /) -> int:
        added = bytes(memoryview(piece))  # type: ignore[arg-type]
        self.content += added
        return len(added)


def zipped(files: Mapping[str, bytes] | Iterable[tuple[str | ZipInfo, bytes]]) -> bytes:
    """An archive of these files, in this order; names may occur twice."""
    written = io.BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            archive.writestr(name, content)
    return written.getvalue()


def streamed(files: Mapping[str, bytes]) -> bytes:
    """An archive as actions/upload-artifact writes it: the sizes of a member follow it."""
    stream = Unseekable()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.content


def renamed(archive: bytes, name: bytes, other: bytes) -> bytes:
    """The archive with another name of the same length, wherever it stands: zipfile itself would not write it."""
    assert len(name) == len(other)
    assert archive.count(name) == 2
    return archive.replace(name, other)


def with_field(archive: bytes, signature: bytes, offset: int, layout: str, value: int) -> bytes:
    """The archive with one number of its first record of this kind changed."""
    at = archive.index(signature) + offset
    changed = struct.pack(layout, value)
    return archive[:at] + changed + archive[at + len(changed) :]


def member(name: str, mode: int = 0) -> ZipInfo:
    """A member with a Unix mode: what kind of file it is."""
    info = ZipInfo(name)
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def written(folder: Path, content: bytes) -> Path:
    """The archive as a file."""
    file = folder / "artifact.zip"
    file.write_bytes(content)
    return file
