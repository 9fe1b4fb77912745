"""A trend as tables and a picture: the fits, the least compute for an accuracy, who entered the frontier when."""

from __future__ import annotations

from advisor.accuracy.estimators import Interval
from advisor.accuracy.release_trend import Estimate, Over, points
from advisor.reports.certainty import chance
from advisor.reports.costs_unknown import IMPUTED, left_out_text
from advisor.reports.frontier_view import AXES, PADDING, accuracy_ends
from advisor.reports.terminal import Block, Labelled, Verbatim, width
from advisor.reports.text_frontiers import draw_stairs
from advisor.reports.text_pictures import MARGIN, WIDEST, canvas
from advisor.reports.text_tables import Table, short_name, table
from advisor.studies.trend import Trend
from advisor.studies.trend_claims import open_text
from advisor.units import counted, percent, significant

ROWS = 14
CHOSEN = (
    "Models that led when released are chosen by the accuracy that is fitted, so their slopes are biased: they stand"
    " beside the other fits for comparison."
)
OPEN_ENDS = (
    "At least, at most: models released at the same time show so little of what compute adds that the other end of the"
    " interval is not known."
)
MOST_ENTRIES = 10
"""Newest entries of the frontier that a screen shows."""


def blocks(found: Trend) -> list[Block]:
    """What `advisor trend` prints."""
    shown: list[Block] = [fits_table(found)] if found.fits else [f"Trend of {found.task}, {span_text(found)}"]
    shown += caveats(found)
    refused = found.no_fit if found.fits else found.no_fit[:1]  # what all models lack, a part of them lacks too
    shown += [Labelled("No fit", f"over {'; '.join(refused)}")] if refused else []
    shown += [steps_table(found)] if found.steps else [f"no model reaches {_target(found)} (--target)"]
    shown += [fallen_text(found)] if len(found.steps) > 1 else []
    shown += [history_table(found, MOST_ENTRIES)]
    more = len(found.history) - MOST_ENTRIES
    shown += [f"{more} earlier in --json"] if more > 0 else []
    shown += [Verbatim(picture(found))]
    if any(each.imputed for each in found.answers):
        shown.append(f"{IMPUTED} length of the answers imputed")
    shown += [Labelled("No date", ", ".join(found.undated))] if found.undated else []
    return [*shown, *([Labelled("Left out", left_out_text(found.left_out))] if found.left_out else [])]


def fits_table(found: Trend) -> Table:
    """The fits, one a line; slopes as points of accuracy at the target."""
    head = f"Trend of {found.task}, {span_text(found)}: what ten times the compute and a year are worth (90 %)"
    at = _target(found)
    columns = [
        "over", "answers", f"points at {at} by 10 × FLOPs", f"points at {at} by a year", "FLOPs fall a year by",
        "halve in months", f"FLOPs for {at} at the end",
    ]  # fmt: skip
    lines = [
        [
            each.over,
            str(each.n_answers),
            _points_cell(each.per_decade, found),
            _points_cell(each.per_year, found),
            open_cell(each.gain, " ×"),
            open_cell(each.halving),
            open_cell(each.needed),
        ]
        for each in found.fits
    ]
    return table(columns, lines, title=head, right=("answers",), optional=(columns[-1],))


def _target(found: Trend) -> str:
    """As it was given: `55 %`, `99.9 %`."""
    return f"{100 * found.target:g} %"


def caveats(found: Trend) -> list[str]:
    """What has to be said beside the fits."""
    said = [CHOSEN] if found.fit(Over.FRONTIER) else []
    is_open = any(each.gain.low is not None and each.gain.high is None for each in found.fits)
    return [*said, *([OPEN_ENDS] if is_open else [])]


def span_text(found: Trend) -> str:
    """`42 models, 2023-07 to 2026-02`."""
    n = len({each.model for each in found.answers})
    return f"{counted(n, 'model')}, {found.answers[0].released} to {found.answers[-1].released}"


def _points_cell(slope: Interval, found: Trend) -> str:
    """Logits as points of accuracy at the target: `+9.9 (4.3 to 14.4)`."""
    value, low, high = (100 * points(s, found.target, found.floor) for s in (slope.value, slope.low, slope.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−")


def open_cell(found: Estimate, unit: str = "") -> str:
    """`5.97 × (2.14 – 18.5)`, for a table whose head says 90 %; an open end in words."""
    if found.value is None or found.low is None or found.high is None:
        return open_text(found, unit)
    return f"{significant(found.value)}{unit} ({significant(found.low)} – {significant(found.high)})"


def steps_table(found: Trend) -> Table:
    """The least compute for the target accuracy as the dates go by."""
    title = f"Least FLOPs per question for {_target(found)} among what was released (--target)"
    columns = ["from", "FLOPs", "90 %", "model", "accuracy"]
    lines = [
        [
            each.date,
            significant(each.flops) + (IMPUTED if each.imputed else ""),
            f"{_end(each.needed.low)} – {_end(each.needed.high)}",
            each.model,
            percent(each.accuracy),
        ]
        for each in found.steps
    ]
    right, names = ("FLOPs", "90 %", "accuracy"), ("from", "model")
    return table(columns, lines, title=title, right=right, names=names, optional=("90 %",))


def _end(value: float | None) -> str:
    return "open" if value is None else significant(value)


def fallen_text(found: Trend) -> str:
    """How far the steps went down together."""
    first, last = found.steps[0], found.steps[-1]
    return (
        f"from {first.date} to {last.date} they fell by {open_text(found.fallen, ' ×')}, luck of single models included"
    )


def history_table(found: Trend, most: int) -> Table:
    """The newest entries of the frontier, by date."""
    columns = ["entered", "model", "FLOPs", "accuracy", "likely on it", "beat", "until", "likely now"]
    lines = [
        [
            each.date,
            each.model,
            significant(each.flops) + (IMPUTED if each.imputed else ""),
            percent(each.accuracy),
            chance(each.chance),
            ", ".join(dict.fromkeys(short_name(model) for model in each.beat)) or "–",
            each.until or "today",
            chance(each.chance_now),
        ]
        for each in found.history[-most:]
    ]
    right = ("FLOPs", "accuracy", "likely on it", "likely now")
    title = "Models that entered the frontier of accuracy against FLOPs"
    return table(
        columns,
        lines,
        title=title,
        right=right,
        names=("entered", "model"),
        optional=("likely now", "likely on it", "beat"),
    )


def picture(found: Trend) -> str:
    """Every model as the last digit of its year of release over its FLOPs, and the frontier of today."""
    flops = [each.flops for each in found.answers]
    low, high = min(flops), max(flops)
    wider = max((high / low) ** PADDING, 1.25)
    percents = accuracy_ends([Interval(a.accuracy.value, a.accuracy.value, a.accuracy.value) for a in found.answers])
    columns = min(WIDEST, width() - MARGIN - 1)
    drawn = canvas((low / wider, high * wider), percents, columns=columns, rows=ROWS)
    now = sorted((each.flops, each.accuracy) for each in found.history if not each.until)
    draw_stairs(drawn, now)
    for each in found.answers:
        drawn.put(drawn.column(each.flops), drawn.row(each.accuracy.value), each.released[3])
    years = sorted({each.released[:4] for each in found.answers})
    legend = "   ".join([*(f"{year[3]} {year}" for year in years), "─ frontier today"])
    return "\n".join([drawn.text(f"{AXES['flops']}, log scale"), " " * MARGIN + legend])
