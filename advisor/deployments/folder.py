"""A folder of files that is written whole or not at all, and never over what somebody changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.printable import is_printable

MANIFEST = ".advisor-deploy.json"
"""Names of the files that were written, with the SHA-256 of each."""
HINT = "name a new folder, or move this one away"


def checked_folder(path: Path, *, where: str) -> None:
    """Raises AdvisorError for a folder that may not be replaced: one with anything but unchanged files of ours."""
    if not is_printable(str(path)):
        raise AdvisorError("is no name of a folder", where=where, hint="leave out what no screen shows")
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise AdvisorError("is no folder", where=where, hint=HINT)
    if not path.exists():
        return
    if path.resolve() in (here := Path.cwd(), *here.parents):
        raise AdvisorError("is where you are, and cannot be replaced", where=where, hint="name a folder in it")
    names = sorted(entry.name for entry in path.iterdir())
    ours = _manifest(path)
    if foreign := [name for name in names if name not in {*ours, MANIFEST}]:
        raise AdvisorError(f"holds {foreign[0]!r}, which advisor deploy did not write", where=where, hint=HINT)
    if changed := [name for name in names if name != MANIFEST and _sha256(path / name) != ours[name]]:
        raise AdvisorError(f"{changed[0]} was changed since it was written", where=where, hint=HINT)


def write_folder(path: Path, texts: Mapping[str, str], *, where: str) -> None:
    """Write the files in a folder beside, then put it in the place of the former one. Raises AdvisorError."""
    checked_folder(path, where=where)
    path = path.absolute()
    made = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    former = path.with_name(f".{path.name}.{os.getpid()}.former")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir()
        try:
            _fill(made, texts)
            _put(made, path, former)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AdvisorError(f"cannot write here ({reason})", where=where, hint="choose another folder") from None


def _put(made: Path, path: Path, former: Path) -> None:
    """Give a folder its name; the one that had it is removed after that, or has it again."""
    if path.exists():
        path.rename(former)
    try:
        made.rename(path)
    except BaseException:
        if former.exists():
            former.rename(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _fill(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        file = folder / name
        file.write_text(text, encoding="utf-8", newline="\n")
        if name.endswith(".sh"):
            file.chmod(file.stat().st_mode | 0o111)
    sums = {name: _sha256(folder / name) for name in texts}
    (folder / MANIFEST).write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")


def _manifest(folder: Path) -> dict[str, str]:
    """What was written there; nothing where the list is missing or no longer one."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
