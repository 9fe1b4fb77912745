"""What the published claims about the frontier come to: who is on it, and whether FLOPs stand for dollars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.accuracy.resampling import seed_of
from advisor.studies.study import Claim, Verdict
from advisor.studies.task_frontiers import Membership
from advisor.units import counted, percent

MOE_CLAIM = "mixtures of experts dominate the frontier of accuracy against FLOPs"
FLOPS_CLAIM = "FLOPs per question stand for what a question costs"
SOURCE = "arXiv 2512.24776, abstract"
COUNTED = "arXiv 2512.24776 compares models by FLOPs per question (its protocol; read); not a claim of its own"
SAME, OTHER = 0.9, 0.5
"""Shares of models on both frontiers from which on they are one, and below which they are two."""
LEAST_MODELS = 5
"""Of a kind, for its share to say anything."""


def moe_claim(found: Sequence[Membership]) -> Claim:
    """Confirmed where they are more than half of those on the frontier and surely more than among all models.

    Refined where they are surely more than among all and not the most, contradicted where they are surely fewer. The
    interval is over draws of accuracy and tokens, and models resampled with the same weight on every task.
    """
    names = sorted({model for each in found for model in each.models})
    kinds = {m: bool(k) for each in found for m, k in zip(each.models, each.is_moe, strict=True)}
    if min(sum(kinds.values()), len(kinds) - sum(kinds.values())) < LEAST_MODELS:
        n_moe = sum(kinds.values())
        ours = f"{counted(n_moe, 'mixture')} of experts and {counted(len(kinds) - n_moe, 'dense model')}: too few"
        return Claim(MOE_CLAIM, SOURCE, ours, Verdict.OPEN)
    on, moe_on = (sum(int((each.believed["flops"] & kind(each)).sum()) for each in found) for kind in (_all, _moe))
    there, moe_there = (sum(int(kind(each).sum()) for each in found) for kind in (_all, _moe))
    share, of_all, more = moe_on / on, moe_there / there, _more(found, names)
    ours = (
        f"{moe_on} of {on} places on the frontiers of {counted(len(found), 'task')} ({percent(share, 0)}) are those of"
        f" mixtures of experts, which are {moe_there} of the {there} compared ({percent(of_all, 0)}): "
        f"{100 * more.value:+.0f} points (90 %: {100 * more.low:+.0f} to {100 * more.high:+.0f}, {len(names)} models)"
    )
    verdict = Verdict.OPEN
    if more.low > 0:
        verdict = Verdict.CONFIRMED if share > 0.5 else Verdict.REFINED
    elif more.high < 0:
        verdict = Verdict.CONTRADICTED
    return Claim(MOE_CLAIM, SOURCE, ours, verdict)


def _all(each: Membership) -> np.ndarray:
    return np.ones(len(each.models), dtype=bool)


def _moe(each: Membership) -> np.ndarray:
    return each.is_moe


def _more(found: Sequence[Membership], names: Sequence[str]) -> Interval:
    """By how much their share on the frontiers exceeds that among all models, places of all tasks together."""
    n_draws = found[0].drawn["flops"].shape[1]
    weights = np.random.default_rng(seed_of("kinds on the frontier")).standard_exponential((len(names), n_draws))
    place = {name: i for i, name in enumerate(names)}

    def excess(flags: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
        on = moe_on = there = moe_there = np.zeros(weights.shape[1])
        for each, leads in zip(found, flags, strict=True):
            own = weights[[place[model] for model in each.models]]
            moe = each.is_moe[:, None]
            on, moe_on = on + (own * leads).sum(axis=0), moe_on + (own * (leads & moe)).sum(axis=0)
            there, moe_there = there + own.sum(axis=0), moe_there + (own * moe).sum(axis=0)
        return np.asarray(moe_on / on - moe_there / there)

    value = excess([each.believed["flops"][:, None] for each in found], np.ones((len(names), 1)))[0]
    low, high = np.quantile(excess([each.drawn["flops"] for each in found], weights), (0.05, 0.95))
    return Interval(float(value), float(low), float(high))


def flops_claim(found: Sequence[Membership], unit: str, words: str) -> Claim:
    """Confirmed where at least nine of ten models on either frontier are surely on both.

    Contradicted where surely fewer than half are; refined between.
    """
    claim = f"{FLOPS_CLAIM} in {words}"
    if not found:
        return Claim(claim, COUNTED, "no task with a priced model", Verdict.OPEN)
    same = pooled(found, unit)
    leave = sum(int((each.believed["flops"] & ~each.believed[unit]).sum()) for each in found)
    enter = sum(int((~each.believed["flops"] & each.believed[unit]).sum()) for each in found)
    on = sum(int(each.believed["flops"].sum()) for each in found)
    ours = (
        f"of {on} places on the frontiers in FLOPs of {counted(len(found), 'task')} {leave} are lost in {words} and"
        f" {enter} others gained: {percent(same.value, 0)} of all are on both (90 %: {percent(same.low, 0)} to"
        f" {percent(same.high, 0)})"
    )
    if same.low >= SAME:
        return Claim(claim, COUNTED, ours, Verdict.CONFIRMED)
    return Claim(claim, COUNTED, ours, Verdict.CONTRADICTED if same.high < OTHER else Verdict.REFINED)


def pooled(found: Sequence[Membership], unit: str) -> Interval:
    """Places on both frontiers over those on either, of all tasks together."""

    def share(kind: str) -> np.ndarray:
        pairs = [(getattr(each, kind)["flops"], getattr(each, kind)[unit]) for each in found]
        both = sum((one & other).sum(axis=0) for one, other in pairs)
        either = sum((one | other).sum(axis=0) for one, other in pairs)
        return np.asarray(both / either)

    low, high = np.quantile(share("drawn"), (0.05, 0.95))
    return Interval(float(share("believed")), float(low), float(high))
