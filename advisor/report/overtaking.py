"""`advisor compare A B --task T`: which of two models gets more right for a budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.errors import AdvisorError
from advisor.recommend.overtaking import Standing, overtakes, standings
from advisor.recommend.recommend import candidates, frontier
from advisor.report.deploy import gpus_text, strategy_text
from advisor.report.recommendations import as_candidate, request
from advisor.report.tables import print_table, table, to_json
from advisor.store.workspace import Workspace
from advisor.units import parse_cost, percent, significant


def show(
    models: tuple[str, str],
    task: str,
    cost: str,
    gpus: list[str] | None,
    precision: str,
    engine: str,
    prices: list[str],
    workspace: str | None,
    as_json: bool,
) -> None:
    """Print both frontiers side by side. Raises AdvisorError, NoAnswer where nothing is known of a model on the task."""
    cost = parse_cost(cost, where="--cost")
    asked = [
        request([], task, None, gpus, [model], precision or None, None, None, None, engine, prices, workspace)
        for model in models
    ]
    names = tuple(str((r.models or ("",))[0]) for r in asked)
    if names[0] == names[1]:
        raise AdvisorError(f"{names[0]} is compared with itself", where="compare", hint="name two models")
    first, second = (frontier(candidates(r, Workspace.open(workspace)), cost) for r in asked)
    found = standings(first, second)
    if as_json:
        print(to_json(_plain(asked[0].task, cost, names, found)))
        return
    _print(asked[0].task, cost, names, found)


def _plain(task: str, cost: str, names: Sequence[str], found: Sequence[Standing]) -> dict[str, Any]:
    return {
        "task": task,
        "cost": cost,
        "models": list(names),
        "budgets": [
            {
                "budget": s.budget,
                "each": [as_candidate(row) if row else None for row in s.each],
                "more_accurate": None if s.ahead is None else names[s.ahead],
                "intervals_apart": s.clear,
            }
            for s in found
        ],
        "overtakes": [
            {"budget": s.budget, "more_accurate_from_there": names[s.ahead or 0], "intervals_apart": s.clear}
            for s in overtakes(found)
        ],
    }


def _print(task: str, cost: str, names: Sequence[str], found: Sequence[Standing]) -> None:
    columns = [f"{cost} per question", "A", "A how", "B", "B how", "more accurate"]
    rows = [
        [
            significant(s.budget),
            *_cells(s.each[0]),
            *_cells(s.each[1]),
            "tie" if s.ahead is None else f"{'AB'[s.ahead]}{'' if s.clear else ', not surely'}",
        ]
        for s in found
    ]
    print_table(
        table(columns, rows, title=f"{task}: the most accurate way to spend a budget on each", right=columns[:1])
    )
    print(f"A: {names[0]}\nB: {names[1]}")
    for s in overtakes(found):
        doubt = "" if s.clear else "; the 90 % intervals overlap"
        only = ", the only one that cheap" if None in s.each else ""
        print(f"from {significant(s.budget)} {cost} on {names[s.ahead or 0]} gets more right{only}{doubt}")


def _cells(row: dict[str, Any] | None) -> list[str]:
    if row is None:
        return ["–", "–"]
    return [
        f"{percent(row['accuracy'])} ({percent(row['low'])} – {percent(row['high'])})",
        f"{strategy_text(row)}, {gpus_text(row)}",
    ]
