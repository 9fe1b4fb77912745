"""Frontiers in four costs, in Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.reports.certainty import chance
from advisor.reports.costs_unknown import IMPUTED
from advisor.reports.findings.names import write_names
from advisor.reports.frontier_view import AXES, PADDING, accuracy_ends, amount, cost_ticks
from advisor.reports.markdown_text import bullets, heading, paragraph, to_markdown
from advisor.reports.plots import BLUE, GREY, VERMILLION
from advisor.reports.text_tables import Table, short_name, table
from advisor.reports.words import interval_cell
from advisor.studies.cheapest import UNITS
from advisor.studies.filled import Filled
from advisor.studies.frontiers import Frontiers
from advisor.studies.task_frontiers import Standing, TaskFrontiers
from advisor.units import UNIT_NAMES, percent, significant

MOST_MOVES = 12
MOST_NAMED = 10
"""Names in one picture."""
HEADS = {unit: ("seconds" if unit == "s" else UNIT_NAMES[unit]) for unit in UNITS}


TITLE = "Who is on the frontier in FLOPs, dollars, seconds and joules?"


def tables(value: Frontiers) -> list[str]:
    """Its tables as parts of a Markdown page."""
    parts = [to_markdown(_tasks(value.tasks))] if value.tasks else [paragraph("No task has a model with a cost.")]
    parts += _in_full(value.tasks[0]) if value.tasks else []
    parts += _in_full(value.mean) if value.mean else [paragraph("No two tasks share five models: no mean over tasks.")]
    parts += _filled(value.filled) if value.filled else []
    return [*parts, bullets(f"No frontier on {each}." for each in value.without)]


def _tasks(found: Sequence[TaskFrontiers]) -> Table:
    columns = (
        "task", "models", "MoE", "on the frontier in FLOPs", "of them MoE",
        *(f"on both frontiers, FLOPs and {HEADS[unit]}, of those on either (90 %)" for unit in UNITS[1:]),
        "enter or leave in USD",
    )  # fmt: skip
    rows = []
    for each in found:
        models = {s.model: s.is_moe for s in each.standings}
        leading = {s.model: s.is_moe for s in each.standings if s.places["flops"].leads}
        moved = [f"{'+' if m.enters else '−'} {short_name(m.model)}" for m in each.moves if m.unit == "usd"]
        shares = [f"{_whole(each.same[unit])}" for unit in UNITS[1:]]
        counts = (len(models), sum(models.values()), len(leading), sum(leading.values()))
        rows.append((each.name, *map(str, counts), *shares, ", ".join(dict.fromkeys(moved)) or "nobody"))
    return table(columns, rows, right=columns[1:5])


def _whole(share: Interval) -> str:
    return f"{percent(share.value, 0)} ({percent(share.low, 0)} – {percent(share.high, 0)})"


def _in_full(found: TaskFrontiers) -> list[str]:
    """Every model that leads in some unit, and who moves and why."""
    leading = [s for s in found.standings if any(place.leads for place in s.places.values())]
    moves = [
        f"{HEADS[m.unit]}: {short_name(m.model)} {'enters' if m.enters else 'leaves'} (on it in"
        f" {chance(m.chance_flops)} of the draws in FLOPs, {chance(m.chance)} in {HEADS[m.unit]}): {m.why}."
        for m in found.moves[:MOST_MOVES]
    ]
    more = len(found.moves) - MOST_MOVES
    parts = [heading(f"{found.name}: {', '.join(found.tasks)}" if len(found.tasks) > 1 else found.name, 3)]
    parts += [to_markdown(_standings(leading)), paragraph("● on the frontier, with its chance over joint draws.")]
    parts += [paragraph("What another cost changes, and why:"), bullets(moves)] if moves else []
    return [*parts, *([paragraph(f"{more} more moves are in the data.")] if more > 0 else [])]


def _standings(rows: Sequence[Standing]) -> Table:
    where = "cheapest on" if any(s.deployment for s in rows) else "tasks filled in"
    columns = ("model", "kind", "right (90 %)", *(f"{HEADS[unit]} per question" for unit in UNITS), where)
    lines = [
        (
            short_name(s.model),
            "MoE" if s.is_moe else "dense",
            interval_cell(s.accuracy),
            *(_place(s, unit) for unit in UNITS),
            s.deployment or percent(s.filled, 0),
        )
        for s in rows
    ]
    return table(columns, lines)


def _place(s: Standing, unit: str) -> str:
    place = s.places[unit]
    mark = IMPUTED if s.imputed else ""
    return f"{'● ' if place.leads else ''}{significant(place.cost)}{mark} ({chance(place.chance)})"


def _filled(found: Filled) -> list[str]:
    """The mean with missing cells filled in, and how far that is to be trusted."""
    e = found.errors
    order = "" if e.order is None else f", models in the right order by a rank correlation of {e.order:.2f}"
    leading = [s for s in found.standings if any(place.leads for place in s.places.values())]
    off = ", ".join(f"{HEADS[unit]} {factor:.2f} ×" for unit, factor in found.cost_factors.items())
    said = (
        f"FILLED IN, not measured: of {found.cells} cells of models and tasks {found.known} are known"
        f" ({percent(found.known / found.cells, 0)}); the others follow from the model's ability and the task's"
        f" difficulty. Cells left out are off by {e.cells:.2f} logits (standard error, about {100 * found.points:.0f}"
        f" points; the task's mean would be off by {e.by_mean:.2f}), the mean of a model of which two tasks are known"
        f" by {e.models:.2f}, whole tasks by {e.tasks:.2f}{order}; costs of a cell by {off}."
    )
    title = f"Mean over {len(found.tasks)} tasks, missing cells filled in"
    return [heading(title, 3), paragraph(said), to_markdown(_standings(leading))]


def figure(value: Frontiers) -> Any:
    """The task with most models in all four costs; None where no task has a model with a cost."""
    if not value.tasks:
        return None
    from matplotlib.figure import Figure

    found = value.tasks[0]
    drawn = Figure(figsize=(11.0, 9.0), layout="constrained")
    panels = drawn.subplots(2, 2, sharey=True)
    low, high = accuracy_ends([Interval(s.accuracy.value, s.accuracy.value, s.accuracy.value) for s in found.standings])
    for axes, unit in zip(panels.flat, UNITS, strict=True):
        _draw_panel(axes, found, unit)
        axes.set_ylim(low, high)
    for axes in panels[:, 0]:
        axes.set_ylabel(f"accuracy on {found.name}, %")
    drawn.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    for axes, unit in zip(panels.flat, UNITS, strict=True):
        named = [s for s in found.standings if s.places[unit].leads or _moves(s, unit)][:MOST_NAMED]
        points = [(s.places[unit].cost, 100 * s.accuracy.value) for s in found.standings]
        names = [(s.places[unit].cost, 100 * s.accuracy.value, short_name(s.model)) for s in named]
        leading = sorted((s.places[unit].cost, 100 * s.accuracy.value) for s in found.standings if s.places[unit].leads)
        write_names(drawn, axes, names, points, [*leading, (axes.get_xlim()[1], leading[-1][1])])
    return drawn


def _moves(s: Standing, unit: str) -> bool:
    """Whether it enters or leaves the frontier in FLOPs when this cost counts."""
    return s.places[unit].leads != s.places["flops"].leads


def _draw_panel(axes: Any, found: TaskFrontiers, unit: str) -> None:
    """Every model, the staircase, and a ring around those that enter or leave against FLOPs."""
    costs = [s.places[unit].cost for s in found.standings]
    wider = max((max(costs) / min(costs)) ** PADDING, 1.3)
    ends = (min(costs) / wider, max(costs) * wider)
    leading = sorted((s.places[unit].cost, 100 * s.accuracy.value) for s in found.standings if s.places[unit].leads)
    steps = [*leading, (ends[1], leading[-1][1])]
    axes.step([x for x, _ in steps], [y for _, y in steps], where="post", color=BLUE, linewidth=1.6, zorder=2)
    for kind, marker in ((True, "s"), (False, "o")):
        for leads in (True, False):
            some = [s for s in found.standings if s.is_moe is kind and s.places[unit].leads is leads]
            axes.plot(
                [s.places[unit].cost for s in some],
                [100 * s.accuracy.value for s in some],
                marker,
                color=BLUE if leads else GREY,
                markerfacecolor=BLUE if leads else "white",
                markersize=6,
                zorder=4 if leads else 3,
                label=f"{'mixture of experts' if kind else 'dense'}, {'on the frontier' if leads else 'beaten'}",
            )
    ringed = [s for s in found.standings if _moves(s, unit)]
    axes.plot(
        [s.places[unit].cost for s in ringed],
        [100 * s.accuracy.value for s in ringed],
        "D",
        markersize=12,
        markerfacecolor="none",
        markeredgecolor=VERMILLION,
        markeredgewidth=1.6,
        label="enters or leaves the frontier in FLOPs",
        zorder=5,
    )
    axes.set_xscale("log")
    ticks = cost_ticks(*ends)
    axes.set_xticks(ticks, [amount(tick) for tick in ticks])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    axes.set_xlim(*ends)
    axes.set_xlabel(f"{AXES[unit]}{' (95 % of them)' if unit == 's' else ''}, log scale")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
