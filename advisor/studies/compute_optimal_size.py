"""Which size of a family is best for a budget of FLOPs a question, answered as often as the budget allows.

At every budget each size draws the largest whole number of answers that it pays for; the best is the compute-optimal
one. Budgets run from one answer of the cheapest size to the most that every size was measured or is predicted for.
Intervals come from resampled questions, the same ones for all sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, question_weights
from advisor.studies.size_families import SIZES_NEEDED, Family
from advisor.values import Rows, Value

PER_DECADE = 8
"""Budgets that are looked at in a factor of ten."""
BUDGETS_NEEDED = 3
"""Fewer say nothing about growth."""
SHOWN_EVERY = 4
"""Of them, those that a table shows."""


@dataclass(frozen=True, slots=True)
class Optimum(Value):
    """The best size at one budget; `best_in` is the share of resampled sets of questions in which it is the best.

    `predicted`: more answers than were drawn.
    """

    task: str
    measure: str
    budget_flops: float
    model: str
    n_answers: int
    accuracy: Interval
    best_in: float
    runner_up: str | None
    predicted: bool


@dataclass(frozen=True, slots=True)
class Takeover(Value):
    """The budget from which the larger of two sizes stays ahead; infinite where it does not within the budgets.

    `reached` is the share of resampled sets of questions in which it does, `smaller_first` that in which the smaller
    is ahead at the first budget that pays for both.
    """

    task: str
    measure: str
    smaller: str
    larger: str
    budget_flops: Interval
    reached: float
    smaller_first: float


@dataclass(frozen=True, slots=True)
class SizeLaw(Value):
    """How the compute-optimal size grows with the budget C, of one family; N are all parameters of a model.

    smaller_first     share of resampled sets of questions in which, at the first budget that pays for an answer of
                      every size, another than the dearest is the best; None: no budget pays for all
    growth            d log N / d log C of the best size over the budgets that pay for all, so that it is not for want
                      of money that a smaller one is the best; None of fewer than three such budgets
    slope, intercept  log10 C = slope · log10 N + intercept through the middle of the budgets where each size is best;
                      None where fewer than three sizes are best anywhere
    """

    task: str
    measure: str
    architecture: str
    source: str
    n_models: int
    n_questions: int
    budgets_flops: tuple[float, float]
    best_sizes: tuple[str, ...]
    smaller_first: float | None
    growth: Interval | None
    slope: Interval | None
    intercept: Interval | None
    tokens_assumed: bool


@dataclass(frozen=True, slots=True)
class Sizes:
    """Accuracy of every size at every budget: `curves` (M, B) and their draws (M, B, DRAWS), NaN where not affordable.

    `answers` (M, B) are the numbers of answers.
    """

    family: Family
    budgets: Array
    answers: Array
    curves: Array
    draws: Array


def compared(family: Family) -> Sizes:
    """A family at budgets that all its sizes are known for."""
    first = family.members[0].flops
    last = min(member.flops * member.reach for member in family.members)
    steps = max(int(np.floor(np.log10(last / first) * PER_DECADE + 1e-9)), 0)
    budgets = first * 10 ** (np.arange(steps + 1) / PER_DECADE)
    answers = np.array([np.floor(budgets / member.flops * (1 + 1e-12)) for member in family.members])
    weights = question_weights(family.task, family.question_ids)
    weights = weights / weights.sum(axis=0)
    curves = np.full(answers.shape, np.nan)
    draws = np.full((*answers.shape, DRAWS), np.nan)
    for m, member in enumerate(family.members):
        paid = answers[m] >= 1
        correct = member.correct(answers[m][paid])
        curves[m, paid], draws[m, paid] = correct.mean(axis=0), correct.T @ weights
    return Sizes(family, budgets, answers, curves, draws)


def best(curves: Array) -> Array:
    """The best size by budget: indices of the largest along the first axis; of equal ones the cheapest."""
    return np.asarray(np.argmax(np.where(np.isnan(curves), -np.inf, curves), axis=0))


def optima(sizes: Sizes) -> Rows[Optimum]:
    """The best size at every SHOWN_EVERY-th budget."""
    winners, drawn_winners = best(sizes.curves), best(sizes.draws)
    members = sizes.family.members
    found = []
    for b in range(0, len(sizes.budgets), SHOWN_EVERY):
        winner = winners[b]
        others = np.where(np.isnan(sizes.curves[:, b]), -np.inf, sizes.curves[:, b])
        others[winner] = -np.inf
        second = int(np.argmax(others))
        found.append(
            Optimum(
                sizes.family.task,
                sizes.family.measure,
                float(sizes.budgets[b]),
                members[winner].model,
                int(sizes.answers[winner, b]),
                _interval(float(sizes.curves[winner, b]), sizes.draws[winner, b]),
                float((drawn_winners[b] == winner).mean()),
                members[second].model if np.isfinite(others[second]) else None,
                bool(sizes.answers[winner, b] > members[winner].drawn),
            )
        )
    return Rows(found, Optimum)


def takeovers(sizes: Sizes) -> Rows[Takeover]:
    """Of each size and the next larger one, and of the cheapest and the dearest."""
    members = sizes.family.members
    pairs = [(m, m + 1) for m in range(len(members) - 1)] + ([(0, len(members) - 1)] if len(members) > 2 else [])
    found = []
    for smaller, larger in pairs:
        at = taken_over(sizes.budgets, sizes.curves[smaller], sizes.curves[larger])
        drawn = taken_over(sizes.budgets, sizes.draws[smaller], sizes.draws[larger])
        low, high = np.quantile(drawn, [0.05, 0.95], method="nearest")
        interval = Interval(float(at), float(min(low, at)), float(max(high, at)))
        names = (members[smaller].model, members[larger].model)
        reached = float(np.isfinite(drawn).mean())
        both = int(np.argmax(~np.isnan(sizes.curves[larger])))
        first = float((sizes.draws[smaller, both] > sizes.draws[larger, both]).mean())
        found.append(Takeover(sizes.family.task, sizes.family.measure, *names, interval, reached, first))
    return Rows(found, Takeover)


def taken_over(budgets: Array, smaller: Array, larger: Array) -> Array:
    """The first budget from which `larger` (B, …) stays ahead of `smaller` to the end; infinite where it does not."""
    behind = ~(larger > smaller)
    last_behind = len(budgets) - 1 - np.argmax(behind[::-1], axis=0)
    first_ahead = np.where(behind.any(axis=0), last_behind + 1, 0)
    return np.asarray(np.append(budgets, np.inf)[first_ahead])


def size_law(sizes: Sizes) -> SizeLaw:
    """How the best size grows with the budget."""
    family = sizes.family
    log_n = np.log10([member.parameters for member in family.members])
    log_c = np.log10(sizes.budgets)
    winners, drawn = best(sizes.curves), best(sizes.draws)
    all_paid = ~np.isnan(sizes.curves).any(axis=0)
    growths = [growth(log_c[all_paid], log_n[drawn[all_paid, d]]) for d in range(DRAWS)] if all_paid.any() else []
    lines = [line(log_c, drawn[:, d], log_n) for d in range(DRAWS)]
    own, known = line(log_c, winners, log_n), np.array([each for each in lines if each is not None])
    believed = own is not None and len(known) >= DRAWS / 2
    slope, intercept = (_interval(own[i], known[:, i]) for i in (0, 1)) if believed and own else (None, None)
    return SizeLaw(
        family.task,
        family.measure,
        family.architecture,
        family.source,
        len(family.members),
        len(family.question_ids),
        (float(sizes.budgets[0]), float(sizes.budgets[-1])),
        tuple(family.members[m].model for m in sorted(set(winners.tolist()))),
        float((drawn[all_paid][0] != len(family.members) - 1).mean()) if all_paid.any() else None,
        _interval(growth(log_c[all_paid], log_n[winners[all_paid]]), growths)
        if all_paid.sum() >= BUDGETS_NEEDED
        else None,
        slope,
        intercept,
        family.tokens_assumed,
    )


def growth(log_c: Array, log_n: Array) -> float:
    """Slope of log N over log C, by least squares; 0 where log N stays the same."""
    return 0.0 if np.ptp(log_n) == 0 else float(np.polyfit(log_c, log_n, 1)[0])


def line(log_c: Array, winners: Array, log_n: Array) -> tuple[float, float] | None:
    """Slope and intercept of log C over log N through the middle of the budgets where each size wins; of three sizes
    at least."""
    sizes = np.unique(winners)
    if len(sizes) < SIZES_NEEDED:
        return None
    middles = [float(log_c[winners == m].mean()) for m in sizes]
    slope, intercept = np.polyfit(log_n[sizes], middles, 1)
    return float(slope), float(intercept)


def _interval(value: float, draws: Sequence[float] | Array) -> Interval:
    """The value with the 5 % and 95 % quantiles of its draws, which never exclude it."""
    low, high = np.quantile(draws, [0.05, 0.95])
    return Interval(value, float(min(low, value)), float(max(high, value)))
