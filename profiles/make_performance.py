"""Fit what ships to the measured runs that ship: performance.csv, corrections.csv and pooling.csv.

    python profiles/make_performance.py

Takes two minutes: how far models stray from the physics is learned from predictions that saw none of their runs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import corrections, estimate_prior
from advisor.performance.profiles import ROOFLINE_SPREAD
from advisor.performance.roofline import serving
from advisor.profiler.fit import ANY_GPU, correction_rows, measured, performance_rows, prior_rows
from advisor.store.seal import write_table
from advisor.store.workspace import Workspace

HERE = Path(__file__).parent
FOLDS = 8
ENOUGH = 20
"""Runs of a combination from which its own interval is taken."""


def main() -> None:
    found = measured(Workspace(None))
    runs = found.runs
    blind = left_out_efficiency(runs, fold_of(np.char.add(np.char.add(found.model, "|"), runs.gpu), FOLDS))
    errors = np.abs(
        runs.log_errors(serving(runs.demand, runs.hardware, blind, runs.concurrency, runs.max_sequences))[0]
    )
    prior = estimate_prior(runs, blind)
    model = fit(runs)
    base = model.efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())
    overall = float(np.exp(np.quantile(errors, 0.9)))
    spreads = {}
    for key in set(zip(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist(), strict=True)):
        near = errors[(runs.gpu == key[0]) & (runs.engine == key[1]) & (runs.precision == key[2])]
        spreads[key] = float(np.exp(np.quantile(near, 0.9))) if len(near) >= ENOUGH else max(overall, ROOFLINE_SPREAD)
    write_table(HERE / "pooling.csv", prior_rows(prior))
    write_table(HERE / "performance.csv", performance_rows(runs, model, found.source, [*model.gpus, ANY_GPU], spreads))
    write_table(HERE / "corrections.csv", correction_rows(corrections(runs, base, prior, found.source)))
    print(
        f"{len(runs)} runs, {len(spreads)} combinations of GPU, engine and precision, 90 % of blind predictions within a factor {overall:.2f}"
    )


if __name__ == "__main__":
    main()
