"""What arXiv 2408.00724 claims, beside what is stored: each verdict follows from the figures by a rule.

Figures that are clearly for a claim and clearly against it are counted: for and none against confirms, against and none
for contradicts, both refines, neither cannot tell. A figure is clear where its 90 % interval leaves out zero. Models
that are no evidence about large ones count only where there are no others. What rests on them, or on another measure
than the claim's, can refine at most, and where it disagrees it cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.fits.published import Published
from advisor.studies.compute_optimal_size import Optimum, SizeLaw, Takeover
from advisor.studies.coverage_tails import PART, CoverageTail
from advisor.studies.size_families import VOTE
from advisor.studies.strategies_at_equal_flops import Contest, Kind, mean_gain
from advisor.studies.study import Claim, Verdict
from advisor.studies.voting_limits import LimitForecast, Plurality
from advisor.values import Rows

READ, SECOND_HAND = "arXiv 2408.00724, read in excerpts", "arXiv 2408.00724, at second hand"
PUBLISHED_SLOPE, PUBLISHED_INTERCEPT = 1.19, 2.03
"""log10 C = 1.19·log10 N + 2.03, of weighted votes on GSM8K."""
PUBLISHED_FROM, PUBLISHED_TO = 1.9e12, 1.1e14
"""FLOPs a question that the line was fitted over: its budgets for 410M and 12B."""
PUBLISHED_SAVING = 7.0
"""Times fewer FLOPs of REBASE than of 256 weighted votes, at second hand."""
SMALLER_SAVING = 2.0
"""Times fewer FLOPs of the smaller model with REBASE than of the larger with votes, as accurate."""
FORECAST_AHEAD = 4
"""A prediction of the limit is judged by a vote of so many times the answers, at least."""
CERTAIN = 0.95
NOTHING = "nothing stored that could tell"


Marked = TypeVar("Marked", Contest, LimitForecast)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the claims are judged by; `parameters` are those that a token passes, by model."""

    laws: Sequence[SizeLaw]
    optima: Sequence[Optimum]
    takeovers: Sequence[Takeover]
    tails: Rows[CoverageTail]
    limits: Rows[LimitForecast]
    pluralities: Rows[Plurality]
    contests: Rows[Contest]
    published: Sequence[Published]
    parameters: Mapping[str, float]

    def of(self, kind: Kind) -> list[Contest]:
        """Comparisons of one kind."""
        return [each for each in self.contests if each.kind == kind]


def claims(found: Evidence) -> Rows[Claim]:
    """Every claim with our figure and its verdict."""
    return Rows(
        [
            _size_regression(found),
            _small_first(found),
            _overtaken(found),
            _power_law(found),
            _voting_limits(found),
            _weighted(found),
            _pareto(found),
            _saving(found),
            _smaller_with_search(found),
            _mcts(found),
        ],
        Claim,
    )


def verdict(agreeing: int, disagreeing: int, *, weak: bool) -> Verdict:
    """By the rule at the top of this module; `weak` evidence refines at most.

    >>> [str(verdict(*each, weak=True)) for each in ((3, 0), (0, 2), (1, 2))]
    ['refined', 'cannot tell', 'refined']
    """
    if agreeing and disagreeing:
        return Verdict.REFINED
    if agreeing:
        return Verdict.REFINED if weak else Verdict.CONFIRMED
    return Verdict.CONTRADICTED if disagreeing and not weak else Verdict.OPEN


def _size_regression(found: Evidence) -> Claim:
    """Agrees where the published slope lies within the interval of ours; coverage is another measure than votes."""
    lines = [(law, law.slope) for law in found.laws if law.slope]
    inside = [law for law, slope in lines if slope.low <= PUBLISHED_SLOPE <= slope.high]
    ours = [f"{_of(law)}: {_line(law)}{_at_the_middle(found, law)} ({law.n_questions} questions)" for law in found.laws]
    return Claim(
        "the compute-optimal size follows log10 C = 1.19·log10 N + 2.03 (weighted votes, GSM8K, 410M to 12B)",
        SECOND_HAND,
        _told(ours),
        verdict(len(inside), len(lines) - len(inside), weak=all(law.measure != VOTE for law, _ in lines)),
    )


def _of(law: SizeLaw) -> str:
    return f"{law.measure} on {law.task}"


