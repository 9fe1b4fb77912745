"""Does calibration keep the engine busy? Generated tokens/s of a run beside a bare vLLM call on the same prompts.

    python benchmarks/engine_busy.py [ROUNDS]      needs vLLM; without a GPU its CPU build, a minute a round

All engines stand in one process and work in turn, so that what else the machine does strikes all alike; a ratio is the
median of the rounds' ratios. A run counts from its first request to the sealed file: answers are checked and recorded
on the way. The larger model has random weights and its steps take about as long as on a GPU; its tree searches get
rewards that cost nothing, so that the ratio shows whether the search feeds the engine (every step of a search computes
again what of its prefix fills no block of the cache: that is in `computed`). With real rewards two engines share the
machine, and the ratio shows what the rewards cost.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tiny_models import MODELS, QUIET

from advisor.calibration.run import Engines, draw
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Sampling, Score, Scored
from advisor.engines.rewards import StepMarks
from advisor.engines.vllm import Policy, RewardModel
from advisor.tasks.task import Task, load

ENGINE = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 256,
    "kv_cache_memory_bytes": 256 << 20,
    "block_size": 32,
}
LARGER = {
    "hidden_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 768,
    "head_dim": 64,
}
SAMPLES, LONGEST = 8, 64
SEARCHES = {"rebase", "mcts"}


class Free:
    """Random rewards, at once."""

    async def score(self, prompt: str, partial: str) -> Scored:
        """See Score."""
        steps = partial.count("\n")
        return Scored(
            tuple(hashlib.sha256(f"{prompt}{partial}{i}".encode()).digest()[0] / 255 for i in range(steps)), steps
        )


def larger(folder: Path) -> Path:
    """The medium model's folder with a larger shape and no weights."""
    shutil.copytree(MODELS / "medium", folder)
    (folder / "model.safetensors").unlink()
    config = json.loads((folder / "config.json").read_text()) | LARGER
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != "layer_types"}))
    return folder


def bare(
    model: Path, engine: dict[str, Any], task: Task
) -> tuple[Callable[[int], tuple[float, float]], Callable[[], None]]:
    """(generate, end): generated and computed tokens/s of one call with SAMPLES answers to all prompts, by seed."""
    from vllm import LLM, SamplingParams

    llm = LLM(model=str(model), enable_prefix_caching=True, enable_chunked_prefill=False, **engine)
    prompts = [q.prompt for q in task.questions for _ in range(SAMPLES)]

    def generate(seed: int) -> tuple[float, float]:
        sampling = [
            SamplingParams(temperature=1.0, max_tokens=LONGEST, seed=seed * 10_000 + i) for i in range(len(prompts))
        ]
        start = time.monotonic()
        outputs = llm.generate(prompts, sampling, use_tqdm=False)
        took = time.monotonic() - start
        generated = sum(len(o.outputs[0].token_ids) for o in outputs)
        computed = sum(len(o.prompt_token_ids or ()) - (o.num_cached_tokens or 0) for o in outputs)
        return generated / took, (generated + computed) / took

    return generate, llm.llm_engine.engine_core.shutdown


async def speed(
    strategy: str, budget: int, task: Task, policy: Policy, rewards: Score | None, seed: int
) -> tuple[float, float]:
    """(generated, computed) tokens/s of one calibration run."""
    sampling = Sampling(max_tokens=LONGEST, seed=seed)
    plan = Plan("medium", strategy, budget, sampling, reward_model="reward" if rewards else None)
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        _, counts = await draw(plan, task, Engines(policy, rewards), Path(folder))
        took, work = time.monotonic() - start, counts.work
        return work.generated_tokens / took, (work.generated_tokens + work.prompt_tokens) / took


async def case(
    name: str, model: Path, engine: dict[str, Any], n_questions: int, real_rewards: bool, rounds: int
) -> None:
    task = load("arithmetic", kind=None, template=None, n_questions=n_questions, force=None)
    strategies = {"majority": SAMPLES, "rebase": SAMPLES, "mcts": 4}
    ratios: dict[str, list[tuple[float, float]]] = {strategy: [] for strategy in strategies}
    tops = []
    async with AsyncExitStack() as engines:
        policy = await engines.enter_async_context(Policy(str(model), **engine))
        rewards = (
            await engines.enter_async_context(RewardModel(str(MODELS / "reward"), StepMarks(), **ENGINE))
            if real_rewards
            else Free()
        )
        alone, end = bare(model, engine, task)
        engines.callback(end)
        for seed in range(rounds + 1):  # the first warms all up
            top = alone(seed)
            found = {
                s: await speed(s, budget, task, policy, rewards if s in SEARCHES else None, seed)
                for s, budget in strategies.items()
            }
            if seed:
                tops.append(top[0])
                for strategy, got in found.items():
                    ratios[strategy].append((got[0] / top[0], got[1] / top[1]))
    for strategy, of in ratios.items():
        costs = ("real rewards" if real_rewards else "free rewards") if strategy in SEARCHES else ""
        shown = " | ".join(
            f"{statistics.median(kind):.2f} ({min(kind):.2f}–{max(kind):.2f})" for kind in zip(*of, strict=True)
        )
        print(f"| {name} | {strategy} | {costs} | {statistics.median(tops):,.0f} | {shown} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    rounds = parser.parse_args().rounds
    os.environ.update(QUIET)
    print("| model | strategy | | bare vLLM, tokens/s | generated, ratio | computed, ratio |")
    print("| --- | --- | --- | ---: | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder, engine = larger(Path(temporary) / "larger"), {**ENGINE, "load_format": "dummy"}
        asyncio.run(case("larger, random weights", folder, engine, 300, False, rounds))
    asyncio.run(case("medium", MODELS / "medium", ENGINE, 100, True, rounds))


if __name__ == "__main__":
    main()
