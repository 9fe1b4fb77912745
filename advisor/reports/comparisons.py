"""Two models side by side, for a person: by accuracy over budgets, or by speed over loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from advisor.performance.predict import ttft_spread
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.compare import Comparison
from advisor.recommendation.compare_speed import FIGURES, NO_PRICE, LoadFigures, Point, SpeedComparison
from advisor.recommendation.overtaking import SURE, Overtake, Standing
from advisor.reports.certainty import chance, evidence_marks, marked_accuracy
from advisor.reports.costs_unknown import imputed_legend, imputed_mark
from advisor.reports.terminal import Block
from advisor.reports.text_tables import table
from advisor.reports.words import gpus_text, range_text, strategy_cell
from advisor.units import bytes_text, counted, significant

OPTIONAL = ("B GB/GPU", "A GB/GPU", "cheaper", "B tokens/s", "A tokens/s")
"""Columns that a narrow terminal goes without."""

ADVANTAGE = {"tpot_s": "has the lower TPOT", "usd_per_million_output_tokens": "is cheaper per token"}


def accuracy_blocks(found: Comparison) -> list[Block]:
    """What `advisor compare A B --task T` prints."""
    columns = [f"{found.cost} per question", "A (90 %)", "B (90 %)", "more accurate", "by, points (90 %)"]
    rows = [[significant(s.budget), *map(_reached, s.each), _leader(s, found.models), _lead(s)] for s in found.budgets]
    title = f"{found.task}: the most accurate way to spend a budget on each"
    lines = [*(_ways(found, which) for which in (0, 1)), *(_overtaking(lead, found) for lead in found.overtakes)]
    shown = [c for s in found.budgets for c in s.each if c]
    lines += ["; ".join(texts)] if (texts := [*evidence_marks(shown), *imputed_legend(shown)]) else []
    return [table(columns, rows, title=title, right=columns[:1]), "\n".join(lines)]


def _ways(found: Comparison, which: int) -> str:
    """How a model reaches its accuracies, from the budgets on that allow it."""
    ways: dict[str, str] = {}
    for s in found.budgets:
        if c := s.each[which]:
            ways.setdefault(f"{strategy_cell(c)} on {gpus_text(c)}{imputed_mark(c)}", significant(s.budget))
    said = "; ".join(f"from {budget} {found.cost} {way}" for way, budget in ways.items())
    return f"{'AB'[which]}: {found.models[which]}: {said or 'nothing within these budgets'}"


def _overtaking(lead: Overtake, found: Comparison) -> str:
    leader = lead.more_accurate_from_there
    from_there = f"from {significant(lead.budget)} {found.cost} on"
    if lead.only_one:
        return f"{from_there} {leader} gets more right, the only one that cheap"
    if lead.chance < SURE:
        return f"{from_there} {leader} is ahead, but the data cannot tell them apart ({chance(lead.chance)} that it is)"
    return f"{from_there} {leader} gets more right ({chance(lead.chance)})"


def _reached(c: Candidate | None) -> str:
    return f"{marked_accuracy(c)} ({range_text(c.accuracy).replace(' %', '')})" if c else "–"


def _leader(s: Standing, models: tuple[str, str]) -> str:
    if s.more_accurate is None:
        return "tie"
    return "AB"[models.index(s.more_accurate)] + ("" if s.difference is None else f" ({chance(s.chance)})")


def _lead(s: Standing) -> str:
    if s.difference is None:
        return "–"
    ends = " to ".join(f"{100 * end:+.1f}" for end in (s.difference.low, s.difference.high))
    return f"{100 * s.difference.value:.1f} ({ends})".replace("-", "−")


def speed_blocks(found: SpeedComparison) -> list[Block]:
    """What `advisor compare A B` prints."""
    names = [contender.model.split("/")[-1] for contender in found.models]
    pairs = [f"{n} {what}" for what in ("TPOT ms", "tokens/s", "GB/GPU", "USD/M") for n in "AB"]
    columns = ["in flight", *pairs, "cheaper"]
    result: list[Block] = []
    for context in sorted({p.context_tokens for p in found.points}):
        some = [p for p in found.points if p.context_tokens == context]
        rows = [[str(p.concurrency), *_cells(p), _cheaper(p, names)] for p in some]
        title = f"{context:,} → {counted(found.output_tokens, 'token')}"
        cells = {"right": columns[:-1], "names": columns[-1:], "optional": OPTIONAL}
        result.append(table(columns, rows, title=title, **cells))
        result.append("\n".join([*_crossing_lines(found, context, some, names), " "]))
    return [*result, "\n".join(_contender(found, which) for which in (0, 1))]


def _within(spreads: Sequence[float]) -> str:
    """`times within a factor 1.29 or 1.60, TTFT 2.15 or 4.10`."""
    each = [(f"{spread:.2f}", f"{float(ttft_spread(spread)):.2f}") for spread in spreads]
    times, first = (" or ".join(dict.fromkeys(of)) for of in zip(*each, strict=True))
    return f"times within a factor {times}, TTFT {first}"


def _contender(found: SpeedComparison, which: int) -> str:
    c = found.models[which]
    spreads = sorted({figures.spread for p in found.points if (figures := p.each[which])})
    within = _within(spreads) if spreads else "fits at none of these loads"
    kind = "mixture of experts" if c.is_moe else "dense"
    where = f"{c.model} ({c.precision}) on {c.gpu_count} × {c.gpu} ({c.parallelism}), {kind}"
    speed = f"{c.provenance.performance}: {c.provenance.source}"
    return f"{'AB'[which]}: {where}; {within} ({speed}); {c.provenance.price or 'no price known'}"


def _crossing_lines(found: SpeedComparison, context: int, points: Sequence[Point], names: Sequence[str]) -> list[str]:
    lines = []
    for figure in FIGURES:
        if figure != "tpot_s" and NO_PRICE in found.notes:  # without prices nothing is cheaper
            continue
        here = [c for c in found.crossings if c.context_tokens == context and c.figure == figure]
        lines += [
            f"{c.smaller_from_there.split('/')[-1]} {ADVANTAGE[figure]} above concurrency {significant(c.concurrency)}"
            for c in here
        ] or [_always(points, figure, names)]
    return lines


def _always(points: Sequence[Point], figure: str, names: Sequence[str]) -> str:
    """Which is ahead at the first load that both hold, where neither overtakes the other."""
    for p in points:
        first, second = (getattr(each, figure, None) for each in p.each)
        if first and second:
            return f"{names[0 if first < second else 1]} {ADVANTAGE[figure]} at every load that both hold"
    return f"no load is held by both, so neither {ADVANTAGE[figure]}"


def _cells(p: Point) -> list[str]:
    def both(cell: Callable[[LoadFigures], str]) -> list[str]:
        return [cell(figures) if figures else "–" for figures in p.each]

    return [
        *both(lambda f: significant(f.tpot_s * 1e3)),
        *both(lambda f: significant(f.output_tokens_per_s)),
        *both(lambda f: bytes_text(f.total_bytes).removesuffix(" GB")),
        *both(lambda f: significant(f.usd_per_million_output_tokens)),
    ]


def _cheaper(p: Point, names: Sequence[str]) -> str:
    usd = [figures.usd_per_million_output_tokens if figures else None for figures in p.each]
    costs = [(cost, name) for cost, name in zip(usd, names, strict=True) if cost is not None]
    return min(costs)[1] if costs else "–"
