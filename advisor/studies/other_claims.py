"""What else is claimed on spending compute at inference: tested where stored answers can, else said to be untested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.accuracy.estimators import Interval
from advisor.arguments import checked_arguments
from advisor.store.folders import visible
from advisor.store.published import Published, published_of
from advisor.store.workspace import Workspace
from advisor.studies.answer_sets import answer_sets
from advisor.studies.inference_scaling_evidence import clearly, joined, number, over_sets, points, verdict
from advisor.studies.repeated_answers import AdaptiveVote, ShortAnswers, adaptive_votes, short_answers
from advisor.studies.size_costs import FLOPS_PER_ELEMENT, GENERATED, SizeCost, memory_claim, size_costs
from advisor.studies.study import Basis, Claim, Study, Verdict
from advisor.studies.untested_claims import UNTESTED
from advisor.values import Rows

LOSS_ALLOWED = 0.01
"""Accuracy that the first answers to end may lose, and still count as losing nothing."""
SHORT = "arXiv 2505.17813, abstract"
CLAIMED_LOSS, CLAIMED_SAVING, CLAIMED_OF = 0.001, 7.9, 40
"""Of a vote that stops when it is settled, of so many answers."""
ANSWERS_LIKE = 32
"""To a question, from which a saving can be compared with that of CLAIMED_OF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherClaims(Study):
    """What later papers claim: votes that stop early, short answers, and sizes with memory counted."""

    votes: Rows[AdaptiveVote]
    short: Rows[ShortAnswers]
    sizes: Rows[SizeCost]


@checked_arguments
def other_claims(workspace: Workspace) -> OtherClaims:
    """The remaining claims beside what is stored. Raises AdvisorError for a damaged file."""
    sets = answer_sets(workspace)
    votes, short, sizes = adaptive_votes(sets), short_answers(sets), size_costs(workspace.models)
    tables = (visible(root / "measurements" / "published", ".csv") for root in workspace.roots)
    published = published_of(file for files in tables for file in files)
    of_short = [_shortest(short), _first_to_end(short), _first_three(short)]
    tested = [_adaptive(votes), *of_short, _longer_thinking(published), memory_claim(sizes)]
    return OtherClaims(
        basis=Basis(
            data=(
                f"{len(votes)} sets of 8 or more answers to each question, {len(short)} sets of 4 or more with their"
                f" lengths, and the configs of {len(sizes)} architectures with dense models of several sizes"
            ),
            method=(
                "Votes stop as adaptive-majority does, in random orders of the stored answers; intervals are 90 % by"
                " bootstrap over questions. Sizes are compared at one answer of"
                f" {GENERATED:,} tokens, each read of an element of the KV cache as {FLOPS_PER_ELEMENT:g} FLOPs"
            ),
            would_change="More answers to each question, with their lengths: `advisor calibrate` draws them",
        ),
        claims=Rows([*tested, *UNTESTED], Claim),
        votes=votes,
        short=short,
        sizes=sizes,
    )


def _adaptive(votes: Sequence[AdaptiveVote]) -> Claim:
    """Disagrees where it clearly loses more than is claimed. Where it clearly loses less, agrees if the saving reaches
    the claimed one, refines if it does not, or if no set has answers enough to show it."""
    gains = [each.gain for each in votes]
    found = verdict(clearly(gains, 1, -CLAIMED_LOSS), clearly(gains, -1, -CLAIMED_LOSS))
    large = [each for each in votes if each.n >= ANSWERS_LIKE]
    if found is Verdict.CONFIRMED and not any(each.saving.high >= CLAIMED_SAVING for each in large):
        found = Verdict.REFINED
    ours = [
        f"{each.model} on {each.task}: {each.used:.1f} of {each.n} answers, {number(each.saving)} times fewer, at"
        f" {points(each.gain, 2)} points ({each.n_questions} questions)"
        for each in votes
    ]
    ours += [f"no set has the {ANSWERS_LIKE} answers that such a saving takes"] if votes and not large else []
    text = (
        f"a vote that stops when it is settled takes up to {CLAIMED_SAVING:g} times fewer answers of {CLAIMED_OF}, and"
        f" loses less than {100 * CLAIMED_LOSS:g} point"
    )
    return Claim(text, "arXiv 2305.11860, abstract, rule in its released code", joined(ours), found)


