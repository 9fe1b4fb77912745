"""A frontier as table and picture."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.frontier import Frontier
from advisor.reports.certainty import evidence_marks, marked_accuracy, odds_text
from advisor.reports.costs_unknown import imputed_legend, imputed_mark, left_out_text
from advisor.reports.frontier_view import AXES, of_frontier
from advisor.reports.terminal import Block, Labelled, Verbatim
from advisor.reports.text_frontiers import frontier_text
from advisor.reports.text_tables import Table, table
from advisor.reports.words import gpus_text, range_text, strategy_cell
from advisor.units import significant


def blocks(found: Frontier) -> list[Block]:
    """What `advisor frontier` prints."""
    title = f"Frontier of {found.task}: no known candidate is cheaper and as accurate"
    return [
        frontier_table(found.frontier, found.cost, title=title),
        "; ".join([*evidence_marks(found.frontier), *imputed_legend(found.frontier)]),
        Verbatim(frontier_text(of_frontier(found))),
        *([Labelled("Left out", left_out_text(found.left_out))] if found.left_out else []),
    ]


def frontier_table(rows: Sequence[Candidate], cost: str, *, title: str = "") -> Table:
    """The rows of a frontier, cheapest first, ready to read."""
    columns = [AXES[cost], "accuracy", "90 %", "model", "strategy", "GPUs", "in flight"]
    limited = any(c.odds for c in rows)
    lines = [
        [
            f"{significant(c.cost(cost))}{imputed_mark(c)}",
            marked_accuracy(c),
            range_text(c.accuracy),
            c.model,
            strategy_cell(c),
            gpus_text(c),
            str(c.concurrency),
            *([odds_text(c)] if limited else []),
        ]
        for c in rows
    ]
    columns += ["likely best"] if limited else []
    right = [*columns[:3], *columns[7:]]
    return table(columns, lines, title=title, right=right, names=("model",), optional=("in flight", "90 %"))
