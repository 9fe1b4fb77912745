"""Fit the power of a GPU to the loads that ship with a measured power, and validate it on models left out.

    python benchmarks/power.py

Writes its part of docs/validation.md and prints the shares that advisor/performance/power.py has, in its order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import nnls
from validation_page import put, table

from advisor.fits.measured_runs import measured_runs
from advisor.performance.global_fit import fit
from advisor.performance.observed import runs_of
from advisor.performance.power import MEASURED_GPUS, shares
from advisor.performance.roofline import Serving
from advisor.store.workspace import Workspace

SHIPPED = Workspace()
ASSUMED = 0.35
"""What was assumed before power was measured: this share of the limit while reading, all of it while multiplying."""


@dataclass(frozen=True)
class Loads:
    """Measured power in W and in shares of the limit, and what a prediction that saw no run of the model says."""

    model: np.ndarray
    concurrency: np.ndarray
    power_w: np.ndarray
    limit_w: np.ndarray
    design: np.ndarray  # (loads, idle · reading · multiplying)
    assumed_w: np.ndarray

    def fitted(self, some: np.ndarray) -> np.ndarray:
        """Shares of the limit that fit `some` loads best, none below zero."""
        scale = self.limit_w[some, None] * self.design[some]
        return nnls(scale, self.power_w[some])[0]

    def predicted_w(self, of: np.ndarray) -> np.ndarray:
        return self.limit_w * np.minimum(self.design @ of, 1.0)


def loads() -> Loads:
    """Predictions of each model's loads by efficiencies that were fitted without it."""
    query = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    columns = SHIPPED.runs.connect().execute(query).fetchnumpy()
    model = columns["model"].astype(str)
    runs, found = runs_of(columns, SHIPPED.models, SHIPPED.gpus), measured_runs(SHIPPED)
    assert set(runs.gpu.tolist()) == MEASURED_GPUS
    design, assumed = np.ones((len(runs), 3)), np.full(len(runs), np.nan)
    limit_w = np.array([SHIPPED.gpus[gpu].tdp_w for gpu in runs.gpu.tolist()]) * np.asarray(runs.hardware.gpu_count)
    for name in np.unique(model).tolist():
        held = model == name
        predicted = fit(found.runs.where(found.model != name)).predict(runs.where(held))
        design[held, 1:] = np.stack(shares(predicted), axis=-1)
        assumed[held] = limit_w[held] * (ASSUMED + (1 - ASSUMED) * _multiplying(predicted))
    return Loads(model, runs.concurrency, columns["power_w"], limit_w, design, assumed)


def _multiplying(predicted: Serving) -> np.ndarray:
    return predicted.compute_s / (predicted.compute_s + predicted.weights_s + predicted.kv_s)


def left_out(found: Loads) -> np.ndarray:
    """Power in W of every load by shares that were fitted to the other models."""
    predicted = np.full(len(found.model), np.nan)
    for name in np.unique(found.model).tolist():
        held = found.model == name
        predicted[held] = found.predicted_w(found.fitted(~held))[held]
    return predicted


def line(name: str, predicted_w: np.ndarray, power_w: np.ndarray) -> list[str]:
    ratio = predicted_w / power_w
    errors = np.abs(ratio - 1)
    low, middle, high = np.quantile(ratio, (0.05, 0.5, 0.95))
    figures = (f"{np.median(errors):.1%}", f"{np.quantile(errors, 0.9):.1%}", f"{middle:.2f} ({low:.2f} – {high:.2f})")
    return [name, str(len(ratio)), *figures]


def main() -> None:
    found = loads()
    blind = left_out(found)
    everything = found.fitted(np.ones(len(blind), dtype=bool))
    places = {"1 to 4": (1, 4), "8 to 32": (8, 32), "64 and more": (64, np.inf)}
    masks = {n: (found.concurrency >= low) & (found.concurrency <= high) for n, (low, high) in places.items()}
    rows = [
        line("assumed before: 35 % reading to 100 % multiplying", found.assumed_w, found.power_w),
        line("fitted, the same loads", found.predicted_w(everything), found.power_w),
        line("fitted, whole model left out", blind, found.power_w),
        *(line(f"the same, {n} in flight", blind[mask], found.power_w[mask]) for n, mask in masks.items()),
    ]
    idle, reading, multiplying = everything
    put(
        "Power",
        f"Mean power of {len(blind)} loads of {len(set(found.model.tolist()))} models on one H100 SXM of 700 W"
        f" (measurements/runs/profile-\\*), from {found.power_w.min():.0f} to {found.power_w.max():.0f} W.\n"
        "A GPU draws the limit times idle + reading + multiplying, the latter two by their share of a step; these\n"
        f"shares are {idle:.2f}, {reading:.2f} and {multiplying:.2f}, by least squares. Speeds are predicted without"
        " the model. Other GPUs were not measured.\nBy `python benchmarks/power.py`.\n\n"
        + table(rows, ["", "loads", "median error", "p90", "predicted / measured (90 %)"]),
    )
    print(f"IDLE, READING, MULTIPLYING = {idle:.2f}, {reading:.2f}, {multiplying:.2f}")


if __name__ == "__main__":
    main()
