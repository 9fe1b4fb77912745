"""Names beside the points of a figure, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from advisor.reports.label_places import Box, Label, placed
from advisor.reports.plots import lead_back

RADIUS, MARGIN, APART = 4.5, 2.0, 6.0
"""Points of a marker, beside a name, and between a name and other markers."""
GROUND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
"""Keeps a name legible on a line."""
FAR = (2.0, 6.0, 11.0, 17.0, 25.0, 35.0)


def write_names(
    figure: Any,
    axes: Any,
    named: Sequence[tuple[float, float, str]],
    others: Sequence[tuple[float, float]] = (),
    stairs: Sequence[tuple[float, float]] = (),
) -> None:
    """Each name near its point (x, y in the data's units), with a line back to it where another point is as near.

    One that would cover another name or a named point is left out.

    others  further points (x, y) that names keep from where they can, as from the steps between `stairs`
    """
    figure.draw_without_rendering()
    pixels = figure.dpi / 72
    texts = [
        axes.annotate(name, (x, y), xytext=(0, 0), textcoords="offset points", fontsize=8, bbox=GROUND, in_layout=False)
        for x, y, name in named
    ]
    points = [axes.transData.transform((x, y)) for x, y, _ in named]
    sizes = [text.get_window_extent() for text in texts]
    labels = [
        Label(_around(point, RADIUS * pixels), size.width + 2 * MARGIN * pixels, size.height)
        for point, size in zip(points, sizes, strict=True)
    ]
    marks = [_around(axes.transData.transform(each), RADIUS * pixels) for each in others]
    frame = axes.get_window_extent()
    places = placed(
        labels,
        Box(frame.x0, frame.y0, frame.x1, frame.y1),
        avoided=[*marks, *_lines(axes, stairs)],
        marks=marks,
        far=[distance * pixels for distance in FAR],
        apart=APART * pixels,
    )
    for text, (x, y), place, (*at, _) in zip(texts, points, places, named, strict=True):
        if place is None:
            text.remove()
            continue
        text.set_position(((place.left - x) / pixels + MARGIN, (place.low - y) / pixels))
        text.set_verticalalignment("bottom")
        lead_back(axes, (at[0], at[1]), place, [*marks, *(label.point for label in labels)])


def _lines(axes: Any, stairs: Sequence[tuple[float, float]]) -> list[Box]:
    """The steps as thin boxes in pixels."""
    corners = [axes.transData.transform(corner) for corner in stairs]
    pairs = list(pairwise(corners))
    flat = [Box(x, y - 1, end, y + 1) for (x, y), (end, _) in pairs]
    return [*flat, *(Box(x - 1, low, x + 1, high) for (_, low), (x, high) in pairs)]


def _around(point: Sequence[float], radius: float) -> Box:
    x, y = point
    return Box(x - radius, y - radius, x + radius, y + radius)