def _line(law: SizeLaw) -> str:
    if law.slope is None or law.intercept is None:
        return f"{len(law.best_sizes)} of {law.n_models} sizes are best at any budget, too few for a line"
    return f"slope {_number(law.slope)}, intercept {_number(law.intercept)} through {len(law.best_sizes)} sizes"


def _at_the_middle(found: Evidence, law: SizeLaw) -> str:
    """The best size in the middle of the published range, beside the published line's."""
    middle = (PUBLISHED_FROM * PUBLISHED_TO) ** 0.5
    if not law.budgets_flops[0] <= middle <= law.budgets_flops[1]:
        return ""
    near = min(
        (each for each in found.optima if (each.task, each.measure) == (law.task, law.measure)),
        key=lambda each: abs(np.log(each.budget_flops / middle)),
    )
    size = 10 ** ((np.log10(near.budget_flops) - PUBLISHED_INTERCEPT) / PUBLISHED_SLOPE)
    return (
        f"; at {near.budget_flops:.1e} FLOPs {near.model} is best (in {100 * near.best_in:.0f} % of resamples), where"
        f" the line says {size / 1e9:.1f}B"
    )


def _small_first(found: Evidence) -> Claim:
    """Agrees for a family where another than the dearest size is the best at the first budget that pays for all."""
    judged = [(law, law.smaller_first) for law in found.laws if law.smaller_first is not None]
    ours = [
        f"{_of(law)}: a smaller than the largest is best where all are affordable in {100 * first:.0f} % of resamples"
        f" ({law.n_models} sizes, {law.n_questions} questions)"
        for law, first in judged
    ]
    agreeing, against = sum(f >= CERTAIN for _, f in judged), sum(f <= 1 - CERTAIN for _, f in judged)
    weak = all(law.measure != VOTE for law, _ in judged)
    return Claim("at low budgets smaller models are best", READ, _told(ours), verdict(agreeing, against, weak=weak))


def _overtaken(found: Evidence) -> Claim:
    """Agrees for a pair of sizes whose smaller is ahead where both are affordable and whose larger is at the end;
    disagrees where the smaller stays ahead to the end of the budgets."""
    crossing = [each for each in found.takeovers if each.smaller_first >= CERTAIN]
    taken = [each for each in crossing if each.reached >= CERTAIN]
    never = [each for each in crossing if each.reached <= 1 - CERTAIN]
    ours = [
        f"{each.measure} on {each.task}: {each.larger} overtakes {each.smaller} at {each.budget_flops.value:.1e} FLOPs"
        f" ({each.budget_flops.low:.1e} to {each.budget_flops.high:.1e})"
        for each in taken
    ]
    if never:
        ours.append(
            f"{len(never)} of {len(crossing)} pairs that the smaller leads at first are not overtaken within the"
            " budgets"
        )
    ours += [
        f"growth d log N/d log C of the best size for {_of(law)} {_number(law.growth)}"
        for law in found.laws
        if law.growth
    ]
    text = "smaller models flatten, and larger ones take over as the budget grows"
    weak = all(each.measure != VOTE for each in crossing)
    return Claim(text, READ, _told(ours), verdict(len(taken), len(never), weak=weak))


def _power_law(found: Evidence) -> Claim:
    """Agrees where the distribution of chances predicts the coverage of all answers from a part of them better than the
    power law fitted to that part, over all models and tasks."""
    judged = [each for each in found.tails if each.predicted_by_power_law is not None]
    by_tail = np.array([each.predicted_by_tail - each.all.value for each in judged])
    by_law = np.array([(each.predicted_by_power_law or 0.0) - each.all.value for each in judged])
    better = int((np.abs(by_tail) < np.abs(by_law)).sum())
    closer = mean_gain(np.abs(by_law) - np.abs(by_tail)) if judged else Interval(0.0, 0.0, 0.0)
    ours = []
    if judged:
        exponents = [each.exponent.value for each in judged if each.exponent]
        ours = [
            f"exponents {min(exponents):.2f} to {max(exponents):.2f} over {len(judged)} models and tasks; from a"
            f" {PART}th of the answers the coverage of all is missed by {100 * _rms(by_tail):.1f} points with the"
            f" distribution of chances, by {100 * _rms(by_law):.1f} with the power law (root mean square), closer in"
            f" {better} of {len(judged)}: {_points(closer)} points closer on average"
        ]
    return Claim(
        "coverage follows a power law in the number of answers, which the distribution of the questions' chances"
        " predicts from fewer answers than the law itself",
        "arXiv 2407.21787 and 2502.17578, read in excerpts",
        _told(ours),
        verdict(int(closer.low > 0), int(closer.high < 0), weak=False),
    )


