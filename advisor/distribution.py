"""What is installed of this program; it also runs from a folder of its source, without being installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version

from advisor.errors import DISTRIBUTION


def own_version() -> str:
    """Of the installed program; "not installed" where it runs from its source."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "not installed"


def own_requirements() -> list[str] | None:
    """What its extras need, as pip reads it; None where it runs from its source."""
    try:
        return requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return None
