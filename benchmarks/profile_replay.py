"""Whether intervals hold on a GPU: the profiles that ship, predicted load by load in the order they were measured.

    python benchmarks/profile_replay.py

Writes its part of docs/validation.md.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace

import numpy as np
from validation_page import put, table

from advisor.fits.speeds import Speeds
from advisor.performance.families import family_of
from advisor.performance.groups import on_unmeasured_gpu
from advisor.profiler.coverage import coverage, interval_factor
from advisor.profiler.knowledge import Beliefs, assess
from advisor.profiler.plan import Load
from advisor.profiler.subject import Subject
from advisor.store.runs import Run
from advisor.store.workspace import Workspace

SHIPPED = Workspace()


def profiles() -> list[list[Run]]:
    """The answered loads of each, in the order they were measured."""
    frame = SHIPPED.runs.to_frame()
    own = frame[frame.run_id.str.startswith("profile-") & (frame.status == "ok")]
    names = [column for column in Run.__slots__ if column in frame]
    rows = own[names].astype(object).where(own[names].notna(), None)
    return [[Run(**row) for row in group.to_dict("records")] for _, group in rows.groupby("run_id", sort=True)]


def as_if_never_measured(first: Run) -> Beliefs:
    """What would be believed of it were there no run on its GPU."""
    subject = Subject(first.model, first.gpu, first.parallelism, first.precision, first.engine, dummy_weights=True)
    beliefs = Beliefs.read(SHIPPED, subject)
    family = family_of(SHIPPED.gpus[first.gpu])
    kernels = SHIPPED.gpus[first.gpu].kernel_precision(first.precision)
    pooled = Speeds.read(SHIPPED).by_combination[family, first.engine, kernels].efficiency
    return replace(beliefs, efficiency=pooled, prior=on_unmeasured_gpu(beliefs.prior))


def replayed(measured: list[Run]) -> list[Run]:
    """The runs with what is predicted of each from those before it."""
    beliefs, runs = as_if_never_measured(measured[0]), list[Run]()
    for run in measured:
        load = Load(int(run.prompt_tokens), int(run.generated_tokens), int(run.concurrency))
        known = assess(beliefs, runs, [load], math.inf)
        predicted_s, half_width = float(known.tpot_s[0]), float(known.half_widths[0])
        runs.append(replace(run, predicted_tpot_s=predicted_s, predicted_half_width=half_width))
    return runs


def line(runs: list[Run]) -> list[str]:
    checked = coverage(runs)
    widths = [run.predicted_half_width for run in runs[-checked.n_recent :]]
    errors = [abs(run.predicted_tpot_s / run.tpot_s - 1) for run in runs[-checked.n_recent :]]
    return [
        f"{runs[0].model} {runs[0].precision} on {runs[0].gpu}",
        f"{checked.n_held} of {checked.n_predicted}",
        f"{checked.n_recent_held} of {checked.n_recent}",
        f"±{np.median(widths):.0%}",
        f"{np.median(errors):.0%}",
        f"{interval_factor(runs):.1f}",
    ]


COLUMNS = [
    "",
    "intervals that held",
    "of the last ten",
    "their median half width",
    "median error of these",
    "deviations of an interval at the end",
]


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    every = [replayed(runs) for runs in profiles()]
    total = [coverage(runs) for runs in every]
    rows = [line(runs) for runs in every]
    rows.append(["all", f"{sum(c.n_held for c in total)} of {sum(c.n_predicted for c in total)}", *["–"] * 4])
    put(
        "Whether a profile's intervals hold on a GPU",
        "The profiles of one H100 and one H200 that ship, load by load in the order in which they were measured, each\n"
        "predicted from those before it as on a GPU without runs, with its 90 % interval, by\n"
        "`python benchmarks/profile_replay.py`. Only the one of Qwen3-30B-A3B on the H200 has repeats.\n\n"
        f"{table(rows, COLUMNS)}",
    )


if __name__ == "__main__":
    main()