def _shortest(short: Sequence[ShortAnswers]) -> Claim:
    text = "the shortest answer to a question is more accurate than the longest, by up to 34.5 %"
    gains = [(each, each.over_longest) for each in short]
    return Claim(text, SHORT, joined(_gains(gains)), _of_mean([gain for _, gain in gains]))


def _first_to_end(short: Sequence[ShortAnswers]) -> Claim:
    """Agrees where the first answer to end clearly loses no more than LOSS_ALLOWED against the vote of all."""
    said = _gains([(each, each.over_vote) for each in short])
    ours = [f"{one}, for {100 * each.tokens:.0f} % of the tokens" for one, each in zip(said, short, strict=True)]
    text = (
        "stopping all answers at the first that ends (short-1@k) is as accurate as their vote, with up to 40 % fewer"
        " tokens"
    )
    return Claim(text, SHORT, joined(ours), _loses_nothing([each.over_vote for each in short]))


def _first_three(short: Sequence[ShortAnswers]) -> Claim:
    """As of the first, of the vote of the first three."""
    said = _gains([(each, each.three_over_vote) for each in short])
    ours = [f"{one}, after {100 * each.three_wait:.0f} % of the time" for one, each in zip(said, short, strict=True)]
    text = (
        "voting on the first three answers that end (short-3@k) is as accurate as on all, in up to 33 % less time"
        " (time counted as tokens of the last answer that is waited for)"
    )
    return Claim(text, SHORT, joined(ours), _loses_nothing([each.three_over_vote for each in short]))


def _loses_nothing(gains: Sequence[Interval]) -> Verdict:
    return _of_mean(gains, -LOSS_ALLOWED)


def _of_mean(gains: Sequence[Interval], threshold: float = 0.0) -> Verdict:
    """By the mean over all sets of answers, of which one alone may be unlike the others."""
    found = over_sets(gains)
    return verdict(*(clearly([found], sign, threshold) for sign in (1, -1))) if found else Verdict.OPEN


def _gains(found: Sequence[tuple[ShortAnswers, Interval]]) -> list[str]:
    return [
        f"{each.model} on {each.task}: {points(gain)} points ({each.n} answers to {each.n_questions} questions)"
        for each, gain in found
    ]


def _by_sign(gains: Sequence[Interval]) -> Verdict:
    return verdict(*(clearly(gains, sign) for sign in (1, -1)))


def _longer_thinking(published: Sequence[Published]) -> Claim:
    """By the largest accuracy of a thinking budget less that of answers with their own end, as if of different
    questions; of several budgets the largest is partly luck."""
    budgets, own = defaultdict[tuple[str, str, str], list[Published]](list), {}
    for p in published:
        if p.strategy == "thinking-budget":
            budgets[p.model, p.task, p.source].append(p)
        elif p.n_samples == 1:
            own[p.model, p.task, p.source] = p
    gains, ours = [], []
    for key, some in budgets.items():
        if key in own and len(some) > 1:
            best, end = max(some, key=lambda p: p.accuracy), own[key]
            half = 1.645 * sum(p.accuracy * (1 - p.accuracy) / p.n_questions for p in (best, end)) ** 0.5
            gained = best.accuracy - end.accuracy
            gains.append(Interval(gained, gained - half, gained + half))
            ours.append(
                f"{key[0]} on {key[1]}, published: {best.accuracy:.3f} at {best.generated_tokens or 0:,.0f} tokens, the"
                f" best of {len(some)} budgets, less {end.accuracy:.3f} at its own end of"
                f" {end.generated_tokens or 0:,.0f}: {points(gains[-1])} points ({end.n_questions} questions)"
            )
    text = "budget forcing, which suppresses the end of thinking, raises accuracy from .50 to .57 on AIME24"
    return Claim(text, "arXiv 2501.19393, read in excerpts", joined(ours), _by_sign(gains))
