"""What is known here: models, GPUs, tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.gpus import GpuSpec
from advisor.models.catalog import KnownModel
from advisor.prices import Price
from advisor.recommendation.frontier import TaskSummary
from advisor.reports.terminal import Block
from advisor.reports.text_tables import table
from advisor.units import bytes_text, significant
from advisor.values import plain


@dataclass(frozen=True, slots=True)
class PricedGpu:
    """One line of `advisor gpus`: the GPU and the price that is used for it."""

    gpu: str
    spec: dict[str, Any]
    price: Price | None


def priced_gpus(gpus: Mapping[str, GpuSpec], rates: Mapping[str, Price]) -> list[PricedGpu]:
    """Every GPU with its going rate."""
    return [
        PricedGpu(name, plain(spec) | {"name": name, "peak_flops_per_s": spec.peak_flops_per_s}, rates.get(name))
        for name, spec in gpus.items()
    ]


def model_blocks(models: Sequence[KnownModel]) -> list[Block]:
    """What `advisor models` prints."""
    rows = [
        [
            m.model,
            m.released,
            "MoE" if m.is_moe else "dense",
            f"{m.total_parameters / 1e9:.2f}",
            f"{m.active_parameters / 1e9:.2f}",
            f"{m.kv_bytes_per_token / 1e3:.0f}",
            m.checkpoint_precision,
            m.license,
        ]
        for m in models
    ]
    columns = ["model", "released", "kind", "total B", "active B", "KV kB/token", "precision", "licence"]
    return [table(columns, rows, right=columns[3:6], optional=("precision", "KV kB/token"))]


def gpu_blocks(gpus: Mapping[str, GpuSpec], rates: Mapping[str, Price]) -> list[Block]:
    """What `advisor gpus` prints."""
    columns = ["GPU", "memory", "TB/s", "bf16 TFLOP/s", "fp8", "fp4", "W", "link", "USD/h", "price seen"]
    optional = ("link", "W", "fp4", "price seen")
    right = (*columns[1:7], "USD/h")
    return [
        table(
            columns,
            [_gpu_row(spec, rates.get(name)) for name, spec in gpus.items()],
            right=right,
            names=columns[:1],
            optional=optional,
        )
    ]


def _gpu_row(spec: GpuSpec, price: Price | None) -> list[str]:
    peaks = [significant(spec.peak_flops_per_s[p] / 1e12) if p in spec.peak_flops_per_s else "–" for p in PEAKS]
    return [
        spec.gpu,
        bytes_text(spec.memory_bytes),
        significant(spec.memory_bytes_per_s / 1e12),
        *peaks,
        f"{spec.tdp_w:.0f}",
        spec.link,
        significant(price.usd_per_hour) if price else "–",
        str(price) if price else "none known: give --price",
    ]


PEAKS = ("bf16", "fp8", "fp4")


def task_blocks(tasks: Sequence[TaskSummary]) -> list[Block]:
    """What `advisor tasks` prints."""
    columns = ["task", "models", "with tokens", "with imputed ones", "points", "questions"]
    rows = [
        [
            t.task,
            *map(str, (t.models, t.models_with_tokens, t.models_with_imputed_tokens, t.points, t.n_questions)),
        ]
        for t in tasks
    ]
    return [table(columns, rows, right=columns[1:])]
