"""The frontier over release dates, in Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.reports.findings.names import write_names
from advisor.reports.frontier_view import AXES, PADDING, accuracy_ends, amount, cost_ticks
from advisor.reports.markdown_text import bullets, heading, paragraph, to_markdown
from advisor.reports.plots import SERIES
from advisor.reports.text_tables import Table, short_name, table
from advisor.reports.trends import caveats, fallen_text, fits_table, history_table, open_cell, steps_table
from advisor.studies.frontier_history import Entry, Fall
from advisor.studies.trend import Trend
from advisor.studies.trend_claims import factor_text
from advisor.studies.trends import Trends

MOST_ENTRIES = 40


TITLE = "Does the frontier move with the release date?"


def tables(value: Trends) -> list[str]:
    """Its tables as parts of a Markdown page."""
    parts = [to_markdown(_tasks(value))] if value.tasks else [paragraph("No task has two models with a release date.")]
    parts += _pictured(value.pictured) if value.pictured else []
    return [*parts, bullets(f"No trend on {reason}." for reason in value.without)]


def _tasks(value: Trends) -> Table:
    columns = (
        "task", "models", "lengths imputed", "dates", "least FLOPs observed for", "fell by",
        "points a year at equal FLOPs (90 %)",
        "FLOPs for an accuracy fall a year by (90 %)",
        "at the upper edge", "halve in months", "led once", "lead today", "of them MoE", "MoE of all",
    )  # fmt: skip
    rows = [
        (
            t.task,
            str(t.n_models),
            str(t.imputed),
            f"{t.first} to {t.last}",
            _observed(t.fall),
            factor_text(t.fall.factor),
            t.why_not or _yearly(t.per_year),
            "–" if t.why_not else open_cell(t.gain, " ×"),
            "–" if t.why_not else open_cell(t.edge, " ×"),
            "–" if t.why_not else open_cell(t.halving),
            str(t.entries),
            str(t.now),
            str(t.moe_now),
            str(t.moe),
        )
        for t in value.tasks
    ]
    return table(columns, rows, right=("models", "lengths imputed", *columns[10:]))


def _yearly(gain: Interval | None) -> str:
    if gain is None:
        return "–"
    return f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} – {100 * gain.high:+.1f})"


def _observed(fall: Fall) -> str:
    target = f"{100 * fall.target:g} %"
    return f"{target}, {fall.first} to {fall.last}" if fall.first != fall.last else target


def _pictured(found: Trend) -> list[str]:
    """The task with most models in full."""
    said = [heading(f"{found.task} in full", 3)]
    if found.fits:
        said += [to_markdown(fits_table(found)), *map(paragraph, caveats(found))]
    said += [to_markdown(steps_table(found))] if found.steps else []
    said += [paragraph(f"Observed: {fallen_text(found)}.")] if len(found.steps) > 1 else []
    return [*said, to_markdown(history_table(found, MOST_ENTRIES))]


def figure(value: Trends) -> Any:
    """The frontier at the end of every year on the task with most models; None where there is none."""
    found = value.pictured
    if found is None:
        return None
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.0, 6.0), layout="constrained")
    axes = drawn.add_subplot()
    flops = [each.flops for each in found.answers]
    wider = max((max(flops) / min(flops)) ** PADDING, 1.3)
    ends = (min(flops) / wider, max(flops) * wider)
    years = _spans(sorted({each.released[:4] for each in found.answers}))
    for (first, last), (colour, marker, dashes) in zip(years, SERIES, strict=False):
        _draw_year(axes, found, (first, last), (colour, marker, dashes), ends[1])
    low, high = accuracy_ends([Interval(v, v, v) for v in (each.accuracy.value for each in found.answers)])
    axes.set_xscale("log")
    ticks = cost_ticks(*ends)
    axes.set_xticks(ticks, [amount(tick) for tick in ticks])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    axes.set_xlim(*ends)
    axes.set_ylim(low, high)
    axes.set_xlabel(f"{AXES['flops']}, log scale")
    axes.set_ylabel(f"accuracy on {found.task}, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    drawn.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    now = [each for each in found.history if not each.until]
    named = [(each.flops, 100 * each.accuracy, short_name(each.model)) for each in now]
    points = [(each.flops, 100 * each.accuracy.value) for each in found.answers]
    write_names(drawn, axes, named, points, list(zip(*_stairs(now, ends[1]), strict=True)))
    return drawn


def _spans(years: Sequence[str]) -> list[tuple[str, str]]:
    """First and last year of at most four series: the newest years alone, all before them together."""
    alone = years[-(len(SERIES) - 1) :] if len(years) > len(SERIES) else years
    earlier = years[: len(years) - len(alone)]
    return [*([(earlier[0], earlier[-1])] if earlier else []), *((year, year) for year in alone)]


def _draw_year(axes: Any, found: Trend, span: tuple[str, str], style: tuple[str, str, str], right: float) -> None:
    """Models released in the span of years, and the frontier at its end."""
    colour, marker, dashes = style
    there = [each for each in found.answers if span[0] <= each.released[:4] <= span[1]]
    led = [each for each in found.history if each.date[:4] <= span[1] and (not each.until or each.until[:4] > span[1])]
    steps = _stairs(led, right)
    words = span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"
    label = f"released in {words}; line: frontier at the end of {span[1]}"
    axes.step(*steps, where="post", color=colour, linestyle=dashes, linewidth=1.6, zorder=2)
    axes.plot(
        [each.flops for each in there],
        [100 * each.accuracy.value for each in there],
        marker,
        color=colour,
        markerfacecolor="white",
        markersize=6,
        zorder=3,
    )
    leading = [each for each in led if each.date[:4] >= span[0]]
    axes.plot(
        [e.flops for e in leading], [100 * e.accuracy for e in leading], marker, color=colour, markersize=6, zorder=4
    )
    axes.plot([], [], marker, color=colour, linestyle=dashes, label=label)


def _stairs(led: Sequence[Entry], right: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a frontier, cheapest first, its last step held to the right end."""
    ordered = sorted((each.flops, 100 * each.accuracy) for each in led)
    corners = [*ordered, *([(right, ordered[-1][1])] if ordered else [])]
    return np.array([x for x, _ in corners]), np.array([y for _, y in corners])
