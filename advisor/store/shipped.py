"""Where the figures that ship with the program lie."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def is_installed() -> bool:
    """Whether the figures lie inside the package, as a wheel brings them, not in a checkout."""
    return (_PACKAGE / "shipped").is_dir()


def shipped_root() -> Path:
    """The folder with `profiles/` and `measurements/`: inside the installed package, or the checkout's root."""
    return _PACKAGE / "shipped" if is_installed() else _PACKAGE.parent
