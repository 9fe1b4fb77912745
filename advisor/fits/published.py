"""Published accuracies, as their sources report them: the tables of measurements/published."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from advisor.errors import AdvisorError
from advisor.fits.stored_answers import PACKAGE
from advisor.input_files import checked_file
from advisor.printable import NAME, is_name
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

REMEDY = "mend or delete it"


@dataclass(frozen=True, slots=True)
class Published:
    """One accuracy; `origin` says what it is and where it was seen."""

    model: str
    task: str
    strategy: str
    n_samples: int
    n_questions: int
    accuracy: float
    stderr: float | None
    generated_tokens: float | None
    origin: str


def published(workspace: Workspace) -> list[Published]:
    """Those of the folder that is written to. Raises AdvisorError for a damaged table."""
    files = [str(checked_file(file, hint=REMEDY)) for file in workspace.published()]
    if not files:
        return []
    try:
        rows = duckdb.connect().execute(statement(PACKAGE, "published"), {"files": files}).fetchall()
    except duckdb.Error as error:
        named = next((file for file in files if file in str(error)), files[0])
        what = f"is no readable table of published accuracies ({str(error).splitlines()[0]})"
        raise AdvisorError(what, where=named, hint=REMEDY) from None
    if hidden := next((cell for row in rows for cell in row if isinstance(cell, str) and not is_name(cell)), None):
        where = ", ".join(files)
        raise AdvisorError(f"have the name {hidden!r}", where=where, hint=f"a name is {NAME}; {REMEDY}")
    return [Published(*row) for row in rows]
