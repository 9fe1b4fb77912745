"""How many experts a step touches, counted while a model answers questions, and the skew that the formula needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from advisor.engines.protocol import Sampling
from advisor.engines.routing import Steps
from advisor.engines.vllm import CountedPolicy
from advisor.errors import AdvisorError
from advisor.performance.roofline import distinct_expert_share
from advisor.tasks.questions import Question

LARGEST_SKEW = 100.0
LONGEST_ANSWER = 128
SHOWN = 8
"""Sizes of steps that are shown: those most often seen."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Distinct experts that a layer touches in a step, as pairs (tokens in the step, share of the experts).

    `share_by_tokens` was counted, `uniform_share_by_tokens` is what uniform routing would touch.
    """

    n_experts: int
    experts_per_token: int
    skew: float
    share_by_tokens: tuple[tuple[int, float], ...]
    uniform_share_by_tokens: tuple[tuple[int, float], ...]


def routing_of(steps: Steps, n_experts: int, experts_per_token: int) -> Routing:
    """The skew with which `distinct_expert_share` comes closest to the counts, every layer pass weighing the same.

    Raises AdvisorError where no step of two tokens or more was seen: one token touches equally many in any case.
    """
    tokens = np.array([t for t in steps if t > 1], dtype=float)
    if not len(tokens):
        what = "every step had one token, which shows nothing of how unevenly experts are used"
        raise AdvisorError(what, where="--routing", hint="give more than one question")
    passes, distinct = (np.array([steps[int(t)][i] for t in tokens], dtype=float) for i in (0, 1))
    shares = distinct / passes / n_experts
    share = experts_per_token / n_experts

    def misfit(log_skew: float) -> float:
        expected = distinct_expert_share(share, tokens, float(np.exp(log_skew)))
        return float(np.sum(passes * (expected - shares) ** 2))

    found = minimize_scalar(misfit, bounds=(np.log(1e-3), np.log(LARGEST_SKEW)), method="bounded")
    shown = sorted(sorted(steps, key=lambda t: steps[t][0])[-SHOWN:])
    counted = tuple((t, steps[t][1] / steps[t][0] / n_experts) for t in shown)
    uniform = tuple((t, float(distinct_expert_share(share, t))) for t in shown)
    return Routing(n_experts, experts_per_token, float(np.exp(found.x)), counted, uniform)


async def count_experts(start: Callable[[], CountedPolicy], questions: Sequence[Question]) -> Steps:
    """Experts touched by each step while an engine answers the questions, all at once.

    Raises AdvisorError, EngineFailure.
    """
    async with start() as engine:
        await engine.count_experts()
        sampling = Sampling(max_tokens=LONGEST_ANSWER, seed=0)
        await asyncio.gather(*(engine.generate(q.prompt, "", sampling) for q in questions))
        return await engine.counted_experts()
