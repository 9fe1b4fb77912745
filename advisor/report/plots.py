"""Pictures for reports, as SVG. matplotlib is the `plots` extra and is imported only here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advisor.calibration.fitted import Line
from advisor.store.seal import sealed


def frontier_picture(path: Path, rows: Sequence[dict[str, Any]], pick: dict[str, Any], cost: str, task: str) -> None:
    """The staircase of a frontier over one cost, the pick marked, with 90 % bars."""
    figure, axes = _axes(f"{cost} per question", f"accuracy on {task}")
    x, y = [row["cost"] for row in rows], [100 * row["accuracy"] for row in rows]
    axes.step([*x, 3 * x[-1]], [*y, y[-1]], where="post", color="0.7", zorder=1)
    for number, model in enumerate(dict.fromkeys(row["model"] for row in rows)):
        own = [row for row in rows if row["model"] == model]
        axes.errorbar(
            [row["cost"] for row in own], [100 * row["accuracy"] for row in own], yerr=_bars(own), fmt="o", markersize=5, elinewidth=0.8,
            color=f"C{number}", label=model.split("/")[-1],
        )  # fmt: skip
    axes.plot(
        pick[cost],
        100 * pick["accuracy"],
        "*",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor="black",
        label="the pick",
        zorder=3,
    )
    axes.legend(loc="lower right", fontsize=7)
    _save(figure, path)


def curve_picture(path: Path, lines: Sequence[Line]) -> None:
    """Accuracy against generated tokens of one model on one task: points with 90 % bars, fitted curves, dashed beyond the data."""
    figure, axes = _axes("generated tokens per question", f"accuracy on {lines[0].task}")
    for number, line in enumerate(lines):
        points = [p for p in line.points if p["generated_tokens"] is not None]
        if not points:
            continue
        colour = f"C{number}"
        axes.errorbar(
            [p["generated_tokens"] for p in points], [100 * p["accuracy"] for p in points], yerr=_bars(points), fmt="o", markersize=4, elinewidth=0.8,
            color=colour, label=line.strategy,
        )  # fmt: skip
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


def _bars(rows: Sequence[dict[str, Any]]) -> list[list[float]]:
    """Distances to the ends of the 90 % intervals, in points."""
    return [
        [100 * (row["accuracy"] - row["low"]) for row in rows],
        [100 * (row["high"] - row["accuracy"]) for row in rows],
    ]


def _save(figure: Any, path: Path) -> None:
    sealed(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
