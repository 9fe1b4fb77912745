"""FLOPs of a question at a strategy point, from its tokens and the models' configs."""

from __future__ import annotations

from advisor.models.catalog import Catalog
from advisor.store.beliefs import Point
from advisor.strategies import STRATEGIES
from advisor.work import answer_flops, pass_flops

TYPICAL_PROMPT_TOKENS = 200
"""A benchmark question, where its length was not recorded: an assumption, and shown as one."""


def policy_flops(
    models: Catalog,
    model: str,
    prompt_tokens: float | None,
    generated_tokens: float,
    n_samples: int,
    *,
    cached_tokens: float = 0.0,
    read_again_tokens: float = 0.0,
) -> float:
    """FLOPs of one question with a model of the catalog: `generated_tokens` of all samples together.

    `cached_tokens` of the prompt are in the prefix cache and are not computed; `read_again_tokens` are those of
    prefixes that a search computes beyond the one prompt, in passes of a whole answer at most (an upper bound).
    """
    prompt, answer = round(prompt_tokens or TYPICAL_PROMPT_TOKENS), round(generated_tokens / n_samples)
    spec = models.spec(model)
    answers = float(answer_flops(spec, prompt, answer, n_samples, round(cached_tokens)))
    return answers + pass_flops(spec, read_again_tokens, prompt + answer)


def read_again(point: Point) -> float:
    """Tokens of prefixes that a search computed beyond one prompt, where its cache missed; 0 where not recorded."""
    return max((point.search_prompt_tokens or 0.0) - prompt_of(point), 0.0)


def prompt_of(point: Point) -> float:
    """The length of the prompt, taken for a typical one where it was not recorded."""
    return point.prompt_tokens or float(TYPICAL_PROMPT_TOKENS)


def point_flops(models: Catalog, point: Point, cached_tokens: float = 0.0) -> float:
    """FLOPs of the policy at a point with recorded lengths."""
    return policy_flops(
        models,
        point.model,
        point.prompt_tokens,
        point.generated_tokens or 0.0,
        point.n_samples,
        cached_tokens=cached_tokens,
        read_again_tokens=read_again(point),
    )


def verifier_flops(models: Catalog, point: Point) -> float | None:
    """FLOPs of the reward model at a point: 0 without one, None where it or the tokens it passed are not known."""
    known = STRATEGIES.get(point.strategy)
    if not (known.needs_rewards if known else point.reward_model):
        return 0.0
    if point.scored_tokens is None or point.reward_model is None or point.reward_model not in models:
        return None
    return pass_flops(models.spec(point.reward_model), point.scored_tokens, pass_tokens(point))


def pass_tokens(point: Point) -> float:
    """The longest text that the reward model passes, at a point with recorded lengths: prompt and one whole answer."""
    return prompt_of(point) + (point.generated_tokens or 0.0) / point.n_samples
