"""Dense models against mixtures of experts, in Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.reports.markdown_text import paragraph, to_markdown
from advisor.reports.plots import BLACK, SERIES
from advisor.reports.text_tables import Table, short_name, table
from advisor.studies.dense_and_moe import DenseAndMoe
from advisor.studies.kinds_tables import ALL_TASKS, Difference
from advisor.studies.matched_pairs import FEW, LONG, MANY, MOST, SHORT, Advantage
from advisor.units import percent

FIGURES = {
    "flops": "FLOPs",
    "tokens": "tokens",
    "usd": "USD",
    "s": "seconds",
    "J": "joules",
    "accuracy": "accuracy",
}
"""Figures in words."""
LOADS = (1, 8, 64, 512)
"""Requests in flight that tables and picture show."""
SHOWN = ("flops", "usd")
"""Costs at equal accuracy that are shown by task."""


TITLE = "Dense models or mixtures of experts?"


def tables(value: DenseAndMoe) -> list[str]:
    """Its tables as parts of a Markdown page."""
    parts = []
    if value.differences:
        parts = [
            paragraph(
                "Mixtures against dense models, a factor of the cost or points of accuracy that mixtures have more:"
            ),
            to_markdown(_pooled(value.differences)),
            to_markdown(_by_task(value.differences)),
            to_markdown(_fronts(value)),
        ]
    return [*parts, *_ages(value), *_pairs(value), *_losses(value), *_loads(value.advantages)]


def _figure(row: Difference) -> str:
    return _points(row.value) if row.figure == "accuracy" else _times(row.value)


def _pooled(rows: Sequence[Difference]) -> Table:
    """Over all tasks, without and with release dates side by side."""
    columns = ("at equal", "figure", "as they are", "at equal release date too", "mixtures", "dense")
    over = {(row.equal, row.figure, row.dated): row for row in rows if row.task == ALL_TASKS}
    lines = []
    for (equal, figure, dated), row in over.items():
        if not dated:
            other = over.get((equal, figure, True))
            cells = (_figure(row), _figure(other) if other else "–", str(row.moe), str(row.dense))
            lines.append((equal, FIGURES[figure], *cells))
    return table(columns, lines, right=("mixtures", "dense"))


def _by_task(rows: Sequence[Difference]) -> Table:
    """FLOPs and USD at equal accuracy and accuracy at equal FLOPs, with no regard to dates."""
    shown = [("accuracy", figure) for figure in SHOWN] + [("FLOPs", "accuracy")]
    columns = ("task", "mixtures", "dense", *(f"{FIGURES[figure]} at equal {equal}" for equal, figure in shown))
    found = {(row.task, row.equal, row.figure): row for row in rows if not row.dated and row.task != ALL_TASKS}
    lines = []
    for task in sorted({task for task, *_ in found}):
        cells = [found.get((task, *each)) for each in shown]
        first = next(cell for cell in cells if cell)
        name = task if first.tasks == 1 else f"{task} and {first.tasks - 1} with the same models"
        lines.append((name, str(first.moe), str(first.dense), *(_figure(cell) if cell else "–" for cell in cells)))
    return table(columns, lines, right=("mixtures", "dense"))


def _fronts(value: DenseAndMoe) -> Table:
    columns = ("task", "mixtures on the front", "dense on the front", "mixtures inside", "dense inside")
    lines = [
        (
            row.task,
            str(row.moe_on_front) if row.task == ALL_TASKS else f"{row.moe_on_front} of {row.moe}",
            str(row.dense_on_front) if row.task == ALL_TASKS else f"{row.dense_on_front} of {row.dense}",
            _percent(row.moe_inside),
            _percent(row.dense_inside),
        )
        for row in value.fronts
    ]
    return table(columns, lines, right=columns[1:3])


def _ages(value: DenseAndMoe) -> list[str]:
    if not value.ages:
        return []
    columns = ("task", "mixtures released", "dense released", "correlation of kind and date", "mixtures with a peer")
    lines = [
        (
            row.task,
            f"{row.moe_released:.1f}",
            f"{row.dense_released:.1f}",
            f"{row.correlation:+.2f}",
            f"{row.near} of {row.moe}",
        )
        for row in value.ages
    ]
    said = "How old the models of each kind are (medians); a peer is a dense model released within half a year:"
    return [paragraph(said), to_markdown(table(columns, lines, right=columns[1:]))]


def _pairs(value: DenseAndMoe) -> list[str]:
    if not value.pairs:
        return []
    columns = ("mixture", "dense model of closest accuracy", "tasks", "accuracy", "FLOPs", "USD")
    lines = [
        (
            short_name(pair.moe),
            short_name(pair.dense),
            str(pair.tasks),
            _points(
                Interval(*(100 * end for end in (pair.difference.value, pair.difference.low, pair.difference.high)))
            ),
            f"{pair.flops:.2f} ×",
            "–" if pair.usd is None else f"{pair.usd:.2f} ×",
        )
        for pair in value.pairs
    ]
    return [
        paragraph("Pairs of close accuracy, the mixture's costs over the dense model's:"),
        to_markdown(table(columns, lines, right=("tasks", "FLOPs", "USD"))),
    ]


def _losses(value: DenseAndMoe) -> list[str]:
    if not value.losses:
        return []
    flops = (f"FLOPs, {tokens:,} tokens" for tokens in (SHORT, LONG))
    usd = (f"USD, {load} in flight" for load in (FEW, MANY, MOST))
    columns = ("alike in", "mixture", "dense", *flops, *usd)
    lines = [
        (
            row.alike,
            short_name(row.moe),
            short_name(row.dense),
            f"{row.flops_short:.1f} ×",
            f"{row.flops_long:.1f} ×",
            *("–" if each is None else f"{each:.2f} ×" for each in (row.usd_few, row.usd_many, row.usd_most)),
        )
        for row in value.losses
    ]
    said = "What the dense model of a pair takes over what the mixture takes (above 1 the mixture leads):"
    return [paragraph(said), to_markdown(table(columns, lines, right=columns[3:]))]


def _loads(rows: Sequence[Advantage]) -> list[str]:
    """A table a pair: USD over length and requests in flight."""
    parts = []
    for pair in dict.fromkeys((row.alike, row.moe, row.dense, row.gpu, row.gpu_count) for row in rows):
        some = [row for row in rows if (row.alike, row.moe, row.dense, row.gpu, row.gpu_count) == pair]
        alike, moe, dense, gpu, count = pair
        cells = {(row.answer_tokens, row.concurrency): row for row in some}
        loads = [load for load in LOADS if any(row.concurrency == load for row in some)]
        columns = ("answer", "FLOPs", *(f"USD, {load} in flight" for load in loads))
        lines = []
        for tokens, flops in {row.answer_tokens: row.flops for row in some}.items():
            usd = [at.usd if (at := cells.get((tokens, load))) else None for load in loads]
            lines.append(
                (f"{tokens:,} tokens", f"{flops:.1f} ×", *("–" if each is None else _times(each) for each in usd))
            )
        said = (
            f"{short_name(dense)} over {short_name(moe)}, alike in {alike}, both on {count} × {gpu}"
            " (–: one of the two does not fit, or no price is known):"
        )
        parts += [paragraph(said), to_markdown(table(columns, lines, right=columns[1:]))]
    return parts


def figure(value: DenseAndMoe) -> Any:
    """A panel a pair: the mixture's advantage in USD over length, a line for each load, and in FLOPs; None of none."""
    panels = list(dict.fromkeys((row.alike, row.moe, row.dense) for row in value.advantages if row.usd))
    if not panels:
        return None
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.0, 3.6 * len(panels)), layout="constrained")
    for number, panel in enumerate(panels, 1):
        axes = drawn.add_subplot(len(panels), 1, number)
        _panel(axes, [row for row in value.advantages if (row.alike, row.moe, row.dense) == panel])
    handles, labels = drawn.axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return drawn


