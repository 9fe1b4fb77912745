"""Measured loads of serving engines, as arrays, with where they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.fits.stored_answers import PACKAGE
from advisor.performance.observed import NAMES, NUMBERS, Labels, Runs, runs_of
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

LABELS = ("model", "kv_precision", "source", "note")
MARKS = ("own", "in_process")


@dataclass(frozen=True, slots=True)
class MeasuredRuns:
    """Runs with what they do not hold themselves, arrays of the same shape (n,): `own` are the user's.

    `in_process` are loads that ship of an engine without a server, with random weights and short answers: they count
    in the efficiencies that all models share, by their TPOT, and in no correction of one model (docs/method.md).

    unknown_models and unknown_gpus are those of the `n_unknown` runs that were left out, since they have no specs here.
    """

    runs: Runs
    model: Labels
    kv_precision: Labels
    source: Labels
    note: Labels
    own: NDArray[np.bool_]
    in_process: NDArray[np.bool_]
    n_unknown: int
    unknown_models: tuple[str, ...]
    unknown_gpus: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> MeasuredRuns:
        """The runs that `mask` keeps."""
        labels = {name: getattr(self, name)[mask] for name in (*LABELS, *MARKS)}
        return replace(self, runs=self.runs.where(mask), **labels)


def measured_runs(workspace: Workspace) -> MeasuredRuns:
    """Every run with a measured time, of what ships and of the workspace. Raises AdvisorError for a damaged file."""
    columns = workspace.runs.connect().execute(statement(PACKAGE, "runs")).fetchnumpy()
    models, gpus = workspace.models, workspace.gpus
    pairs = list(zip(columns["model"].tolist(), columns["gpu"].tolist(), strict=True))
    known = np.array([model in models and gpu in gpus for model, gpu in pairs], dtype=bool)
    kept = {name: _filled(columns[name])[known] for name in (*NAMES, *NUMBERS, *LABELS, *MARKS)}
    labels: dict[str, Any] = {name: kept[name].astype(str) for name in LABELS}
    marks: dict[str, Any] = {name: kept[name].astype(bool) for name in MARKS}
    return MeasuredRuns(
        runs=runs_of(kept, models, gpus),
        **labels,
        **marks,
        n_unknown=int((~known).sum()),
        unknown_models=tuple(sorted({model for model, _ in pairs} - set(models))),
        unknown_gpus=tuple(sorted({gpu for _, gpu in pairs} - set(gpus))),
    )


def _filled(column: Any) -> NDArray[np.generic]:
    """Nulls of a number column as NaN."""
    masked = np.ma.isMaskedArray(column) and column.dtype.kind in "fi"
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(float), np.nan)) if masked else np.asarray(column)
