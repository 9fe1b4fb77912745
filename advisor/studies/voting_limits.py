"""Whether votes converge as arXiv 2408.00724 proves: to the share of questions whose most frequent answer is right,
exponentially in the number of answers.

The limit is predicted from the first n answers by 2·A(n) − A(n/2) (`voting_limit`) and compared with the vote of all.
Where the most frequent answer is wrong, more answers make the vote worse. For one rival b of the leading answer a,
P(b has as many votes of n as a) ≤ (1 − (√p_a − √p_b)²)^n.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval, over_questions
from advisor.accuracy.vote_shares import Tally
from advisor.studies.strategies_at_equal_flops import mean_gain
from advisor.studies.strategy_series import Series
from advisor.values import Rows, Value

VOTES = ("majority", "weighted-majority")
SETTLED = 0.05
"""Chance of the runner-up to win that counts as settled."""
ANSWERS_NEEDED = 8
"""Of the largest vote: from fewer nothing can be predicted and seen."""
ROUNDING = 2e-3
"""Accuracies of questions may be stored in thousandths."""


@dataclass(frozen=True, slots=True)
class LimitForecast(Value):
    """The limit of a vote predicted from n answers, beside the vote of all n_all that was then seen.

    `miss` is the prediction less the vote of all, `vote_miss` the vote of n less the vote of all; both paired over
    questions.
    """

    source: str
    caveat: str
    task: str
    model: str
    strategy: str
    n_questions: int
    n: int
    n_all: int
    vote_of_n: float
    predicted: Interval
    vote_of_all: float
    miss: Interval
    vote_miss: Interval


@dataclass(frozen=True, slots=True)
class Plurality(Value):
    """What the answers of a majority vote say of its limit.

    right, wrong          share of questions whose most frequent answer is right, and wrong; ties are neither
    falling               share of questions whose vote of all is less often right than one answer
    lost                  accuracy that those questions lose from one answer to the vote of all, over all questions
    settles_at            answers after which the runner-up wins in at most 5 % by the bound, median over questions
    unsettled             share of questions that need more for that than were drawn
    checked, violations   pairs of a question and a vote for which the bound was checked, and did not hold
    """

    source: str
    caveat: str
    task: str
    model: str
    n_questions: int
    n_answers: int
    right: Interval
    wrong: Interval
    falling: Interval
    lost: Interval
    settles_at: float
    unsettled: float
    checked: int
    violations: int


def limit_forecasts(series: Iterable[Series]) -> Rows[LimitForecast]:
    """From every vote of n answers of which half were counted too, where there are larger ones."""
    found = []
    for each in series:
        if each.strategy not in VOTES or max(each.n) < ANSWERS_NEEDED:
            continue
        vote_of = dict(zip(each.n, each.correct.T, strict=True))
        last = max(vote_of)
        found += [_forecast(each, vote_of, n, last) for n in vote_of if n < last and _half(n) in vote_of]
    return Rows(found, LimitForecast)


def _half(n: int) -> int:
    """Half of n answers; a vote of two equals one answer, for a tie is a coin."""
    return 1 if n // 2 == 2 else n // 2


def _forecast(each: Series, vote_of: dict[int, Array], n: int, last: int) -> LimitForecast:
    limit = 2 * vote_of[n] - vote_of[_half(n)]
    return LimitForecast(
        each.source,
        each.caveat,
        each.task,
        each.model,
        each.strategy,
        len(limit),
        n,
        last,
        float(vote_of[n].mean()),
        over_questions(limit),
        float(vote_of[last].mean()),
        mean_gain(limit - vote_of[last]),
        mean_gain(vote_of[n] - vote_of[last]),
    )


def pluralities(series: Iterable[Series]) -> Rows[Plurality]:
    """Of every majority vote with its tallies."""
    return Rows((_plurality(each, each.tallies) for each in series if _is_counted(each) and each.tallies), Plurality)


def _is_counted(each: Series) -> bool:
    return each.strategy == "majority" and max(each.n) >= ANSWERS_NEEDED and 1 in each.n


def _plurality(each: Series, tallies: Sequence[Tally]) -> Plurality:
    leads = np.array([right - max(wrong, default=0) for right, wrong, _ in tallies])
    one, every = each.correct[:, each.n.index(1)], each.correct[:, -1]
    fell = every < one - ROUNDING
    settles = np.array([settled_at(tally) for tally in tallies])
    holds = [
        bound_holds(tally, n, float(each.correct[q, p]))
        for q, tally in enumerate(tallies)
        for p, n in enumerate(each.n)
    ]
    return Plurality(
        each.source,
        each.caveat,
        each.task,
        each.model,
        len(tallies),
        max(each.n),
        over_questions((leads > 0).astype(float)),
        over_questions((leads < 0).astype(float)),
        over_questions(fell.astype(float)),
        mean_gain(np.where(fell, one - every, 0.0)),
        float(np.median(settles)),
        float((settles > max(each.n)).mean()),
        len(holds),
        holds.count(False),
    )


def base(leader: float, rival: float) -> float:
    """1 − (√p_a − √p_b)²: the n-th power bounds the chance that the rival has as many of n votes as the leader.

    >>> round(1 / base(0.6, 0.4), 4)
    1.0206
    """
    return float(1 - (leader**0.5 - rival**0.5) ** 2)


def settled_at(tally: Tally) -> float:
    """Answers after which the runner-up has the votes of the leader in at most SETTLED of all draws, by the bound;
    infinite for a tie."""
    right, wrong, unread = tally
    leader, rival, *_ = (*sorted((right, *wrong), reverse=True), 0)
    factor = base(leader / (n := right + sum(wrong) + unread), rival / n) if leader else 1.0
    if factor <= SETTLED:
        return 1.0
    return float(np.ceil(np.log(SETTLED) / np.log(factor))) if factor < 1 else np.inf


def bound_holds(tally: Tally, n: int, accuracy: float) -> bool:
    """Whether the accuracy of a vote of n is as far from its limit as the bound allows: for a right leader the chances
    of all rivals together, for a wrong one that of the right answer."""
    right, wrong, unread = tally
    total = right + sum(wrong) + unread
    top = max(wrong, default=0)
    if right > top:
        allowed = sum(base(right / total, votes / total) ** n for votes in wrong) + (unread / total) ** n
        return 1 - accuracy <= allowed + ROUNDING
    return accuracy <= base(top / total, right / total) ** n + ROUNDING
