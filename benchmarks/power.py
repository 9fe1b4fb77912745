"""Fit the power of a GPU to the loads that ship with a measured power; validate it on models and GPUs left out.

    python benchmarks/power.py

Writes its part of docs/validation.md and prints the constants that advisor/performance/power.py has, in its order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from validation_page import put, table

from advisor.fits.measured_runs import measured_runs
from advisor.performance.global_fit import fit
from advisor.performance.plausible import doubts, reported
from advisor.performance.power import MEASURED_GPUS, shares
from advisor.store.workspace import Workspace

SHIPPED = Workspace()
SCALE, START = 0.1, np.array([0.3, 0.4, 0.7])
"""Logarithm from which on an error counts as an outlier; where the search begins."""


@dataclass(frozen=True)
class Loads:
    """Measured power in W, the limit of the GPUs, and what predictions that saw nothing of a group make of a step."""

    model: np.ndarray
    gpu: np.ndarray
    concurrency: np.ndarray
    power_w: np.ndarray
    limit_w: np.ndarray
    without_model: np.ndarray  # (loads, idle · reading · multiplying), speeds fitted without the model
    without_gpu: np.ndarray  # the same without the GPU

    def fitted(self, some: np.ndarray) -> np.ndarray:
        """Shares of the limit that fit `some` loads best: least errors of log watts, outliers counted less."""
        design, limit, power = self.without_model[some], self.limit_w[some], self.power_w[some]

        def errors(of: np.ndarray) -> np.ndarray:
            return np.log(limit * np.minimum(design @ of, 1.0) / power) / SCALE

        return least_squares(errors, START, bounds=(1e-6, 4.0), loss="soft_l1").x

    def predicted_w(self, of: np.ndarray, design: np.ndarray) -> np.ndarray:
        return self.limit_w * np.minimum(design @ of, 1.0)


def loads() -> tuple[Loads, int]:
    """Every sound load with a power that its GPUs can draw, and how many show more than that: of the whole machine."""
    query = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    columns = SHIPPED.runs.connect().execute(query).fetchnumpy()
    columns = {name: np.ma.filled(c, np.nan) if c.dtype.kind == "f" else np.asarray(c) for name, c in columns.items()}
    reports = reported(columns, SHIPPED.models, SHIPPED.gpus)
    every, sound = reports.runs, np.array([not doubt for doubt in doubts(reports)])
    limits = np.array([SHIPPED.gpus[gpu].tdp_w for gpu in every.gpu.tolist()]) * np.asarray(every.hardware.gpu_count)
    possible = sound & (columns["power_w"] <= limits)
    runs, found = every.where(possible), measured_runs(SHIPPED)
    assert set(runs.gpu.tolist()) == MEASURED_GPUS
    model = columns["model"].astype(str)[possible]
    designs = {}
    for kind, label, theirs in (("model", model, found.model), ("gpu", runs.gpu, found.runs.gpu)):
        design = np.ones((len(runs), 3))
        for name in np.unique(label).tolist():
            held = label == name
            predicted = fit(found.runs.where(theirs != name)).predict(runs.where(held))
            design[held, 1:] = np.stack(shares(predicted), axis=-1)
        designs[kind] = design
    power_w, in_flight = columns["power_w"][possible], runs.concurrency
    kept = Loads(model, runs.gpu, in_flight, power_w, limits[possible], designs["model"], designs["gpu"])
    return kept, int((sound & ~possible).sum())


def left_out(found: Loads, label: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Power in W of every load by shares that were fitted to the others of another label."""
    predicted = np.full(len(label), np.nan)
    for name in np.unique(label).tolist():
        held = label == name
        predicted[held] = found.predicted_w(found.fitted(~held), design)[held]
    return predicted


def line(name: str, predicted_w: np.ndarray, power_w: np.ndarray) -> list[str]:
    ratio = predicted_w / power_w
    errors = np.abs(ratio - 1)
    low, middle, high = np.quantile(ratio, (0.05, 0.5, 0.95))
    figures = (f"{np.median(errors):.1%}", f"{np.quantile(errors, 0.9):.1%}", f"{middle:.2f} ({low:.2f} – {high:.2f})")
    return [name, str(len(ratio)), *figures]


def spread(predicted_w: np.ndarray, power_w: np.ndarray) -> float:
    """The factor that holds for nine of ten loads, in either direction."""
    return float(np.exp(np.quantile(np.abs(np.log(predicted_w / power_w)), 0.9)))


def main() -> None:
    found, beyond = loads()
    everything = found.fitted(np.ones(len(found.model), dtype=bool))
    blind = left_out(found, found.model, found.without_model)
    elsewhere = left_out(found, found.gpu, found.without_gpu)
    same = found.predicted_w(everything, found.without_model)
    cards = [(gpu, found.gpu == gpu) for gpu in sorted(MEASURED_GPUS)]
    places = {"1 to 4": (1, 4), "8 to 32": (8, 32), "64 and more": (64, np.inf)}
    masks = {n: (found.concurrency >= low) & (found.concurrency <= high) for n, (low, high) in places.items()}
    rows = [
        line("fitted, the same loads", same, found.power_w),
        line("whole model left out", blind, found.power_w),
        *(line(f"the same, {n} in flight", blind[mask], found.power_w[mask]) for n, mask in masks.items()),
        *(line(f"{gpu} by the other two", elsewhere[mask], found.power_w[mask]) for gpu, mask in cards),
    ]
    idle, reading, multiplying = everything
    known = spread(blind, found.power_w)
    unknown = max(spread(elsewhere, found.power_w), known)
    counts = ", ".join(f"{mask.sum()} of {len(set(found.model[mask].tolist()))} on {gpu}" for gpu, mask in cards)
    watts = f"from {found.power_w.min():.0f} to {found.power_w.max():.0f} W"
    put(
        "Power",
        f"Mean power of {len(blind)} loads, {watts} (loads of so many models: {counts}):\n"
        "profiles of one H100 SXM and of two H200 SXM (measurements/runs/profile-\\*), whole batches on a GH200 under\n"
        "vLLM of 2024 (measurements/runs/argonne-offline); the limit is 700 W of each, of the GH200 without its CPU.\n"
        f"{beyond} loads show more than the limit of their GPU and are left out: probably the power of all of a"
        " machine's GPUs.\n\nA GPU draws the limit times idle + reading by its share of a step + multiplying by the"
        f" share of its peak;\nthese shares are {idle:.2f}, {reading:.2f} and {multiplying:.2f}, by least errors of log"
        " watts with outliers counted less.\nSpeeds are predicted without the model, or the GPU. The 90 % interval is a"
        f" factor of {known:.2f} on these GPUs (models left out) and {unknown:.2f} on others (GPUs left out, and no"
        " narrower):\nwith GPUs of one generation the latter is a guess for other generations. By `python"
        " benchmarks/power.py`.\n\n" + table(rows, ["", "loads", "median error", "p90", "predicted / measured (90 %)"]),
    )
    print(f"IDLE, READING, MULTIPLYING = {idle:.2f}, {reading:.2f}, {multiplying:.2f}")
    print(f"SPREAD, SPREAD_ELSEWHERE = {known:.2f}, {unknown:.2f}")


if __name__ == "__main__":
    main()
