"""Who draws what: claims in a store, so that two people do not draw the same answers at once.

A claim is a row of numbered objects, claims/NAME/000000001.json and so on, each made only where it is not there yet;
the highest says how it stands. Its holder makes the next number every few seconds. Whoever finds a number that stays
the highest while a time passes on his own monotonic clock takes it that its holder is gone, and makes the next number:
of several who try one succeeds. No two clocks are compared. A holder who comes back finds the number taken.

Claims save tokens; that nothing is lost or doubled rests on files that are never overwritten.
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError, NoAnswer
from advisor.store.locks import locked
from advisor.store.remote import Remote

BEAT_S = 5.0
"""A holder makes the next number this often."""
GONE_S = 30.0
"""A number that stays the highest for so long is that of a holder who is gone."""
LOOK_S = 1.0
FOLDER = "claims"
BLIND = "so two who begin to draw the same at the same moment may not see each other"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a claim stands. `place` tells mirrors apart; `since`, by the holder's clock, is shown and not compared."""

    holder: str
    who: str = "somebody"
    place: str = ""
    since: str = ""
    done: int = 0
    of: int = 0
    ended: bool = False

    def __str__(self) -> str:
        so_far = f", {self.done} of {self.of} questions so far" if self.of else ""
        return f"{self.who} draws this{f' since {self.since} by the clock there' if self.since else ''}{so_far}"


@dataclass(slots=True)
class Claim:
    """A claim that is held: whoever draws counts what is done, and looks whether it is `lost` to somebody else."""

    remote: Remote
    name: str
    standing: Standing
    number: int
    lost: Standing | None = None
    notes: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, done: int, of: int) -> None:
        """Say how far it is. Raises NoAnswer where somebody else has taken it over."""
        self.standing = replace(self.standing, done=done, of=of)
        if self.lost:
            what = f"{self.lost}: it was taken over while the store could not be reached from here"
            raise NoAnswer(what, where=self.remote.url, hint="what was drawn here is kept; run the same command later")

    def beat(self) -> None:
        """Make the next number every few seconds, until the claim ends or is lost."""
        while not self.stop.wait(BEAT_S) and self.lost is None:
            with contextlib.suppress(AdvisorError):  # the store is away: drawing goes on, and the end says so
                self._advance(self.standing)

    def end(self) -> None:
        """Let others have it at once."""
        if self.lost is None:
            with contextlib.suppress(AdvisorError):  # others take it over, once they have waited
                self._advance(replace(self.standing, ended=True))

    def _advance(self, standing: Standing) -> None:
        found = _made(self.remote, self.name, self.number + 1, standing)
        if found is None:
            self.number += 1
            _clear(self.remote, self.name, self.number)
        else:
            self.lost = found


@contextlib.contextmanager
def claimed(remote: Remote, name: str, place: str, folder: Path) -> Iterator[Claim]:
    """Hold the claim on a name; `place` is that of the mirror, `folder` has its locks.

    Raises NoAnswer where somebody else holds it, AdvisorError where a process of this machine does, MissingAbility
    where the store cannot be written or does not answer.
    """
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    with locked(folder / name):
        claim = _taken(remote, name, Standing(os.urandom(8).hex(), _who(), place, now))
        beats = threading.Thread(target=claim.beat, daemon=True)
        beats.start()
        try:
            yield claim
        finally:
            claim.stop.set()
            beats.join(timeout=GONE_S)  # two threads would make the same number
            claim.end()


def _taken(remote: Remote, name: str, mine: Standing) -> Claim:
    while True:
        number, standing = _highest(remote, name)
        gone = standing if standing and not standing.ended else None
        if gone and gone.place != mine.place:  # one of this place has no process: its lock is ours
            _wait_until_gone(remote, name, number)
        if _made(remote, name, number + 1, mine) is None:
            claim = Claim(remote, name, mine, number + 1)
            if gone:
                claim.notes.append(f"{gone}; nothing was heard of that any more, so it is taken over")
            if not remote.is_conditional:
                claim.notes.append(f"{remote.protocol}:// looks first and writes then, {BLIND}")
            elif remote.create(_object(name, number + 1), _packed(replace(mine, done=-1))):
                claim.notes.append(f"{remote.url} overwrites what has to be made once, {BLIND}")
            _clear(remote, name, claim.number)
            return claim


def _wait_until_gone(remote: Remote, name: str, number: int) -> None:
    """Return when the number stayed the highest for GONE_S on our clock. Raises NoAnswer where another follows."""
    until_s = time.monotonic() + GONE_S
    while time.monotonic() < until_s:
        time.sleep(LOOK_S)
        latest, standing = _highest(remote, name)
        if standing is not None and standing.ended:
            return
        if latest != number:
            hint = "wait until it is done, or draw others with another --seed"
            raise NoAnswer(str(standing or "somebody draws this"), where=remote.url, hint=hint)


def _highest(remote: Remote, name: str) -> tuple[int, Standing | None]:
    """The highest number and what it says; 0 and None where nobody has claimed."""
    while numbers := _numbers(remote, name):
        if (content := remote.read(_object(name, numbers[-1]))) is not None:
            return numbers[-1], _standing(content)
    return 0, None


def _made(remote: Remote, name: str, number: int, standing: Standing) -> Standing | None:
    """None where the number is the holder's own and the highest; else what the highest says."""
    mine = remote.create(_object(name, number), _packed(standing))
    latest, found = _highest(remote, name)
    if mine and latest == number:
        return None
    if latest == number and found is not None and found.holder == standing.holder:  # made before, the answer was lost
        return None
    return found or Standing("")


def _clear(remote: Remote, name: str, number: int) -> None:
    """Take away lower numbers; the highest stays for ever, so that no number is made twice."""
    for lower in _numbers(remote, name):
        if lower < number:
            remote.remove(_object(name, lower))


def _numbers(remote: Remote, name: str) -> list[int]:
    found = (each.removesuffix(".json") for each in remote.names(f"{FOLDER}/{name}"))
    return sorted(int(each) for each in found if each.isdecimal() and each.isascii())


def _object(name: str, number: int) -> str:
    return f"{FOLDER}/{name}/{number:09}.json"


def _packed(standing: Standing) -> bytes:
    return json.dumps({each: getattr(standing, each) for each in Standing.__slots__}).encode()


def _standing(content: bytes) -> Standing:
    """What a claim says; of one that is damaged, that somebody has it."""
    try:
        found: dict[str, Any] = json.loads(content)
        known = {name: type(getattr(Standing(""), name)) for name in Standing.__slots__}
        return Standing(**{name: kind(found[name]) for name, kind in known.items() if name in found})
    except (ValueError, TypeError):
        return Standing("")


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
