"""What wrong answers cost and what stopping early does, in Markdown and as a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.reports.markdown_text import heading, paragraph, to_markdown
from advisor.reports.plots import BLUE, GREY, SERIES, VERMILLION
from advisor.reports.text_tables import Table, short_name, table
from advisor.reports.words import interval_cell, with_setup
from advisor.studies.early_stopping import Rule, Saving
from advisor.studies.wrong_answers import WrongAnswers, longest, name_of
from advisor.studies.wrong_costs import AnswerCosts
from advisor.units import counted, percent, significant

TITLE = "What do wrong answers cost, and does stopping early save it?"


def tables(value: WrongAnswers) -> list[str]:
    """Its tables as parts of a Markdown page."""
    parts = []
    of_pairs = longest(value.costs)
    if shown := [each for each in value.costs if name_of(each) in of_pairs]:
        parts += [paragraph(_shown(value)), to_markdown(_costs(shown)), paragraph(_WORDS), *_rents(shown)]
    for rule in Rule:
        if own := [each for each in value.savings if each.rule is rule and name_of(each) in of_pairs]:
            parts += [heading(f"Learned: {rule.value}", 3), to_markdown(_savings(own))]
    return parts


_WORDS = (
    "Cut: share of the answers that a limit on their tokens stopped. Loops: share of answers stopped as they repeated"
    " themselves, which are not among the cut ones. A dash in either: why answers ended was not recorded. Longest"
    " tenth: the mean over the questions that have such an answer."
)


def _shown(value: WrongAnswers) -> str:
    return (
        "Of each model and benchmark with right and wrong answers the set with the longest answers is shown:"
        f" {value.pairs.n} of {counted(len(value.costs), 'set')}."
    )


def _costs(costs: Sequence[AnswerCosts]) -> Table:
    columns = (
        "task", "model", "wrong", "cut", "loops", "tokens, right", "tokens, wrong", "ratio (90 %)",
        "on the same question", "longest tenth, wrong (90 %)", "of tokens", "of FLOPs", "USD per 1,000, right",
        "wrong",
    )  # fmt: skip
    rows = [
        (
            each.task,
            with_setup(short_name(each.model), each.setup),
            f"{each.n_wrong:,} of {each.n_answers:,}",
            percent(each.cut),
            percent(each.looping),
            _tokens(each.right_tokens),
            _tokens(each.wrong_tokens),
            _factor(each.ratio),
            _factor(each.within_ratio),
            interval_cell(each.long_wrong),
            percent(each.wrong_share.value if each.wrong_share else None),
            percent(each.wrong_flops_share),
            _usd(each.right_usd),
            _usd(each.wrong_usd),
        )
        for each in costs
    ]
    return table(columns, rows, right=columns[2:])


def _rents(costs: Sequence[AnswerCosts]) -> list[str]:
    """What the USD are those of; nothing where no price is known."""
    of_rent = defaultdict[str, list[str]](list)
    for each in costs:
        if each.rent:
            of_rent[each.rent].append(f"{short_name(each.model)} on {each.task}")
    rents = "; ".join(f"{rent} for {', '.join(models)}" for rent, models in of_rent.items())
    return [paragraph(f"USD are those of the cheapest rent: {rents}.")] if rents else []


def _tokens(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _usd(value: float | None) -> str:
    return significant(None if value is None else 1000 * value)


def _factor(of: Interval | None) -> str:
    return "–" if of is None else f"{of.value:.2f} ({of.low:.2f} – {of.high:.2f})"


def _savings(savings: Sequence[Saving]) -> Table:
    columns = (
        "task", "model", "cap", "tokens beyond it", "points lost (90 %)", "tokens saved (90 %)", "USD saved per 1,000",
        "wrong answers not given, points (90 %)", "right among given, before", "after",
    )  # fmt: skip
    rows = [
        (
            each.task,
            with_setup(short_name(each.model), each.setup),
            "none" if each.token_cap is None else f"{each.token_cap:,}",
            f"{each.tokens_beyond:,.0f} ({percent(each.tail)})",
            _points(each.accuracy_lost),
            f"{percent(each.tokens_saved.value)} ({_points(each.tokens_saved, '–')})",
            significant(each.usd_saved),
            _points(each.wrong_avoided),
            percent(each.right_before),
            percent(each.right_after),
        )
        for each in savings
    ]
    return table(columns, rows, right=columns[2:])


def _points(of: Interval, without_value: str = "") -> str:
    """Shares in points: `0.8 (0.3 – 1.7)`, or the ends alone."""
    ends = f"{100 * of.low:.1f} – {100 * of.high:.1f}"
    return ends if without_value else f"{100 * of.value:.1f} ({ends})"


def figure(value: WrongAnswers) -> Any | None:
    """Tokens of wrong over right answers, and what is right and wrong under caps; None without a ratio."""
    from matplotlib.figure import Figure

    of_pairs = longest(value.costs)
    shown = [each for each in value.costs if name_of(each) in of_pairs]
    if not shown:
        return None
    drawn = Figure(figsize=(9.0, max(1.4 + 0.2 * len(shown), 4.6)), layout="constrained")
    left, right = drawn.subfigures(1, 2, squeeze=False, width_ratios=(1.2, 1)).flat
    _draw_ratios(left, shown)
    _draw_caps(right, value, shown)
    return drawn


def _draw_ratios(part: Any, shown: Sequence[AnswerCosts]) -> None:
    axes = part.subplots()
    ordered = sorted(shown, key=lambda each: (each.task, each.ratio.value if each.ratio else 0.0), reverse=True)
    for of, colour, marker, aside, label in (
        ("ratio", BLUE, "o", 0.12, "all questions"),
        ("within_ratio", VERMILLION, "s", -0.18, "the same question"),
    ):
        for at, each in enumerate(ordered):
            interval: Interval | None = getattr(each, of)
            if interval is not None:
                bars = [[interval.value - interval.low], [interval.high - interval.value]]
                style = {"color": colour, "markersize": 4, "elinewidth": 1.0}
                axes.errorbar(interval.value, at + aside, xerr=bars, fmt=marker, **style)
        axes.plot([], [], marker, color=colour, label=label)
    axes.axvline(1, color=GREY, linewidth=1, linestyle="--")
    names = [f"{short_name(each.model)}, {each.task}" for each in ordered]
    axes.set_yticks(range(len(ordered)), names, fontsize=7)
    axes.set_ylim(-0.7, len(ordered) - 0.3)
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
    axes.set_xlabel("tokens of a wrong answer over a right one (90 %)", fontsize=9)
    part.legend(fontsize=7.5, frameon=False, loc="outside lower center", ncols=2)
    _plain(axes)


def _draw_caps(part: Any, value: WrongAnswers, shown: Sequence[AnswerCosts]) -> None:
    """Of each benchmark the pair with most answers: right and wrong answers given against the tokens that it takes."""
    most: dict[str, AnswerCosts] = {}
    for each in shown:
        if each.task not in most or each.n_answers > most[each.task].n_answers:
            most[each.task] = each
    largest = sorted(most.values(), key=lambda each: (each.strategy != "sampling", -each.n_answers))[: len(SERIES)]
    axes = part.subplots()
    for of, (colour, marker, _) in zip(largest, SERIES, strict=False):
        points = [p for p in value.caps if name_of(p) == name_of(of)]
        end = points[-1].tokens or 1.0
        spent = [100 * p.tokens / end for p in points]
        style = {"color": colour, "marker": marker, "markersize": 3.5, "markevery": 6, "linewidth": 1.2}
        axes.plot(spent, [100 * p.right.value for p in points], label=f"{short_name(of.model)}, {of.task}", **style)
        axes.plot(spent, [100 * p.wrong.value for p in points], linestyle=":", **style)
    axes.plot([], [], color=GREY, label="right answers given")
    axes.plot([], [], color=GREY, linestyle=":", label="wrong answers given")
    axes.set_xlim(0, 101)
    axes.set_ylim(0, 100)
    axes.set_xlabel("tokens under a cap, % of those without", fontsize=9)
    axes.set_ylabel("questions, %", fontsize=9)
    part.legend(fontsize=7.5, frameon=False, loc="outside lower center", ncols=1)
    _plain(axes)


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
