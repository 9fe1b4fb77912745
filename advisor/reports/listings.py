"""What is known here: models, GPUs, tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from advisor.gpus import GpuSpec
from advisor.models.catalog import KnownModel
from advisor.prices import Price
from advisor.printable import shortened
from advisor.recommendation.frontier import TaskSummary
from advisor.reports.terminal import Block
from advisor.reports.text_tables import table
from advisor.sampling import Sampling, SamplingRow
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


@dataclass(frozen=True, slots=True)
class ListedModel(KnownModel):
    """One line of `advisor models`: the model and how its publisher recommends to ask it, by mode."""

    recommended_sampling: dict[str, dict[str, float]]
    """temperature, top_p, top_k and min_p where they are stated; a mode without any is left out"""
    switches: dict[str, dict[str, Any]]
    """what a request adds to get a mode; a model with one mode has none"""


def listed_models(models: Sequence[KnownModel], sampling: Sampling) -> list[ListedModel]:
    """Every model with what is known of asking it."""
    return [_listed(m, sampling.modes(m.model)) for m in models]


def _listed(m: KnownModel, modes: Mapping[str, SamplingRow]) -> ListedModel:
    stated = {mode: row.stated for mode, row in modes.items() if row.stated}
    switches = {mode: dict(row.switch) for mode, row in modes.items() if row.switch}
    return ListedModel(
        **{f.name: getattr(m, f.name) for f in fields(m)}, recommended_sampling=stated, switches=switches
    )


def model_blocks(models: Sequence[ListedModel]) -> list[Block]:
    """What `advisor models` prints."""
    rows = [
        [
            m.model,
            m.released,
            "MoE" if m.is_moe else "dense",
            _billions(m.total_parameters),
            _billions(m.active_parameters),
            f"{m.kv_bytes_per_token / 1e3:.0f}",
            f"{m.max_context / 1e3:.0f}k",
            m.checkpoint_precision,
            shortened(m.license, LICENSE_WIDTH),
            _temperatures(m),
            _thinking(m),
        ]
        for m in models
    ]
    columns = ["model", "release", "kind", "total B", "active B", "KV kB/token", "context", "precision", "licence"]
    return [
        table(
            [*columns, "temp.", "thinking"],
            rows,
            right=columns[3:7],
            names=columns[:1],
            optional=("kind", "KV kB/token", "precision", "active B", "temp.", "thinking", "release"),
        )
    ]


LICENSE_WIDTH = 12
"""Characters of a licence in the terminal: some publishers' ids are sentences."""


def _billions(parameters: int) -> str:
    return f"{parameters / 1e9:.{2 if parameters < 1e11 else 0}f}"


def _temperatures(m: ListedModel) -> str:
    """Recommended ones, in the order of the modes."""
    found = [f"{values['temperature']:g}" for values in m.recommended_sampling.values() if "temperature" in values]
    return "/".join(dict.fromkeys(found))


def _thinking(m: ListedModel) -> str:
    """Whether a request can choose, and among how many modes where it is more than on and off."""
    if not m.switches:
        return ""
    return "on/off" if set(m.switches) <= {"thinking", "non-thinking"} else f"{len(m.switches)} modes"


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
