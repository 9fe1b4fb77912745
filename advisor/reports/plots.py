"""Pictures for reports, as SVG. matplotlib is the `plots` extra and is imported only here."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.fits.curve_words import asymptote_text
from advisor.fits.line import Line
from advisor.printable import shown
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.reports.frontier_view import EVIDENCE, Mark, View, accuracy_ends, amount, cost_ticks
from advisor.reports.label_places import Box, Label, misleads, placed
from advisor.reports.words import strategy_cell, with_setup
from advisor.store.seal import sealed

BLUE, VERMILLION, BLACK, GREY = "#0072B2", "#D55E00", "#000000", "#767676"
SERIES = ((BLUE, "o", "-"), (VERMILLION, "s", "--"), ("#009E73", "^", "-."), ("#CC79A7", "D", ":"))
"""Colours of Okabe and Ito, which colour-blind people tell apart; marker and line differ as well."""
MARKERS = {Provenance.MEASURED: "o", Provenance.PUBLISHED: "D"}
OTHER_MARKER = "s"
WIDTH, HEIGHTS = 9.0, (5.4, 7.0, 9.0, 12.0)
"""Inches; a picture is as high as its labels need."""
LEGEND_SIGNS = 110
"""Characters in a line of the legend."""
CROWD = 12
"""Marks that the lowest picture shows without a crowd."""
FAR = (2.0, 5.0, 9.0, 14.0, 20.0, 28.0, 38.0, 52.0)
"""Points from a mark at which its label may stand."""
APART, NEAR, MARGIN = 6.0, 8.0, 2.0
"""Points that a label keeps from other marks, beyond which a line leads back to its own, and on either side of it."""


def frontier_picture(path: Path, view: View) -> None:
    """The figure below as SVG."""
    with plain_texts():
        _save(frontier_figure(view), path)


def frontier_figure(view: View) -> Any:
    """Every model as a labelled point with its 90 % interval, the frontier as a staircase, the budget and the pick."""
    for height in HEIGHTS[len(view.marks) > CROWD :]:
        figure, axes = _frontier_axes(view, height)
        texts = [_label(axes, mark) for mark in view.marks]
        figure.draw_without_rendering()
        places = _places(figure, axes, view, texts)
        if None not in places:
            break
    for mark, text, place in zip(view.marks, texts, places, strict=True):
        _move(axes, mark, text, place, _own_boxes(axes, view))
    return figure


def _frontier_axes(view: View, height: float) -> tuple[Any, Any]:
    """Everything but the names."""
    figure, axes = _axes(view.cost_title, f"accuracy on {view.task}", height)
    low, high = view.cost_range()
    _scale(axes, (low, high), view.accuracy_range())
    steps = [*view.steps, (max(high, view.steps[-1][0]), view.steps[-1][1])] if view.steps else []
    x, y = [cost for cost, _ in steps], [100 * accuracy for _, accuracy in steps]
    axes.step(x, y, where="post", color=BLUE, linewidth=1.8, zorder=2, label="frontier: nothing cheaper is as accurate")
    for mark in view.marks:
        _draw_mark(axes, mark)
    _draw_budget(axes, view)
    _explain(axes, view)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure, axes


def _draw_mark(axes: Any, mark: Mark) -> None:
    colour, order = (BLUE, 4) if mark.leads else (GREY, 3)
    axes.errorbar(
        mark.cost,
        100 * mark.accuracy.value,
        yerr=_bars([mark.accuracy]),
        fmt=MARKERS.get(mark.evidence, OTHER_MARKER),
        markersize=6,
        markerfacecolor=colour if mark.leads else "white",
        color=colour,
        elinewidth=0.8,
        zorder=order,
    )
    if mark.picked:
        _ring(axes, mark.cost, mark.accuracy.value)


def _ring(axes: Any, x: float, accuracy: float, label: str = "") -> None:
    axes.plot(
        x,
        100 * accuracy,
        "o",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor=VERMILLION,
        markeredgewidth=2,
        zorder=5,
        label=label or None,
    )


def _draw_budget(axes: Any, view: View) -> None:
    """Its line with the words above; an arrow where it lies outside the picture."""
    if view.budget is None:
        return
    low, high = view.cost_range()
    across, side, text = view.budget, "center", view.budget_text
    if view.budget > high:
        across, side, text = high, "right", f"{text} →"
    elif view.budget < low:
        across, side, text = low, "left", f"← {text}"
    else:
        axes.axvline(view.budget, color=BLACK, linewidth=1.2, linestyle="--", zorder=1)
    axes.annotate(
        text,
        (across, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        ha=side,
        fontsize=9,
    )


def _explain(axes: Any, view: View) -> None:
    """Entries of the legend for the kinds of marks that are in the picture."""
    for kind in dict.fromkeys(mark.evidence for mark in view.marks):
        words = f"accuracy {EVIDENCE.get(kind, str(kind))}"
        axes.plot([], [], MARKERS.get(kind, OTHER_MARKER), color=BLUE, markersize=6, label=words)
    if others := [mark for mark in view.marks if not mark.leads]:
        words = "beaten by another model" + (" or above the budget" if view.budget else "")
        marker = MARKERS.get(others[0].evidence, OTHER_MARKER)
        axes.plot([], [], marker, color=GREY, markerfacecolor="white", markersize=6, label=words)


def _label(axes: Any, mark: Mark) -> Any:
    """The name of a mark, not yet in its place; a light ground keeps it legible on a line."""
    return axes.annotate(
        mark.label,
        (mark.cost, 100 * mark.accuracy.value),
        xytext=(0, 0),
        textcoords="offset points",
        fontsize=8.5,
        color=BLACK if mark.leads else "#555555",
        fontweight="bold" if mark.picked else "normal",
        zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
        in_layout=False,
    )


def _places(figure: Any, axes: Any, view: View, texts: Sequence[Any]) -> list[Box | None]:
    """Free boxes for the labels, in pixels of the figure."""
    pixels = figure.dpi / 72
    at, boxes = [_pixel(axes, mark.cost, mark.accuracy.value) for mark in view.marks], _own_boxes(axes, view)
    sizes = [text.get_window_extent() for text in texts]
    labels = [Label(box, size.width + 2 * MARGIN * pixels, size.height) for box, size in zip(boxes, sizes, strict=True)]
    frame = axes.get_window_extent()
    bars = [
        Box(x - pixels, _pixel(axes, 1, m.accuracy.low)[1], x + pixels, _pixel(axes, 1, m.accuracy.high)[1])
        for (x, _), m in zip(at, view.marks, strict=True)
    ]
    return placed(
        labels,
        Box(frame.x0, frame.y0, frame.x1, frame.y1),
        avoided=[*bars, *_lines(axes, view, pixels)],
        far=[distance * pixels for distance in FAR],
        apart=APART * pixels,
    )


def _own_boxes(axes: Any, view: View) -> list[Box]:
    """What the marks take, in pixels."""
    pixels = axes.figure.dpi / 72
    return [
        _around(*_pixel(axes, mark.cost, mark.accuracy.value), (9 if mark.picked else 4.5) * pixels)
        for mark in view.marks
    ]


def _lines(axes: Any, view: View, half_width: float) -> list[Box]:
    """The staircase and the budget's line as thin boxes, in pixels."""
    frame = axes.get_window_extent()
    corners = [_pixel(axes, cost, accuracy) for cost, accuracy in view.steps]
    ends = [*corners[1:], (frame.x1, 0.0)]
    boxes = [Box(x, y - half_width, end, y + half_width) for (x, y), (end, _) in zip(corners, ends, strict=True)]
    boxes += [Box(x - half_width, low, x + half_width, high) for (_, low), (x, high) in pairwise(corners)]
    if view.budget is not None:
        x, _ = _pixel(axes, view.budget, 0)
        boxes.append(Box(x - half_width, frame.y0, x + half_width, frame.y1))
    return boxes