def _rms(misses: np.ndarray) -> float:
    return float((misses**2).mean() ** 0.5)


def _voting_limits(found: Evidence) -> Claim:
    """Agrees for a forecast whose interval holds the vote of FORECAST_AHEAD times as many answers or more; a violated
    bound disagrees."""
    judged = _strongest([each for each in found.limits if each.n_all >= FORECAST_AHEAD * each.n])
    held = [each for each in judged if each.predicted.low <= each.vote_of_all <= each.predicted.high]
    checked, violated = (sum(getattr(each, name) for each in found.pluralities) for name in ("checked", "violations"))
    ours = []
    if judged:
        miss, vote_miss = (
            _rms(np.array([getattr(each, name).value for each in judged])) for name in ("miss", "vote_miss")
        )
        ours.append(
            f"the interval predicted from n answers holds the vote of {FORECAST_AHEAD} or more times as many in"
            f" {len(held)} of {len(judged)} forecasts, which miss it by {100 * miss:.1f} points where the vote of n"
            f" itself misses it by {100 * vote_miss:.1f} (root mean square)"
        )
    if checked:
        ours.append(f"the exponential bound holds in {checked - violated:,} of {checked:,} votes of a question")
    ours += [
        f"{each.model} on {each.task}: most frequent answer right for {_percent(each.right)} of {each.n_questions}"
        f" questions, votes get worse with more answers on {_percent(each.falling)}"
        for each in found.pluralities
        if not each.caveat
    ]
    return Claim(
        "votes converge exponentially to the share of questions whose most frequent (most rewarded) answer is right",
        SECOND_HAND,
        _told(ours),
        verdict(len(held), len(judged) - len(held) + violated, weak=_is_weak(judged)),
    )


def _weighted(found: Evidence) -> Claim:
    return _by_contests(
        "weighted votes beat majority votes where the reward is better than chance",
        SECOND_HAND,
        found.of(Kind.WEIGHTED),
    )


def _pareto(found: Evidence) -> Claim:
    """Where the reward model's FLOPs are counted too, REBASE can lose: that refines the claim."""
    policy, total = _strongest(found.of(Kind.REBASE)), _strongest(found.of(Kind.REBASE_TOTAL))
    claim = _by_contests("REBASE is more accurate than sampling at every budget (Pareto-optimal)", SECOND_HAND, policy)
    agreeing, against = (_clear(policy, sign) + _clear(total, sign) for sign in (1, -1))
    more = f"; with the reward model's FLOPs counted: {_counted(total)}" if total else ""
    return Claim(claim.claim, claim.source, claim.ours + more, verdict(agreeing, against, weak=_is_weak(policy)))


def _saving(found: Evidence) -> Claim:
    """Agrees where REBASE reaches the largest vote with fewer FLOPs of the policy; disagrees where it does not."""
    return _by_saving(
        f"REBASE reaches 256 weighted votes with about {PUBLISHED_SAVING:g} times fewer FLOPs",
        READ,
        found.of(Kind.REBASE_SAVES),
    )


def _by_saving(text: str, source: str, given: Sequence[Contest]) -> Claim:
    found = _strongest(given)
    reached = [each for each in found if each.gain.value >= 0]
    cheaper = [each for each in reached if each.policy_ratio and each.policy_ratio < 1]
    ours = [
        f"{_side(each)}: {_part(each.policy_ratio)} of the policy's FLOPs, {_part(each.total_ratio)} with rewards"
        f" ({_points(each.gain)} points, {each.n_questions} questions)"
        for each in reached
    ]
    if len(found) > len(reached):
        ours.append(f"not reached in {len(found) - len(reached)} of {len(found)} comparisons")
    return Claim(
        text,
        source,
        _told([_small_print(found), *ours] if found else []),
        verdict(len(cheaper), len(found) - len(cheaper), weak=_is_weak(found)),
    )


