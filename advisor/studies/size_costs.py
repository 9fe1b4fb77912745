"""Sizes of dense models with the reads of the KV cache counted as FLOPs, and what is claimed of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.models.catalog import Catalog
from advisor.models.spec import ModelSpec
from advisor.studies.inference_scaling_evidence import joined, verdict
from advisor.studies.study import Claim
from advisor.values import Rows, Value

PROMPT, GENERATED = 200, 32_000
"""Tokens at which sizes are compared."""
FLOPS_PER_ELEMENT = 562.5
"""FLOPs that a GPU does in the time in which it reads an element of the KV cache: 2 bytes on a B200."""
CLAIMED_PAIR = ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-8B")
CLAIMED_COST, CLAIMED_RATIO = 1.30, 10.9
"""Of the pair: what the larger one costs, and its parameters, over the smaller one's."""
SIZES_APART = 4.0
"""Times the parameters of two sizes that are compared."""
STEPS = 500
"""Contexts at which reads are counted, evenly spread over the answer."""


@dataclass(frozen=True, slots=True)
class SizeCost(Value):
    """The larger of two dense models of an architecture over the smaller: FLOPs with the KV cache's reads as FLOPs."""

    smaller: str
    larger: str
    parameter_ratio: float
    cost_ratio: float


def size_costs(models: Catalog) -> Rows[SizeCost]:
    """The smallest and the largest of every architecture with dense models SIZES_APART in parameters that have room for
    the answer, and the pair that the claim names."""
    families = defaultdict[str, dict[str, ModelSpec]](dict)
    for model in models:
        spec = models.spec(model)
        if not spec.is_moe and spec.max_context >= PROMPT + GENERATED:
            families[spec.family][model] = spec
    found = [_pair(models, *CLAIMED_PAIR)] if all(model in models for model in CLAIMED_PAIR) else []
    for members in families.values():
        order = sorted(members, key=lambda model: (members[model].active_parameters, model))
        pair = _pair(models, order[0], order[-1])
        found += [pair] if pair.parameter_ratio >= SIZES_APART else []
    return Rows(found, SizeCost)


def _pair(models: Catalog, smaller: str, larger: str) -> SizeCost:
    small, large = models.spec(smaller), models.spec(larger)
    ratio = large.active_parameters / small.active_parameters
    return SizeCost(smaller, larger, ratio, equivalent_flops(large) / equivalent_flops(small))


def equivalent_flops(spec: ModelSpec, prompt: int = PROMPT, generated: int = GENERATED) -> float:
    """FLOPs of an answer and, as FLOPs, what it reads of the KV cache; weights are read once for a large batch.

    2·N·g + 2·(2c + g)·g·L·H·h, and 2·(2c + g)·g·L·K·h times FLOPS_PER_ELEMENT, for c prompt and g generated tokens
    (arXiv 2506.05333, its released code); a layer with a sliding window attends to and reads no more than that.
    """
    compute = 2 * spec.active_parameters * generated + spec.attention_flops(prompt + 1, prompt + generated)
    contexts = prompt + generated * (np.arange(STEPS) + 0.5) / STEPS
    read = 2 * generated * float(np.mean([spec.kv_read_elements(round(context)) for context in contexts]))
    return float(compute + read * FLOPS_PER_ELEMENT)


def memory_claim(sizes: Sequence[SizeCost]) -> Claim:
    """Agrees where the cost of an architecture's sizes lies closer together than half of what parameters say."""
    named = [each for each in sizes if (each.smaller, each.larger) == CLAIMED_PAIR]
    others = [each for each in sizes if each not in named]
    nearer = sum(2 * each.cost_ratio < each.parameter_ratio for each in others)
    ours = [
        f"{each.larger} costs {each.cost_ratio:.2f} times as much as {each.smaller} with {each.parameter_ratio:.1f}"
        " times the parameters"
        for each in named
    ]
    if others:
        parts = [each.cost_ratio / each.parameter_ratio for each in others]
        ours.append(
            f"the largest costs less than half of what its parameters say in {nearer} of {len(others)} architectures,"
            f" {100 * float(np.median(parts)):.0f} % in the median, sliding windows counted as they are"
        )
    text = (
        "with the reads of the KV cache counted, small models are hardly cheaper than large ones at long answers"
        f" ({CLAIMED_COST:.2f} times for {CLAIMED_RATIO:g} times the parameters)"
    )
    source = "arXiv 2506.05333, abstract; the figures are our own, worked out by the formula in its released code"
    return Claim(text, source, joined(ours), verdict(nearer, len(others) - nearer))
