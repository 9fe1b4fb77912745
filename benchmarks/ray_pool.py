"""Which draws faster on a Ray cluster: actors that are sent one request after another, or Ray Data's batches?

    python benchmarks/ray_pool.py [PROMPTS]      needs vLLM (on the CPU) and ray[data]; about four minutes

The same prompts, the tiny model of the test bed, one replica each, on a cluster of this machine alone: first as
`advisor calibrate --ray` draws, then through `ray.data.llm`. Seconds count from the first request to the last answer;
starting an engine is shown apart, since Ray Data does it within its job: what a job of one prompt takes is taken off.
The last line is what a request costs that an actor answers at once: what Ray adds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ |= {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "HF_HUB_OFFLINE": "1"}
os.environ |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}

from advisor.engines.cluster import connected, one_alone  # noqa: E402
from advisor.engines.connect import Replicated, policy  # noqa: E402
from advisor.engines.protocol import Sampling  # noqa: E402
from advisor.tasks.arithmetic import questions  # noqa: E402

MODEL = ROOT / "tests" / "testbed" / "models" / "small"
SETTINGS = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 256,
    "kv_cache_memory_bytes": 64 << 20,
    "block_size": 32,
}
MOST_TOKENS = 96
AT_ONCE = 256
ECHOES = 2000


async def by_actors(prompts: list[str]) -> tuple[float, float, int]:
    """(seconds to start, seconds to draw, generated tokens)."""
    begun = time.perf_counter()
    async with policy(Replicated(str(MODEL), "local", 1), SETTINGS) as engine:
        ready, room = time.perf_counter(), asyncio.Semaphore(AT_ONCE)

        async def drawn(number: int, prompt: str) -> int:
            async with room:
                completion = await engine.generate(prompt, "", Sampling(seed=number, max_tokens=MOST_TOKENS))
                return completion.generated_tokens

        tokens = sum(await asyncio.gather(*(drawn(number, prompt) for number, prompt in enumerate(prompts))))
        return ready - begun, time.perf_counter() - ready, tokens


def by_ray_data(prompts: list[str]) -> tuple[float, float, int]:
    """The same; the start is that of a job of one batch, which has the engine's start in it."""
    import ray
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig

    quietly = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    ray.init("local", num_gpus=1, **quietly)  # Ray Data asks for a GPU, which is a number to Ray
    ray.data.DataContext.get_current().enable_progress_bars = False
    config = vLLMEngineProcessorConfig(
        model_source=str(MODEL),
        engine_kwargs=SETTINGS,
        concurrency=1,
        batch_size=64,
        log_engine_metrics=False,
        chat_template_stage=False,
        tokenize_stage=False,
        detokenize_stage=False,
    )

    def prompted(row: dict[str, Any]) -> dict[str, Any]:
        sampling = {"temperature": 1.0, "max_tokens": MOST_TOKENS, "seed": int(row["number"])}
        return {"prompt": row["prompt"], "sampling_params": sampling}

    def answered(row: dict[str, Any]) -> dict[str, Any]:
        return {"tokens": row["num_generated_tokens"]}

    processor = build_processor(config, preprocess=prompted, postprocess=answered)

    def seconds(some: list[str]) -> tuple[float, int]:
        begun = time.perf_counter()
        rows = [{"number": number, "prompt": prompt} for number, prompt in enumerate(some)]
        found = processor(ray.data.from_items(rows)).take_all()
        return time.perf_counter() - begun, sum(row["tokens"] for row in found)

    try:
        start_s, _ = seconds(prompts[:1])
        whole_s, tokens = seconds(prompts)
        return start_s, whole_s - start_s, tokens
    finally:
        ray.shutdown()


class Echo:
    """Answers at once."""

    async def echo(self, text: str) -> str:
        return text


@contextlib.asynccontextmanager
async def echo() -> Any:
    yield Echo(), None


async def a_call() -> float:
    """Seconds of one request, of many at once, to an actor that does nothing."""
    async with (
        connected("local") as ray,
        one_alone(ray, ({"CPU": 1.0},), echo, lambda _: None) as (replicas, _),
    ):
        begun = time.perf_counter()
        await asyncio.gather(*(replicas.ask(lambda actor: actor.call("echo", "Q 1+1\n")) for _ in range(ECHOES)))
        return (time.perf_counter() - begun) / ECHOES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", type=int, nargs="?", default=2000)
    prompts = [question.prompt for question in questions(parser.parse_args().prompts)]
    print("| drawn by | start s | draw s | tokens/s |\n| --- | ---: | ---: | ---: |", flush=True)
    for name, way in (("actors", lambda: asyncio.run(by_actors(prompts))), ("Ray Data", partial(by_ray_data, prompts))):
        start_s, draw_s, tokens = way()
        print(f"| {name} | {start_s:.1f} | {draw_s:.1f} | {tokens / draw_s:,.0f} |", flush=True)
    print(f"a request to an actor that answers at once: {asyncio.run(a_call()) * 1e3:.2f} ms of the caller's time")


if __name__ == "__main__":
    main()
