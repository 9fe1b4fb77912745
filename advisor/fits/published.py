"""Published accuracies, as their sources report them: the tables of measurements/published."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from advisor.errors import AdvisorError
from advisor.fits.stored_answers import PACKAGE
from advisor.store.sql import statement
from advisor.store.workspace import Workspace


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
    files = [str(file) for file in workspace.published()]
    if not files:
        return []
    try:
        rows = duckdb.connect().execute(statement(PACKAGE, "published"), {"files": files}).fetchall()
    except duckdb.Error as error:
        named = next((file for file in files if file in str(error)), files[0])
        what = f"is no readable table of published accuracies ({str(error).splitlines()[0]})"
        raise AdvisorError(what, where=named, hint="mend or delete it") from None
    return [Published(*row) for row in rows]
