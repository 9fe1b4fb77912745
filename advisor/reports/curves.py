"""Accuracy against compute of one model on one task, as tables and pictures in text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.fits.curve_words import UNITS, asymptote_text, saturation_text
from advisor.fits.line import CurvePoint, Line
from advisor.reports.terminal import Block, Verbatim
from advisor.reports.text_pictures import picture
from advisor.reports.text_tables import table
from advisor.reports.words import interval_text, short_strategy, with_setup
from advisor.units import percent, significant

OPTIONAL = ("failures cut", "tokens per correct", "FLOPs")
"""Columns that a narrow terminal goes without."""


def blocks(lines: Sequence[Line]) -> list[Block]:
    """What `advisor curve` prints."""
    return [block for line in lines for block in _line_blocks(line)]


def _line_blocks(line: Line) -> list[Block]:
    columns = ["point", "tokens", "FLOPs", "accuracy", "90 %", "tokens per correct", "failures cut"]
    how = with_setup(line.strategy, line.setup)
    title = f"{line.model} on {line.task}, {how} ({line.n_questions} questions, {line.provenance})"
    dots = [(line.compute_of(p) or 0.0, Interval(p.accuracy, p.low, p.high)) for p in line.points]
    unit = UNITS[line.unit]
    drawn = picture(
        dots,
        lambda x: float(line.curve.shape.at(np.array([x]))[0]),
        f"{unit} (log scale)",
        measured=line.curve.x_max,
        until=4 * line.curve.x_max,
    )
    limit = f"; limit of voting by the answers themselves {interval_text(line.limit)}" if line.limit else ""
    sentences = [
        f"Curve:       {line.curve.shape.family}; at four times the largest compute {interval_text(line.curve.at_4x)}",
        f"Asymptote:   {asymptote_text(line)}{limit}",
        f"Saturation:  {saturation_text(line)}",
        *_length(line),
        f"From:        {line.runs}",
    ]
    rows = [_row(line, p) for p in line.points]
    return [
        table(columns, rows, title=title, right=columns[1:], optional=OPTIONAL),
        Verbatim(drawn),
        "\n".join(sentences),
        Verbatim(""),
    ]


def _row(line: Line, p: CurvePoint) -> list[str]:
    return [
        short_strategy(line.strategy, p.n_samples, p.token_budget, p.tokens),
        significant(p.tokens),
        significant(p.flops),
        percent(p.accuracy),
        f"{percent(p.low)} – {percent(p.high)}",
        significant(p.per_correct.tokens),
        percent(p.share_of_failures_cut, 0),
    ]


def _length(line: Line) -> list[str]:
    end = line.own_end
    if end is None or not end.right_tokens or not end.wrong_tokens:
        return []
    ratio = f"{end.wrong_tokens / end.right_tokens:.2f} ×"
    return [f"Length:      {end.right_tokens:,.0f} tokens where right, {end.wrong_tokens:,.0f} where wrong ({ratio})"]
