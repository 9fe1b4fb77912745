"""Efficiencies by GPU, engine and precision: rows of profiles/performance.csv, or the plain roofline."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields, replace
from functools import cache

from advisor.performance.corrections import Correction, covers, shipped_corrections
from advisor.performance.roofline import Efficiency
from advisor.shipped import shipped_root

ENGINES = ("vllm", "sglang", "trtllm")
ROOFLINE_SPREAD = 1.6
"""Half-width of the 90 % interval, as a factor, where nothing was fitted: the plain roofline."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Efficiencies with where they come from; `spread` is the factor of the 90 % interval of times."""

    efficiency: Efficiency
    provenance: str
    spread: float
    source: str
    correction: Correction | None = None


@cache
def _rows() -> dict[tuple[str, str, str], Fitted]:
    path = shipped_root() / "profiles" / "performance.csv"
    if not path.exists():
        return {}
    names = [f.name for f in fields(Efficiency)]
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["gpu"], row["engine"], row["precision"]): Fitted(
                Efficiency(**{name: float(row[name]) for name in names}), row["provenance"], float(row["spread"]), row["runs"]
            )
            for row in csv.DictReader(file)
        }


def fitted_for(gpu: str, engine: str, precision: str, shape: str = "", *, data_parallel: bool = False) -> Fitted:
    """The nearest fitted row: exact, then any GPU (`*`); else the plain roofline. With a correction where that model shape was measured."""
    rows = _rows()
    for key in ((gpu, engine, precision), ("*", engine, precision)):
        if key in rows:
            correction = shipped_corrections().get((shape, gpu, engine, precision))
            if correction is None or not covers(correction, data_parallel):
                return rows[key]
            source = f"{correction.n_runs} runs of this model shape on this GPU: {correction.source}"
            return replace(rows[key], provenance="fitted", spread=correction.spread, source=source, correction=correction)
    return Fitted(Efficiency(), "roofline", ROOFLINE_SPREAD, "no measured run for this GPU, engine and precision")
