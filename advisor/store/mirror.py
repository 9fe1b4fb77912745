"""A folder here that stands for a store that several share: brought up to date when it is opened, and back at the end.

All of the program works on the folder. What is measured is fetched once, whole, and stays; texts, which are large, are
fetched for the runs that need them. What is sealed here, and every command could read, is made in the store, never over
something that is there; the rest is kept, and the next command tries again. Where two made the same file, what is in
the store counts and ours is kept hidden beside it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from advisor.errors import AdvisorError, MissingAbility
from advisor.store.cached_copy import STATE, files_in, folder_of, read_known, same_bytes, stamp_of, write_known
from advisor.store.locks import locked
from advisor.store.readers import reader_of
from advisor.store.remote import Remote, opened
from advisor.store.seal import resealed, sealed
from advisor.store.shared_names import (
    FOLDERS,
    SAMPLES,
    TEXTS,
    Known,
    Stamp,
    There,
    highest,
    order,
    run_of,
    samples_of,
    step,
    versioned,
)
from advisor.store.versions import same_rows, understood
from advisor.units import counted

WAIT_S = 600.0
"""For another command of this machine, which may be fetching much."""
BATCH = 200
AT_ONCE = 16
MOST_ROUNDS = 20
MOST_NAMED = 3
INCOMING, REMOVED, NEWER = ".incoming-", "removed", "newer"


class Mirror:
    """The store at a URL and its folder here; opening it brings the folder up to date.

    `notes` are lines for whoever opened it. Raises AdvisorError for a URL that cannot be, a missing bucket, a damaged
    object or a folder that cannot be written, MissingAbility where the store does not answer.
    """

    def __init__(self, url: str) -> None:
        self.remote: Remote = opened(url)
        self.url = self.remote.url
        self.folder = folder_of(self.remote)
        self.notes: list[str] = []
        self.unpushed: AdvisorError | None = None
        self._waited: dict[str, Stamp] = {}
        self._unsound: set[str] = set()
        self._said: set[str] = set()
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
    def is_whole(self) -> bool:
        """Whether everything that is here is in the store, as far as is known."""
        return not dict(self._pending())

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
            pushed: list[str] = []
            try:
                pushed = self._push()
            except MissingAbility as error:
                self.notes.append(str(self._postponed(error.what)))
            self._waited = dict(self._pending())
        if pushed:
            self.notes.append(f"{_named(pushed)} in {self.url} now, as an earlier command left it to this one")
        if newer := self.newer:
            what = ", ".join(sorted({column for columns in newer.values() for column in columns}))
            why = f"a newer version of the program wrote the column {what}; `pip install --upgrade` reads it"
            self.notes.append(f"{_named(list(newer))} left out: {why}")

    def push(self) -> None:
        """Make in the store what is here and not there; where there is nothing, no request is sent.

        What cannot be is `unpushed`: it stays, and the next command tries again. Files that no command could read are
        named in `notes`, and the others are made all the same.
        """
        self.unpushed = None
        if not dict(self._pending()):
            return
        try:
            with locked(self.folder / "mirror", wait_s=WAIT_S):
                self._take()
                self._push()
        except AdvisorError as error:
            self.unpushed = self._postponed(error.what)
        else:
            if self._unsound:
                self.unpushed = self._postponed("to be mended first")

    def fetch_texts(self, runs: Collection[str]) -> None:
        """Have the texts of these runs here. Raises as the class."""
        lacking = [
            name
            for name in self._there
            if name.startswith(TEXTS) and run_of(name) in runs and not (self.folder / name).exists()
        ]
        if lacking:
            with locked(self.folder / "mirror", wait_s=WAIT_S):
                self._known = read_known(self.folder)
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

    def _postponed(self, why: str) -> MissingAbility:
        what = f"{_named(list(dict(self._pending())))} not yet in {self.url}, kept in {self.folder}: {why}"
        return MissingAbility(what, hint="the next command with this --workspace tries again")

    def _take(self) -> None:
        """What is there, here: fetched, compared, or set aside."""
        self._known = read_known(self.folder)
        self._list()
        here = files_in(self.folder)
        steps = {name: step(self._there.get(name), here.get(name), self._known.get(name)) for name in self._names(here)}
        by_step = {action: [name for name, each in steps.items() if each == action] for action in set(steps.values())}
        for name in by_step.get("forget", ()):
            self._known.pop(name, None)
        if gone := by_step.get("aside"):
            self._check_there(gone)
            self._set_aside(gone)
        fetched = [name for name in by_step.get("fetch", ()) if not self._is_distant(name, here)]
        self._fetch([*fetched, *by_step.get("compare", ())])
        self._look_again()
        write_known(self.folder, self._known)

    def _names(self, here: Iterable[str]) -> list[str]:
        return sorted({*here, *self._there, *self._known})

    def _is_distant(self, name: str, here: Collection[str]) -> bool:
        """Whether it is a text that nobody here has needed."""
        return name.startswith(TEXTS) and name not in here

    def _push(self) -> list[str]:
        """Make in the store what it lacks and every command could read; names of what was made."""
        pushed: dict[str, tuple[Stamp, int]] = {}
        self._unsound = set()
        for _ in range(MOST_ROUNDS):
            before = dict(pushed)
            try:
                refused = self._make(sorted(dict(self._pending()), key=order), pushed)
            except MissingAbility:
                if pushed != before:
                    self._settle(pushed)
                raise
            if pushed == before and not refused:
                break
            self._settle(pushed)
            if refused:
                self._take()
        return sorted(pushed)

    def _settle(self, pushed: Mapping[str, tuple[Stamp, int]]) -> None:
        """Remember what was made as the store lists it."""
        self._list()
        for name, (stamp, version) in pushed.items():
            there = self._there.get(name)
            if there and there.version == version:  # else somebody made the next one already, or took it away
                self._record(name, stamp)
        write_known(self.folder, self._known)

    def _make(self, waiting: Iterable[str], pushed: dict[str, tuple[Stamp, int]]) -> set[str]:
        """Add to `pushed` what was made, and its version; runs of which another file is there."""
        refused: set[str] = set()
        for name in waiting:
            if name.startswith(TEXTS) and (run_of(name) in refused or not self._has_samples(name, pushed)):
                continue
            stamp, there = stamp_of(self.folder / name), self._there.get(name)
            if stamp is None or not self._is_sound(name):
                continue
            version = there.version + 1 if there else 1
            if self.remote.create(versioned(name, version), self.folder / name):
                pushed[name] = (stamp, version)
            else:
                refused.add(run_of(name))
        return refused

    def _is_sound(self, name: str) -> bool:
        """Whether every command could read what is here; else a note says what is wrong, where, and how to mend it."""
        if name in self._unsound:
            return False
        try:
            if reader := reader_of(name):
                reader(self.folder / name)
        except AdvisorError as error:
            self._unsound.add(name)
            what = f"{error.what}, so {self.url} does not get {name}"
            note = str(AdvisorError(what, where=error.where, hint=error.hint))
            self.notes += {note} - self._said
            self._said.add(note)
            return False
        return True

    def _has_samples(self, text: str, pushed: Collection[str]) -> bool:
        return samples_of(text) in self._known or samples_of(text) in pushed

    def _pending(self) -> Iterator[tuple[str, Stamp]]:
        """Files that are here and, as far as is known, not there; texts once the samples that they belong to are."""
        here = files_in(self.folder)
        for name, stamp in here.items():
            known, samples = self._known.get(name), samples_of(name)
            is_orphan = name.startswith(TEXTS) and samples not in here and samples not in self._known
            if not is_orphan and (known is None or known.stamp != stamp):
                yield name, stamp

    def _list(self) -> None:
        found = self.remote.listing(*FOLDERS)
        self._there = highest((name, each.size, each.mark, each.made_s) for name, each in found.items())

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
            write_known(self.folder, self._known)
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
        if target.exists() and same_bytes(file, target):
            self._record(name, stamp_of(target))
            return
        newer = understood(file, name.split("/")[1], where) if name.endswith(".parquet") else ()
        if newer:
            kept = self.folder / NEWER / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, kept)
            self._record(name, stamp_of(target), newer)
            return
        os.utime(file, ns=(now_ns, now_ns))
        if target.exists():
            self._replace(name, file, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)
        self._record(name, stamp_of(target))

    def _replace(self, name: str, file: Path, target: Path) -> None:
        """What is there takes the place of what is here, which is kept hidden beside it where it differs."""
        known = self._known.get(name)
        ours = known is None or known.stamp != stamp_of(target)
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

    def _check_there(self, gone: Sequence[str]) -> None:
        """Raises AdvisorError where all is gone at once: more likely another endpoint than a store that was emptied."""
        if not self._there:
            what = f"holds nothing; {counted(len(gone), 'file')} of it lie in {self.folder}"
            hint = "check the URL and its endpoint, or delete that folder to begin anew"
            raise AdvisorError(what, where=self.url, hint=hint)

    def _set_aside(self, names: Sequence[str]) -> None:
        for name in names:
            kept = self.folder / REMOVED / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.folder / name, kept)
            self._known.pop(name, None)
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
                self._known[name] = Known(known.version, known.mark, stamp_of(target))

    def _record(self, name: str, stamp: Stamp | None, newer: tuple[str, ...] = ()) -> None:
        if there := self._there.get(name):
            self._known[name] = Known(there.version, there.mark, stamp, newer)


def _named(names: Sequence[str]) -> str:
    """`2 files (a, b) are`"""
    shown = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    return f"{counted(len(names), 'file')} ({shown}) {'is' if len(names) == 1 else 'are'}"
