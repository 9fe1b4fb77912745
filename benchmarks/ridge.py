"""How much better the strength of the ridge makes the fit look, since it was chosen on the rows that it is scored on.

    python benchmarks/ridge.py       # writes its part of docs/validation.md

Strengths are compared by the mean error of predictions that saw nothing of a group, on one half of the models; the best
one predicts the groups of the other half.
"""

from __future__ import annotations

import numpy as np
from left_out import FOLDS, blind, groups_of
from validation_page import put, table

from advisor.fits.measured_runs import measured_runs
from advisor.performance.global_fit import RIDGE, fold_of, left_out_efficiency
from advisor.store.workspace import Workspace

STRENGTHS = (0.7, 1.0, 1.5, 2.0, 3.0, 4.0)


def line(name: str, errors: np.ndarray) -> list[str]:
    """Errors |predicted / measured − 1|."""
    off = np.abs(np.exp(-errors) - 1)
    return [name, f"{np.median(off):.1%}", f"{np.quantile(off, 0.9):.1%}"]


def main() -> None:
    found = measured_runs(Workspace())
    runs, served, half = found.runs, ~found.in_process, fold_of(found.model, 2)
    rows = []
    for name, labels in (("(model, GPU)", groups_of(found)), ("model", found.model)):
        folds = fold_of(labels, FOLDS, first=served)
        errors = {r: blind(runs, left_out_efficiency(runs, folds, ridge=r))[0] for r in STRENGTHS}
        elsewhere, chosen = np.full(len(runs), np.nan), []
        for k in (0, 1):
            others = served & (half != k)
            chosen.append(min(STRENGTHS, key=lambda r, of=others, errors=errors: float(np.mean(np.abs(errors[r][of])))))
            elsewhere[half == k] = errors[chosen[-1]][half == k]
        rows.append(line(f"whole {name} left out, strength {RIDGE}", errors[RIDGE][served]))
        rows.append(line(f"the same, chosen on the other half: {chosen[0]} and {chosen[1]}", elsewhere[served]))
    put(
        "The strength of the ridge",
        "One constant of the fit, how strongly efficiencies are held near those of kernels, was chosen by predicting\n"
        "the runs above, so that their figures are slightly too good. Chosen on one half of the models and scored on\n"
        "the other, by `python benchmarks/ridge.py`, it is worth what this table says. The forms of the step-time\n"
        "model were compared by the same predictions, where kernels' times do not tell: what that is worth is not\n"
        "known.\n\n" + table(rows, ["", "TPOT median", "TPOT p90"]),
    )


if __name__ == "__main__":
    main()
