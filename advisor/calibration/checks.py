"""Options of `calibrate` that make no sense, refused by the name of their flag before anything is started."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from advisor.engines.cluster import require_ray
from advisor.engines.connect import Endpoint, Source, options
from advisor.engines.protocol import Sampling
from advisor.errors import AdvisorError, unknown
from advisor.strategies import STRATEGIES
from advisor.strategies.selection import REWARDS

SAMPLES = 16
"""Where no number is given."""
MOST_SAMPLES = 10**6
MOST_SEED = 10**15
MOST_REPLICAS = 10**4
RATED = {"sampling", "rebase", "mcts"}
"""Searches whose answers a reward model rates."""
OF_REWARDS = {"--reward", "--step-mark", "--delimiter", "--reward-served-model"}
OF_WEIGHTS = {"quantization", "dtype", "kv_cache_dtype", "load_format", "revision", "hf_overrides", "tokenizer"}
"""Settings of vLLM's engine that change what answers come."""
LIMITS = {
    "temperature": (0, 5),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 10),
}
"""The least and the most of each number; of top_p and repetition_penalty the least itself is none."""


def check_sampling(sampling: Sampling) -> None:
    """Raises AdvisorError naming the flag of what is out of range."""
    for name, (least, most) in LIMITS.items():
        value = getattr(sampling, name)
        above = name in {"top_p", "repetition_penalty"}
        if not (math.isfinite(value) and least <= value <= most and not (above and value == least)):
            hint = f"give a number {'above' if above else 'from'} {least} {'up ' if above else ''}to {most}"
            raise AdvisorError(f"{value:g} is out of range", where=f"--{name.replace('_', '-')}", hint=hint)
    check_whole("--max-tokens", sampling.max_tokens, 10**7)
    check_whole("--top-k", sampling.top_k, 10**7, least=0)
    check_whole("--seed", sampling.seed or 0, MOST_SEED, least=0)


def check_ray(ray: str | None, replicas: int | None, policy: Source) -> None:
    """Raises AdvisorError where replicas make no sense, MissingAbility where Ray is wanted and is not installed."""
    if ray is None:
        if replicas is not None:
            raise AdvisorError("is for --ray", where="--replicas", hint="give --ray local, or the address of a cluster")
        return
    if isinstance(policy, Endpoint):
        raise AdvisorError("runs vLLM itself and does not go with --url", where="--ray", hint="leave one of them out")
    if replicas is not None:
        check_whole("--replicas", replicas, MOST_REPLICAS)
    require_ray()


def budgets(strategy: str, samples: int | str | Sequence[int] | None) -> list[int]:
    """The numbers of answers to draw, rising; of plain sampling only the largest, whose answers hold the smaller ones.

    Raises AdvisorError.

    >>> budgets("rebase", "16,4,8"), budgets("majority", "4,8")
    ([4, 8, 16], [8])
    """
    if samples is None:
        return [SAMPLES]
    parts = samples.split(",") if isinstance(samples, str) else [samples] if isinstance(samples, int) else samples
    try:
        sizes = sorted({_number(part) for part in parts})
    except ValueError:
        hint = "give a whole number, or several: 4,8,16"
        raise AdvisorError(f"{samples!r} is no number of samples", where="--samples", hint=hint) from None
    if not sizes:
        raise AdvisorError("is empty", where="--samples", hint="give a whole number, or several: 4,8,16")
    for size in sizes:
        check_whole("--samples", size, MOST_SAMPLES)
    return sizes[-1:] if STRATEGIES[strategy].search == "sampling" else sizes


def _number(part: str | int) -> int:
    if isinstance(part, int):
        return part
    if not (part.isascii() and part.strip().isdigit()):
        raise ValueError
    return int(part)


def chat_options(texts: Sequence[str]) -> tuple[tuple[str, str | int | float | bool], ...]:
    """`name=value` for the chat template, in the order of their names. Raises AdvisorError.

    >>> chat_options(["reasoning_effort=low", "enable_thinking=false"])
    (('enable_thinking', False), ('reasoning_effort', 'low'))
    """
    return tuple(sorted(options(texts, where="--chat-option", example="enable_thinking=false").items()))


def loaded(model: str, served_model: str | None, settings: Mapping[str, object]) -> str:
    """What answers come from where it is not the model by its own id, as the plan and the rows have it.

    >>> loaded("Qwen/Qwen3-8B", None, {"quantization": "fp8", "max_model_len": 8192})
    'quantization=fp8'
    """
    if served_model is not None:
        return served_model if served_model != model else ""
    return " ".join(f"{name}={settings[name]}" for name in sorted(OF_WEIGHTS & settings.keys()))


def check_whole(flag: str, value: int, most: int, *, least: int = 1) -> None:
    """Raises AdvisorError for a number below `least` or above `most`."""
    if not least <= value <= most:
        shown = f"{value}" if abs(value) < 10**20 else "a number of that size"
        raise AdvisorError(f"{shown} is out of range", where=flag, hint=f"give a whole number from {least} to {most:,}")


def check_strategy(strategy: str) -> None:
    """Raises AdvisorError for a strategy that is none."""
    if strategy not in STRATEGIES:
        raise unknown("strategy", strategy, STRATEGIES, where="--strategy")


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
        "--top-k": search == "greedy",
        "--min-p": search == "greedy",
        "--force": search != "thinking-budget",
        "--reward-model": search not in RATED,
        "--reward": not rewarded,
        "--reward-served-model": not rewarded,
        "--step-mark": not rewarded,
        "--delimiter": not rewarded,
        "--chat-option": True,  # given here only where there is no chat template
    }
    for flag, value in given.items():
        if value is not None and unused[flag]:
            why = f"{strategy} makes no use of it" if flag not in OF_REWARDS else "is for runs with a reward model"
            why = "does not go with --plain, which has no chat template" if flag == "--chat-option" else why
            raise AdvisorError(why, where=flag, hint="leave it out")
