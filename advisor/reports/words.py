"""Candidates in words: the strategy, the GPUs, how to ask, intervals."""

from __future__ import annotations

from advisor.accuracy.estimators import Interval
from advisor.performance.parallelism import Parallelism
from advisor.recommendation.candidate import Candidate
from advisor.rents import Rent
from advisor.strategies import STRATEGIES
from advisor.units import percent


def interval_text(interval: Interval) -> str:
    """`80.1 % (90 %: 76.0 % – 84.0 %)`."""
    return f"{percent(interval.value)} (90 %: {range_text(interval)})"


def interval_cell(interval: Interval) -> str:
    """`80.1 % (76.0 – 84.0)`, for a table whose head says 90 %."""
    return f"{percent(interval.value)} ({range_text(interval).replace(' %', '')})"


def range_text(interval: Interval) -> str:
    """`76.0 % – 84.0 %`."""
    return f"{percent(interval.low)} – {percent(interval.high)}"


def gpus_text(c: Candidate) -> str:
    """`8 × b200-sxm`, with the layout where it is not tensor parallelism alone."""
    layout = Parallelism.parse(c.parallelism)
    return f"{c.gpu_count} × {c.gpu}" + (f" ({layout})" if layout.tp != layout.gpu_count else "")


def strategy_text(
    strategy: str,
    n_samples: int,
    token_budget: int | None,
    generated_tokens: float | None,
    reward_model: str | None = None,
) -> str:
    """A strategy point in words: `one answer`, `majority of 8`, `one answer, at most 8,192 tokens`."""
    if strategy == "majority":
        return "one answer" if n_samples == 1 else f"majority of {n_samples}"
    if strategy == "thinking-budget" and not token_budget:
        return f"one answer, thinking held to about {generated_tokens or 0:,.0f} tokens"
    if strategy == "thinking-budget":
        return f"one answer, at most {token_budget:,} tokens"
    if strategy == "greedy":
        return "one answer, greedy"
    with_rewards = f" with rewards of {reward_model}" if reward_model else ""
    return f"{strategy} of {n_samples}{with_rewards}"


def candidate_strategy(c: Candidate) -> str:
    """The strategy point of a candidate."""
    return strategy_text(c.strategy, c.n_samples, c.token_budget, c.generated_tokens, c.reward_model)


def short_strategy(strategy: str, n_samples: int, token_budget: int | None, generated_tokens: float | None) -> str:
    """The same, as short as a table needs: `one answer, ≤8,192 tokens`."""
    text = strategy_text(strategy, n_samples, token_budget, generated_tokens)
    return text.replace("at most ", "≤").replace("thinking held to about ", "~")


def strategy_cell(c: Candidate) -> str:
    """The strategy point of a candidate, as short as a table needs."""
    return short_strategy(c.strategy, c.n_samples, c.token_budget, c.generated_tokens)


def sampling_text(c: Candidate) -> str:
    """The request parameters that make the strategy."""
    parameters = []
    if c.strategy == "greedy":
        parameters.append("temperature=0")
    elif c.strategy == "thinking-budget" and not c.token_budget:
        source = c.provenance.accuracy.partition(": ")[2].split(";")[0]
        parameters.append(f"thinking ended or prolonged to about {c.generated_tokens:,.0f} tokens, as {source} did")
    elif STRATEGIES[c.strategy].needs_rewards:
        how = "each step scored, as `advisor calibrate --url … --reward-url …` does"
        parameters.append(f"{c.strategy} of {c.n_samples}, {how}")
    elif c.strategy == "adaptive-majority":
        parameters.append("one answer after another until the vote is settled")
    elif c.n_samples > 1:
        parameters.append(f"n={c.n_samples} and keep the most frequent answer")
    if c.token_budget:
        parameters.append(f"max_tokens={c.token_budget}")
    return ", ".join(parameters) or "n=1, the model's own sampling defaults"


def commands(c: Candidate) -> tuple[str, ...]:
    """Everything to start for a candidate."""
    return (c.command, c.reward_command) if c.reward_command else (c.command,)


def rent_text(rent: Rent | None) -> str:
    """What is rented, and how old its price is where that is known: `… at aws (on-demand), 2026-09-10, 76 days old`."""
    if rent is None:
        return "no price known: give --price"
    return f"{rent}, {rent.age_text}" if rent.age_text else str(rent)
