"""Inference strategies against each other at equal FLOPs, paired over the questions that both answered.

FLOPs are those of the policy as arXiv 2408.00724 counts them (2·N·tokens), and beside them with the reward model's
passes, which it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, product

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.studies.strategy_series import Series
from advisor.values import Rows, Value

DRAWS = 4000
EQUAL_WITHIN = 2.0
"""FLOPs count as equal up to this factor; the ratio is shown."""
VOTES_COMPARED = (4, 16, 64, 256, 1024)
"""Sizes of votes at which weighted and majority votes are compared, beside the largest that both have."""
LARGER = 1.5
"""A model is larger than another where a token passes so many times its weights."""
QUESTIONS_NEEDED = 10
SAMPLING = ("weighted-majority", "majority")
"""What searches are measured against: the best vote of samples."""


class Kind(StrEnum):
    """What is compared."""

    WEIGHTED = "weighted vote against majority vote of as many answers"
    REBASE = "REBASE against weighted vote at equal policy FLOPs"
    REBASE_TOTAL = "REBASE against weighted vote at equal FLOPs with rewards"
    REBASE_SAVES = "the cheapest REBASE that reaches the largest weighted vote"
    SMALLER = "smaller model with REBASE against larger with votes at equal policy FLOPs"
    SMALLER_SAVES = "the cheapest REBASE of a smaller model that reaches the largest weighted vote of a larger"
    MCTS = "MCTS against weighted vote at equal policy FLOPs"
    MCTS_REBASE = "MCTS against REBASE at equal policy FLOPs"
    BEST_FALLS = "best of the most answers against best of fewer"


@dataclass(frozen=True, slots=True)
class Side(Value):
    """One strategy point: `n` are samples, width or iterations."""

    model: str
    strategy: str
    n: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Contest(Value):
    """By how much the first is more accurate than the second on the same questions; ratios are FLOPs of first / second.

    A ratio is None where FLOPs are not known. `saving` is how many times fewer FLOPs of the policy the cheapest point
    of a search takes that is as accurate as the second, in resampled sets of questions; 0 where none is; None where it
    is not looked for.
    """

    kind: str
    source: str
    caveat: str
    task: str
    first: Side
    second: Side
    n_questions: int
    gain: Interval
    policy_ratio: float | None
    total_ratio: float | None
    saving: Interval | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One point of a series."""

    series: Series
    at: int

    @property
    def policy(self) -> float | None:
        return None if self.series.policy is None else float(self.series.policy[self.at])

    @property
    def total(self) -> float | None:
        return None if self.series.total is None else float(self.series.total[self.at])

    @property
    def accuracy(self) -> float:
        return float(self.series.correct[:, self.at].mean())

    @property
    def side(self) -> Side:
        return Side(self.series.model, self.series.strategy, self.series.n[self.at], self.accuracy)


def contest(kind: str, first: Place, second: Place) -> Contest | None:
    """The two points on the questions they share, under a name of what is compared; None of fewer than
    QUESTIONS_NEEDED."""
    mine, theirs = shared(first.series, second.series)
    if len(mine) < QUESTIONS_NEEDED:
        return None
    return _contest(
        kind, first, second, first.series.correct[mine, first.at] - second.series.correct[theirs, second.at]
    )


def _contest(kind: str, first: Place, second: Place, gained: Array) -> Contest:
    a, b = first.series, second.series
    return Contest(
        kind,
        a.source,
        a.caveat or b.caveat,
        a.task,
        first.side,
        second.side,
        len(gained),
        mean_gain(gained),
        _ratio(first.policy, second.policy),
        _ratio(first.total, second.total),
    )


def shared(a: Series, b: Series) -> tuple[Array, Array]:
    """Where each of the two has the questions that both answered."""
    place = {question: i for i, question in enumerate(b.question_ids)}
    pairs = [(i, place[question]) for i, question in enumerate(a.question_ids) if question in place]
    mine, theirs = np.array(pairs, dtype=int).reshape(-1, 2).T
    return mine, theirs


def mean_gain(gained: Array) -> Interval:
    """Mean of (Q,) differences with its 90 % interval by bootstrap over questions."""
    n = len(gained)
    distinct, times = np.unique(gained, return_counts=True)
    means = np.random.default_rng(0).multinomial(n, times / n, DRAWS) @ distinct / n
    low, high = np.quantile(means, [0.05, 0.95])
    mean = float(gained.mean())
    return Interval(mean, min(float(low), mean), max(float(high), mean))


def saving(search: Series, votes: Series) -> Interval | None:
    """How many times fewer FLOPs of the policy the cheapest point of the search takes that is as accurate as the
    largest vote: 0 where none is, None where FLOPs are not known. Resampled over questions."""
    if search.policy is None or votes.policy is None:
        return None
    mine, theirs = shared(search, votes)
    n, order = len(mine), np.argsort(search.policy)
    times = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), DRAWS)
    weights = np.vstack([np.ones(n), times]) / n
    ahead = weights @ (search.correct[mine][:, order] - votes.correct[theirs, -1:]) >= -1e-12
    factors = votes.policy[-1] / search.policy[order]
    found = np.where(ahead.any(axis=1), factors[np.argmax(ahead, axis=1)], 0.0)
    value, (low, high) = float(found[0]), np.quantile(found[1:], [0.05, 0.95], method="nearest")
    return Interval(value, min(float(low), value), max(float(high), value))


