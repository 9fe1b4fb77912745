"""Measured loads of serving engines, as arrays, with where they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.fits.stored_answers import PACKAGE
from advisor.performance.observed import Labels, Runs
from advisor.performance.plausible import COLUMNS, batch, doubts, reported
from advisor.store.doubts import doubtful_notes
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.units import counted

LABELS = ("model", "kv_precision", "source", "note")
MARKS = ("own", "in_process", "through_front_end", "waited")


@dataclass(frozen=True, slots=True)
class MeasuredRuns:
    """Runs with what they do not hold themselves, arrays of the same shape (n,): `own` are the user's.

    `in_process` are loads that ship of an engine without a server, with random weights and short answers: they count
    in the efficiencies that all models share, by their TPOT, and in no correction of one model (docs/method.md).
    `through_front_end` are loads whose TTFT, which holds the time of what requests passed before the engine, is NaN.
    `waited` are loads where requests waited for a place in the batch: their concurrency is the batch that Little's law
    gives, and their TTFT, which holds that wait, is NaN.

    unknown_models and unknown_gpus are those of the `n_unknown` runs that were left out, since they have no specs here.
    Left out, too, are doubtful ones, whole batches, and those that read prompts on other GPUs than they decode on;
    `notes` say so of the user's own.
    """

    runs: Runs
    model: Labels
    kv_precision: Labels
    source: Labels
    note: Labels
    own: NDArray[np.bool_]
    in_process: NDArray[np.bool_]
    through_front_end: NDArray[np.bool_]
    waited: NDArray[np.bool_]
    n_unknown: int
    unknown_models: tuple[str, ...]
    unknown_gpus: tuple[str, ...]
    notes: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> MeasuredRuns:
        """The runs that `mask` keeps."""
        labels = {name: getattr(self, name)[mask] for name in (*LABELS, *MARKS)}
        return replace(self, runs=self.runs.where(mask), **labels)


def measured_runs(workspace: Workspace) -> MeasuredRuns:
    """Every run with a measured time that can be what it says, of what ships and of the workspace.

    Raises AdvisorError for a damaged file.
    """
    columns = workspace.runs.connect().execute(statement(PACKAGE, "runs")).fetchnumpy()
    models, gpus = workspace.models, workspace.gpus
    pairs = list(zip(columns["model"].tolist(), columns["gpu"].tolist(), strict=True))
    known = np.array([model in models and gpu in gpus for model, gpu in pairs], dtype=bool)
    kept = {name: _filled(column)[known] for name, column in columns.items()}
    found = reported({name: kept[name] for name in COLUMNS}, models, gpus)
    said = doubts(found)
    in_batch, waited = batch(found)
    served = ~found.together & ~found.apart
    sound = np.array([not doubt for doubt in said], dtype=bool) & served
    marks: dict[str, Any] = {name: kept[name].astype(bool) for name in MARKS if name != "waited"} | {"waited": waited}
    # requests to a server take longer to the first token than those to an engine in process, and shorter than those
    # that pass something else first
    ttft_s = np.where(waited | marks["in_process"] | marks["through_front_end"], np.nan, found.runs.ttft_s)
    labels = {name: kept[name].astype(str)[sound] for name in LABELS}
    doubtful = [i for i in np.flatnonzero(marks["own"]).tolist() if said[i]]
    rows = [
        dict(zip(kept, row, strict=True)) for row in zip(*(c[doubtful].tolist() for c in kept.values()), strict=True)
    ]
    return MeasuredRuns(
        runs=replace(found.runs, concurrency=in_batch, ttft_s=ttft_s).where(sound),
        **labels,
        **{name: mark[sound] for name, mark in marks.items()},
        n_unknown=int((~known).sum()),
        unknown_models=tuple(sorted({model for model, _ in pairs} - set(models))),
        unknown_gpus=tuple(sorted({gpu for _, gpu in pairs} - set(gpus))),
        notes=(
            *doubtful_notes(rows, [said[i] for i in doubtful]),
            *_kept_apart(marks["own"], found.together, found.apart, waited & sound, marks["through_front_end"] & sound),
        ),
    )


def _kept_apart(
    own: NDArray[np.bool_],
    together: NDArray[np.bool_],
    apart: NDArray[np.bool_],
    waited: NDArray[np.bool_],
    through_front_end: NDArray[np.bool_],
) -> list[str]:
    """What is said of the user's loads that are fitted otherwise than they were measured, or not at all."""
    words = {
        "of whole batches that begin at once": (together, "not fitted"),
        "with prefill on GPUs of its own": (apart, "not fitted"),
        "where requests waited for a place in the batch": (
            waited,
            "fitted by TPOT alone, with the batch that Little's law gives",
        ),
        "through a front end": (through_front_end & ~waited, "fitted by TPOT alone"),
    }
    numbers = {what: int((own & mask).sum()) for what, (mask, _) in words.items()}
    return [f"{counted(n, 'measured load')} {what}: {words[what][1]}" for what, n in numbers.items() if n]


def _filled(column: Any) -> NDArray[np.generic]:
    """Nulls of a number column as NaN."""
    masked = np.ma.isMaskedArray(column) and column.dtype.kind in "fi"
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(float), np.nan)) if masked else np.asarray(column)