def _pixel(axes: Any, x: float, accuracy: float) -> tuple[float, float]:
    across, up = axes.transData.transform((x, 100 * accuracy))
    return float(across), float(up)


def _around(x: float, y: float, radius: float) -> Box:
    return Box(x - radius, y - radius, x + radius, y + radius)


def _move(axes: Any, mark: Mark, text: Any, place: Box | None, marks: Sequence[Box]) -> None:
    """A label to its place, or to the right of its mark where there is none."""
    points = 72 / axes.figure.dpi
    x, y = _pixel(axes, mark.cost, mark.accuracy.value)
    size = text.get_window_extent()
    box = place or Box(x + 8, y, x + 8 + size.width, y + size.height)
    text.set_position(((box.left - x) * points + MARGIN, (box.low - y) * points))
    text.set_verticalalignment("bottom")
    lead_back(axes, (mark.cost, 100 * mark.accuracy.value), box, marks)


def lead_back(axes: Any, at: tuple[float, float], box: Box, marks: Iterable[Box]) -> None:
    """A thin line from a label to its mark, where it is far or another of `marks` is as near; boxes are in pixels."""
    points = 72 / axes.figure.dpi
    x, y = axes.transData.transform(at)
    near_x, near_y = min(max(x, box.left), box.right), min(max(y, box.low), box.high)
    others = [mark for mark in marks if not mark.holds(Box(x, y, x, y))]
    if points * np.hypot(near_x - x, near_y - y) <= NEAR + 4.5 and not misleads(box, _around(x, y, 0), others):
        return
    axes.annotate(
        "",
        at,
        xytext=((near_x - x) * points, (near_y - y) * points),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4},
        in_layout=False,
    )


