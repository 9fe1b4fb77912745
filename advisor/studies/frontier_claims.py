"""Whether FLOPs stand for dollars, seconds and joules on the frontier, and how many places there mixtures have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from advisor.studies.task_frontiers import Membership, centred, release_weights, sameness
from advisor.units import counted, percent

FLOPS_CLAIM = "FLOPs per question stand for what a question costs"
SOURCE = (
    "our own expectation, not a claim of arXiv 2512.24776, which compares models by FLOPs per question (its protocol;"
    " read)"
)
SAME, OTHER = 0.9, 0.5
"""Shares of models on both frontiers from which on they are one, and below which they are two."""
LEAST_MODELS, LEAST_TASKS = 5, 3
"""For a claim to be judged; as many models of a kind for its share to say anything."""


def moe_places(found: Sequence[Membership]) -> str:
    """How many places on the frontiers are those of mixtures of experts, and how many they are of all; no verdict.

    Empty of no task. The interval is over draws of accuracy and tokens, and releases weighted anew on all tasks alike.
    """
    kinds = {m: bool(k) for each in found for m, k in zip(each.models, each.is_moe, strict=True)}
    if not kinds:
        return ""
    n_moe = sum(kinds.values())
    if min(n_moe, len(kinds) - n_moe) < LEAST_MODELS:
        counts = f"{counted(n_moe, 'mixture')} of experts and {counted(len(kinds) - n_moe, 'dense model')}"
        return f"{counts} are too few to say whose places on the frontiers in FLOPs are"
    on, moe_on = (sum(int((each.believed["flops"] & kind(each)).sum()) for each in found) for kind in (_all, _moe))
    there, moe_there = (sum(int(kind(each).sum()) for each in found) for kind in (_all, _moe))
    more = _more(found)
    return (
        f"{moe_on} of {on} places on the frontiers in FLOPs of {counted(len(found), 'task')}"
        f" ({percent(moe_on / on, 0)}) are those of mixtures of experts, which are {moe_there} of the {there} compared"
        f" ({percent(moe_there / there, 0)}): {100 * more.value:+.0f} points (90 %: {100 * more.low:+.0f} to"
        f" {100 * more.high:+.0f}, {len(kinds)} models), at whatever date they came out; whether they dominate is"
        " judged at equal date, where dense models and mixtures are compared"
    )


def _all(each: Membership) -> np.ndarray:
    return np.ones(len(each.models), dtype=bool)


def _moe(each: Membership) -> np.ndarray:
    return each.is_moe


def _more(found: Sequence[Membership]) -> Interval:
    """By how much their share on the frontiers exceeds that among all models, places of all tasks together."""

    def excess(flags: list[np.ndarray], weights: list[np.ndarray]) -> np.ndarray:
        on = moe_on = there = moe_there = np.zeros(1)
        for each, leads, own in zip(found, flags, weights, strict=True):
            moe = each.is_moe[:, None]
            on, moe_on = on + (own * leads).sum(axis=0), moe_on + (own * (leads & moe)).sum(axis=0)
            there, moe_there = there + own.sum(axis=0), moe_there + (own * moe).sum(axis=0)
        return np.asarray(moe_on / on - moe_there / there)

    alike = [np.ones((len(each.models), 1)) for each in found]
    value = excess([each.believed["flops"][:, None] for each in found], alike)[0]
    drawn = excess([each.drawn["flops"] for each in found], [release_weights(each) for each in found])
    return centred(float(value), drawn, (-1.0, 1.0))


def flops_claim(found: Sequence[Membership], unit: str, words: str) -> Claim:
    """Confirmed where at least nine of ten models on either frontier are surely on both.

    Contradicted where surely fewer than half are, open where the interval holds both shares, refined between.
    """
    claim = f"{FLOPS_CLAIM} in {words}"
    n_models = len({model for each in found for model in each.models})
    if n_models < LEAST_MODELS or len(found) < LEAST_TASKS:
        takes = f"takes {LEAST_MODELS} models with a price on {LEAST_TASKS} tasks"
        ours = f"{takes}, here are {n_models} on {len(found)} that have two or more"
        return Claim(claim, SOURCE, ours, Verdict.OPEN, published=False)
    same = sameness(found, unit)
    leave = sum(int((each.believed["flops"] & ~each.believed[unit]).sum()) for each in found)
    enter = sum(int((~each.believed["flops"] & each.believed[unit]).sum()) for each in found)
    on = sum(int(each.believed["flops"].sum()) for each in found)
    ours = (
        f"of {on} places on the frontiers in FLOPs of {counted(len(found), 'task')} {leave} are lost in {words} and"
        f" {enter} others gained: {percent(same.value, 0)} of all are on both (90 %: {percent(same.low, 0)} to"
        f" {percent(same.high, 0)}, {n_models} models)"
    )
    return Claim(claim, SOURCE, ours, alike(same), published=False)


def alike(same: Interval) -> Verdict:
    """Whether two frontiers are one, by the share of places on both."""
    if surely_above(same, SAME):
        return Verdict.CONFIRMED
    if surely_below(same, OTHER):
        return Verdict.CONTRADICTED
    return Verdict.OPEN if same.low < OTHER and same.high >= SAME else Verdict.REFINED
