"""FLOPs of a question at a strategy point, from its tokens and the models' configs."""

from __future__ import annotations

from advisor.models.catalog import Catalog
from advisor.store.beliefs import Point
from advisor.strategies import STRATEGIES
from advisor.work import answer_flops, reward_flops

TYPICAL_PROMPT_TOKENS = 200
"""A benchmark question, where its length was not recorded."""


def policy_flops(
    models: Catalog,
    model: str,
    prompt_tokens: float | None,
    generated_tokens: float,
    n_samples: int,
    *,
    cached_tokens: float = 0.0,
) -> float:
    """FLOPs of one question with a model of the catalog: `generated_tokens` of all samples together.

    `cached_tokens` of the prompt are in the prefix cache and are not computed.
    """
    prompt, answer = round(prompt_tokens or TYPICAL_PROMPT_TOKENS), round(generated_tokens / n_samples)
    return float(answer_flops(models.spec(model), prompt, answer, n_samples, round(cached_tokens)))


def verifier_flops(models: Catalog, point: Point) -> float | None:
    """FLOPs of the reward model at a point: 0 without one, None where it or the tokens it passed are not known."""
    known = STRATEGIES.get(point.strategy)
    if not (known.needs_rewards if known else point.reward_model):
        return 0.0
    if point.scored_tokens is None or point.reward_model is None or point.reward_model not in models:
        return None
    return reward_flops(models.spec(point.reward_model), point.scored_tokens, pass_tokens(point))


def pass_tokens(point: Point) -> float:
    """The longest text that the reward model passes, at a point with recorded lengths: prompt and one whole answer."""
    return (point.prompt_tokens or TYPICAL_PROMPT_TOKENS) + (point.generated_tokens or 0.0) / point.n_samples
