"""What arXiv 2408.00724 claims on strategies with a reward model, beside what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from advisor.accuracy.estimators import Interval
from advisor.store.published import Published
from advisor.studies.inference_scaling_evidence import (
    READ,
    SECOND_HAND,
    Evidence,
    clearly,
    in_small,
    joined,
    points,
    small_print,
    strongest,
    verdict,
)
from advisor.studies.strategies_at_equal_flops import Contest, Kind
from advisor.studies.study import Claim, Verdict

PUBLISHED_SAVING = 7.0
"""Times fewer FLOPs of REBASE than of 256 weighted votes."""
SMALLER_SAVING = 2.0
"""Times fewer FLOPs of the smaller model with REBASE than of the larger with votes, as accurate."""
LOSS_ALLOWED = 0.03
"""Of accuracy: what is as accurate must clearly not lose more."""
VOTES_NEEDED = 64
"""Of fewer a saving of the size claimed for 256 can't be seen: a search has a least width too."""


def search_claims(found: Evidence) -> list[Claim]:
    """Each with our figure and its verdict."""
    return [
        _weighted(found),
        _pareto(found),
        _saving(found),
        _published_pairs(found),
        _smaller_saving(found),
        _mcts(found),
    ]


def _weighted(found: Evidence) -> Claim:
    return _by_contests(
        "weighted votes beat majority votes where the reward is better than chance",
        SECOND_HAND,
        found.of(Kind.WEIGHTED),
    )


def _pareto(found: Evidence) -> Claim:
    """Where the reward model's FLOPs are counted too, REBASE can lose: that refines the claim."""
    policy, total = strongest(found.of(Kind.REBASE)), strongest(found.of(Kind.REBASE_TOTAL))
    claim = _by_contests("REBASE is more accurate than sampling at every budget (Pareto-optimal)", SECOND_HAND, policy)
    agreeing, against = (_clear(policy, sign) + _clear(total, sign) for sign in (1, -1))
    more = f"; with the reward model's FLOPs counted: {_counted(total)}" if total else ""
    return replace(claim, ours=claim.ours + more, verdict=in_small(verdict(agreeing, against), policy))


def _saving(found: Evidence) -> Claim:
    large = [each for each in found.of(Kind.REBASE_SAVES) if each.second.n >= VOTES_NEEDED]
    text = f"REBASE reaches 256 weighted votes with about {PUBLISHED_SAVING:g} times fewer FLOPs"
    return _by_saving(text, READ, large, PUBLISHED_SAVING)


def _smaller_saving(found: Evidence) -> Claim:
    text = f"a smaller model with REBASE equals a larger one with votes at about {SMALLER_SAVING:g} times fewer FLOPs"
    return _by_saving(text, READ, found.of(Kind.SMALLER_SAVES), SMALLER_SAVING)


def _by_saving(text: str, source: str, given: Sequence[Contest], claimed: float) -> Claim:
    """By how each comparison stands to the factor claimed: any that saves another factor refines."""
    found = strongest(given)
    stand = Counter(standing(each, claimed) for each in found)
    same, other, none = (stand[each] for each in (Saving.SAME, Saving.OTHER, Saving.NONE))
    plain = Verdict.REFINED if other else verdict(same, none)
    ours = [
        f"{_side(each)}: {_times(each.saving)} times fewer FLOPs of the policy, {_part(each.total_ratio)} of them with"
        f" rewards ({points(each.gain)} points, {each.n_questions} questions)"
        for each in found
    ]
    return Claim(text, source, joined([small_print(plain, found), *ours] if found else []), in_small(plain, found))


class Saving(StrEnum):
    """How a search's saving stands to a claimed one."""

    SAME = "as claimed"
    OTHER = "another one"
    NONE = "none"
    UNCLEAR = "not clear"


def standing(each: Contest, claimed: float) -> Saving:
    """None where the search is clearly less accurate than the vote at all of its points, or its saving clearly below 1.

    Not clear where it may lose more than LOSS_ALLOWED, or may save nothing. Else whether the interval of the saving
    holds the factor claimed.
    """
    if each.gain.high < 0 or (each.saving and each.saving.high < 1):
        return Saving.NONE
    if each.saving is None or each.gain.low < -LOSS_ALLOWED or each.saving.low <= 1:
        return Saving.UNCLEAR
    return Saving.SAME if each.saving.low <= claimed <= each.saving.high else Saving.OTHER


