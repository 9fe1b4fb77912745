"""Options of `calibrate` that make no sense, refused by the name of their flag before anything is started."""

from __future__ import annotations

import math
from collections.abc import Mapping

from advisor.engines.protocol import Sampling
from advisor.errors import AdvisorError, unknown
from advisor.strategies import STRATEGIES
from advisor.strategies.selection import REWARDS

RATED = {"sampling", "rebase", "mcts"}
"""Searches whose answers a reward model rates."""
OF_REWARDS = {"--reward", "--step-mark", "--delimiter"}

MOST_SEED = 10**15
MOST_USD_PER_HOUR = 10**6


def checked_sampling(
    temperature: float, top_p: float, frequency_penalty: float, max_tokens: int, seed: int
) -> Sampling:
    """How answers are drawn. Raises AdvisorError naming the flag."""
    if not (math.isfinite(temperature) and 0 <= temperature <= 5):
        hint = "give a number from 0 to 5"
        raise AdvisorError(f"{temperature:g} is no temperature", where="--temperature", hint=hint)
    if not 0 < top_p <= 1:
        raise AdvisorError(f"{top_p:g} is out of range", where="--top-p", hint="give a number above 0, up to 1")
    if not (math.isfinite(frequency_penalty) and -2 <= frequency_penalty <= 2):
        hint = "give a number from -2 to 2"
        raise AdvisorError(f"{frequency_penalty:g} is out of range", where="--frequency-penalty", hint=hint)
    check_whole("--max-tokens", max_tokens, 10**7)
    if not 0 <= seed <= MOST_SEED:
        raise AdvisorError(
            f"{seed} is out of range", where="--seed", hint=f"give a whole number from 0 to {MOST_SEED:,}"
        )
    return Sampling(temperature, top_p, max_tokens, (), frequency_penalty, seed)


def check_whole(flag: str, value: int, most: int) -> None:
    """Raises AdvisorError for a number below one or above `most`."""
    if not 1 <= value <= most:
        raise AdvisorError(f"{value} is out of range", where=flag, hint=f"give a whole number from 1 to {most:,}")


def check_strategy(strategy: str, samples: int) -> None:
    """Raises AdvisorError for a strategy that is none, or a budget out of range."""
    if strategy not in STRATEGIES:
        raise unknown("strategy", strategy, STRATEGIES, where="--strategy")
    check_whole("--samples", samples, 10**6)


def check_rewards(strategy: str, reward: str, reward_model: str | None, reward_url: str | None, delimiter: str) -> None:
    """Raises AdvisorError where rewards cannot be had, or be assigned to steps."""
    if reward not in REWARDS:
        raise unknown("reward of an answer", reward, REWARDS, where="--reward")
    if STRATEGIES[strategy].needs_rewards and not reward_model:
        hint = "name a process reward model with --reward-model"
        raise AdvisorError(f"{strategy} needs rewards and there is no reward model", where="--strategy", hint=hint)
    if reward_url and not reward_model:
        hint = "name it as it is served, --reward-model NAME"
        raise AdvisorError("the server's reward model needs a name", where="--reward-url", hint=hint)
    if not delimiter:
        raise AdvisorError("is empty", where="--delimiter", hint="give the text that ends a step, e.g. '\\n\\n'")


def check_used(strategy: str, given: Mapping[str, object], *, rewarded: bool) -> None:
    """Raises AdvisorError for an option that was given (not None) and that the strategy takes no notice of."""
    search = STRATEGIES[strategy].search
    unused = {
        "--samples": search == "greedy",
        "--temperature": search == "greedy" and given["--temperature"] != 0,
        "--top-p": search == "greedy",
        "--force": search != "thinking-budget",
        "--reward-model": search not in RATED,
        "--reward": not rewarded,
        "--step-mark": not rewarded,
        "--delimiter": not rewarded,
    }
    for flag, value in given.items():
        if value is not None and unused[flag]:
            why = f"{strategy} makes no use of it" if flag not in OF_REWARDS else "is for runs with a reward model"
            raise AdvisorError(why, where=flag, hint="leave it out")


def check_price(usd_per_hour: float | None) -> None:
    """Raises AdvisorError."""
    if usd_per_hour is not None and not 0 <= usd_per_hour <= MOST_USD_PER_HOUR:
        hint = "give USD an hour, e.g. 2.1"
        raise AdvisorError(f"{usd_per_hour:g} is no price", where="--usd-per-hour", hint=hint)
