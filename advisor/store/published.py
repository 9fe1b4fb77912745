"""Published accuracies, as their sources report them: the tables of measurements/published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.store.workspace import Workspace
from advisor.tables import column, outside, read_rows

HINT = "mend or delete it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One accuracy as a source reports it."""

    model: str = column("Hugging Face id")
    task: str = column("as in the samples")
    strategy: str = column("a published strategy, see docs/method.md")
    n_samples: int = column("answers of a vote, width of a search; 1 for a single answer")
    n_questions: int = column("behind the accuracy")
    accuracy: float = column("share of the questions that are right")
    stderr: float | None = column("standard error of the accuracy, where the source has it", default=None)
    generated_tokens: float | None = column("of all samples together, mean per question", default=None)
    tokens_from: str = column("where the tokens come from, where they are no count of the source", default="")
    quality: str = column("what kind of source it is", default="")
    weak: bool = column(
        "whether it was read off a chart, at second hand, from a draft, or for a task that was inferred", default=False
    )
    source: str = column("where it was seen", default="")
    source_url: str = column("its address", default="")
    as_of: str = column("when it was seen, ISO date", default="")

    @property
    def origin(self) -> str:
        """What it is and where it was seen."""
        tokens = self.tokens_from and f"tokens: {self.tokens_from}"
        return "; ".join(part for part in (self.source, self.quality, tokens) if part)


RANGES = {
    **dict.fromkeys(("n_samples", "n_questions"), (1, 10**9)),
    **dict.fromkeys(("accuracy", "stderr"), (0, 1)),
    "generated_tokens": (0, 10**12),
}
"""What a figure can be, ends included."""

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
    weak: bool
    source: str


def published(workspace: Workspace) -> list[Published]:
    """Those of the folder that is written to. Raises AdvisorError for a damaged table."""
    return published_of(workspace.published())


def published_of(tables: Iterable[Path]) -> list[Published]:
    """Those of some tables, in a total order, since later ones win. Raises AdvisorError for a damaged table."""
    rows = [(_published(row), table.name) for table in tables for row in _rows(table)]
    return [row for row, _ in sorted(rows, key=_place)]


def _rows(table: Path) -> tuple[PublishedRow, ...]:
    return read_rows(table, PublishedRow, hint=HINT, fault=_fault)


def _fault(row: PublishedRow) -> str | None:
    empty = next((name for name in ("model", "task", "strategy") if not getattr(row, name)), None)
    return f"{empty} is empty" if empty else outside(row, RANGES)


def _published(row: PublishedRow) -> Published:
    return Published(
        row.model,
        row.task.lower(),
        row.strategy,
        row.n_samples,
        row.n_questions,
        row.accuracy,
        row.stderr,
        row.generated_tokens,
        row.origin,
        row.weak,
        row.source,
    )


def _place(pair: tuple[Published, str]) -> tuple[Any, ...]:
    """By what it is about; what has no tokens comes last."""
    row, table = pair
    tokens = (row.generated_tokens is None, row.generated_tokens or 0.0)
    return (row.task, row.model, row.strategy, row.n_samples, *tokens, table, row.origin, row.accuracy)
