"""Fit what ships to the measured runs that ship: performance.csv, corrections.csv and pooling.csv.

    python profiles/make_performance.py

Takes two minutes: how far models stray from the physics is learned from predictions that saw none of their runs.
Loads of an engine in process move the efficiencies that all models share, and no model's own (docs/method.md).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from advisor.fits.measured_runs import measured_runs
from advisor.fits.prior import TABLE, write_prior
from advisor.fits.speed_fits import combinations, correction_rows, holding, speed_rows
from advisor.fits.speeds import Speeds
from advisor.performance.demand import Array
from advisor.performance.families import FAMILIES
from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import Origin, at, corrections, estimate_prior
from advisor.performance.predict import ROOFLINE_SPREAD
from advisor.performance.roofline import serving
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace

HERE = Path(__file__).parent
FOLDS = 8
ENOUGH = 20
MODELS = 3
"""Runs and models of a combination from which its own interval is taken; one of fewer models is no narrower than that
of all runs, since the next model is not among them."""


def factor(errors: Array) -> float:
    """Within which nine of ten predictions lie."""
    return float(np.exp(np.quantile(errors, 0.9)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=HERE, help="folder of the tables (default: %(default)s)")
    folder = parser.parse_args().into
    found = measured_runs(Workspace())
    runs = found.runs
    is_served = ~found.in_process
    blind = left_out_efficiency(runs, fold_of(found.model, FOLDS, first=is_served))
    predicted = serving(runs.demand, runs.hardware, blind, runs.concurrency, runs.max_sequences)
    errors = np.abs(runs.log_errors(predicted)[0])
    served = found.where(is_served)
    prior = estimate_prior(served.runs, at(blind, is_served))
    model = fit(runs)
    base = model.of(served.runs)
    overall = factor(errors)
    spreads = {}
    for key in set(combinations(runs)):
        here = (runs.gpu == key[0]) & (runs.engine == key[1]) & (runs.kernels == key[2])
        least = 1.0 if len(np.unique(runs.shape[here])) >= MODELS else overall
        spreads[key] = max(factor(errors[here]), least) if here.sum() >= ENOUGH else max(overall, ROOFLINE_SPREAD)
    gpus = dict(zip(runs.gpu.tolist(), runs.family.tolist(), strict=True)) | {name: name for name in FAMILIES}
    write_prior(folder / TABLE, prior)
    rows = speed_rows(runs, model, found.source, gpus, spreads)
    write_rows(folder / "performance.csv", rows)
    of_shapes = corrections(served.runs, base, prior, Origin(served.source, served.own))
    speeds = Speeds(Workspace().gpus, {}, {}).also(rows)
    write_rows(folder / "corrections.csv", correction_rows(holding(of_shapes, served.runs, speeds)))
    print(
        f"{len(runs)} runs, {len(spreads)} combinations of GPU, engine and kernels, "
        f"90 % of blind predictions within a factor {overall:.2f}"
    )


if __name__ == "__main__":
    main()
