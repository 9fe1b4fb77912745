"""How sure the pick is, in words: its odds, what they would lose, and which measurement would decide."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.recommendation.undecided import Almost, Undecided
from advisor.units import percent, significant


def sure_text(found: Recommendation) -> str:
    """`44 % that no other model is better within the limits; 99 % that it holds them; 1.5 points lost on average …`."""
    pick, request = found.recommended, found.request
    if pick.odds is None:
        return ""
    within = " within the limits" if request.has_limits else ""
    target = request.min_accuracy
    parts = [f"{chance(pick.odds.reaches)} that it reaches {percent(target)}"] if target else []
    if found.n_models > 1:
        better = "reaches it for less" if target else "is better"
        parts += [f"{chance(pick.odds.best)} that no other model {better}{within}"]
    else:
        parts += [f"no other model with a known accuracy and cost is left{within} to compare it with"]
    parts += [f"{chance(pick.odds.within_limits)} that it holds them"] if request.has_limits else []
    if found.n_models > 1:
        parts += [f"{100 * found.expected_regret:.1f} points lost on average to the most accurate one{within}"]
    return "; ".join([*parts, *([almost_text(found.almost)] if found.almost else [])])


def almost_text(near: Almost) -> str:
    """What would do for far less, if less confidence were enough."""
    what = f"{near.model.split('/')[-1]} on {near.gpu_count} × {near.gpu}"
    ratio = significant(near.cost_ratio)
    return f"{what} reaches it with {chance(near.reaches)} at {ratio} × the cost (--confidence)"


def chance(value: float | None) -> str:
    """A probability in whole per cents, never more certain than 300 draws can say."""
    if value is None:
        return "–"
    return "> 99 %" if value > 0.99 else "< 1 %" if value < 0.01 else percent(value, 0)


def undecided_text(of: Undecided) -> str:
    """Which model may as well be the best, and what would decide."""
    side = "ahead" if of.difference.value >= 0 else "behind"
    ends = f"{100 * of.difference.low:+.1f} to {100 * of.difference.high:+.1f}".replace("-", "−")
    others = "".join(f", or {o.model} ({chance(o.best)}{_held(o.within_limits)})" for o in of.others)
    place = f"{side} of the first" if side == "ahead" else f"{side} the first"
    apart = f"the pick is {place if of.others else side} by {100 * abs(of.difference.value):.1f} points (90 %: {ends})"
    cost = f" for about {significant(of.usd)} USD" if of.usd else ""
    if of.questions is None:
        decides = f"its answers to the same questions would say more{cost} ({' and '.join(of.measure)})"
    elif of.questions <= of.n_questions:
        decides = "so little that either will do"
    else:
        decides = (
            f"to tell, both would have to answer about {of.questions:,} questions like these ({of.n_questions:,} were"
            f" answered){cost}; more answers to the same ones would not do"
        )
    cost = f", {significant(of.cost)} USD" if of.cost else ""
    which = f" (on {of.gpus}{cost}{_held(of.within_limits)})"
    return f"{of.rival}{which} may as well be the best ({chance(of.best)}){others}: {apart}; {decides}"


def _held(within_limits: float) -> str:
    """How often a candidate that is near a limit holds it."""
    return f", within the limits in {percent(within_limits, 0)} of the draws" if within_limits < SURELY else ""


def odds_text(c: Candidate) -> str:
    """The chance that a candidate's model is the best within the limits."""
    return chance(c.odds.best if c.odds else None)


SURELY = 0.99
"""Chance from which limits count as held."""
EVIDENCE_MARKS = {"measured": "", "published": "†", "weak": "?"}
MEANINGS = {
    "measured": "accuracy measured, answers seen, where unmarked",
    "published": "† published, answers not seen",
    "weak": "? weak: read off a chart, at second hand, from a draft, or the task inferred",
}


def marked_accuracy(c: Candidate) -> str:
    """`57.1 %†`: with the mark of its kind of evidence."""
    return percent(c.accuracy.value) + EVIDENCE_MARKS[c.evidence]


def evidence_marks(candidates: Sequence[Candidate]) -> list[str]:
    """What those marks mean, as far as some candidates have them."""
    return [MEANINGS[kind] for kind in EVIDENCE_MARKS if any(c.evidence == kind for c in candidates)]


def observed_text(c: Candidate) -> str:
    """`, measured 83.4 %` where what is believed differs from it by a tenth of a point or more."""
    if percent(c.observed_accuracy) == percent(c.accuracy.value):
        return ""
    return f"; {c.evidence} {percent(c.observed_accuracy)}"