def _ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a and b else None


def contests(series: Sequence[Series]) -> Rows[Contest]:
    """Every comparison that the series allow, by source and task."""
    found: list[Contest | None] = []
    for _, group in groupby(sorted(series, key=_table), key=_table):
        of_task = list(group)
        for model in dict.fromkeys(each.model for each in of_task):
            found += _of_model([each for each in of_task if each.model == model])
        found += _of_sizes(of_task)
    done = [each for each in found if each]
    return Rows(sorted(done, key=lambda each: list(Kind).index(Kind(each.kind))), Contest)


def _table(series: Series) -> tuple[str, str]:
    return series.source, series.task


def _of_model(series: Sequence[Series]) -> Iterator[Contest | None]:
    """Comparisons of strategies of one model."""
    majority, weighted, best, rebase, mcts = (
        [each for each in series if each.strategy == strategy]
        for strategy in ("majority", "weighted-majority", "best-of-n", "rebase", "mcts")
    )
    for a, b in product(weighted, majority):
        both = sorted(set(a.n) & set(b.n))
        for n in both:
            if n in VOTES_COMPARED or n == both[-1]:
                yield contest(Kind.WEIGHTED, Place(a, a.n.index(n)), Place(b, b.n.index(n)))
    for search, votes in _same_reward(rebase, weighted):
        yield from _nearest(Kind.REBASE, search, [votes])
        yield from _nearest(Kind.REBASE_TOTAL, search, [votes], counted="total")
        yield _reaching(Kind.REBASE_SAVES, search, votes)
    for search, votes in _same_reward(mcts, weighted):
        yield from _nearest(Kind.MCTS, search, [votes])
    for search, other in _same_reward(mcts, rebase):
        yield from _nearest(Kind.MCTS_REBASE, search, [other])
    for each in best:
        if len(each.n) > 1 and len(each.question_ids) >= QUESTIONS_NEEDED:
            yield _falling(each)


def _falling(best: Series) -> Contest:
    """The most answers against the fewer of greatest accuracy: for either half of the questions those of the other
    half, since the greatest of several accuracies was partly luck."""
    earlier = best.correct[:, :-1]
    half = np.arange(len(earlier)) % 2 == 0
    gained = best.correct[:, -1].copy()
    for chosen_on, judged in ((half, ~half), (~half, half)):
        gained[judged] -= earlier[judged, np.argmax(earlier[chosen_on].mean(axis=0))]
    second = Place(best, int(np.argmax(earlier.mean(axis=0))))
    return _contest(Kind.BEST_FALLS, Place(best, len(best.n) - 1), second, gained)


def _of_sizes(series: Sequence[Series]) -> Iterator[Contest | None]:
    """REBASE of each model against votes of each larger one."""
    for search in (each for each in series if each.strategy == "rebase" and each.active_parameters):
        larger = [
            each
            for each in series
            if each.strategy in SAMPLING and (each.active_parameters or 0) >= LARGER * (search.active_parameters or 0)
        ]
        for model in dict.fromkeys(each.model for each in larger):
            votes = [each for each in larger if each.model == model]
            yield from _nearest(Kind.SMALLER, search, votes)
            for weighted in (each for each in votes if each.strategy == "weighted-majority"):
                yield _reaching(Kind.SMALLER_SAVES, search, weighted)


def _same_reward(searches: Iterable[Series], votes: Iterable[Series]) -> list[tuple[Series, Series]]:
    """Pairs that one reward model steered and weighed; where one is not recorded it may be the same."""
    return [
        (a, b)
        for a, b in product(searches, votes)
        if a.reward_model is None or b.reward_model is None or a.reward_model == b.reward_model
    ]


def _places(series: Iterable[Series], counted: str) -> list[Place]:
    """Points whose FLOPs are known."""
    places = (Place(each, at) for each in series for at in range(len(each.n)))
    return [place for place in places if getattr(place, counted)]


def _nearest(kind: Kind, search: Series, others: Sequence[Series], counted: str = "policy") -> Iterator[Contest | None]:
    """Each point of a search against the point of the others that costs nearest to it; of equally near ones the more
    accurate. None where none costs the same within EQUAL_WITHIN."""
    candidates = _places(others, counted)
    for mine in _places([search], counted):
        ratios = [abs(np.log(getattr(mine, counted) / getattr(place, counted))) for place in candidates]
        if ratios and min(ratios) <= np.log(EQUAL_WITHIN):
            near = [place for place, ratio in zip(candidates, ratios, strict=True) if ratio <= min(ratios) + 0.1]
            yield contest(kind, mine, max(near, key=lambda place: place.accuracy))


def _reaching(kind: Kind, search: Series, votes: Series) -> Contest | None:
    """The cheapest point of a search that is as accurate as the largest vote, else the most accurate one."""
    largest, points = Place(votes, len(votes.n) - 1), [Place(search, at) for at in range(len(search.n))]
    reaching = [point for point in points if point.accuracy >= largest.accuracy]
    if reaching:
        point = min(reaching, key=lambda point: point.policy or point.series.n[point.at])
    else:
        point = max(points, key=lambda point: point.accuracy)
    found = contest(kind, point, largest)
    return found and replace(found, saving=saving(search, votes))
