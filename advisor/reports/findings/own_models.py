"""A team's own models at the head of the findings: how right they are, and which are left out for want of a config."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from advisor.accuracy.estimators import Interval
from advisor.fits.draws import believed
from advisor.recommendation.named_models import import_command
from advisor.reports.markdown_text import paragraph, to_markdown
from advisor.reports.text_tables import table
from advisor.reports.words import interval_cell, strategy_text, with_setup
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.units import percent


def left_out(workspace: Workspace) -> list[str]:
    """Models with answers whose cost nothing tells: how right they are, and what to do; nothing of none."""
    best: dict[str, dict[str, float]] = defaultdict(dict)
    for p in workspace.fits.points:
        if p.model not in workspace.models:
            best[p.model][p.task] = max(p.accuracy, best[p.model].get(p.task, 0.0))
    if not best:
        return []
    models = "; ".join(f"{model} ({_right(of_task)})" for model, of_task in sorted(best.items()))
    said = (
        f"{models}. Their configs are missing, so nothing that they cost is known, and whatever below takes a cost is"
        f" without them. For each: {import_command(workspace)}, with the folder of its config.json, then"
        f" {workspace.fit_command}."
    )
    return [paragraph(said, "Left out.")]


def _right(of_task: dict[str, float]) -> str:
    return ", ".join(f"at best {percent(right)} right on {task}" for task, right in sorted(of_task.items()))


def measured(workspace: Workspace) -> list[str]:
    """A table of the measured accuracies of answers up to their own end beside the believed ones."""
    shown = [p for p in workspace.fits.points if p.token_budget is None]
    if not shown:
        return []
    said = (
        "Measured: the share of these answers that is right. Believed: the same with what is known of other models and"
        " tasks taken in, so that chance highs are lower; tables and pictures below show it."
    )
    columns = ("model", "task", "strategy", "questions", "measured (90 %)", "believed (90 %)")
    return [to_markdown(table(columns, list(_rows(shown)), right=columns[3:])), paragraph(said)]


def _rows(points: Iterable[Point]) -> Iterable[tuple[str, ...]]:
    for p in sorted(points, key=lambda p: (p.task, p.model, p.strategy, p.n_samples)):
        how = strategy_text(p.strategy, p.n_samples, p.token_budget, p.generated_tokens, p.reward_model)
        b = believed(p)
        measured, taken = (interval_cell(Interval(each.accuracy, each.low, each.high)) for each in (p, b))
        yield p.model, p.task, with_setup(how, p.setup), str(p.n_questions), measured, taken
