"""Measured serving runs as parallel arrays, the form that fits and predictions take them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from advisor.gpus import Gpus
from advisor.models.catalog import Catalog
from advisor.performance.demand import Array, Demand, demand, stack
from advisor.performance.families import family_of
from advisor.performance.hardware import Hardware, hardware
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import Serving

Labels = NDArray[np.str_]
NAMES = ("model", "gpu", "parallelism", "precision", "kv_precision", "engine")
NUMBERS = ("prompt_tokens", "generated_tokens", "concurrency", "ttft_s", "tpot_s", "request_s", "output_tokens_per_s")


@dataclass(frozen=True, slots=True)
class Runs:
    """Arrays of shape (n,); `shape` names the model's config.

    Times are NaN where they were not measured; every run has tpot_s or request_s.
    """

    demand: Demand
    hardware: Hardware
    concurrency: Array
    max_sequences: Array
    shape: Labels
    gpu: Labels
    family: Labels
    engine: Labels
    precision: Labels
    ttft_s: Array
    tpot_s: Array
    request_s: Array

    def __len__(self) -> int:
        return len(self.tpot_s)

    def where(self, mask: NDArray[np.bool_]) -> Runs:
        """The runs that `mask` keeps."""
        return Runs(
            Demand(*(getattr(self.demand, f.name)[mask] for f in fields(Demand))),
            Hardware(*(getattr(self.hardware, f.name)[mask] for f in fields(Hardware))),
            *(getattr(self, f.name)[mask] for f in fields(Runs)[2:]),
        )

    @property
    def kernels(self) -> Labels:
        """The precisions whose kernels multiply the weights (`GpuSpec.kernel_precision`)."""
        widened = np.equal(self.hardware.compute_flops_per_s, self.hardware.compute_16bit_flops_per_s)
        return np.where((self.precision == "fp4") & widened, "int4", self.precision)

    @property
    def decode_s(self) -> Array:
        """The time that shows decoding speed: TPOT, or the whole request where only that was measured."""
        return np.where(np.isfinite(self.tpot_s), self.tpot_s, self.request_s)

    def log_errors(self, predicted: Serving) -> tuple[Array, Array]:
        """log(measured / predicted) of decoding and of TTFT; NaN where TTFT was not measured."""
        decode = np.where(np.isfinite(self.tpot_s), predicted.tpot_s, predicted.request_s)
        return np.log(self.decode_s / decode), np.log(self.ttft_s / predicted.ttft_s)


def runs_of(columns: Mapping[str, NDArray[np.generic]], models: Catalog, gpus: Gpus) -> Runs:
    """Runs from the columns NAMES and NUMBERS of the table `runs`: answered ones, of models and GPUs in the tables."""
    text = {name: np.array(columns[name], dtype=str) for name in NAMES}
    numbers = {name: np.array(columns[name], dtype=float) for name in NUMBERS}
    loads = zip(
        text["model"],
        text["precision"],
        numbers["prompt_tokens"],
        numbers["generated_tokens"],
        text["kv_precision"],
        strict=True,
    )
    each_load = [(m, p, max(round(i), 1), max(round(o), 1), kv) for m, p, i, o, kv in loads]
    of_load = {load: demand(models.spec(load[0]), *load[1:]) for load in dict.fromkeys(each_load)}
    demands = stack([of_load[load] for load in each_load])
    chosen = [gpus[name] for name in text["gpu"]]
    layouts = list(zip(text["gpu"].tolist(), text["parallelism"].tolist(), text["precision"].tolist(), strict=True))
    of_layout = {key: hardware(gpus[key[0]], Parallelism.parse(key[1]), key[2]) for key in dict.fromkeys(layouts)}
    each = [of_layout[layout] for layout in layouts]
    hw = Hardware(*(np.array([getattr(one, f.name) for one in each], dtype=float) for f in fields(Hardware)))
    room = np.maximum(max_sequences(demands, np.array([g.memory_bytes for g in chosen], dtype=float), hw), 1.0)
    turn = numbers["concurrency"] * numbers["generated_tokens"] / numbers["output_tokens_per_s"]
    return Runs(
        demands,
        hw,
        numbers["concurrency"],
        room,
        np.array([models[m].shape for m in text["model"]], dtype=str),
        text["gpu"],
        np.array([family_of(g) for g in chosen], dtype=str),
        text["engine"],
        text["precision"],
        numbers["ttft_s"],
        numbers["tpot_s"],
        np.where(np.isfinite(numbers["request_s"]), numbers["request_s"], turn),
    )
