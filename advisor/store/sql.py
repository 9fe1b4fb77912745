"""SQL lives in .sql files beside the Python that runs them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(package: str, name: str) -> str:
    """The text of `<package>/<name>.sql`."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
