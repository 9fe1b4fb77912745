"""Published accuracies, as their sources report them: the tables of measurements/published."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from advisor.errors import AdvisorError
from advisor.fits.stored_answers import PACKAGE
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

Rule = tuple[Callable[[Any], bool], str]
TEXT: Rule = (bool, "a text that is not empty")
COUNT: Rule = (lambda n: n is not None and 1 <= n <= 10**9, "a whole number from 1")
POSSIBLE: dict[str, Rule] = {
    **dict.fromkeys(("model", "task", "strategy"), TEXT),
    **dict.fromkeys(("n_samples", "n_questions"), COUNT),
    "accuracy": (lambda share: share is not None and 0 <= share <= 1, "a share from 0 to 1"),
    "stderr": (lambda share: share is None or 0 <= share <= 1, "a share from 0 to 1, or empty"),
    "generated_tokens": (lambda n: n is None or 0 <= n < math.inf, "a number that is not below 0, or empty"),
}
"""What a cell can be, in Python and in words."""


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
    return published_of(workspace.published())


def published_of(tables: Sequence[Path]) -> list[Published]:
    """Those of some tables. Raises AdvisorError for a damaged one."""
    files = [str(file) for file in tables]
    if not files:
        return []
    try:
        rows = duckdb.connect().execute(statement(PACKAGE, "published"), {"files": files}).fetchall()
    except duckdb.Error as error:
        named = next((file for file in files if file in str(error)), files[0])
        what = f"is no readable table of published accuracies ({str(error).splitlines()[0]})"
        raise AdvisorError(what, where=named, hint="mend or delete it") from None
    return [_checked(Published(*row), file) for *row, file in rows]


def _checked(row: Published, file: str) -> Published:
    """The row. Raises AdvisorError where it cannot be what a source reports."""
    for name, (possible, hint) in POSSIBLE.items():
        if not possible(value := getattr(row, name)):
            what = f"{name} of {row.model!r} on {row.task!r} is {value!r}"
            raise AdvisorError(what, where=file, hint=f"{name} is {hint}")
    return row
