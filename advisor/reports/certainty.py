"""How sure the pick is, in words: its odds, what they would lose, and which measurement would decide."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.recommendation.undecided import Undecided
from advisor.units import percent, significant


def sure_text(found: Recommendation) -> str:
    """`44 % that no other model is better within the limits; 99 % that it holds them; 1.5 points lost on average …`."""
    pick, request = found.recommended, found.request
    if pick.odds is None:
        return ""
    within = " within the limits" if request.has_limits else ""
    target = request.min_accuracy
    better = "reaches it for less" if target else "is better"
    parts = [f"{chance(pick.odds.reaches)} that it reaches {percent(target)}"] if target else []
    parts += [f"{chance(pick.odds.best)} that no other model {better}{within}"]
    parts += [f"{chance(pick.odds.within_limits)} that it holds them"] if request.has_limits else []
    parts += [f"{100 * found.expected_regret:.1f} points lost on average to the most accurate one{within}"]
    return "; ".join(parts)


def chance(value: float | None) -> str:
    """A probability in whole per cents, never more certain than 300 draws can say."""
    if value is None:
        return "–"
    return "> 99 %" if value > 0.99 else "< 1 %" if value < 0.01 else percent(value, 0)


def undecided_text(of: Undecided) -> str:
    """Which model may as well be the best, and what would decide."""
    ends = f"{100 * of.difference.low:+.1f} to {100 * of.difference.high:+.1f}"
    apart = f"{100 * of.difference.value:+.1f} points (90 %: {ends})".replace("-", "−")
    commands = " and ".join(f"`{command}`" for command in of.measure)
    cost = f", about {significant(of.usd)} USD" if of.usd else ""
    decides = (
        f"about {of.questions:,} questions like these, answered by both, would tell{cost}"
        if of.questions
        else f"its answers to the same questions would tell more{cost}"
    )
    return (
        f"{of.rival} may as well be the best ({chance(of.best)}): the pick is ahead by {apart}; {decides} ({commands})"
    )


def odds_text(c: Candidate) -> str:
    """The chance that a runner-up's model is the best."""
    return chance(c.odds.best if c.odds else None)


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
