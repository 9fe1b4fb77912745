"""The study of inference scaling as Markdown and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.reports.markdown_text import heading, paragraph, to_markdown
from advisor.reports.text_tables import Table, short_name, table
from advisor.reports.words import interval_cell
from advisor.studies.coverage_tails import Predictions
from advisor.studies.inference_scaling import InferenceScaling, SizePoint, StrategyPoint
from advisor.studies.strategies_at_equal_flops import Contest, Side
from advisor.units import percent

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000", "#767676")
"""Of Okabe and Ito; from grey on they begin anew with another marker and line."""
MARKERS, LINES = "os^Dv*XP", ("-", "--", "-.", ":")
MARKED_EVERY = 4
"""Of the budgets of a curve."""
STRATEGY_MARKERS = {
    "greedy": "*",
    "majority": "o",
    "weighted-majority": "s",
    "best-of-n": "v",
    "rebase": "D",
    "mcts": "^",
}
MOST_CURVES, MOST_FAMILIES = 8, 2


TITLE = "Do the laws of inference scaling hold?"


def tables(value: InferenceScaling) -> list[str]:
    """Its tables as parts of a Markdown page; one only where there is something to say."""
    found = []
    for title, shown in (
        ("Which size for which budget", _optima(value)),
        ("From where a larger size is ahead", _takeovers(value)),
        ("Coverage by the number of answers", _tails(value)),
        ("Coverage of all answers, predicted from a 16th", _coverage(value)),
        ("Where votes end", _pluralities(value)),
        ("The limit of votes, predicted", _limits(value)),
        ("Strategies at equal FLOPs", _contests(value)),
    ):
        if shown.rows:
            found += [heading(title, 3), to_markdown(shown)]
    return [*_caveats(value), *found]


def _caveats(value: InferenceScaling) -> list[str]:
    """Which models are not what their tables would make one think."""
    marked = [(row.caveat, row.model) for row in value.pluralities]
    marked += [(row.caveat, row.model) for row in value.strategies]
    named: dict[str, list[str]] = {}
    for caveat, model in dict.fromkeys(marked):
        if caveat:
            named.setdefault(caveat, []).append(model)
    return [paragraph(f"{', '.join(map(short_name, models))}: {caveat}") for caveat, models in named.items()]


def _optima(value: InferenceScaling) -> Table:
    head = ("task", "measure", "FLOPs a question", "best size", "answers", "accuracy (90 %)", "best in", "next")
    rows = [
        (
            o.task,
            o.measure,
            _flops(o.budget_flops),
            short_name(o.model),
            f"{o.n_answers:,}{' (predicted)' if o.predicted else ''}",
            interval_cell(o.accuracy),
            f"{100 * o.best_in:.0f} %",
            short_name(o.runner_up or "–"),
        )
        for o in value.optima
    ]
    return table(head, rows, right=(head[2], *head[4:7]))


def _takeovers(value: InferenceScaling) -> Table:
    head = (
        "task",
        "measure",
        "smaller",
        "larger",
        "smaller leads at first",
        "larger ahead from, FLOPs (90 %)",
        "reached",
    )
    rows = [
        (
            t.task,
            t.measure,
            short_name(t.smaller),
            short_name(t.larger),
            f"{100 * t.smaller_first:.0f} %",
            _budget(t.budget_flops),
            f"{100 * t.reached:.0f} %",
        )
        for t in value.takeovers
    ]
    return table(head, rows, right=head[4:])


def _budget(interval: Interval) -> str:
    value, low, high = (_flops(each) for each in (interval.value, interval.low, interval.high))
    if math.isinf(interval.low):
        return "not within the budgets"
    return f"{value if math.isfinite(interval.value) else 'not reached'} ({low} to {high})"


def _flops(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1e}".replace("e+", "e") if math.isfinite(value) else "beyond"


def _tails(value: InferenceScaling) -> Table:
    head = (
        "task",
        "model",
        "questions",
        "answers each",
        "one is right",
        "any of all is",
        "exponent (90 %)",
        "tail exponent",
        "R²",
        "law misses",
        "right in a 16th",
        "predicted from a 16th: chances",
        "power law",
    )
    rows = [
        (
            t.task,
            short_name(t.model),
            str(t.n_questions),
            f"{t.n_answers:,}",
            percent(t.one.value, 2),
            interval_cell(t.all),
            _number(t.exponent),
            f"{t.alpha:.2f}",
            "–" if t.r_squared is None else f"{t.r_squared:.3f}",
            "–" if t.fit_miss is None else f"{100 * t.fit_miss:.1f}",
            f"{t.right_in_part:,.0f}",
            percent(t.predicted_by_tail),
            percent(t.predicted_by_power_law),
        )
        for t in value.tails
    ]
    return table(head, rows, right=head[2:])


def _predictions(found: Predictions | None) -> tuple[str, str, str, str]:
    if found is None:
        return "0", "–", "–", "–"
    return str(found.n_models), _miss(found.law), _miss(found.tail), _points(found.closer)


def _coverage(value: InferenceScaling) -> Table:
    head = (
        "task",
        "questions",
        "models",
        "law of all misses by, points (90 %)",
        "models with a prediction",
        "law of a 16th misses by",
        "chances miss by",
        "closer by",
    )
    rows = [
        (c.task, str(c.n_questions), str(c.n_models), _miss(c.fit), *_predictions(c.predictions))
        for c in value.coverage
    ]
    return table(head, rows, right=head[1:])


def _miss(miss: Interval) -> str:
    return f"{100 * miss.value:.1f} ({100 * miss.low:.1f} – {100 * miss.high:.1f})"


def _pluralities(value: InferenceScaling) -> Table:
    head = (
        "task",
        "model",
        "questions",
        "answers each",
        "most frequent is right (90 %)",
        "votes get worse on (90 %)",
        "accuracy lost there",
        "settled after, answers",
        "not settled",
        "bound holds",
    )
    rows = [
        (
            p.task,
            short_name(p.model),
            str(p.n_questions),
            str(p.n_answers),
            interval_cell(p.right),
            interval_cell(p.falling),
            f"{100 * p.lost.value:.1f} points",
            f"{p.settles_at:.0f}" if math.isfinite(p.settles_at) else "never",
            percent(p.unsettled),
            f"{p.checked - p.violations:,} of {p.checked:,}",
        )
        for p in value.pluralities
    ]
    return table(head, rows, right=head[2:])


def _limits(value: InferenceScaling) -> Table:
    head = (
        "task",
        "model",
        "vote",
        "answers n",
        "vote of n",
        "limit predicted (90 %)",
        "vote of all",
        "all",
        "miss, points",
    )
    rows = [
        (
            f.task,
            short_name(f.model),
            f.strategy,
            str(f.n),
            percent(f.vote_of_n),
            interval_cell(f.predicted),
            percent(f.vote_of_all),
            str(f.n_all),
            _points(f.miss),
        )
        for f in value.limits
    ]
    return table(head, rows, right=head[3:])


def _contests(value: InferenceScaling) -> Table:
    head = (
        "compared",
        "task",
        "first",
        "second",
        "points (90 %)",
        "policy FLOPs",
        "with rewards",
        "saving",
        "questions",
    )
    rows = [
        (
            c.kind,
            _marked(c),
            _side(c.first),
            _side(c.second),
            _points(c.gain),
            _ratio(c.policy_ratio),
            _ratio(c.total_ratio),
            "–" if c.saving is None else f"{c.saving.value:.1f} ({c.saving.low:.1f} – {c.saving.high:.1f}) ×",
            str(c.n_questions),
        )
        for c in value.contests
    ]
    return table(head, rows, right=head[4:])


def _marked(c: Contest) -> str:
    return f"{c.task} (tiny models)" if c.caveat else c.task


def _side(side: Side) -> str:
    return f"{short_name(side.model)}, {side.strategy} of {side.n}: {percent(side.accuracy)}"


def _searched(value: InferenceScaling) -> list[StrategyPoint]:
    """Points of the tables where strategies are compared."""
    tables = {(c.source, c.task) for c in value.contests}
    return [s for s in value.strategies if (s.source, s.task) in tables]


def _number(interval: Interval | None) -> str:
    return "–" if interval is None else f"{interval.value:.2f} ({interval.low:.2f} – {interval.high:.2f})"


def _points(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} – {100 * gain.high:+.1f})"


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"× {ratio:.2f}"


def figure(value: InferenceScaling) -> Any | None:
    """Accuracy over FLOPs: a panel a family of sizes, and two of strategies, without and with the reward model's FLOPs.

    None where there is neither.
    """
    families = list(dict.fromkeys((p.task, p.measure) for p in value.sizes))[:MOST_FAMILIES]
    searched = [s for s in _searched(value) if s.policy_flops]
    n_panels = len(families) + 2 * bool(searched)
    if not n_panels:
        return None
    from matplotlib.figure import Figure

    sizes = list(dict.fromkeys(p.model for p in value.sizes))
    across, down = min(n_panels, 2), (n_panels + 1) // 2
    drawn = Figure(figsize=(5.4 * across, 5.2 * down), layout="constrained")
    panels = [drawn.add_subplot(down, across, place + 1) for place in range(n_panels)]
    for panel, (task, measure) in zip(panels, families, strict=False):
        _draw_family(panel, [p for p in value.sizes if (p.task, p.measure) == (task, measure)], sizes)
        panel.set_title(f"{task}: {measure} by size", fontsize=10)
        panel.set_ylabel(f"{measure}, %")
    for panel in panels:
        panel.set_xscale("log")
        panel.set_xlabel("FLOPs a question (2·N·tokens of the policy)")
        panel.grid(alpha=0.3)
    if searched:
        shown = _largest_table(searched)
        _draw_strategies(panels[-2], shown, [s.policy_flops for s in shown])
        _draw_strategies(panels[-1], shown, [s.total_flops for s in shown])
        panels[-1].set_xlabel("FLOPs a question, the reward model's included")
    return drawn


def _draw_family(panel: Any, points: Sequence[SizePoint], models: Sequence[str]) -> None:
    """A curve a size; the best at each budget as a wide grey band behind."""
    budgets = sorted({p.budget_flops for p in points})
    best = [max(p.accuracy for p in points if p.budget_flops == budget) for budget in budgets]
    panel.plot(budgets, [100 * y for y in best], color="#BBBBBB", linewidth=7, label="best size", zorder=1)
    for i, model in enumerate(models):
        own = [p for p in points if p.model == model]
        colour, marker, line = COLOURS[i % 8], MARKERS[i % 8], LINES[i % 4]
        x, y = [p.budget_flops for p in own], [100 * p.accuracy for p in own]
        panel.plot(
            x, y, line, color=colour, marker=marker, markersize=5, markevery=(i % MARKED_EVERY, MARKED_EVERY),
            linewidth=1.3, label=short_name(model) if own else None, zorder=2,
        )  # fmt: skip
    panel.legend(fontsize=7.5, frameon=False, loc="upper left")


def _largest_table(points: Sequence[StrategyPoint]) -> list[StrategyPoint]:
    """The points of the source and task that have the most."""
    tables = [(s.source, s.task) for s in points]
    largest = max(dict.fromkeys(tables), key=tables.count)
    return [s for s in points if (s.source, s.task) == largest]


def _draw_strategies(panel: Any, points: Sequence[StrategyPoint], flops: Sequence[float | None]) -> None:
    """A colour a model, a marker a strategy; the legend stands below."""
    models = list(dict.fromkeys(s.model for s in points))[:MOST_CURVES]
    known = [(x, s) for x, s in zip(flops, points, strict=True) if x]
    for i, model in enumerate(models):
        for strategy, marker in STRATEGY_MARKERS.items():
            own = sorted((x, 100 * s.accuracy.value) for x, s in known if (s.model, s.strategy) == (model, strategy))
            x, y = [each[0] for each in own], [each[1] for each in own]
            panel.plot(x, y, LINES[i % 4], color=COLOURS[i % 8], marker=marker, markersize=5, linewidth=1.1)
    handles = [
        panel.plot([], [], LINES[i % 4], color=COLOURS[i % 8], label=short_name(model))[0]
        for i, model in enumerate(models)
    ]
    handles += [
        panel.plot([], [], color="#555555", marker=marker, linestyle="none", label=strategy)[0]
        for strategy, marker in STRATEGY_MARKERS.items()
        if any(s.strategy == strategy for s in points)
    ]
    panel.legend(handles=handles, fontsize=7.5, frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.13))
    tiny = " (tiny models)" if any(s.caveat for s in points) else ""
    panel.set_title(f"{points[0].task}{tiny}: strategies", fontsize=10)
    panel.set_ylabel("accuracy, %")
