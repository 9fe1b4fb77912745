"""Where profiles and measurements lie: those that ship with the program, and the user's own profiles over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

Table = TypeVar("Table")

_PACKAGE = Path(__file__).parent


def is_installed() -> bool:
    """Whether the figures lie inside the package, as a wheel brings them, not in a checkout."""
    return (_PACKAGE / "shipped").is_dir()


def shipped_root() -> Path:
    """The folder with `profiles/` and `measurements/`: inside the installed package, or the checkout's root."""
    return _PACKAGE / "shipped" if is_installed() else _PACKAGE.parent


_own: list[Path] = []
"""The user's profiles folder, which overlays the one that ships: one workspace a process."""

_read: list[Callable[[], None]] = []


def profile_folders() -> tuple[Path, ...]:
    """Folders with profiles, what ships first; later ones win."""
    return (shipped_root() / "profiles", *_own)


def overlay(profiles: Path | None) -> None:
    """From now on know what this folder says too, or only what ships; every table is read anew."""
    _own[:] = [profiles] if profiles else []
    for forget in _read:
        forget()


def read_once(read: Callable[[], Table]) -> Callable[[], Table]:
    """Decorator of a function that reads profiles: called once until the overlay changes."""
    cached = cache(read)
    _read.append(cached.cache_clear)
    return cached
