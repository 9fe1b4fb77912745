"""Rows as they come, one JSON line a question or load, so that nothing measured is lost when a run is killed.

The journal lies hidden beside the sealed files until nothing is missing; then its rows are sealed and it is removed.
Lines that cannot be what was seen, as a damaged disk or an older version leaves them, are set aside in a file beside
it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.store.seal import sealed

Row = dict[str, Any]


def no_fault(key: str, rows: list[Row]) -> str | None:
    """For rows that need no check."""
    return None


class Journal:
    """The file of one run; use as a context manager.

    `fault` says what makes the rows of a key impossible, None where nothing does. Lines with such rows are moved to
    the file `aside`, and `set_aside` names each of them and why.
    """

    def __init__(self, folder: Path, run_id: str, fault: Callable[[str, list[Row]], str | None] = no_fault) -> None:
        self.path = folder / f".{run_id}.jsonl"
        self.aside = folder / f".{run_id}.set-aside"
        self.target = folder / f"{run_id}.parquet"
        self.done: dict[str, list[Row]] = {}
        self.set_aside: tuple[str, ...] = ()
        self._fault = fault

    def __enter__(self) -> Journal:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise AdvisorError(
                f"cannot write here ({error.strerror})",
                where=str(self.path.parent),
                hint="choose a writable --workspace",
            ) from None
        self._read()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read(self) -> None:
        """Take up what a former run wrote; a last line that was cut short is dropped, an impossible one set aside."""
        self._file.seek(0)
        kept, aside, reasons = [], [], []
        for number, line in enumerate(self._file.read().splitlines(keepends=True), 1):
            if not line.endswith(b"\n"):
                break
            entry, reason = self._entry(line)
            if entry is None:
                aside.append(line)
                reasons.append(f"{self.path}, line {number}: {reason}; set aside in {self.aside.name}")
            else:
                self.done[entry[0]] = entry[1]
                kept.append(line)
        if aside:
            self._move(b"".join(kept), b"".join(aside))
            self.set_aside = tuple(reasons)
        else:
            self._file.truncate(sum(len(line) for line in kept))
            self._file.seek(0, os.SEEK_END)

    def _entry(self, line: bytes) -> tuple[tuple[str, list[Row]] | None, str]:
        """Key and rows of a line, or None and why it has none."""
        try:
            entry = json.loads(line)
            key, rows = entry["key"], entry["rows"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None, "is no line of a journal"
        if not (isinstance(key, str) and isinstance(rows, list) and rows and all(isinstance(r, dict) for r in rows)):
            return None, "is no line of a journal"
        reason = self._fault(key, rows)
        return (None, reason) if reason else ((key, rows), "")

    def _move(self, kept: bytes, aside: bytes) -> None:
        """First what is set aside, then the journal without it: a run that is killed between them loses nothing."""
        try:
            with self.aside.open("ab") as file:
                file.write(aside)
            sealed(self.path, lambda temporary: temporary.write_bytes(kept))
            self._file.close()
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            hint = "make room, then run the same command to resume"
            raise AdvisorError(f"cannot be written ({error.strerror})", where=str(self.aside), hint=hint) from None

    def add(self, key: str, rows: list[Row]) -> None:
        """Record the rows of one question or load; they are on disk when this returns.

        Raises AdvisorError when the disk is full.
        """
        line = json.dumps({"key": key, "rows": rows}).encode() + b"\n"
        before = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(before)
            raise AdvisorError(
                f"cannot be written ({error.strerror})",
                where=str(self.path),
                hint="make room, then run the same command to resume",
            ) from None
        self.done[key] = rows

    def seal(self, write: Callable[[Path], object]) -> Path:
        """Seal the file that `write` makes of the rows, and end the journal."""
        sealed(self.target, write)
        self.path.unlink()
        return self.target
