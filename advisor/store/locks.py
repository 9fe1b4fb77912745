"""One process at a time: locks that end with the process that holds them, however it ends.

They are advisory locks of the operating system (`flock`) on Linux and macOS, local disks and NFS. Python on Windows has
no `fcntl`: there the program runs under WSL only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from advisor.errors import AdvisorError

SHORT_WAIT_S = 30.0
"""For a turn at reading a table, adding a row and writing it: each takes milliseconds."""
POLL_S = 0.02

_held: set[int] = set()
"""Open files that are locked: a forked child shares them, and would keep the lock of a parent that was killed."""


def _close_in_child() -> None:
    for file in _held:
        os.close(file)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


@contextlib.contextmanager
def locked(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Be the only one that works on `path`, a file or folder that need not be there, for `wait_s` at most in a queue.

    The lock is the hidden file `.NAME.lock` beside it, with the process id inside. One that a killed process left is
    free. Raises AdvisorError "already running, pid N" where another has it, and where the folder cannot be written.
    """
    lock = path.with_name(f".{path.name.lstrip('.')}.lock")
    until = time.monotonic() + wait_s
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        while (file := take(lock)) is None:
            if time.monotonic() >= until:
                holder = lock.read_text(errors="replace").strip() if lock.exists() else ""
                what = f"already running, pid {holder}" if holder else "already running"
                raise AdvisorError(what, where=str(path), hint="wait until it has ended, or stop it")
            time.sleep(POLL_S)
    except OSError as error:
        hint = "choose a folder that can be written, --workspace for measurements"
        what = f"cannot write here ({error.strerror or error})"
        raise AdvisorError(what, where=str(lock.parent), hint=hint) from None
    try:
        with contextlib.suppress(OSError):  # the lock holds on a full disk too, and on one that others own
            os.fchmod(file, 0o666)
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink(missing_ok=True)
        release(file)


def take(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """The file, open and locked, made where it is not there; None while another has it. Raises OSError."""
    while True:
        file = os.open(path, flags, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, path):
                _held.add(file)
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # removed by the one that had it: lock the one that is there now


def release(file: int) -> None:
    """Close a file that was taken, so that others can have it."""
    _held.discard(file)
    os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
