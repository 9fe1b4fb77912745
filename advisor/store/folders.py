"""What lies in a folder of a workspace: a folder that cannot be read is an error, never an empty one."""

from __future__ import annotations

import os
from pathlib import Path

from advisor.errors import AdvisorError

HINT = "mend its permissions, or move it away"


def visible(folder: Path, ending: str) -> tuple[Path, ...]:
    """Files of that ending by name, none where there is no folder; hidden ones are journals, locks or leftovers.

    Raises AdvisorError where the folder cannot be read.
    """
    return tuple(file for file in entries(folder) if file.name.endswith(ending) and not file.name.startswith("."))


def entries(folder: Path) -> tuple[Path, ...]:
    """Everything in a folder by name, none where there is no folder. Raises AdvisorError where it cannot be read."""
    try:
        return tuple(sorted(folder / name for name in os.listdir(folder)))
    except FileNotFoundError:
        if not folder.is_symlink():
            return ()
        raise AdvisorError("is a link to nothing", where=str(folder), hint=HINT) from None
    except OSError as error:
        raise AdvisorError(f"cannot be read as a folder ({error.strerror})", where=str(folder), hint=HINT) from None
