"""How many experts a step really touches: counted while a model answers questions, and the skew of the formula that fits it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
"""Numbers of tokens that are told of: those most often seen."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Distinct experts a layer touches in a step: `share_by_tokens` has (tokens, share of the experts) as counted."""

    n_experts: int
    experts_per_token: int
    skew: float
    share_by_tokens: tuple[tuple[int, float], ...]


def routing_of(steps: Steps, n_experts: int, experts_per_token: int) -> Routing:
    """The skew with which `distinct_expert_share` comes closest to what was counted, every layer pass weighing the same.

    Raises AdvisorError where no step of two tokens or more was seen: one token tells nothing.
    """
    tokens = np.array([t for t in steps if t > 1], dtype=float)
    if not len(tokens):
        raise AdvisorError(
            "tells nothing of which experts are liked better", where="--routing", hint="give more than one question"
        )
    passes, distinct = (np.array([steps[int(t)][i] for t in tokens], dtype=float) for i in (0, 1))
    shares = distinct / passes / n_experts

    def misfit(log_skew: float) -> float:
        expected = distinct_expert_share(experts_per_token / n_experts, tokens, float(np.exp(log_skew)))
        return float(np.sum(passes * (expected - shares) ** 2))

    found = minimize_scalar(misfit, bounds=(np.log(1e-3), np.log(LARGEST_SKEW)), method="bounded")
    often = sorted(steps, key=lambda t: steps[t][0])[-SHOWN:]
    told = tuple((t, steps[t][1] / steps[t][0] / n_experts) for t in sorted(often))
    return Routing(n_experts, experts_per_token, float(np.exp(found.x)), told)


async def counted(engine: CountedPolicy, questions: Sequence[Question]) -> Steps:
    """Experts touched by each step while the engine answers the questions, all at once. Raises AdvisorError, EngineFailure."""
    async with engine:
        await engine.count_experts()
        sampling = Sampling(max_tokens=LONGEST_ANSWER, seed=0)
        await asyncio.gather(*(engine.generate(q.prompt, "", sampling) for q in questions))
        return await engine.counted_experts()
