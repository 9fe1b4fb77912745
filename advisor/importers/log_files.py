"""Files of other people's tools, read within bounds: JSON, JSON lines, and members of a zip."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

import pyarrow

from advisor.errors import AdvisorError
from advisor.input_files import MOST_SEALED_BYTES, checked_file

MOST_BYTES = 2**30
"""Of a JSON document, as it is unpacked."""
MOST_LINE_BYTES = 2**28
"""Of one line, or one member of a zip."""
MOST_ZIP_BYTES = 2**36
"""Of all members together, as they are unpacked."""
DAMAGED_MEMBER = (
    BadZipFile,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    struct.error,
    zlib.error,
    pyarrow.ArrowException,
)
"""What unpacking raises; a RuntimeError where the member is encrypted."""
ZSTANDARD = 93
"""The method of a zip that Python's own library reads from 3.14 on."""
LOCAL_HEADER = struct.Struct("<4s22xHH")
"""What stands before a member: a signature, and at the end the lengths of its name and of further fields."""


def document(path: Path) -> Any:
    """What a JSON file holds. Raises AdvisorError."""
    return parsed(checked_file(path, most_bytes=MOST_BYTES).read_bytes(), str(path))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one a line. Raises AdvisorError naming the line."""
    with checked_file(path, most_bytes=MOST_SEALED_BYTES).open("rb") as file:
        number = 0
        while line := file.readline(MOST_LINE_BYTES + 1):
            number += 1
            where = f"{path}, line {number}"
            if len(line) > MOST_LINE_BYTES:
                raise AdvisorError(f"is longer than {MOST_LINE_BYTES / 2**20:.0f} MiB", where=where)
            if line.strip():
                found = parsed(line, where)
                if not isinstance(found, dict):
                    raise AdvisorError("is no JSON object", where=where)
                yield found


def parsed(text: bytes, where: str) -> Any:
    """The JSON value of a text. Raises AdvisorError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AdvisorError(f"is no JSON ({error})", where=where) from None


class Archive:
    """A zip of JSON files whose members are Deflate or Zstandard, and no larger than they may be."""

    def __init__(self, path: Path) -> None:
        """Raises AdvisorError for what is no zip, or unpacks to more than MOST_ZIP_BYTES."""
        self.path = checked_file(path, most_bytes=MOST_SEALED_BYTES)
        try:
            with ZipFile(path) as opened:
                self._members = {member.filename: member for member in opened.infolist()}
        except (BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise AdvisorError(f"cannot be read as a zip ({error})", where=str(path)) from None
        if sum(member.file_size for member in self._members.values()) > MOST_ZIP_BYTES:
            raise AdvisorError(f"unpacks to more than {MOST_ZIP_BYTES / 2**30:.0f} GiB", where=str(path))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the members, in order."""
        return tuple(self._members)

    def read(self, name: str) -> Any:
        """The JSON value of a member. Raises AdvisorError for a damaged one."""
        member, where = self._members[name], f"{self.path}, {name}"
        if member.file_size > MOST_LINE_BYTES:
            raise AdvisorError(f"unpacks to more than {MOST_LINE_BYTES / 2**20:.0f} MiB", where=where)
        try:
            return parsed(self._unpacked(member), where)
        except DAMAGED_MEMBER as error:
            raise AdvisorError(f"is damaged ({error})", where=where) from None

    def _unpacked(self, member: ZipInfo) -> bytes:
        if member.compress_type != ZSTANDARD:
            with ZipFile(self.path) as opened, opened.open(member) as file:
                return file.read(MOST_LINE_BYTES)
        with self.path.open("rb") as file:
            packed = _packed(file, member)
        with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
            unpacked: bytes = stream.read(member.file_size + 1)
        if len(unpacked) != member.file_size:
            raise BadZipFile(f"{member.filename} is not as long as the zip says")
        return unpacked


def _packed(file: BinaryIO, member: ZipInfo) -> bytes:
    file.seek(member.header_offset)
    signature, name_bytes, further_bytes = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    if signature != b"PK\x03\x04":
        raise BadZipFile("a member is not where the zip says")
    file.seek(name_bytes + further_bytes, 1)
    return file.read(min(member.compress_size, MOST_LINE_BYTES))
