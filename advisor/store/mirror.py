"""A folder here that stands for a store that several share: brought up to date when it is opened, and back at the end.

All of the program works on the folder. What is measured is fetched once, whole, and stays; texts, which are large, are
fetched for the runs that need them. What is sealed here is made in the store, never over something that is there; what
could not be is kept, and the next command tries again. Where two made the same file, what is in the store counts and
ours is kept hidden beside it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from advisor.errors import AdvisorError, MissingAbility
from advisor.store.folders import visible
from advisor.store.identity import digest
from advisor.store.locks import locked
from advisor.store.remote import EXTRAS, Remote, opened
from advisor.store.seal import resealed, sealed
from advisor.store.shared_names import (
    FOLDERS,
    SAMPLES,
    TEXTS,
    Known,
    Stamp,
    There,
    highest,
    is_shared,
    run_of,
    step,
    versioned,
)
from advisor.store.versions import readable, same_rows, understood
from advisor.units import counted

WAIT_S = 600.0
"""For another command of this machine, which may be fetching much."""
BATCH = 200
AT_ONCE = 16
MOST_ROUNDS = 20
MOST_NAMED = 3
STATE, INCOMING, REMOVED, NEWER = ".store.json", ".incoming-", "removed", "newer"


def cache_folder() -> Path:
    """Where copies of stores lie: ADVISOR_CACHE, or the platform's folder for what can be fetched again."""
    if given := os.environ.get("ADVISOR_CACHE"):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Caches/frontier-advisor").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "frontier-advisor"


