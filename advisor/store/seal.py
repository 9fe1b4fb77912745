"""Write a whole file or nothing: a temporary name beside the target, then a rename."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

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
            f"cannot write here ({error.strerror or error})", where=str(target.parent), mend="choose a folder that can be written, --workspace for measurements"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return target
