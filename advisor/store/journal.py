"""Rows as they come, so that nothing measured is lost when a run is killed.

The journal is a file of JSON lines, hidden beside the sealed files until nothing is missing; then its rows are sealed
and it is removed. A line is one of three things:

    {"opened": …}         a process began to write here, `about` a run; `s` in what follows is seconds since then
    {"part": …, "of": …}  one step of the work on a question that is not finished, a completion for example
    {"key": …, "rows": …} what one question or load came to, with the texts of its rows where they are kept

Lines that cannot be what was seen, as a damaged disk or an older version leaves them, are set aside in a file beside
it.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.store.locks import locked
from advisor.store.seal import sealed

Row = dict[str, Any]
Place = tuple[int, int]
"""Where a line begins in the file, and its length in bytes."""

SYNC_EVERY_S = 1.0
"""Parts are forced to the disk this often: a kill loses none, a power cut those of a second."""


def no_fault(key: str, rows: list[Row]) -> str | None:
    """For rows that need no check."""
    return None


class Journal:
    """The file of one run; use as a context manager, which one process at a time can enter.

    `fault` says what makes the rows of a key impossible, None where nothing does. Lines with such rows are moved to
    the file `aside`, and `set_aside` names each of them and why. `begun_s` is when the work of this process began, on
    the clock of time.monotonic; `about` are columns that say what the run is before anything of it is finished.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        fault: Callable[[str, list[Row]], str | None] = no_fault,
        begun_s: float | None = None,
        about: Row | None = None,
    ) -> None:
        self.path = folder / f".{run_id}.jsonl"
        self.aside = folder / f".{run_id}.set-aside"
        self.target = folder / f"{run_id}.parquet"
        self.done: dict[str, list[Row]] = {}
        self.set_aside: tuple[str, ...] = ()
        self.earlier_s = 0.0
        """Seconds that earlier processes worked on this run."""
        self._begun_s = time.monotonic() if begun_s is None else begun_s
        self._synced_s = self._begun_s
        self._fault = fault
        self._about = about or {}
        self._lines: dict[str, Place] = {}
        self._parts: dict[str, dict[str, Place]] = {}

    def __enter__(self) -> Journal:
        with ExitStack() as opened:
            opened.enter_context(locked(self.path))
            try:
                self._file = self.path.open("a+b", buffering=0)
            except OSError as error:
                what = f"cannot write here ({error.strerror})"
                raise AdvisorError(what, where=str(self.path.parent), hint="choose a writable --workspace") from None
            opened.callback(lambda: self._file.close())
            self._read()
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            self._write({"opened": now, "about": self._about})
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def spent_s(self) -> float:
        """Seconds of work on this run, those of earlier processes included."""
        return self.earlier_s + time.monotonic() - self._begun_s

    def _read(self) -> None:
        """Take up what a former run wrote; a last line that was cut short is dropped, an impossible one set aside."""
        kept, aside, reasons, at, session_s = set[int](), [], [], 0, 0.0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                entry, reason = self._entry(line)
                if entry is None:
                    aside.append(line)
                    reasons.append(f"{self.path}, line {number}: {reason}; set aside in {self.aside.name}")
                    continue
                kept.add(number)
                if "opened" in entry:
                    self.earlier_s, session_s = self.earlier_s + session_s, 0.0
                else:
                    self._take(entry, (at, len(line)))
                    session_s = max(session_s, _seconds(entry))
                at += len(line)
        self.earlier_s += session_s
        if aside:
            self.set_aside = tuple(reasons)
            self._move(aside, kept)
        else:
            self._file.truncate(at)

    def _entry(self, line: bytes) -> tuple[Row | None, str]:
        """What a line holds, or None and why it is no line of a journal."""
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return None, "is no line of a journal"
        if not isinstance(entry, dict):
            return None, "is no line of a journal"
        if "opened" in entry or (isinstance(entry.get("part"), str) and isinstance(entry.get("of"), str)):
            return entry, ""
        key, rows = entry.get("key"), entry.get("rows")
        if not (isinstance(key, str) and isinstance(rows, list) and rows and all(isinstance(r, dict) for r in rows)):
            return None, "is no line of a journal"
        reason = self._fault(key, rows)
        return (None, reason) if reason else (entry, "")

    def _take(self, entry: Row, place: Place) -> None:
        if "part" in entry:
            self._parts.setdefault(entry["of"], {})[entry["part"]] = place
            return
        self.done[entry["key"]] = entry["rows"]
        self._lines[entry["key"]] = place
        if not is_failure(entry["rows"]):
            self._parts.pop(entry["key"], None)

    def _move(self, aside: list[bytes], kept: set[int]) -> None:
        """First what is set aside, then the journal without it: a run that is killed between them loses nothing."""

        def write(temporary: Path) -> None:
            with self.path.open("rb") as old, temporary.open("wb") as new:
                new.writelines(line for number, line in enumerate(old, 1) if number in kept)

        try:
            with self.aside.open("ab") as file:
                file.write(b"".join(aside))
            sealed(self.path, write)
            self._file.close()
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            hint = "make room, then run the same command to resume"
            raise AdvisorError(f"cannot be written ({error.strerror})", where=str(self.aside), hint=hint) from None

    def add(self, key: str, rows: list[Row], texts: list[Row] | None = None) -> None:
        """Record the rows of one question or load, and their texts; they are on disk when this returns.

        Raises AdvisorError when the disk is full.
        """
        entry = {"key": key, "rows": rows} | ({} if texts is None else {"texts": texts})
        self._take(entry, self._write(entry | self._now(), sync=True))

    def add_part(self, key: str, part: str, value: object) -> None:
        """Record a step of the work on a question that is not finished, so that it need not be done again.

        Raises as `add`.
        """
        entry = {"part": part, "of": key, "value": value}
        self._take(entry, self._write(entry | self._now()))

    def part(self, key: str, part: str) -> Any:
        """What was recorded of a question that is not finished, None where nothing was."""
        place = self._parts.get(key, {}).get(part)
        return None if place is None else self._line(place).get("value")

    def texts(self, key: str) -> list[Row]:
        """The texts of a question, none where they were not kept."""
        return self._line(self._lines[key]).get("texts") or []

    def _line(self, place: Place) -> Row:
        at, length = place
        found: Row = json.loads(os.pread(self._file.fileno(), length, at))
        return found

    def _now(self) -> Row:
        return {"s": round(time.monotonic() - self._begun_s, 2)}

    def _write(self, entry: Row, *, sync: bool = False) -> Place:
        """Append a line; returns where it is."""
        line = json.dumps(entry).encode() + b"\n"
        before = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync or time.monotonic() - self._synced_s > SYNC_EVERY_S:
                os.fsync(self._file.fileno())
                self._synced_s = time.monotonic()
        except OSError as error:
            self._file.truncate(before)
            raise AdvisorError(
                f"cannot be written ({error.strerror})",
                where=str(self.path),
                hint="make room, then run the same command to resume",
            ) from None
        return before, len(line)

    def seal(self, write: Callable[[Path], object]) -> Path:
        """Seal the file that `write` makes of the rows, and end the journal."""
        sealed(self.target, write)
        self.path.unlink(missing_ok=True)  # another process may have seen the sealed file first
        return self.target


def is_failure(rows: list[Row]) -> bool:
    """Whether the rows of a key say that its requests failed, so that it is to be done again."""
    return rows[0].get("finish_reason") == "error"


def _seconds(entry: Row) -> float:
    found = entry.get("s")
    return float(found) if isinstance(found, int | float) and found >= 0 else 0.0
