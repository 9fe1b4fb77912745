"""Where more thinking stops paying, in Markdown and as a picture."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.reports.markdown_text import heading, paragraph, to_markdown
from advisor.reports.plots import BLACK, BLUE, GREY, SERIES, VERMILLION
from advisor.reports.text_tables import Table, short_name, table
from advisor.reports.words import interval_cell, with_setup
from advisor.studies.difficulty import Bin, BinPoint, Difficulty
from advisor.studies.saturated import Limit, Status
from advisor.studies.saturation import CurveSaturation, Saturation
from advisor.studies.saturation_claims import THRESHOLD_FLOPS
from advisor.studies.unsolved import Unsolved
from advisor.studies.voting_limits import VOTES
from advisor.units import counted, percent, significant

BELOW = 3.6
"""Inches of the lower pictures."""
SHOWN_REPEATS = 4
"""Answers of each question from which a pair of model and benchmark is in the table of what is unsolved."""
SHOWN_ROWS = 10
"""Of a table with a row a model, benchmark and difficulty; the value has all."""
MOST_TICKS, MOST_BESIDE_NAMES = 4, 2
"""Steps between ticks of an axis of tokens in half a picture, and of one that shares it with names."""
SHOWN_CAPS = 4
"""Caps of a bin that the table has columns of."""


TITLE = "Past which compute does more thinking gain nothing?"


def tables(value: Saturation) -> list[str]:
    """Its tables as parts of a Markdown page."""
    parts = []
    if lengths := [each for each in value.curves if each.unit == "tokens"]:
        parts += [heading("The length of thinking", 3), to_markdown(_curves(lengths, value.epsilon))]
    if caps := [each for each in value.curves if each.unit == "token cap"]:
        parts += [heading("Where answers end by themselves", 3), paragraph(_UNDER_CAPS)]
        parts.append(to_markdown(_curves(caps, value.epsilon)))
    if voting := [each for each in value.curves if each.unit == "samples"]:
        parts.append(paragraph(_votes(voting, value.epsilon)))
    if value.bins:
        shown = _most_answers(value.bins)
        said = (
            "whose saturation point is known, those of a model and a benchmark that can be compared first, then those"
            " with most answers; saturated is where a doubling of the cap gains less than"
            f" {percent(value.epsilon)} of the accuracy without one"
        )
        parts += [heading("By difficulty", 3), paragraph(_rows(shown, value.bins, said, "bins"))]
        parts.append(to_markdown(_bins(shown, value.points)))
    if value.unsolved:
        parts += [heading("What no answer solves", 3), *_unsolved(value)]
    return parts


_UNDER_CAPS = (
    "One answer under a cap on its tokens. A cap only stops answers, so that every such curve flattens where the"
    " longest right answers end by themselves: what a cap may be set to, not what more thinking would gain."
)


def _rows(shown: Sequence[Any], of: Sequence[Any], which: str, what: str) -> str:
    """Which of the rows are in a table."""
    if len(shown) == len(of):
        return f"The {what} {which}." if len(of) > 1 else f"One of the {what}, {which}."
    return f"The {len(shown)} of {len(of)} {what} {which}; all of them are in the Python value."


def _most_answers(bins: Sequence[Bin]) -> list[Bin]:
    """Of the bins whose saturation point is known, where any is, first those of a model and a benchmark with several,
    then those with most answers; in their order.
    """
    known = [each for each in bins if each.saturation and each.saturation.value is not None] or list(bins)
    several = Counter(_bin(each)[:-1] for each in known)
    most = sorted(known, key=lambda each: (several[_bin(each)[:-1]] < 2, -each.n_answers))[:SHOWN_ROWS]
    return [each for each in bins if each in most]


def _points(epsilon: float) -> str:
    return f"{100 * epsilon:g} points"


def _curves(curves: Sequence[CurveSaturation], epsilon: float) -> Table:
    title = f"a doubling gains less than {_points(epsilon)} from"
    columns = (
        "task",
        "model",
        "what is limited",
        f"{title}, tokens (90 %)",
        "tokens spent",
        "FLOPs",
        "measured to, FLOPs",
    )
    rows = [
        (
            each.task,
            short_name(each.model),
            with_setup(_limited(each), each.setup),
            _limit(each.compute),
            significant(each.tokens.value),
            significant(each.flops.value),
            significant(each.measured_to_flops),
        )
        for each in curves
    ]
    return table(columns, rows, right=columns[3:])


def _limited(of: CurveSaturation) -> str:
    if of.strategy in VOTES:
        return "votes, by their tokens"
    return "cap on an answer" if of.unit == "token cap" else "length of thinking"


def _limit(of: Limit | None) -> str:
    """`12,228 (10,003 – 14,948)`, or that it is not known and from where on it may lie."""
    if of is None:
        return "too few questions"
    if of.value is None:
        return f"{of.status.value}, not before {of.low or 0:,.0f}"
    return f"{of.value:,.0f} ({of.low or 0:,.0f} – {of.high or 0:,.0f})"


def _votes(voting: Sequence[CurveSaturation], epsilon: float) -> str:
    at = [each.compute.status for each in voting]
    reached = [each for each in voting if each.compute.status is Status.REACHED]
    levels = ", ".join(f"{each.compute.value:.0f} of {short_name(each.model)} on {each.task}" for each in reached)
    return (
        f"Votes: of {counted(len(voting), 'curve')} {len(reached)} saturate within the answers that are stored"
        f"{f' (from {levels} answers)' if levels else ''}, {at.count(Status.NOT_REACHED)} still gain {_points(epsilon)}"
        f" with a doubling, {at.count(Status.CANNOT_TELL)} cannot tell."
    )


def _bins(bins: Sequence[Bin], points: Sequence[BinPoint]) -> Table:
    columns = (
        "task",
        "model",
        "questions",
        "n",
        "saturates at a cap of (90 %)",
        "FLOPs there",
        "mean tokens",
        "accuracy under caps (90 %)",
    )
    of_bin = defaultdict[tuple[str, ...], list[BinPoint]](list)
    for point in points:
        of_bin[_bin(point)].append(point)
    rows = [
        (
            each.task,
            with_setup(short_name(each.model), each.setup),
            each.difficulty.value,
            str(each.n_questions),
            _limit(each.saturation),
            significant(each.flops.value if each.flops else None),
            f"{each.tokens:,.0f}",
            _under_caps(of_bin[_bin(each)]),
        )
        for each in bins
    ]
    return table(columns, rows, right=("n", "FLOPs there", "mean tokens"))


def _bin(of: Bin | BinPoint) -> tuple[str, ...]:
    return (of.model, of.task, of.setup, of.difficulty.value)


def _under_caps(points: Sequence[BinPoint]) -> str:
    """Of caps spread evenly over those that matter, the last one none."""
    chosen = np.unique(np.linspace(0, len(points) - 1, SHOWN_CAPS).round().astype(int))
    return "; ".join(f"{_cap(points[at].token_cap)}: {interval_cell(points[at].accuracy)}" for at in chosen)


def _cap(cap: int | None) -> str:
    return "no cap" if cap is None else f"{cap:,}"


def _unsolved(value: Saturation) -> list[str]:
    """Pairs with answers enough of each question, and in a sentence what no model solves."""
    columns = (
        "task", "model", "answers a question", "unsolved (90 %)", "of them solved by others",
        "one more answer solves, at most (90 %)", "as many again, of the unsolved, at most (90 %)",
        "answers to halve them, if beta distributed (90 %)",
    )  # fmt: skip
    enough = [each for each in value.unsolved if each.fewest >= SHOWN_REPEATS]
    most = sorted(enough, key=lambda each: -each.n_solved_by_other)[:SHOWN_ROWS]
    which = (
        f"with at least {SHOWN_REPEATS} answers of each question that leave most questions unsolved which other models"
        " solve"
    )
    parts = []
    if most:
        shown = table(columns, [_unsolved_row(each) for each in enough if each in most], right=columns[2:])
        parts += [paragraph(_rows(most, enough, which, "pairs of a model and a benchmark")), to_markdown(shown)]
    every = sorted(value.unsolved_by_all, key=lambda each: -each.share.value)[:SHOWN_REPEATS]
    if every:
        shares = "; ".join(
            f"{interval_cell(e.share)} of {e.task} (all {e.n_models} models, {e.n_answers / e.n_questions:.0f} answers"
            " a question)"
            for e in every
        )
        parts.append(paragraph(f"No answer of any model solves, most of all: {shares}."))
    return parts


def _unsolved_row(each: Unsolved) -> tuple[str, ...]:
    return (
        each.task,
        short_name(each.model),
        str(each.fewest) if each.fewest == each.most else f"{each.fewest} to {each.most}",
        interval_cell(each.share),
        percent(each.solved_by_other, 0),
        "–" if each.next_answer is None else interval_cell(each.next_answer),
        "–" if each.again is None else interval_cell(each.again),
        _answers(each.to_halve),
    )


def _answers(of: Interval | None) -> str:
    """More answers, with the interval; what lies beyond the look ahead is only said to."""
    if of is None:
        return "–"
    if np.isinf(of.value):
        return "over 4,096" if np.isinf(of.low) else f"over 4,096 (at least {of.low:,.0f})"
    return f"{of.value:,.0f} ({of.low:,.0f} – {'over 4,096' if np.isinf(of.high) else f'{of.high:,.0f}'})"


def figure(value: Saturation) -> Any | None:
    """Where curves saturate in FLOPs, and below accuracy under caps by difficulty; None without a curve in FLOPs."""
    from matplotlib.figure import Figure

    shown = [each for each in value.curves if each.unit != "samples" and each.flops.low is not None]
    if not shown:
        return None
    bins = [each for each in value.bins if each.saturation is not None]
    height = 1.6 + 0.2 * len(shown)
    drawn = Figure(figsize=(9.0, height + (BELOW if bins else 0.0)), layout="constrained")
    if not bins:
        _draw_levels(drawn.add_subplot(), shown)
        return drawn
    above, below = drawn.subfigures(2, 1, squeeze=False, height_ratios=(height, BELOW)).flat
    left, right = below.subfigures(1, 2, squeeze=False).flat
    _draw_levels(above.subplots(), shown)
    _draw_caps(left, value)
    _draw_bins(right.subplots(), bins)
    return drawn


def _draw_levels(axes: Any, shown: Sequence[CurveSaturation]) -> None:
    """A line a curve: the level with its interval, or an arrow from where on it may lie."""
    ordered = sorted(shown, key=lambda each: (each.task, each.flops.value or each.flops.low or 0.0), reverse=True)
    for at, each in enumerate(ordered):
        low, value, high = each.flops.low or 0.0, each.flops.value, each.flops.high
        if value is None or high is None:
            marker = "s" if each.unit == "tokens" else "o"
            axes.plot(low, at, marker, color=GREY, markerfacecolor="white", markersize=5)
            arrow = {"arrowstyle": "->", "color": GREY, "linewidth": 0.9}
            axes.annotate("", (2.2 * low, at), xytext=(1.1 * low, at), arrowprops=arrow)
        else:
            bars = [[value - low], [high - value]]
            colour, marker = (VERMILLION, "s") if each.unit == "tokens" else (BLUE, "o")
            axes.errorbar(value, at, xerr=bars, fmt=marker, color=colour, markersize=5, elinewidth=1.2, capsize=2)
    axes.plot([], [], "o-", color=BLUE, label="answers end by themselves (90 %)")
    if any(each.unit == "tokens" and each.flops.value for each in shown):
        axes.plot([], [], "s-", color=VERMILLION, label="length of thinking saturates (90 %)")
    axes.plot(
        [], [], "o", color=GREY, markerfacecolor="white", label="not known: not before, if at all (squares: length)"
    )
    axes.axvline(
        THRESHOLD_FLOPS, color=VERMILLION, linewidth=1, linestyle="--", label="1e16, as published for easier sets"
    )
    axes.set_yticks(range(len(ordered)), [f"{short_name(each.model)}, {each.task}" for each in ordered], fontsize=7.5)
    axes.set_xscale("log")
    axes.set_xlim(min(each.flops.low or np.inf for each in ordered) / 2, 2 * THRESHOLD_FLOPS)
    axes.set_ylim(-0.7, len(ordered) - 0.3)
    axes.set_xlabel("FLOPs a question, log scale")
    axes.legend(fontsize=7.5, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    _plain(axes)


def _draw_caps(part: Any, value: Saturation) -> None:
    """Accuracy under caps in each bin, of the model and benchmark with most answers in bins that have a curve."""
    answers = defaultdict[tuple[str, str, str], int](int)
    for each in value.bins:
        if each.saturation is not None:
            answers[each.model, each.task, each.setup] += each.n_answers
    model, task, setup = max(answers, key=lambda key: (answers[key], key))
    axes = part.subplots()
    for difficulty, (colour, marker, dashes) in zip(Difficulty, SERIES, strict=False):
        own = [
            p
            for p in value.points
            if (p.model, p.task, p.setup, p.difficulty) == (model, task, setup, difficulty) and p.token_cap is not None
        ]
        if own:
            accuracy = [p.accuracy for p in own]
            bars = [[100 * (a.value - a.low) for a in accuracy], [100 * (a.high - a.value) for a in accuracy]]
            caps, percents = [p.token_cap for p in own], [100 * a.value for a in accuracy]
            style = {"color": colour, "marker": marker, "linestyle": dashes, "markersize": 4, "elinewidth": 0.8}
            axes.errorbar(caps, percents, yerr=bars, label=difficulty.value.removesuffix(" or more"), **style)
    _powers_of_two(axes, MOST_TICKS)
    axes.set_ylim(0, 100)
    axes.set_xlabel("cap on an answer, tokens")
    axes.set_ylabel("accuracy, %")
    axes.set_title(f"{short_name(model)}, {task}", fontsize=8.5, loc="left")
    part.legend(fontsize=7, frameon=False, loc="outside lower center", ncols=3, columnspacing=1.0, handlelength=1.6)
    _plain(axes)


def _draw_bins(axes: Any, bins: Sequence[Bin]) -> None:
    """A line a model and benchmark, with where its bins saturate."""
    names = list(dict.fromkeys(f"{short_name(each.model)}, {each.task}" for each in bins))[::-1]
    for difficulty, (colour, marker, _), aside in zip(Difficulty, SERIES, (0.2, 0.0, -0.2), strict=False):
        own = [each for each in bins if each.difficulty is difficulty and each.saturation and each.saturation.value]
        for each in own:
            limit, at = each.saturation, names.index(f"{short_name(each.model)}, {each.task}") + aside
            value, low, high = (getattr(limit, name) or 0.0 for name in ("value", "low", "high"))
            axes.errorbar(value, at, xerr=[[value - low], [high - value]], fmt=marker, color=colour, markersize=5)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(-0.6, len(names) - 0.4)
    _powers_of_two(axes, MOST_BESIDE_NAMES)
    axes.set_xlabel("cap, tokens (90 %)")
    axes.set_title("where each bin saturates", fontsize=8.5, loc="right")
    axes.tick_params(axis="y", colors=BLACK)
    _plain(axes)


def _powers_of_two(axes: Any, most: int) -> None:
    """A logarithmic axis of tokens with so many steps between ticks at most, for which their labels have room."""
    axes.set_xscale("log", base=2)
    low, high = (math.log2(end) for end in axes.get_xlim())
    step = max(1, math.ceil((high - low) / most))
    powers = [2**n for n in range(math.ceil(low), math.floor(high) + 1, step)]
    axes.set_xticks(powers, [f"{power:,}" for power in powers])


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
