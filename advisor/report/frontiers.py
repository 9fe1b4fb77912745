"""`advisor frontier`: table and picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.recommend.recommend import candidates, frontier
from advisor.report.deploy import gpus_text, strategy_text
from advisor.report.recommendations import as_candidate, request
from advisor.report.tables import Table, print_table, table, to_json
from advisor.report.terminal import staircase
from advisor.store.workspace import Workspace
from advisor.units import parse_cost, percent, significant


def show(
    task: str,
    cost: str,
    gpus: list[str] | None,
    models: list[str] | None,
    prices: list[str],
    workspace: str | None,
    as_json: bool,
) -> None:
    """Print the frontier of one task over one cost."""
    cost = parse_cost(cost, where="--cost")
    asked = request([], task, None, gpus, models, None, None, None, None, "vllm", prices, workspace)
    rows = frontier(candidates(asked, Workspace.open(workspace)), cost)
    if as_json:
        print(to_json({"task": asked.task, "cost": cost, "frontier": [as_candidate(row) for row in rows]}))
        return
    shown = frontier_table(rows, cost, title=f"Frontier of {asked.task}: no known candidate is cheaper and as accurate")
    print_table(shown)
    print(staircase([(row["cost"], row["accuracy"]) for row in rows], f"{cost} per question (log scale)"))


def frontier_table(rows: Sequence[dict[str, Any]], cost: str, *, title: str = "") -> Table:
    """The rows of a frontier, cheapest first, ready to read."""
    columns = [f"{cost} per question", "accuracy", "90 %", "model", "strategy", "GPUs", "in flight"]
    lines = [
        [
            significant(row["cost"]),
            percent(row["accuracy"]),
            f"{percent(row['low'])} – {percent(row['high'])}",
            row["model"],
            strategy_text(row),
            gpus_text(row),
            str(row["concurrency"]),
        ]
        for row in rows
    ]
    return table(columns, lines, title=title, right=columns[:2])
