"""Rows as they come, one JSON line a question or load, so that nothing measured is lost when a run is killed.

The journal lies hidden beside the sealed files until nothing is missing; then its rows are sealed and it is removed.
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


class Journal:
    """The file of one run; use as a context manager."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.path = folder / f".{run_id}.jsonl"
        self.target = folder / f"{run_id}.parquet"
        self.done: dict[str, list[Row]] = {}

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
        """Take up what a former run wrote; a last line that was cut short is dropped."""
        self._file.seek(0)
        whole = 0
        for line in self._file.read().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            entry = json.loads(line)
            self.done[entry["key"]] = entry["rows"]
            whole += len(line)
        self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)

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
