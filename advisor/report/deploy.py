"""The command that deploys a pick, and the one that asks it a question as it was measured."""

from __future__ import annotations

import math
import shlex
from typing import Any

from advisor.gpus import load_gpu
from advisor.models.catalog import catalog, spec_of
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, UTILISATION, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.strategies import STRATEGIES

HEADROOM = 4
"""Longest answer planned for, in mean answers: reasoning lengths have a long tail."""


def serve_command(row: dict[str, Any]) -> str:
    """`vllm serve …` for one candidate."""
    spec = spec_of(row["model"])
    per_answer = row["generated_tokens"] / row["n_samples"]
    prompt = row["tokens"] - row["generated_tokens"]
    longest = row["token_budget"] or per_answer * HEADROOM
    length = min(spec.max_context, 1024 * -(-round(prompt + longest) // 1024))
    layout = Parallelism.parse(row["parallelism"])
    per_group = -(-row["concurrency"] // layout.dp)
    words = [
        "vllm",
        "serve",
        catalog()[row["model"]].weights,
        *layout.serve_flags,
        "--max-num-seqs",
        per_group,
        "--max-model-len",
        length,
    ]
    if row["reward_model"]:
        words += ["--gpu-memory-utilization", f"{UTILISATION - reward_share(row):.2f}"]
    return shlex.join(str(w) for w in words)


def commands(row: dict[str, Any]) -> str:
    """Everything to start for a candidate, a line each."""
    return "\n".join([serve_command(row), *([reward_command(row)] if row["reward_model"] else [])])


def reward_command(row: dict[str, Any]) -> str:
    """`vllm serve …` for the reward model of a candidate, on the same GPUs."""
    layout = Parallelism.parse(row["parallelism"])
    words = [
        "vllm",
        "serve",
        catalog()[row["reward_model"]].weights,
        "--runner",
        "pooling",
        "--pooler-config",
        '{"tok_pooling_type": "ALL"}',
        "--port",
        8001,
    ]
    return shlex.join(
        str(w) for w in [*words, *layout.serve_flags, "--gpu-memory-utilization", f"{reward_share(row):.2f}"]
    )


def reward_share(row: dict[str, Any]) -> float:
    """Share of each GPU's memory that the reward model takes, in whole hundredths."""
    layout = Parallelism.parse(row["parallelism"])
    gpu = load_gpu(row["gpu"])
    weights = weights_per_gpu(demand(spec_of(row["reward_model"]), "bf16", 1, 1), hardware(gpu, layout, "bf16"))
    return math.ceil(100 * (float(weights) + OVERHEAD_BYTES) / gpu.memory_bytes) / 100


def gpus_text(row: dict[str, Any]) -> str:
    """`8 × b200-sxm`, with the layout where it is not tensor parallelism alone."""
    layout = Parallelism.parse(row["parallelism"])
    return f"{row['gpu_count']} × {row['gpu']}" + (f" ({layout})" if layout.tp != layout.gpu_count else "")


def strategy_text(row: dict[str, Any]) -> str:
    """A strategy point in words: `one answer`, `majority of 8`, `one answer, at most 8,192 tokens`."""
    if row["strategy"] == "majority":
        return "one answer" if row["n_samples"] == 1 else f"majority of {row['n_samples']}"
    if row["strategy"] == "thinking-budget" and not row["token_budget"]:
        return f"one answer, thinking held to about {row['generated_tokens']:,.0f} tokens"
    if row["strategy"] == "thinking-budget":
        return f"one answer, at most {row['token_budget']:,} tokens"
    if row["strategy"] == "greedy":
        return "one answer, greedy"
    with_rewards = f" with rewards of {row['reward_model']}" if row.get("reward_model") else ""
    return f"{row['strategy']} of {row['n_samples']}{with_rewards}"


def sampling_text(row: dict[str, Any]) -> str:
    """The request parameters that make the strategy."""
    parameters = []
    if row["strategy"] == "greedy":
        parameters.append("temperature=0")
    elif row["strategy"] == "thinking-budget" and not row["token_budget"]:
        parameters.append(
            f"thinking ended or prolonged to about {row['generated_tokens']:,.0f} tokens, as {row['runs'].split(';')[0]} did"
        )
    elif STRATEGIES[row["strategy"]].needs_rewards:
        parameters.append(
            f"{row['strategy']} of {row['n_samples']}, each step scored, as `advisor calibrate --url … --reward-url …` does"
        )
    elif row["strategy"] == "adaptive-majority":
        parameters.append("one answer after another until the vote is settled")
    elif row["n_samples"] > 1:
        parameters.append(f"n={row['n_samples']} and keep the most frequent answer")
    if row["token_budget"]:
        parameters.append(f"max_tokens={row['token_budget']}")
    return ", ".join(parameters) or "n=1, the model's own sampling defaults"