class Mirror:
    """The store at a URL and its folder here; opening it brings the folder up to date.

    `notes` are lines for whoever opened it. Raises AdvisorError for a URL that cannot be, a missing bucket, a damaged
    object or a folder that cannot be written, MissingAbility where the store does not answer.
    """

    def __init__(self, url: str) -> None:
        self.remote: Remote = opened(url)
        self.url = self.remote.url
        protocol = EXTRAS.get(self.remote.protocol, self.remote.protocol)
        words = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{protocol}-{self.remote.root.strip('/')}")[:80]
        self.folder = cache_folder() / f"{words}-{digest([protocol, self.remote.root, self.remote.endpoint])}"
        self.notes: list[str] = []
        self.unpushed: AdvisorError | None = None
        self._waited: dict[str, Stamp] = {}
        self._known: dict[str, Known] = {}
        self._there: dict[str, There] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"cannot be written ({error.strerror})"
            raise AdvisorError(what, where=str(self.folder), hint="set ADVISOR_CACHE to another folder") from None
        try:
            self.pull()
        except MissingAbility as error:
            if not (self.folder / STATE).exists():
                raise
            hint = f"{error.hint}; --workspace {self.folder} is the copy as it was last"
            raise MissingAbility(error.what, where=error.where, hint=hint) from error

    @property
    def is_empty(self) -> bool:
        """Whether nothing is recorded yet."""
        return not self._known

    @property
    def is_behind(self) -> bool:
        """Whether something that was recorded since it was opened is not in the store."""
        return any(self._waited.get(name) != stamp for name, stamp in self._pending())

    @property
    def newer(self) -> dict[str, tuple[str, ...]]:
        """Files that are left out, by name, and the columns for which they are."""
        return {name: known.newer for name, known in self._known.items() if known.newer}

    @property
    def place(self) -> str:
        """What tells this folder from those of others."""
        file = self.folder / ".place"
        if not file.exists():
            sealed(file, lambda temporary: temporary.write_text(os.urandom(8).hex()))
        return file.read_text()

    def pull(self) -> None:
        """Bring the folder up to date, and make in the store what earlier commands could not. Raises as the class."""
        with locked(self.folder / "mirror", wait_s=WAIT_S):
            for left in self.folder.glob(f"{INCOMING}*"):
                shutil.rmtree(left, ignore_errors=True)
            self._take()
            try:
                pushed = self._push()
            except MissingAbility as error:
                self._waited = dict(self._pending())
                self.notes.append(str(self._postponed(error)))
                return
        if pushed:
            self.notes.append(f"{_named(pushed)} in {self.url} now, as an earlier command left it to this one")
        if newer := self.newer:
            what = ", ".join(sorted({column for columns in newer.values() for column in columns}))
            why = f"a newer version of the program wrote the column {what}; `pip install --upgrade` reads it"
            self.notes.append(f"{_named(list(newer))} left out: {why}")

    def push(self) -> None:
        """Make in the store what is here and not there; where there is nothing, no request is sent.

        What cannot be is `unpushed`: it stays, and the next command tries again.
        """
        self.unpushed = None
        if not dict(self._pending()):
            return
        try:
            with locked(self.folder / "mirror", wait_s=WAIT_S):
                self._take()
                self._push()
        except AdvisorError as error:
            self.unpushed = self._postponed(error)

    def fetch_texts(self, runs: Collection[str]) -> None:
        """Have the texts of these runs here. Raises as the class."""
        lacking = [
            name
            for name in self._there
            if name.startswith(TEXTS) and run_of(name) in runs and not (self.folder / name).exists()
        ]
        if lacking:
            with locked(self.folder / "mirror", wait_s=WAIT_S):
                self._read_state()
                self._fetch(name for name in lacking if not (self.folder / name).exists())

    def distant_texts(self) -> tuple[str, ...]:
        """Runs whose texts are in the store and not here."""
        return tuple(
            run_of(name) for name in self._there if name.startswith(TEXTS) and not (self.folder / name).exists()
        )

    def distant_text_rows(self) -> dict[str, int]:
        """How many texts of these runs there are, read off the last bytes of each file. Raises MissingAbility."""
        names = {run: f"{TEXTS}{run}.parquet" for run in self.distant_texts()}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(names, pool.map(self.remote.rows, names.values()), strict=True))

    def _postponed(self, error: AdvisorError) -> MissingAbility:
        what = f"{_named(list(dict(self._pending())))} not yet in {self.url}, kept in {self.folder}: {error.what}"
        return MissingAbility(what, hint="the next command with this --workspace tries again")

    def _take(self) -> None:
        """What is there, here: fetched, compared, or set aside."""
        self._read_state()
        self._list()
        here = self._here()
        steps = {name: step(self._there.get(name), here.get(name), self._known.get(name)) for name in self._names(here)}
        by_step = {action: [name for name, each in steps.items() if each == action] for action in set(steps.values())}
        for name in by_step.get("forget", ()):
            self._known.pop(name, None)
        self._set_aside(by_step.get("aside", ()))
        fetched = [name for name in by_step.get("fetch", ()) if not self._is_distant(name, here)]
        self._fetch([*fetched, *by_step.get("compare", ())])
        self._look_again()
        self._write_state()

    def _names(self, here: Iterable[str]) -> list[str]:
        return sorted({*here, *self._there, *self._known})

    def _is_distant(self, name: str, here: Collection[str]) -> bool:
        """Whether it is a text that nobody here has needed."""
        return name.startswith(TEXTS) and name not in here

    def _push(self) -> list[str]:
        """Make in the store what it lacks, samples before their texts: who made the samples made the run."""
        pushed: dict[str, tuple[Stamp, int]] = {}
        for _ in range(MOST_ROUNDS):
            waiting = sorted(dict(self._pending()), key=lambda name: (not name.startswith(SAMPLES), name))
            if not waiting:
                break
            refused = self._make(waiting, pushed)
            if not pushed and not refused:
                break
            self._list()
            for name, (stamp, version) in pushed.items():
                if self._there[name].version == version:  # else somebody made the next one already
                    self._record(name, stamp)
            self._write_state()
            if refused:
                self._take()
        return sorted(pushed)

    def _make(self, waiting: Iterable[str], pushed: dict[str, tuple[Stamp, int]]) -> set[str]:
        """Add to `pushed` what was made, and its version; runs of which another file is there."""
        refused: set[str] = set()
        for name in waiting:
            if name.startswith(TEXTS) and (run_of(name) in refused or not self._has_samples(name, pushed)):
                continue
            stamp, there = _stamp(self.folder / name), self._there.get(name)
            if stamp is None or not self._is_sound(name):
                continue
            version = there.version + 1 if there else 1
            if self.remote.create(versioned(name, version), self.folder / name):
                pushed[name] = (stamp, version)
            else:
                refused.add(run_of(name))
        return refused

    def _is_sound(self, name: str) -> bool:
        """Whether what is here may go to others: a damaged file stays, and a note says so."""
        try:
            if name.endswith(".parquet"):
                readable(self.folder / name)
        except AdvisorError as error:
            note = f"{self.folder / name} {error.what}, and is not made in {self.url}; move it away"
            self.notes += [] if note in self.notes else [note]
            return False
        return True

    def _has_samples(self, text: str, pushed: Collection[str]) -> bool:
        samples = f"{SAMPLES}{run_of(text)}.parquet"
        return samples in self._known or samples in pushed

    def _pending(self) -> Iterator[tuple[str, Stamp]]:
        """Files that are here and, as far as is known, not there."""
        for name, stamp in self._here().items():
            known = self._known.get(name)
            if known is None or known.stamp != stamp:
                yield name, stamp

    def _list(self) -> None:
        found = self.remote.listing(*FOLDERS)
        self._there = highest((name, each.size, each.mark, each.made_s) for name, each in found.items())

    def _here(self) -> dict[str, Stamp]:
        found = {}
        places = [*(self.folder / "measurements").glob("*"), self.folder / "profiles"]
        files = [file for place in places if place.is_dir() and not place.is_symlink() for file in visible(place, "")]
        files += (self.folder / "profiles" / "models").glob("*/config.json")
        for file in files:
            name = file.relative_to(self.folder).as_posix()
            if is_shared(name) and not file.is_symlink() and (stamp := _stamp(file)):
                found[name] = stamp
        return found

    def _fetch(self, names: Iterable[str]) -> None:
        """Copy objects beside the folder first: no file is ever half there."""
        every, damaged = list(names), list[AdvisorError]()
        for begin in range(0, len(every), BATCH):
            batch = sorted(every[begin : begin + BATCH], key=lambda name: self._there[name].made_s)
            with tempfile.TemporaryDirectory(prefix=INCOMING, dir=self.folder) as staging:
                staged = [Path(staging) / str(number) for number in range(len(batch))]
                self.remote.fetch([versioned(name, self._there[name].version) for name in batch], staged)
                # by the store's clock the order of two verdicts of one draw, by ours that they are newer than our fits
                now_ns = time.time_ns()
                for number, (name, file) in enumerate(zip(batch, staged, strict=True)):
                    try:
                        self._receive(name, file, now_ns + number)
                    except MissingAbility:
                        raise
                    except AdvisorError as error:
                        damaged.append(error)
            self._write_state()
        if damaged:
            others = f", and so {_named([str(each.where) for each in damaged[1:]])}" if damaged[1:] else ""
            raise AdvisorError(f"{damaged[0].what}{others}", where=damaged[0].where, hint=damaged[0].hint)

    def _receive(self, name: str, file: Path, now_ns: int) -> None:
        """Put a fetched file where it belongs. Raises AdvisorError for a damaged one, which is not taken."""
        there, target = self._there[name], self.folder / name
        where = f"{self.url}/{versioned(name, there.version)}"
        if file.stat().st_size != there.size:
            what = f"changed while it was fetched: {there.size} bytes listed, {file.stat().st_size} came"
            raise MissingAbility(what, where=where, hint="run the same command again")
        if target.exists() and _same_bytes(file, target):
            self._record(name, _stamp(target))
            return
        newer = understood(file, name.split("/")[1], where) if name.endswith(".parquet") else ()
        if newer:
            kept = self.folder / NEWER / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, kept)
            self._record(name, _stamp(target), newer)
            return
        os.utime(file, ns=(now_ns, now_ns))
        if target.exists():
            self._replace(name, file, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)
        self._record(name, _stamp(target))

    def _replace(self, name: str, file: Path, target: Path) -> None:
        """What is there takes the place of what is here, which is kept hidden beside it where it differs."""
        known = self._known.get(name)
        ours = known is None or known.stamp != _stamp(target)
        if ours and name.endswith(".parquet") and same_rows(file, target):
            os.replace(file, target)
            return
        former = resealed(target, lambda temporary: shutil.copyfile(file, temporary))
        if not ours:
            return
        self.notes.append(f"{name}: another one was in {self.url} first and counts; ours is kept as {former}")
        text = f"{TEXTS}{run_of(name)}.parquet"
        if name.startswith(SAMPLES) and text not in self._known and (self.folder / text).exists():
            os.replace(self.folder / text, (self.folder / text).with_name(former.name))

    def _set_aside(self, names: Sequence[str]) -> None:
        for name in names:
            kept = self.folder / REMOVED / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.folder / name, kept)
            self._known.pop(name, None)
        if names:
            self.notes.append(f"{_named(names)} no longer in {self.url}; kept in {self.folder / REMOVED}")

    def _look_again(self) -> None:
        """Take files that a newer version wrote, once this version knows their columns."""
        for name, known in list(self._known.items()):
            kept = self.folder / NEWER / name
            if known.newer and kept.exists() and not understood(kept, name.split("/")[1], str(kept)):
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(kept, target)
                os.utime(target)
                self._known[name] = Known(known.version, known.mark, _stamp(target))

    def _record(self, name: str, stamp: Stamp | None, newer: tuple[str, ...] = ()) -> None:
        if there := self._there.get(name):
            self._known[name] = Known(there.version, there.mark, stamp, newer)

    def _read_state(self) -> None:
        try:
            found = json.loads((self.folder / STATE).read_text())
            self._known = {
                name: Known(each["version"], each["mark"], _pair(each["stamp"]), tuple(each["newer"]))
                for name, each in found.items()
            }
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):  # then every file is compared once
            self._known = {}

    def _write_state(self) -> None:
        text = json.dumps({name: asdict(known) for name, known in sorted(self._known.items())})
        sealed(self.folder / STATE, lambda temporary: temporary.write_text(text))


def _pair(found: Sequence[int] | None) -> Stamp | None:
    return None if found is None else (int(found[0]), int(found[1]))


def _stamp(file: Path) -> Stamp | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def _same_bytes(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def _named(names: Sequence[str]) -> str:
    """`2 files (a, b) are`"""
    shown = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    return f"{counted(len(names), 'file')} ({shown}) {'is' if len(names) == 1 else 'are'}"
