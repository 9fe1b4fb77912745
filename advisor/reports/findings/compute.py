"""FLOPs of a question counted twice, in Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from advisor.provenance import Provenance
from advisor.reports.markdown_text import bullets, paragraph, to_markdown
from advisor.reports.plots import SERIES
from advisor.reports.text_tables import Table, short_name, table
from advisor.studies.compute import LENGTHS, ComputePerQuery, ModelCount, QueryCompute
from advisor.units import percent

MOST_ROWS = 12
"""Lines of a table that would otherwise have hundreds."""
SHOWN = (1024, 4096, 16_384, 65_536)
"""LENGTHS of which the table has columns."""


TITLE = "Does it matter how FLOPs are counted?"


def tables(value: ComputePerQuery) -> list[str]:
    """Its tables as parts of a Markdown page."""
    if not value.queries:
        return []
    return [to_markdown(_tasks(value)), to_markdown(_models(value.models)), *_order(value), *_lengths(value)]


def _tasks(value: ComputePerQuery) -> Table:
    columns = ("task", "points", "lengths counted", "FLOPs over 2·N·tokens", "attention", "pairs reordered", "front")
    rows = [
        (
            t.task,
            str(t.points),
            str(t.counted),
            f"{t.factor.value:.2f} ({t.factor.low:.2f} – {t.factor.high:.2f})" if t.factor else "too few models",
            percent(t.attention),
            f"{t.reordered} of {t.pairs}",
            f"{t.entering} in, {t.leaving} out" if t.entering or t.leaving else "same",
        )
        for t in value.tasks
    ]
    return table(columns, rows, right=("points", "lengths counted", "attention"))


def _models(models: Sequence[ModelCount]) -> Table:
    """Those where attention takes half of the FLOPs soonest, one of those with equal figures."""
    columns = ("model", "kind", *(f"attention at {n:,} tokens" for n in SHOWN), "half of the FLOPs from")
    different = {(m.active_parameters, m.attention): m for m in reversed(models)}.values()
    soonest = sorted(different, key=lambda m: (m.half_tokens or 10**12, m.model))
    rows = [
        (
            short_name(m.model),
            "MoE" if m.is_moe else "dense",
            *(percent(m.attention[LENGTHS.index(n)], 0) for n in SHOWN),
            f"{m.half_tokens:,} tokens" if m.half_tokens else "not within its context",
        )
        for m in soonest[:MOST_ROWS]
    ]
    return table(columns, rows, right=columns[2:6])


def _order(value: ComputePerQuery) -> list[str]:
    if not value.reordered:
        return [paragraph("No pair of models changes its order: either count ranks them alike.")]
    columns = ("task", "cheaper by the full count", "cheaper by 2·N·tokens", "full", "simple", "why", "lengths")
    rows = [
        (
            c.task,
            short_name(c.cheaper),
            short_name(c.dearer),
            f"{c.factor:.2f} ×",
            f"{c.simple_factor:.2f} ×",
            f"{c.reason}: {percent(c.attention[1], 0)} of its FLOPs are attention, of the other's"
            f" {percent(c.attention[0], 0)}",
            "counted" if c.counted else "imputed",
        )
        for c in value.reordered[:MOST_ROWS]
    ]
    more = len(value.reordered) - len(rows)
    found = [
        paragraph("Pairs whose order the count changes, the second model's FLOPs over the first one's:"),
        to_markdown(table(columns, rows, right=("full", "simple"))),
    ]
    found += [paragraph(f"{more} more pairs lie closer to equality.")] if more else []
    moved = [
        f"{c.task}: {short_name(c.model)} {'enters' if c.enters else 'leaves'} the front with the full count"
        f" ({short_name(c.beaten_by)} beats it by the {'simple' if c.enters else 'full'} one)"
        for c in value.fronts
    ]
    return [*found, bullets(moved) if moved else paragraph("No front of accuracy against FLOPs changes.")]


def _lengths(value: ComputePerQuery) -> list[str]:
    if not value.lengths:
        return []
    columns = ("task", "model", "answers", "mean tokens", "spread", "FLOPs over those of the mean length")
    longest = sorted(value.lengths, key=lambda row: -row.factor)[:MOST_ROWS]
    rows = [
        (
            row.task,
            short_name(row.model),
            f"{row.answers:,}",
            f"{row.mean_tokens:,.0f}",
            percent(row.spread, 0),
            f"{row.factor:.2f} ×",
        )
        for row in longest
    ]
    said = "Answers of many lengths take more FLOPs than as many of their mean length, where each length is stored:"
    return [paragraph(said), to_markdown(table(columns, rows, right=columns[2:]))]


def figure(value: ComputePerQuery) -> Any:
    """FLOPs over the simple count by length: points as known, lines for the models; None where nothing is known."""
    if not value.queries:
        return None
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.0, 5.4), layout="constrained")
    axes = drawn.add_subplot()
    for kind, (colour, marker, dashes) in zip((False, True), SERIES, strict=False):
        name = "mixture of experts" if kind else "dense"
        _points(axes, [q for q in value.queries if q.is_moe is kind], colour, marker, name)
        _line(axes, [m for m in value.models if m.is_moe is kind], colour, dashes, name)
    axes.axhline(1, color="#000000", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = [t for t in (0.8, 1, 1.2, 1.5, 2, 3, 4, 5) if axes.get_ylim()[0] <= t <= axes.get_ylim()[1]]
    axes.set_yticks(ticks, [f"{t:g} ×" for t in ticks])
    axes.tick_params(axis="y", which="minor", left=False, labelleft=False)
    marks = [10**n for n in range(1, 6) if axes.get_xlim()[0] <= 10**n <= axes.get_xlim()[1]]
    axes.set_xticks(marks, [f"{mark:,}" for mark in marks])
    axes.set_xlabel("generated tokens of an answer, log scale")
    axes.set_ylabel("FLOPs over 2·N·tokens, log scale")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    return drawn


def _points(axes: Any, queries: Sequence[QueryCompute], colour: str, marker: str, name: str) -> None:
    for how, chosen in (("counted", _is_counted), ("imputed", lambda query: not _is_counted(query))):
        some = [query for query in queries if chosen(query)]
        if some:
            axes.plot(
                [query.generated_tokens for query in some],
                [query.factor for query in some],
                marker,
                color=colour,
                markerfacecolor=colour if how == "counted" else "none",
                markersize=5,
                alpha=0.8,
                label=f"{name}, length {how}",
            )


def _is_counted(query: QueryCompute) -> bool:
    return query.tokens_from is not Provenance.IMPUTED


def _line(axes: Any, models: Sequence[ModelCount], colour: str, dashes: str, name: str) -> None:
    """The median of the models with room for the length, and the middle 80 % of them."""
    known = [(n, [f for m in models if (f := m.factors[i]) is not None]) for i, n in enumerate(LENGTHS)]
    known = [(n, factors) for n, factors in known if factors]
    if not known:
        return
    x = [n for n, _ in known]
    low, middle, high = ([float(np.quantile(factors, share)) for _, factors in known] for share in (0.1, 0.5, 0.9))
    axes.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.plot(x, middle, dashes, color=colour, linewidth=1.8, label=f"{name}: median of the models, middle 80 %")
