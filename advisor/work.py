"""What a strategy point costs in tokens: results that add up, and their FLOPs."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Work:
    """Tokens spent on one question, or on many: `+` merges answers, batches and files.

    `prompt_tokens` are those really computed, without prefix-cache hits, which are `cached_tokens`;
    `scored_tokens` passed a reward model; `depth_tokens` is the longest chain of tokens that had to
    wait for each other, so it takes the maximum under `+` (answers are drawn side by side).
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    scored_tokens: int = 0
    depth_tokens: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.generated_tokens + other.generated_tokens,
            self.scored_tokens + other.scored_tokens,
            max(self.depth_tokens, other.depth_tokens),
        )


def answer_flops(
    model: ModelSpec, prompt_tokens: int, generated_tokens: int, n_samples: int = 1, cached_tokens: int = 0
) -> int:
    """FLOPs of `n_samples` answers to one prompt, which is computed once and shared, without its cached tokens.

    One answer costs arXiv 2512.24776's single pass; the prompt of further ones comes from the prefix cache.
    """
    one = model.trace_flops(prompt_tokens, generated_tokens)
    return n_samples * one - (n_samples - 1) * _read_flops(model, prompt_tokens) - _read_flops(model, cached_tokens)


def _read_flops(model: ModelSpec, tokens: int) -> int:
    """FLOPs of reading the first tokens of a text."""
    return tokens * model.linear_flops_per_token() + model.attention_flops(1, tokens)


def pass_flops(model: ModelSpec, tokens: float, pass_tokens: float) -> float:
    """FLOPs of reading `tokens`, at most `pass_tokens` at a time and nothing from a cache: of a reward model, or of
    prefixes that a search reads again.
    """
    passed = max(round(pass_tokens), 1)
    return tokens / passed * (passed * model.linear_flops_per_token() + model.attention_flops(1, passed))


def simple_flops(model: ModelSpec, generated_tokens: int) -> int:
    """2·N·tokens of the policy alone, as arXiv 2408.00724 counts: for comparison with its figures."""
    return 2 * model.active_parameters * generated_tokens
