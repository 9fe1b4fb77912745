"""Files that users name: only regular ones are opened, and none without a bound.

A pipe would be waited for, a device read for ever, a file of gigabytes would fill the memory: each is refused at once.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError

MOST_BYTES = 100_000_000
"""Of a file that is read as a whole: a table, a task, a report; a thousand times what is usual."""
MOST_SEALED_BYTES = 20_000_000_000
"""Of a file of answers, which is read as a stream."""
MOST_ROWS = 20_000_000
"""Of a Parquet file: few bytes can stand for many equal rows."""
KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "is a folder, not a file"),
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
)


def checked_file(
    path: Path, *, where: str = "", hint: str = "", missing: str = "no such file", most_bytes: int = MOST_BYTES
) -> Path:
    """The path of a regular file of at most so many bytes.

    Raises AdvisorError, with the text `missing` where nothing is there.
    """
    where = where or str(path)
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no path can have a NUL
        raise AdvisorError(missing, where=where, hint=hint) from None
    except OSError as error:
        raise AdvisorError(f"cannot be read ({error.strerror})", where=where, hint=hint) from None
    if not stat.S_ISREG(found.st_mode):
        what = next((words for is_kind, words in KINDS if is_kind(found.st_mode)), "is no file")
        raise AdvisorError(what, where=where, hint=hint)
    if found.st_size > most_bytes:
        what = f"has {found.st_size:,} bytes, more than the {most_bytes:,} that are read"
        raise AdvisorError(what, where=where, hint=hint or "give a smaller file")
    return path


def read_text(path: Path, *, where: str = "", hint: str = "", missing: str = "no such file") -> str:
    """A whole file in UTF-8. Raises AdvisorError."""
    checked_file(path, where=where, hint=hint, missing=missing)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else f"it is no UTF-8: {error}"
        raise AdvisorError(f"cannot be read ({why})", where=where or str(path), hint=hint) from None


def parse_json(text: str, *, where: str, hint: str = "") -> Any:
    """What a text says in JSON. Raises AdvisorError, also where it is nested too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise AdvisorError("is no JSON (it is nested too deep)", where=where, hint=hint) from None
    except ValueError as error:
        raise AdvisorError(f"is no JSON ({error})", where=where, hint=hint) from None


def read_json(path: Path, *, hint: str = "", missing: str = "no such file") -> Any:
    """What a file says in JSON. Raises AdvisorError."""
    return parse_json(read_text(path, hint=hint, missing=missing), where=str(path), hint=hint)


def checked_parquet(path: Path, *, hint: str = "", most_bytes: int = MOST_SEALED_BYTES) -> Path:
    """The path of a Parquet file whose rows fit in memory, by what the file itself says of them.

    Raises AdvisorError.
    """
    checked_file(path, hint=hint, most_bytes=most_bytes)
    from pyarrow import ArrowException, parquet

    try:
        footer = parquet.read_metadata(path)
        n_bytes = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    except (OSError, ArrowException) as error:
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise AdvisorError(f"cannot be read ({line})", where=str(path), hint=hint) from None
    if footer.num_rows > MOST_ROWS or n_bytes > most_bytes:
        what = f"has {footer.num_rows:,} rows of {n_bytes:,} bytes, more than are read"
        raise AdvisorError(what, where=str(path), hint=hint or "give a smaller file")
    return path
