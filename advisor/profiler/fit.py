"""Derive profiles/performance.csv and corrections.csv from measured runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.errors import AdvisorError
from advisor.gpus import PRECISIONS, gpus
from advisor.models.catalog import catalog
from advisor.performance.corrections import Correction, Key
from advisor.performance.demand import Array
from advisor.performance.global_fit import PerformanceModel
from advisor.performance.groups import (
    COEFFICIENTS,
    LEVELS,
    N_EFFICIENCIES,
    Z90,
    Prior,
    corrections,
    efficiencies_alone,
    learn,
    on_unmeasured_gpu,
    variance,
)
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.profiles import EFFICIENCIES, ENGINES, ROOFLINE_SPREAD, Fitted, read_fitted
from advisor.performance.roofline import Efficiency, shifted
from advisor.shipped import shipped_root
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

Row = dict[str, Any]
ANY_GPU = "*"


@dataclass(frozen=True, slots=True)
class Measured:
    """Runs with what they do not hold themselves: model and KV precision by name, source, note, whether the user's own; and how many were
    left out, being of models or GPUs unknown here."""

    runs: Runs
    model: NDArray[np.str_]
    kv_precision: NDArray[np.str_]
    source: NDArray[np.str_]
    note: NDArray[np.str_]
    own: NDArray[np.bool_]
    n_unknown: int


def measured(workspace: Workspace) -> Measured:
    """Every usable run of what ships and of the workspace."""
    columns = workspace.connect("runs").execute(statement("advisor.profiler", "runs")).fetchnumpy()
    known = np.array(
        [m in catalog() and g in gpus() for m, g in zip(columns["model"], columns["gpu"], strict=True)], dtype=bool
    )
    kept = {name: _plain(columns[name])[known] for name in (*NAMES, *NUMBERS, "source", "note", "own")}
    model, kv_precision, source, note = (kept[name].astype(str) for name in ("model", "kv_precision", "source", "note"))
    return Measured(runs_of(kept), model, kv_precision, source, note, kept["own"].astype(bool), int((~known).sum()))


def _plain(column: NDArray[np.generic]) -> NDArray[np.generic]:
    """Nulls of a number column as NaN."""
    masked = np.ma.isMaskedArray(column) and column.dtype.kind in "fi"
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(float), np.nan)) if masked else np.asarray(column)


def fit_own(workspace: Workspace) -> tuple[list[Row], list[Row], int]:
    """Rows of performance.csv and corrections.csv for what the user measured, and the number of runs left out as unknown.

    A GPU that what ships knows keeps its efficiencies; another one's are learned from all own runs on it, so that one
    model's profile helps to predict the next. What a model strays from them is a correction, from shipped and own runs.
    """
    found = measured(workspace)
    shipped = read_fitted((shipped_root() / "profiles",))  # not the user's own, which this is about to replace
    prior = read_prior()
    rows: list[Row] = []
    own = found.runs.where(found.own)
    for gpu in sorted(set(own.gpu.tolist()) - {gpu for gpu, *_ in shipped}):
        rows += _new_gpu(own.where(own.gpu == gpu), found.source[found.own][own.gpu == gpu], prior, shipped)
    mine = set(zip(own.shape.tolist(), own.gpu.tolist(), strict=True))
    groups = np.array(
        [pair in mine for pair in zip(found.runs.shape.tolist(), found.runs.gpu.tolist(), strict=True)], dtype=bool
    )
    if not groups.any():
        return rows, [], found.n_unknown
    together = found.runs.where(groups)
    learned = {
        (row["gpu"], row["engine"], row["precision"]): Efficiency(**{name: row[name] for name in EFFICIENCIES})
        for row in rows
    }
    keys = zip(together.gpu.tolist(), together.engine.tolist(), together.precision.tolist(), strict=True)
    base = _stacked(learned.get(key) or (shipped.get(key) or shipped[ANY_GPU, *key[1:]]).efficiency for key in keys)
    return rows, correction_rows(corrections(together, base, prior, found.source[groups])), found.n_unknown


def _stacked(each: Iterable[Efficiency]) -> Efficiency:
    rows = list(each)
    return Efficiency(*(np.array([float(np.asarray(getattr(e, name))) for e in rows]) for name in EFFICIENCIES))


def _new_gpu(
    runs: Runs, source: NDArray[np.str_], prior: Prior, shipped: Mapping[tuple[str, ...], Fitted]
) -> list[Row]:
    """Rows of a GPU that only own runs tell of: all its models as one group around the pooled efficiencies."""
    keys = list(zip(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist(), strict=True))
    posterior = learn(
        runs,
        _stacked(shipped[ANY_GPU, engine, precision].efficiency for _, engine, precision in keys),
        efficiencies_alone(on_unmeasured_gpu(prior)),
    )
    rows: list[Row] = []
    for key in sorted(set(keys)):
        here = np.array([k == key for k in keys])
        shift = posterior.coefficients(key[1], key[2])[:N_EFFICIENCIES]
        own = shifted(shipped[ANY_GPU, *key[1:]].efficiency, shift)
        spread = float(
            np.exp(
                Z90
                * np.sqrt(
                    np.mean(variance(posterior, runs.where(here), own))
                    + prior.variances[0, N_EFFICIENCIES]
                    + prior.noise[0]
                )
            )
        )
        text = f"{int(here.sum())} runs: {_sources(source[here])}"
        told = {"gpu": key[0], "engine": key[1], "precision": key[2]}
        rows.append(told | _efficiencies(own) | {"spread": spread, "provenance": "fitted", "runs": text})
    return rows


def performance_rows(
    runs: Runs,
    model: PerformanceModel,
    source: NDArray[np.str_],
    of: list[str],
    spreads: Mapping[tuple[str, str, str], float],
) -> list[Row]:
    """A row for every engine and precision on the GPUs `of`; `spreads` of measured combinations, by (gpu, engine, precision)."""
    rows: list[Row] = []
    for gpu in of:
        for engine in ENGINES:
            for precision in PRECISIONS:
                mask = (runs.gpu == gpu) & (runs.engine == engine) & (runs.precision == precision)
                n = int(mask.sum())
                text = (
                    f"{n} runs: {_sources(source[mask])}"
                    if n
                    else f"pooled from {len(runs)} runs on other GPUs, engines or precisions: {_sources(source)}"
                )
                rows.append(
                    {"gpu": gpu, "engine": engine, "precision": precision}
                    | _efficiencies(model.efficiency([gpu], [engine], [precision]))
                    | {
                        "spread": spreads.get((gpu, engine, precision), ROOFLINE_SPREAD),
                        "provenance": "fitted" if n else "roofline",
                        "runs": text,
                    }
                )
    return rows


def correction_rows(learned: Mapping[Key, Correction]) -> list[Row]:
    """Rows of corrections.csv."""
    return [
        dict(zip(("shape", "gpu", "engine", "precision"), key, strict=True))
        | {"n_runs": c.n_runs}
        | _efficiencies(c.efficiency)
        | {name: " ".join(f"{v:.4g}" for v in getattr(c, name)) for name in ("tpot", "ttft", "low", "high")}
        | {"spread": c.spread, "runs": c.source}
        for key, c in sorted(learned.items())
    ]


def _efficiencies(efficiency: Efficiency) -> Row:
    return {name: float(np.asarray(value).ravel()[0]) for name, value in asdict(efficiency).items()}


def _sources(source: NDArray[np.str_]) -> str:
    return "; ".join(sorted(set(source.tolist())))


def read_prior(folder: Path | None = None) -> Prior:
    """profiles/pooling.csv as it ships. Raises AdvisorError where it is damaged."""
    path = (folder or shipped_root() / "profiles") / "pooling.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = {row["level"]: row for row in csv.DictReader(file)}
        variances: Array = np.array([[float(rows[level][name]) for name in COEFFICIENTS] for level in LEVELS])
        return Prior(
            variances, np.array([float(rows["noise"]["tpot constant"]), float(rows["noise"]["ttft constant"])])
        )
    except (OSError, KeyError, ValueError) as error:
        raise AdvisorError(
            f"is damaged ({type(error).__name__}: {error})", where=str(path), hint="install the program again"
        ) from None


def prior_rows(prior: Prior) -> list[Row]:
    """Rows of pooling.csv: variances of every coefficient by level, and of the measured times themselves."""
    rows: list[Row] = [
        {"level": level} | dict(zip(COEFFICIENTS, values.tolist(), strict=True))
        for level, values in zip(LEVELS, prior.variances, strict=True)
    ]
    noise = dict.fromkeys(COEFFICIENTS, 0.0) | {
        "tpot constant": float(prior.noise[0]),
        "ttft constant": float(prior.noise[1]),
    }
    return [*rows, {"level": "noise"} | noise]
