"""The command that deploys a candidate, and that of the reward model beside it."""

from __future__ import annotations

import math
import shlex

from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, UTILISATION, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.recommendation.candidate import Candidate
from advisor.store.workspace import Workspace

REWARD_FLAGS = ("--runner", "pooling", "--pooler-config", '{"tok_pooling_type": "ALL"}', "--port", "8001")


def serve_command(c: Candidate, workspace: Workspace) -> str:
    """`vllm serve …` for one candidate."""
    layout = Parallelism.parse(c.parallelism)
    words = ["vllm", "serve", workspace.models[c.model].weights, *layout.serve_flags]
    words += ["--max-num-seqs", str(-(-c.concurrency // layout.dp))]
    words += ["--max-model-len", str(c.context_tokens)]
    if c.reward_model:
        words += ["--gpu-memory-utilization", f"{UTILISATION - _reward_share(c, workspace):.2f}"]
    return shlex.join(words)


def command_notes(c: Candidate, engine: str, workspace: Workspace) -> tuple[str, ...]:
    """Where the command does not start what was costed, and what to change in it; answers that its context cuts."""
    notes, published = [], workspace.models.checkpoint_precision(c.model)
    if engine != "vllm":
        notes.append(f"speed and cost are for {engine}, but the command is vLLM's: write the one for {engine} yourself")
    if c.precision != published:
        notes.append(
            f"cost is for {c.precision} weights, but {c.model} is published in {published}:"
            f" put a checkpoint in {c.precision} in its place in the command"
        )
    prompt_tokens = c.tokens - c.generated_tokens
    if prompt_tokens + c.longest_answer_tokens > c.context_tokens:
        notes.append(
            f"the context of {c.model}, {c.context_tokens:,} tokens, does not hold the longest answers after prompts of"
            f" {prompt_tokens:,.0f}: they are cut, which accuracy and seconds do not count"
        )
    return tuple(notes)


def reward_command(c: Candidate, workspace: Workspace) -> str | None:
    """`vllm serve …` for the reward model of a candidate, on the same GPUs; None without one."""
    if not c.reward_model:
        return None
    weights, flags = workspace.models[c.reward_model].weights, Parallelism.parse(c.parallelism).serve_flags
    share = f"{_reward_share(c, workspace):.2f}"
    return shlex.join(["vllm", "serve", weights, *REWARD_FLAGS, *flags, "--gpu-memory-utilization", share])


def _reward_share(c: Candidate, workspace: Workspace) -> float:
    """Share of each GPU's memory that the reward model takes, in whole hundredths."""
    spec, gpu = workspace.models.spec(c.reward_model or ""), workspace.gpus[c.gpu]
    weights = weights_per_gpu(demand(spec, "bf16", 1, 1), hardware(gpu, Parallelism.parse(c.parallelism), "bf16"))
    return math.ceil(100 * (float(weights) + OVERHEAD_BYTES) / gpu.memory_bytes) / 100