def _published_pairs(found: Evidence) -> Claim:
    """Agrees where the smaller model clearly loses no more than LOSS_ALLOWED, disagrees where it loses more."""
    searched = [p for p in found.published if p.strategy == "rebase" and p.model in found.parameters]
    voted = [p for p in found.published if p.strategy == "weighted-majority" and p.model in found.parameters]
    pairs = [
        (a, b)
        for a in searched
        for b in voted
        if a.task == b.task and a.source == b.source and found.parameters[a.model] < found.parameters[b.model]
    ]
    gains = [_unpaired(a, b) for a, b in pairs]
    as_accurate, less = (clearly(gains, sign, -LOSS_ALLOWED) for sign in (1, -1))
    text = "a 7B model with REBASE of 32 is as accurate as a 34B with 64 weighted votes on MATH500"
    ours = [_published_pair(a, b, gain, found.parameters) for (a, b), gain in zip(pairs, gains, strict=True)]
    return Claim(text, READ, joined(ours), verdict(as_accurate, less))


def _unpaired(a: Published, b: Published) -> Interval:
    """Their difference as if they had answered different questions, which only widens it."""
    gained = a.accuracy - b.accuracy
    half = 1.645 * sum(p.accuracy * (1 - p.accuracy) / p.n_questions for p in (a, b)) ** 0.5
    return Interval(gained, gained - half, gained + half)


def _published_pair(a: Published, b: Published, gain: Interval, parameters: Mapping[str, float]) -> str:
    ratio = parameters[b.model] * b.n_samples / (parameters[a.model] * a.n_samples)
    return (
        f"the published accuracies: {a.model} {a.strategy} of {a.n_samples} less {b.model} {b.strategy} of"
        f" {b.n_samples} on {a.task} is {points(gain)} points as if of different questions ({a.n_questions}), judged"
        f" against a loss of {100 * LOSS_ALLOWED:g}, at {ratio:.1f} times fewer FLOPs were answers as long"
    )


def _mcts(found: Evidence) -> Claim:
    return _by_contests(
        "MCTS stays below weighted votes of the same FLOPs", SECOND_HAND, found.of(Kind.MCTS), agreeing_sign=-1
    )


def _by_contests(text: str, source: str, given: Sequence[Contest], agreeing_sign: int = 1) -> Claim:
    found = strongest(given)
    plain = verdict(_clear(found, agreeing_sign), _clear(found, -agreeing_sign))
    ours = [f"{small_print(plain, found)} {_counted(found)}"] if found else []
    return Claim(text, source, joined(ours), in_small(plain, found))


def _clear(found: Sequence[Contest], sign: int) -> int:
    """Comparisons that lie clearly on one side of zero."""
    return clearly([each.gain for each in found], sign)


def _counted(found: Sequence[Contest]) -> str:
    gains = [each.gain for each in found]
    largest = max(gains, key=lambda gain: abs(gain.value))
    return (
        f"clearly better in {_clear(found, 1)} of {len(found)} comparisons, clearly worse in {_clear(found, -1)}, by"
        f" {min(100 * g.value for g in gains):+.1f} to {max(100 * g.value for g in gains):+.1f} points (the farthest"
        f" {points(largest)}), {min(each.n_questions for each in found)} questions or more"
    )


def _side(each: Contest) -> str:
    first, second = each.first, each.second
    mine, theirs = (f"{side.strategy} of {side.n}" for side in (first, second))
    whose = "" if first.model == second.model else f"{second.model}, "
    return f"{first.model}, {mine} for {whose}{theirs}"


def _part(ratio: float | None) -> str:
    return "an unknown part" if ratio is None else f"{ratio:.2f}"


def _times(saving: Interval | None) -> str:
    return "unknown" if saving is None else f"{saving.value:.1f} ({saving.low:.1f} to {saving.high:.1f})"
