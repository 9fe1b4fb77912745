"""The folder here that stands for a store: where it lies, what is in it, and what of it was the same there last."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from advisor.store.folders import visible
from advisor.store.identity import digest
from advisor.store.remote import EXTRAS, Remote
from advisor.store.seal import sealed
from advisor.store.shared_names import Known, Stamp, is_shared

STATE = ".store.json"


def cache_folder() -> Path:
    """Where copies of stores lie: ADVISOR_CACHE, or the platform's folder for what can be fetched again."""
    if given := os.environ.get("ADVISOR_CACHE"):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Caches/frontier-advisor").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "frontier-advisor"


def folder_of(remote: Remote) -> Path:
    """The folder of a store; two stores of one URL at two endpoints have two."""
    protocol = EXTRAS.get(remote.protocol, remote.protocol)
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{protocol}-{remote.root.strip('/')}")[:80]
    return cache_folder() / f"{words}-{digest([protocol, remote.root, remote.endpoint])}"


def files_in(folder: Path) -> dict[str, Stamp]:
    """The shared files of the folder by name; links are not followed."""
    found = {}
    places = [*(folder / "measurements").glob("*"), folder / "profiles"]
    files = [file for place in places if place.is_dir() and not place.is_symlink() for file in visible(place, "")]
    files += (folder / "profiles" / "models").glob("*/config.json")
    for file in files:
        name = file.relative_to(folder).as_posix()
        if is_shared(name) and not file.is_symlink() and (stamp := stamp_of(file)):
            found[name] = stamp
    return found


def stamp_of(file: Path) -> Stamp | None:
    """When a file was written, and its bytes; None where there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same."""
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def read_known(folder: Path) -> dict[str, Known]:
    """What was the same here and there last; nothing where that was lost: then every file is compared once."""
    try:
        found = json.loads((folder / STATE).read_text())
        return {
            name: Known(each["version"], each["mark"], _pair(each["stamp"]), tuple(each["newer"]))
            for name, each in found.items()
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_known(folder: Path, known: Mapping[str, Known]) -> None:
    """Seal it. Raises AdvisorError where the folder cannot be written."""
    text = json.dumps({name: asdict(each) for name, each in sorted(known.items())})
    sealed(folder / STATE, lambda temporary: temporary.write_text(text))


def _pair(found: Sequence[int] | None) -> Stamp | None:
    return None if found is None else (int(found[0]), int(found[1]))
