"""Write a whole file or nothing: a temporary name beside the target, then a rename."""

from __future__ import annotations

import contextlib
import csv
import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from advisor.errors import AdvisorError, MissingAbility
from advisor.store.folders import entries
from advisor.store.locks import POLL_S, release, take
from advisor.tables import texts

FULL = {os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT)}
"""Reasons that room on the disk mends."""


def sealed(target: Path, write: Callable[[Path], object]) -> Path:
    """Call `write` on a temporary path, then rename it to `target`, which never exists half written.

    What killed processes left half written beside it is removed. Raises AdvisorError where the folder cannot be
    written, MissingAbility where its disk is full.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        with _held(temporary):
            write(temporary)
            _to_disk(temporary)
            os.replace(temporary, target)
            _to_disk(target.parent)
    except (OSError, duckdb.IOException) as error:
        raise _unwritable(target, error) from None
    return target


def check_writable(target: Path) -> None:
    """Try what `sealed` will need, before work whose result could not be kept; leaves nothing behind.

    Raises as `sealed` does.
    """
    there = next(folder for folder in target.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
    except OSError as error:
        raise _unwritable(target, error) from None


def _unwritable(target: Path, error: OSError | duckdb.IOException) -> AdvisorError:
    what = f"cannot write here ({_reason(error)})"
    if _reason(error) in FULL:
        return MissingAbility(what, where=str(target), hint="make room")
    hint = "choose a folder that can be written, --workspace for measurements"
    return AdvisorError(what, where=str(target), hint=hint)


def resealed(target: Path, write: Callable[[Path], object]) -> Path:
    """Seal a file anew; where the former one is kept, hidden beside it. Raises AdvisorError as `sealed` does."""
    former = _next_former(target)
    sealed(former, lambda temporary: shutil.copyfile(target, temporary))
    sealed(target, write)
    return former


def set_aside(target: Path) -> Path:
    """Hide a file among its former ones, of which it is the last. Raises AdvisorError where that cannot be."""
    former = _next_former(target)
    try:
        os.replace(target, former)
    except OSError as error:
        raise _unwritable(target, error) from None
    return former


def _next_former(target: Path) -> Path:
    names = (target.with_name(f".{target.stem}.former-{n}{target.suffix}") for n in count(1))
    return next(path for path in names if not path.exists())


def formers(target: Path) -> list[Path]:
    """Files that were sealed anew under the target's name, as they were."""
    ours = re.compile(rf"\.{re.escape(target.stem)}\.former-\d+{re.escape(target.suffix)}")
    return [file for file in entries(target.parent) if ours.fullmatch(file.name)]


@contextlib.contextmanager
def _held(temporary: Path) -> Iterator[None]:
    """Keep the file locked while it is written, so that others see that it is not left over; remove what is left."""
    while (file := take(temporary)) is None:
        time.sleep(POLL_S)  # another thread writes it, or somebody looks whether it is left over
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        release(file)


def _sweep(target: Path) -> None:
    """Remove what was left of other files of the target's kind: our temporary files that no living process has locked.

    That a process id is used again does not matter; files of other programs are left alone.
    """
    ours = re.compile(rf"\..+{re.escape(target.suffix)}\.\d+\.tmp")
    for left in target.parent.glob(".*.tmp"):
        if not ours.fullmatch(left.name):
            continue
        with contextlib.suppress(OSError):
            if (file := take(left, os.O_RDWR)) is not None:
                left.unlink(missing_ok=True)
                release(file)


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a loss of power."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _reason(error: OSError | duckdb.IOException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if number := re.search(r'"errno":"(\d+)"', str(error)):
        return os.strerror(int(number[1]))
    return str(error).splitlines()[0].rpartition(": ")[2]


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """A CSV table of rows of one type, numbers with six significant digits; without rows there is no file.

    Raises AdvisorError where it cannot be written.
    """
    if not rows:
        path.unlink(missing_ok=True)
        return

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            lines = texts(rows)
            writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)

    sealed(path, write)