def _smaller_with_search(found: Evidence) -> Claim:
    """By saving; beside it the published pair, whose difference 500 questions can hardly tell from none."""
    text = f"a smaller model with REBASE equals a larger one with votes at about {SMALLER_SAVING:g} times fewer FLOPs"
    claim = _by_saving(f"{text} (7B REBASE 32 and 34B 64 votes on MATH500)", READ, found.of(Kind.SMALLER_SAVES))
    searched = [p for p in found.published if p.strategy == "rebase" and p.model in found.parameters]
    voted = [p for p in found.published if p.strategy == "weighted-majority" and p.model in found.parameters]
    pairs = [
        (a, b)
        for a in searched
        for b in voted
        if a.task == b.task and a.source == b.source and found.parameters[a.model] < found.parameters[b.model]
    ]
    said = [_published_pair(a, b, found.parameters) for a, b in pairs]
    return Claim(claim.claim, claim.source, "; ".join([*said, claim.ours]), claim.verdict)


def _published_pair(a: Published, b: Published, parameters: Mapping[str, float]) -> str:
    gained = a.accuracy - b.accuracy
    half = 1.645 * sum(p.accuracy * (1 - p.accuracy) / p.n_questions for p in (a, b)) ** 0.5
    ratio = parameters[b.model] * b.n_samples / (parameters[a.model] * a.n_samples)
    return (
        f"published on {a.task}: {a.model} {a.strategy} of {a.n_samples} less {b.model} {b.strategy} of {b.n_samples}"
        f" is {_points(Interval(gained, gained - half, gained + half))} points as if of different questions"
        f" ({a.n_questions}), at {ratio:.1f} times fewer FLOPs were answers as long"
    )


def _mcts(found: Evidence) -> Claim:
    return _by_contests(
        "MCTS stays below weighted votes of the same FLOPs", SECOND_HAND, found.of(Kind.MCTS), agreeing_sign=-1
    )


def _by_contests(text: str, source: str, given: Sequence[Contest], agreeing_sign: int = 1) -> Claim:
    found = _strongest(given)
    agreeing, against = _clear(found, agreeing_sign), _clear(found, -agreeing_sign)
    return Claim(
        text,
        source,
        _told([f"{_small_print(found)} {_counted(found)}"] if found else []),
        verdict(agreeing, against, weak=_is_weak(found)),
    )


def _clear(found: Sequence[Contest], sign: int) -> int:
    """Comparisons whose interval lies on one side of zero."""
    return sum(each.gain.low > 0 if sign > 0 else each.gain.high < 0 for each in found)


def _counted(found: Sequence[Contest]) -> str:
    gains = [each.gain for each in found]
    largest = max(gains, key=lambda gain: abs(gain.value))
    return (
        f"clearly better in {_clear(found, 1)} of {len(found)} comparisons, clearly worse in {_clear(found, -1)}, by"
        f" {min(100 * g.value for g in gains):+.1f} to {max(100 * g.value for g in gains):+.1f} points (the farthest"
        f" {_points(largest)}), {min(each.n_questions for each in found)} questions or more"
    )


def _strongest(found: Sequence[Marked]) -> list[Marked]:
    """Those without a caveat, and all where there are none."""
    return [each for each in found if not each.caveat] or list(found)


def _is_weak(found: Sequence[Contest] | Sequence[LimitForecast]) -> bool:
    return all(each.caveat for each in found)


def _small_print(found: Sequence[Contest]) -> str:
    return "in small:" if _is_weak(found) else "measured:"


def _told(parts: Sequence[str]) -> str:
    return "; ".join(parts).replace(":; ", ": ") or NOTHING


def _side(each: Contest) -> str:
    first, second = each.first, each.second
    points = [f"{side.strategy} of {side.n}" for side in (first, second)]
    if first.model == second.model:
        return f"{first.model}, {points[0]} for {points[1]}"
    return f"{first.model}, {points[0]} for {second.model}, {points[1]}"


def _part(ratio: float | None) -> str:
    return "an unknown part" if ratio is None else f"{ratio:.2f}"


def _number(interval: Interval) -> str:
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _points(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def _percent(share: Interval) -> str:
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"
