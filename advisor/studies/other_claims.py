"""What else is claimed on spending compute at inference: tested where stored answers can, else said to be untested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.arguments import checked_arguments
from advisor.fits.published import Published, published_of
from advisor.models.catalog import Catalog
from advisor.models.spec import ModelSpec
from advisor.store.folders import visible
from advisor.store.workspace import Workspace
from advisor.studies.answer_sets import answer_sets
from advisor.studies.inference_scaling_evidence import joined, number, points, verdict
from advisor.studies.repeated_answers import AdaptiveVote, ShortAnswers, adaptive_votes, short_answers
from advisor.studies.study import Basis, Claim, Study, Verdict
from advisor.studies.untested_claims import UNTESTED
from advisor.values import Rows, Value

LOSS_ALLOWED = 0.01
"""Accuracy that stopping a vote early may lose, and still count as losing nothing."""
CLAIMED_SAVING = 7.9
PROMPT, GENERATED = 200, 32_000
"""Tokens at which sizes are compared."""
FLOPS_PER_ELEMENT = 562.5
"""FLOPs that a GPU does in the time in which it reads an element of the KV cache: 2 bytes on a B200."""
CLAIMED_RATIO = 10.9
"""Parameters of the two models that the formula was worked out for."""
SIZES_APART = 4.0
"""Times the parameters of two sizes that are compared."""


@dataclass(frozen=True, slots=True)
class SizeCost(Value):
    """The largest dense model of an architecture against the smallest: FLOPs with the KV cache's reads as FLOPs."""

    smaller: str
    larger: str
    parameter_ratio: float
    cost_ratio: float


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
    tested = [_adaptive(votes), _shortest(short), _first_to_end(short), _longer_thinking(published), _memory(sizes)]
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
    """Agrees where nothing beyond LOSS_ALLOWED is lost and the saving reaches the claimed one, refines where it saves
    less, disagrees where clearly more is lost."""
    kept = [each for each in votes if each.gain.low > -LOSS_ALLOWED]
    lost = [each for each in votes if each.gain.high < -LOSS_ALLOWED]
    found = verdict(len(kept), len(lost))
    if found is Verdict.CONFIRMED and max(each.saving.high for each in kept) < CLAIMED_SAVING:
        found = Verdict.REFINED
    ours = [
        f"{each.model} on {each.task}: {each.used:.1f} of {each.n} answers, {number(each.saving)} times fewer, at"
        f" {points(each.gain)} points ({each.n_questions} questions)"
        for each in votes
    ]
    text = (
        f"a vote that stops when it is settled takes up to {CLAIMED_SAVING:g} times fewer answers of 40, and loses less"
        " than 0.1 point"
    )
    return Claim(text, "arXiv 2305.11860, abstract, rule in its released code", joined(ours), found)


def _shortest(short: Sequence[ShortAnswers]) -> Claim:
    text = "the shortest answer to a question is more accurate than the longest, by up to 34.5 %"
    gains = [(each, each.over_longest) for each in short]
    return Claim(text, "arXiv 2505.17813, abstract", joined(_gains(gains)), _by_sign([gain for _, gain in gains]))


def _first_to_end(short: Sequence[ShortAnswers]) -> Claim:
    """Agrees where the first answer to end clearly loses no more than LOSS_ALLOWED against the vote of all."""
    kept, lost = (
        sum(each.over_vote.low > -LOSS_ALLOWED for each in short),
        sum(each.over_vote.high < -LOSS_ALLOWED for each in short),
    )
    ours = [
        f"{said}, for {100 * each.tokens:.0f} % of the tokens"
        for said, each in zip(_gains([(each, each.over_vote) for each in short]), short, strict=True)
    ]
    text = (
        "stopping all answers at the first that ends (short-1@k) is as accurate as their vote, with up to 40 % fewer"
        " tokens"
    )
    return Claim(text, "arXiv 2505.17813, abstract", joined(ours), verdict(kept, lost))


def _gains(found: Sequence[tuple[ShortAnswers, Interval]]) -> list[str]:
    return [
        f"{each.model} on {each.task}: {points(gain)} points ({each.n} answers to {each.n_questions} questions)"
        for each, gain in found
    ]


def _by_sign(gains: Sequence[Interval]) -> Verdict:
    return verdict(sum(each.low > 0 for each in gains), sum(each.high < 0 for each in gains))


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


def size_costs(models: Catalog) -> Rows[SizeCost]:
    """Of every architecture with dense models SIZES_APART in parameters that have room for the answer."""
    families = defaultdict[str, dict[str, ModelSpec]](dict)
    for model in models:
        spec = models.spec(model)
        if not spec.is_moe and spec.max_context >= PROMPT + GENERATED:
            families[spec.family][model] = spec
    found = []
    for members in families.values():
        order = sorted(members, key=lambda model: (members[model].active_parameters, model))
        small, large = members[order[0]], members[order[-1]]
        ratio = large.active_parameters / small.active_parameters
        if ratio >= SIZES_APART:
            found.append(SizeCost(order[0], order[-1], ratio, equivalent_flops(large) / equivalent_flops(small)))
    return Rows(found, SizeCost)


def equivalent_flops(spec: ModelSpec, prompt: int = PROMPT, generated: int = GENERATED) -> float:
    """FLOPs of an answer and, as FLOPs, what it reads of the KV cache; weights are read once for a large batch.

    2·N·g + 2·(2c + g)·g·L·H·h, and 2·(2c + g)·g·L·K·h times FLOPS_PER_ELEMENT, for c prompt and g generated tokens
    (arXiv 2506.05333, its released code).
    """
    compute = 2 * spec.active_parameters * generated + spec.attention_flops(prompt + 1, prompt + generated)
    read = (2 * prompt + generated) * generated * spec.kv_elements_per_token
    return float(compute + read * FLOPS_PER_ELEMENT)


def _memory(sizes: Sequence[SizeCost]) -> Claim:
    """Agrees where the cost of an architecture's sizes lies closer together than half of what parameters say."""
    nearer = sum(2 * each.cost_ratio < each.parameter_ratio for each in sizes)
    ours = []
    if sizes:
        parts = [each.cost_ratio / each.parameter_ratio for each in sizes]
        near = min(sizes, key=lambda each: abs(np.log(each.parameter_ratio / CLAIMED_RATIO)))
        ours = [
            f"the largest costs less than half of what its parameters say in {nearer} of {len(sizes)} architectures,"
            f" {100 * float(np.median(parts)):.0f} % in the median; {near.larger} costs {near.cost_ratio:.2f} times as"
            f" much as {near.smaller} with {near.parameter_ratio:.1f} times the parameters"
        ]
    text = (
        "with the reads of the KV cache counted, small models are hardly cheaper than large ones at long answers (1.30"
        f" times for {CLAIMED_RATIO:g} times the parameters)"
    )
    source = "arXiv 2506.05333, abstract, formula in its released code"
    return Claim(text, source, joined(ours), verdict(nearer, len(sizes) - nearer))
