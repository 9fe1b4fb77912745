"""Write a whole file or nothing: a temporary name beside the target, then a rename."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.tables import texts


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


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """A CSV table of rows of one type, numbers with six significant digits; without rows there is no file.

    Raises AdvisorError where it cannot be written.
    """
    if not rows:
        path.unlink(missing_ok=True)
        return

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            lines = texts(rows)
            writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)

    sealed(path, write)