def _panel(axes: Any, rows: Sequence[Advantage]) -> None:
    lengths = {row.answer_tokens: row.flops for row in rows}
    axes.plot(list(lengths), list(lengths.values()), color=BLACK, linewidth=1.2, linestyle=(0, (1, 2)), label="FLOPs")
    for load, (colour, marker, dashes) in zip(LOADS, SERIES, strict=True):
        known = [row for row in rows if row.concurrency == load and row.usd]
        x, y = [row.answer_tokens for row in known], [row.usd.value for row in known if row.usd]
        label = f"USD, {load} in flight"
        axes.plot(x, y, color=colour, marker=marker, linestyle=dashes, markersize=5, linewidth=1.4, label=label)
    axes.axhline(1, color=BLACK, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(list(lengths), [f"{tokens:,}" for tokens in lengths])
    axes.tick_params(axis="x", which="minor", bottom=False)
    low, high = axes.get_ylim()
    ticks = [tick for tick in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 10, 20, 50) if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g} ×" for tick in ticks])
    axes.tick_params(axis="y", which="minor", left=False, labelleft=False)
    row = rows[0]
    axes.set_title(
        f"{short_name(row.dense)} over {short_name(row.moe)} (alike in {row.alike}), {row.gpu_count} × {row.gpu};"
        " above 1 the mixture leads",
        fontsize=9,
        loc="left",
    )
    axes.set_xlabel("generated tokens of an answer, log scale")
    axes.set_ylabel("dense over mixture")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)


def _times(found: Interval) -> str:
    return f"{found.value:.2f} × ({found.low:.2f} – {found.high:.2f})"


def _in_percent(found: Interval) -> Interval:
    return Interval(100 * found.value, 100 * found.low, 100 * found.high)


def _points(found: Interval) -> str:
    return f"{found.value:+.1f} points ({found.low:+.1f} – {found.high:+.1f})"


def _percent(found: Interval) -> str:
    return f"{percent(found.value, 0)} ({percent(found.low, 0)} – {percent(found.high, 0)})"
