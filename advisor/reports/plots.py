"""Pictures for reports, as SVG. matplotlib is the `plots` extra and is imported only here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advisor.fits.line import Line
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.store.seal import sealed


def frontier_picture(path: Path, found: Recommendation) -> None:
    """The staircase of a frontier over one cost, the pick marked, with 90 % bars."""
    rows, cost = found.frontier, found.request.cost
    figure, axes = _axes(f"{cost} per question", f"accuracy on {found.task}")
    x, y = [c.cost(cost) for c in rows], [100 * c.accuracy.value for c in rows]
    axes.step([*x, 3 * x[-1]], [*y, y[-1]], where="post", color="0.7", zorder=1)
    for number, model in enumerate(dict.fromkeys(c.model for c in rows)):
        own = [c for c in rows if c.model == model]
        axes.errorbar(
            [c.cost(cost) for c in own],
            [100 * c.accuracy.value for c in own],
            yerr=_bars([(c.accuracy.value, c.accuracy.low, c.accuracy.high) for c in own]),
            fmt="o",
            markersize=5,
            elinewidth=0.8,
            color=f"C{number}",
            label=model.split("/")[-1],
        )
    _mark(axes, found.recommended, cost)
    axes.legend(loc="lower right", fontsize=7)
    _save(figure, path)


def _mark(axes: Any, pick: Candidate, cost: str) -> None:
    axes.plot(
        pick.cost(cost),
        100 * pick.accuracy.value,
        "*",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor="black",
        label="the pick",
        zorder=3,
    )


def curve_picture(path: Path, lines: Sequence[Line]) -> None:
    """Accuracy against generated tokens of one model on one task: points with 90 % bars, and the fitted curves."""
    figure, axes = _axes("generated tokens per question", f"accuracy on {lines[0].task}")
    for number, line in enumerate(lines):
        points = [p for p in line.points if p.tokens is not None]
        if not points:
            continue
        colour = f"C{number}"
        axes.errorbar(
            [p.tokens for p in points],
            [100 * p.accuracy for p in points],
            yerr=_bars([(p.accuracy, p.low, p.high) for p in points]),
            fmt="o",
            markersize=4,
            elinewidth=0.8,
            color=colour,
            label=line.strategy,
        )
        x = np.geomspace(line.curve.x_min, line.curve.x_max, 100)
        axes.plot([line.tokens_at(v) for v in x], 100 * line.curve.shape.at(x), color=colour, linewidth=1)
        axes.axhline(100 * line.curve.asymptote.value, color=colour, linewidth=0.6, linestyle=":")
    axes.set_title(lines[0].model, fontsize=9)
    axes.legend(loc="lower right", fontsize=8)
    _save(figure, path)


def _axes(x_label: str, y_label: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlabel(x_label)
    axes.set_ylabel(f"{y_label} (%)")
    axes.set_ylim(0, 100)
    axes.grid(visible=True, which="both", linewidth=0.3, alpha=0.5)
    return figure, axes


def _bars(ends: Sequence[tuple[float, float, float]]) -> list[list[float]]:
    """Distances from a value to the ends of its 90 % interval, in points."""
    return [[100 * (value - low) for value, low, _ in ends], [100 * (high - value) for value, _, high in ends]]


def _save(figure: Any, path: Path) -> None:
    sealed(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
