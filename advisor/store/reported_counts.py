"""Right answers counted by question, as their sources report them: the tables of measurements/counts.

Counts tell the coverage of every number of answers exactly (pass@k), and nothing of votes: which wrong answers agree
is not in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from advisor.store.folders import visible
from advisor.store.workspace import Workspace
from advisor.tables import column, outside, read_rows

HINT = "mend or delete it"
FORM = "counts are `question:right/drawn`, separated by spaces, each question once"
RANGES = {"generated_tokens": (1e-9, 1e12)}
MOST_DRAWN = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """How many of a model's answers to each question of a task were right. No candidate of `recommend`."""

    model: str = column("Hugging Face id")
    task: str = column("as in the samples; models of one task and source answered the same questions")
    counts: str = column(FORM, free_text=True)
    generated_tokens: float | None = column("mean of one answer; empty: the source does not say", default=None)
    source: str = column("where it was seen")
    source_url: str = column("its address", default="")
    source_commit: str = column("the version of the source that was read", default="")
    license: str = column("of the source", default="")
    as_of: str = column("when it was seen, ISO date", default="")

    @property
    def by_question(self) -> Mapping[str, tuple[int, int]]:
        """(right, drawn) by question. Raises ValueError where `counts` has another form."""
        found = [_counted(each) for each in self.counts.split()]
        if not found or len(dict(found)) < len(found):
            raise ValueError
        return dict(found)


def _counted(text: str) -> tuple[str, tuple[int, int]]:
    question, _, numbers = text.rpartition(":")
    right, drawn = (int(number) if number.isascii() and number.isdigit() else -1 for number in numbers.split("/"))
    if not question or not 0 <= right <= drawn <= MOST_DRAWN or drawn == 0:
        raise ValueError
    return question, (right, drawn)


def reported_counts(workspace: Workspace) -> list[CountRow]:
    """Those that ship and those of the workspace. Raises AdvisorError for a damaged table."""
    folders = (root / "measurements" / "counts" for root in workspace.roots)
    return counts_of(file for folder in folders for file in visible(folder, ".csv"))


def counts_of(tables: Iterable[Path]) -> list[CountRow]:
    """Those of some tables. Raises AdvisorError for a damaged table."""
    return [row for table in tables for row in read_rows(table, CountRow, hint=HINT, fault=_fault)]


def _fault(row: CountRow) -> str | None:
    if empty := next((name for name in ("model", "task", "source") if not getattr(row, name)), None):
        return f"{empty} is empty"
    try:
        _ = row.by_question
    except ValueError:
        return FORM
    return outside(row, RANGES)