def curve_picture(path: Path, lines: Sequence[Line], pick: Candidate) -> None:
    """The figure below as SVG."""
    with plain_texts():
        _save(curve_figure(lines, pick), path)


def curve_figure(lines: Sequence[Line], pick: Candidate) -> Any:
    """Accuracy against generated tokens of a model on a task: points with 90 % bars, the fitted curves, the pick."""
    figure, axes = _axes("generated tokens per question, log scale", f"accuracy on {shown(lines[0].task)}", 4.8)
    drawn = [line for line in lines if any(p.tokens for p in line.points)]
    for number, line in enumerate(drawn):
        _draw_line(axes, line, number)
    words = _lines_of(strategy_cell(pick))
    axes.errorbar(pick.generated_tokens, 100 * pick.accuracy.value, yerr=_bars([pick.accuracy]), color=BLACK, fmt=".")
    _ring(axes, pick.generated_tokens, pick.accuracy.value, f"the pick: {words}")
    seen = [p for line in drawn for p in line.points if p.tokens]
    tokens = [pick.generated_tokens, *(p.tokens or 0.0 for p in seen)]
    limits = [line.curve.asymptote.value for line in drawn if line.curve.asymptote.value is not None]
    intervals = [pick.accuracy, *(Interval(p.accuracy, p.low, p.high) for p in seen)]
    intervals += [Interval(limit, limit, limit) for limit in limits]
    _scale(axes, (min(tokens) / 1.3, max(tokens) * 1.3), accuracy_ends(intervals))
    axes.set_title(shown(lines[0].model), fontsize=10, loc="left")
    figure.legend(loc="outside lower center", fontsize=8, frameon=False)
    return figure


def _draw_line(axes: Any, line: Line, number: int) -> None:
    points = [p for p in line.points if p.tokens]
    colour, marker, dashes = SERIES[number % len(SERIES)]
    limit, how = line.curve.asymptote.value, with_setup(line.strategy, line.setup)
    x = np.geomspace(line.curve.x_min, line.curve.x_max, 100)
    axes.plot(
        [line.tokens_at(v) for v in x], 100 * line.curve.shape.at(x), color=colour, linewidth=1.4, linestyle=dashes
    )
    if limit is not None:
        axes.axhline(100 * limit, color=colour, linewidth=1, linestyle=(0, (1, 3)))
        reach = f"dotted: what more of it can reach, {100 * limit:.1f} %"
    else:
        reach = f"more of it reaches {asymptote_text(line)}"
    axes.errorbar(
        [p.tokens for p in points],
        [100 * p.accuracy for p in points],
        yerr=_bars([Interval(p.accuracy, p.low, p.high) for p in points]),
        fmt=marker,
        markersize=5,
        elinewidth=0.9,
        color=colour,
        label=_lines_of(f"{how} ({line.provenance}); {reach}"),
        zorder=3,
    )


def _lines_of(words: str) -> str:
    """An entry of the legend in as many lines as it needs."""
    return "\n".join(wrap(words, LEGEND_SIGNS))


def _axes(x_label: str, y_label: str, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x_label)
    axes.set_ylabel(f"{y_label}, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def _scale(axes: Any, x: tuple[float, float], percent: tuple[int, int]) -> None:
    """The ends of both axes, with ticks at round values."""
    axes.set_xscale("log")
    ticks = cost_ticks(*x)
    axes.set_xticks(ticks, [amount(tick) for tick in ticks])
    axes.tick_params(axis="x", which="minor", labelbottom=False)
    axes.set_xlim(*x)
    axes.set_ylim(*percent)
    axes.set_yticks(range(percent[0], percent[1] + 1, 10 if percent[1] - percent[0] > 30 else 5))


def _bars(intervals: Sequence[Interval]) -> list[list[float]]:
    """Distances from values to the ends of their 90 % intervals, in points of percent."""
    return [[100 * (i.value - i.low) for i in intervals], [100 * (i.high - i.value) for i in intervals]]


@contextmanager
def plain_texts() -> Iterator[None]:
    """Dollar signs in a name are no formula, and a letter that the font lacks is an empty box."""
    import matplotlib

    with matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "advisor"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def plain_ticks(figure: Any) -> None:
    """Powers on logarithmic axes as amounts: matplotlib writes them as formulas, which are shown as they are typed."""
    from matplotlib.ticker import FuncFormatter, LogFormatter, NullFormatter

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
            axis.set_minor_formatter(NullFormatter())


def _save(figure: Any, path: Path) -> None:
    sealed(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
