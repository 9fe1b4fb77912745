"""Prompts that a server found in its prefix cache, beside what is predicted of them.

    python benchmarks/prefix_cache.py       # writes its part of docs/validation.md

prefix_cache.csv is what `vllm bench serve` measured once: Qwen3-8B in bf16 on one H200 under `vllm serve` 0.26 with
random weights and its usual options, a closed loop with answers of one length. The first load has random prompts; those
of the others begin with one of eight long prefixes (`--dataset-name prefix_repetition`), and the engine's counters say
how many tokens it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from validation_page import put, table

from advisor.recommendation.estimate import estimate
from advisor.store.workspace import Workspace
from advisor.tables import read_rows

FILE = Path(__file__).with_suffix(".csv")
SHIPPED = Workspace()


@dataclass(frozen=True, slots=True)
class Served:
    """Means of one load; `cached_prompt_tokens` of a prompt were found in the cache."""

    concurrency: int
    prompt_tokens: int
    cached_prompt_tokens: float
    generated_tokens: int
    ttft_s: float
    tpot_s: float
    output_tokens_per_s: float


def line(load: Served) -> list[str]:
    """What was measured and what is predicted."""
    found = estimate(
        SHIPPED,
        model="Qwen/Qwen3-8B",
        gpu="h200-sxm",
        precision="bf16",
        input_tokens=load.prompt_tokens,
        output_tokens=load.generated_tokens,
        concurrency=load.concurrency,
        cached_prompt_tokens=round(load.cached_prompt_tokens) or None,
    )
    return [
        f"{load.concurrency} × {load.prompt_tokens:,} ({load.cached_prompt_tokens:,.0f}) → {load.generated_tokens}",
        f"{1e3 * load.tpot_s:.1f} / {1e3 * found.tpot_s:.1f}",
        f"{1e3 * load.ttft_s:.0f} / {1e3 * found.ttft_s:.0f}",
        f"{load.output_tokens_per_s:,.0f} / {found.output_tokens_per_s:,.0f}",
    ]


def main() -> None:
    loads = read_rows(FILE, Served, hint="it ships")
    columns = ["in flight × prompt (of it cached) → answer", "TPOT, ms", "TTFT, ms", "generated tokens/s"]
    put(
        "Prompts found in the prefix cache",
        "`python benchmarks/prefix_cache.py`: measured / predicted. Qwen3-8B in bf16 on one H200 under `vllm serve`\n"
        "0.26 with random weights; no fit has seen these loads. All answers are equally long, so that requests end\n"
        "and begin together: more of the prompts' time is in TTFT and less in TPOT than where answers differ.\n\n"
        f"{table([line(load) for load in loads], columns)}",
    )


if __name__ == "__main__":
    main()
