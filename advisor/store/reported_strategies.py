"""Strategy points with the accuracy of every question: the tables of measurements/strategies.

They compare strategies at equal FLOPs. They are no candidates of `recommend`, and their tasks are not offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from advisor.accuracy.vote_shares import Tally
from advisor.store.folders import visible
from advisor.store.workspace import Workspace
from advisor.tables import column, outside, read_rows

HINT = "mend or delete it"
ACCURACIES = (
    "accuracy of each question in thousandths, separated by spaces, in one order for all rows of task and source"
)
TALLIES = "answers of each question as `right:wrong,wrong,…:unreadable`, the wrong ones by answer, separated by spaces"
RANGES = {
    "n_samples": (1, 10**9),
    **dict.fromkeys(("active_parameters", "policy_flops"), (1e-9, 1e30)),
    "verifier_flops": (0, 1e30),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyRow:
    """What one strategy point got right of each question, and its FLOPs per question."""

    model: str = column("its name in the source")
    active_parameters: float = column("weights that one token passes")
    task: str = column("its name in the source")
    strategy: str = column("a published strategy")
    n_samples: int = column("answers of a vote, width of a search; 1 for a single answer")
    policy_flops: float = column("2·N·generated tokens of a question, as arXiv 2408.00724 counts")
    verifier_flops: float = column("of the reward model; 0: none", default=0.0)
    reward_model: str | None = column("that scored the answers, where there is one", default=None)
    accuracies: str = column(ACCURACIES, free_text=True)
    tallies: str | None = column(f"{TALLIES}; only of the largest majority vote", default=None, free_text=True)
    caveat: str = column("what it is no evidence of", default="")
    source: str = column("where it was seen")
    source_url: str = column("its address", default="")
    license: str = column("of the source", default="")
    as_of: str = column("when it was made, ISO date", default="")

    @property
    def by_question(self) -> tuple[float, ...]:
        """Accuracy of each question. Raises ValueError where `accuracies` has another form."""
        found = [int(each) for each in self.accuracies.split()]
        if not found or min(found) < 0 or max(found) > 1000:
            raise ValueError
        return tuple(each / 1000 for each in found)

    @property
    def answers(self) -> tuple[Tally, ...] | None:
        """The tally of each question. Raises ValueError where `tallies` has another form."""
        return None if self.tallies is None else tuple(_tally(each) for each in self.tallies.split())


def _tally(text: str) -> Tally:
    right, wrong, unreadable = text.split(":")
    found = (int(right), tuple(int(each) for each in wrong.split(",") if each), int(unreadable))
    if min(found[0], found[2], *found[1]) < 0 or not found[0] + sum(found[1]) + found[2]:
        raise ValueError
    return found


def reported_strategies(workspace: Workspace) -> list[StrategyRow]:
    """Those that ship and those of the workspace. Raises AdvisorError for a damaged table."""
    folders = (root / "measurements" / "strategies" for root in workspace.roots)
    return strategies_of(file for folder in folders for file in visible(folder, ".csv"))


def strategies_of(tables: Iterable[Path]) -> list[StrategyRow]:
    """Those of some tables. Raises AdvisorError for a damaged table."""
    return [row for table in tables for row in read_rows(table, StrategyRow, hint=HINT, fault=_fault)]


def _fault(row: StrategyRow) -> str | None:
    if empty := next((name for name in ("model", "task", "strategy", "source") if not getattr(row, name)), None):
        return f"{empty} is empty"
    try:
        n_questions = len(row.by_question)
    except ValueError:
        return f"accuracies: {ACCURACIES}"
    try:
        tallies = row.answers
    except ValueError:
        return f"tallies: {TALLIES}"
    if tallies is not None and len(tallies) != n_questions:
        return f"has tallies of {len(tallies)} questions and accuracies of {n_questions}"
    return outside(row, RANGES)
