"""A frontier in text: every model as a labelled point, the staircase of the best, the budget and the pick."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

from advisor.provenance import Provenance
from advisor.reports.frontier_view import EVIDENCE, Mark, View
from advisor.reports.label_places import Box, Label, placed
from advisor.reports.terminal import width
from advisor.reports.text_pictures import MARGIN, Canvas, canvas

WIDEST, ROWS = 108, 20
SIGNS = {Provenance.MEASURED: ("●", "○"), Provenance.PUBLISHED: ("◆", "◇")}
"""Of a kind of evidence: a point that leads, any other point."""
OTHER_SIGNS = ("■", "□")
APART = 6
"""Columns that a name keeps from other points, where it can."""
KEYS = string.digits[1:] + string.ascii_lowercase


def frontier_text(view: View) -> str:
    """The picture as wide as the terminal; empty text where no model has a cost above zero."""
    if not view.marks:
        return ""
    drawn = canvas(view.cost_range(), view.accuracy_range(), columns=min(WIDEST, width() - MARGIN - 1), rows=ROWS)
    head = _draw_budget(drawn, view)
    draw_stairs(drawn, view.steps)
    points = [_draw_mark(drawn, mark) for mark in reversed(view.marks)][::-1]  # what leads is drawn over the rest
    listed = _draw_labels(drawn, view.marks, points)
    legend = _legend(view)
    return "\n".join([*([head] if head else []), drawn.text(view.cost_title), *legend, *listed])


def _draw_budget(drawn: Canvas, view: View) -> str:
    """The line of the budget; returns the line of text above the picture."""
    if view.budget is None:
        return ""
    low, high = view.cost_range()
    if view.budget > high:
        return " " * MARGIN + f"{view.budget_text} →".rjust(drawn.columns + 1)
    if view.budget < low:
        return " " * MARGIN + f"← {view.budget_text}"
    at = drawn.column(view.budget)
    for row in range(drawn.rows + 1):
        drawn.put(at, row, "┊")
    text = view.budget_text
    fits_right = at + len(text) + 2 <= drawn.columns
    return " " * MARGIN + (" " * at + f"┊ {text}" if fits_right else f"{text} ┊".rjust(at + 1))


def draw_stairs(drawn: Canvas, steps: Sequence[tuple[float, float]]) -> None:
    """Every step holds its accuracy until the next; below the picture's range nothing is drawn."""
    ends = [*(drawn.column(cost) for cost, _ in steps[1:]), drawn.columns]
    before, corner = drawn.rows + 1, -1
    for (cost, accuracy), end in zip(steps, ends, strict=True):
        start, row = drawn.column(cost), drawn.row(accuracy)
        for column in range(start + 1, end):
            drawn.put(column, row, "─")
        for between in range(row + 1, before):
            drawn.put(start, between, "│")
        if row < before:
            drawn.put(start, before, "│" if start == corner else "┘")
            corner = start
        drawn.put(start, row, "┌" if row < before else "─")
        before = row


def _draw_mark(drawn: Canvas, mark: Mark) -> Box:
    """The sign of a point, between brackets where it is the pick; returns the cells it takes."""
    column, row = drawn.column(mark.cost), drawn.row(mark.accuracy.value)
    drawn.put(column, row, _sign(mark))
    if not mark.picked:
        return Box(column, row, column + 1, row + 1)
    drawn.put(column - 1, row, "(")
    drawn.put(column + 1, row, ")")
    return Box(column - 1, row, column + 2, row + 1)


def _sign(mark: Mark) -> str:
    leading, other = SIGNS.get(mark.evidence, OTHER_SIGNS)
    return leading if mark.leads else other


def _draw_labels(drawn: Canvas, marks: Sequence[Mark], points: Sequence[Box]) -> list[str]:
    """Names beside their points; where there is no room a key stands for the point, and the keys are returned.

    Where the keys do not suffice either, what leads has them, and the rest is counted.
    """
    spaced = [Box(p.left - 1, p.low, p.right + 1, p.high) for p in points]  # a name does not touch its sign
    labels = [Label(box, len(mark.label), 1) for box, mark in zip(spaced, marks, strict=True)]
    frame = Box(0, 0, drawn.columns + 1, drawn.rows + 1)
    stairs, budget = ([Box(x, y, x + 1, y + 1) for x, y in drawn.drawn(signs)] for signs in ("─│┌┘", "┊"))
    places = placed(labels, frame, taken=stairs, avoided=budget, far=[0], apart=APART)
    listed, keys, unnamed = [], iter(KEYS), 0
    for mark, point, place in zip(marks, points, places, strict=True):
        if place is not None:
            drawn.write(math.ceil(place.left), round(place.low), mark.label)
        elif key := next(keys, ""):
            drawn.put(round(point.left), round(point.low), key)
            listed.append(f"{key} {_sign(mark)} {mark.label}")
        else:
            unnamed += 1
    listed += [f"and {unnamed} more"] if unnamed else []
    return _lines_of(listed, drawn.columns + MARGIN)


def _legend(view: View) -> list[str]:
    """What the signs mean, as far as they are in the picture."""
    kinds = [kind for kind in SIGNS if any(mark.evidence is kind for mark in view.marks)]
    words = [f"{SIGNS[kind][0]} {EVIDENCE[kind]}" for kind in kinds]
    if any(mark.evidence not in SIGNS for mark in view.marks):
        words.append(f"{OTHER_SIGNS[0]} estimated")
    if others := [mark for mark in view.marks if not mark.leads]:
        hollow = "".join(dict.fromkeys(SIGNS.get(mark.evidence, OTHER_SIGNS)[1] for mark in others))
        words.append(f"{' '.join(hollow)} beaten by another model{' or above the budget' if view.budget else ''}")
    words.append("─ frontier")
    return _lines_of(words, width() - 1)


def _lines_of(words: Sequence[str], room: int) -> list[str]:
    """Words side by side, in as many lines as they need."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 3 + len(word) <= room:
            lines[-1] += f"   {word}"
        else:
            lines.append(" " * MARGIN + word)
    return lines
