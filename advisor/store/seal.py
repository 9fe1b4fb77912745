"""Write a whole file or nothing: a temporary name beside the target, then a rename."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError


def sealed(target: Path, write: Callable[[Path], object]) -> Path:
    """Call `write` on a temporary path, then rename it to `target`, which never exists half written.

    Raises AdvisorError where the folder cannot be written.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise AdvisorError(
            f"cannot write here ({error.strerror or error})",
            where=str(target.parent),
            hint="choose a folder that can be written, --workspace for measurements",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return target


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A table with six significant digits; without rows there is no file."""
    if not rows:
        path.unlink(missing_ok=True)
        return

    def write_rows(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)

    sealed(path, write_rows)
