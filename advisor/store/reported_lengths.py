"""Mean lengths of answers, as their sources report them: the tables of measurements/lengths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from advisor.store.folders import visible
from advisor.store.workspace import Workspace
from advisor.tables import column, outside, read_rows

HINT = "mend or delete it"
RANGES = {"n_answers": (1.0, 1e9), "generated_tokens": (1e-9, 1e12), "characters": (1e-9, 1e12)}
"""What a figure can be, ends included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthRow:
    """The mean length of a model's answers on one task; tells how wordy models are, and nothing of accuracy."""

    model: str = column("Hugging Face id, or publisher/name of a model whose weights are closed")
    mode: str = column("thinking, non-thinking, or an effort: low, medium, high, xhigh")
    task: str = column("as in the samples, or a set of its own")
    kind: str = column("of task: benchmark, or what else it is a part of; models are compared within a kind first")
    n_answers: int | None = column("behind the mean; empty: not stated", default=None)
    generated_tokens: float | None = column("mean of one answer, reasoning included", default=None)
    characters: float | None = column("mean of one answer where tokens are not known, reasoning included", default=None)
    source: str = column("where it was seen")
    source_url: str = column("its address", default="")
    as_of: str = column("when it was seen, ISO date", default="")


def reported_lengths(workspace: Workspace) -> list[LengthRow]:
    """Those that ship and those of the workspace. Raises AdvisorError for a damaged table."""
    folders = (root / "measurements" / "lengths" for root in workspace.roots)
    return lengths_of(file for folder in folders for file in visible(folder, ".csv"))


def lengths_of(tables: Iterable[Path]) -> list[LengthRow]:
    """Those of some tables. Raises AdvisorError for a damaged table."""
    return [row for table in tables for row in read_rows(table, LengthRow, hint=HINT, fault=_fault)]


def _fault(row: LengthRow) -> str | None:
    empty = next((name for name in ("model", "mode", "task", "kind") if not getattr(row, name)), None)
    if empty:
        return f"{empty} is empty"
    if (row.generated_tokens is None) == (row.characters is None):
        return "one of generated_tokens and characters has to be there, not both"
    return outside(row, RANGES)
