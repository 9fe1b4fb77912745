"""Rows of performance.csv and corrections.csv from measured runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from advisor.fits.measured_runs import MeasuredRuns
from advisor.fits.speeds import VECTORS, Speeds
from advisor.gpus import PRECISIONS
from advisor.performance.corrections import Correction, Key
from advisor.performance.deployment import ENGINES
from advisor.performance.global_fit import PerformanceModel
from advisor.performance.groups import (
    N_EFFICIENCIES,
    Z90,
    Origin,
    Prior,
    corrections,
    efficiencies_alone,
    learn,
    on_unmeasured_gpu,
    variance,
)
from advisor.performance.observed import Labels, Runs
from advisor.performance.predict import ROOFLINE_SPREAD
from advisor.performance.roofline import Efficiency, shifted
from advisor.provenance import Provenance
from advisor.store.beliefs import CorrectionRow, SpeedRow

Combination = tuple[str, str, str]
"""(gpu, engine, precision)"""


@dataclass(frozen=True, slots=True)
class OwnSpeeds:
    """What the user's own runs add to what ships."""

    speeds: tuple[SpeedRow, ...]
    corrections: tuple[CorrectionRow, ...]


def own_speeds(found: MeasuredRuns, shipped: Speeds, prior: Prior) -> OwnSpeeds:
    """Rows for what the user measured.

    A GPU with shipped efficiencies keeps them; another one's are learned from all own runs on it, so that one model's
    profile helps to predict the next. How far a model strays from them is a correction, from shipped and own runs.
    """
    own, sources = found.runs.where(found.own), found.source[found.own]
    known = {gpu for gpu, *_ in shipped.by_combination}
    rows: list[SpeedRow] = []
    for gpu in sorted(set(own.gpu.tolist()) - known):
        rows += _new_gpu(own.where(own.gpu == gpu), sources[own.gpu == gpu], prior, shipped)
    mine = set(own.shape.tolist())
    groups = np.array([shape in mine for shape in found.runs.shape.tolist()], dtype=bool) & ~found.in_process
    if not groups.any():
        return OwnSpeeds(tuple(rows), ())
    together = found.runs.where(groups)
    learned = {(row.gpu, row.engine, row.precision): row.efficiency for row in rows}
    base = _stacked(learned.get(key) or shipped.efficiency(*key) for key in combinations(together))
    found_corrections = corrections(together, base, prior, Origin(found.source[groups], found.own[groups]))
    return OwnSpeeds(tuple(rows), tuple(correction_rows(found_corrections)))


def combinations(runs: Runs) -> list[Combination]:
    """GPU, engine and precision of every run."""
    return list(zip(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist(), strict=True))


def _stacked(each: Iterable[Efficiency]) -> Efficiency:
    rows = list(each)
    return Efficiency(*(np.array([float(np.asarray(getattr(e, f.name))) for e in rows]) for f in fields(Efficiency)))


def _new_gpu(runs: Runs, source: Labels, prior: Prior, shipped: Speeds) -> list[SpeedRow]:
    """Rows of a GPU with own runs alone: all its models as one group around those of its family."""
    each_run = combinations(runs)
    pooled = {key: shipped.efficiency(*key) for key in each_run}
    base = _stacked(pooled[key] for key in each_run)
    posterior = learn(runs, base, efficiencies_alone(on_unmeasured_gpu(prior)))
    rows = []
    for key in sorted(pooled):
        here = np.array([each == key for each in each_run])
        block = (key[1], key[0], key[2])
        own = shifted(pooled[key], posterior.coefficients(block)[:N_EFFICIENCIES])
        # what the runs left uncertain, how far another model strays, and the noise of one measurement
        uncertain = np.mean(variance(posterior, runs.where(here), own, block))
        spread = float(np.exp(Z90 * np.sqrt(uncertain + prior.variances[0, N_EFFICIENCIES] + posterior.noise[0])))
        rows.append(_speed_row(key, own, spread, Provenance.FITTED, _counted(source[here])))
    return rows


def _speed_row(
    combination: Combination, efficiency: Efficiency, spread: float, provenance: Provenance, runs: str
) -> SpeedRow:
    gpu, engine, precision = combination
    return SpeedRow(
        gpu=gpu,
        engine=engine,
        precision=precision,
        efficiency=_as_numbers(efficiency),
        spread=spread,
        provenance=provenance,
        runs=runs,
    )


def _as_numbers(efficiency: Efficiency) -> Efficiency:
    """Of arrays of one element."""
    return Efficiency(*(float(np.asarray(getattr(efficiency, f.name)).ravel()[0]) for f in fields(Efficiency)))


def _counted(source: Labels) -> str:
    return f"{len(source)} runs: {_sources(source)}"


def _sources(source: Labels) -> str:
    return "; ".join(sorted(set(source.tolist())))


def speed_rows(
    runs: Runs, model: PerformanceModel, source: Labels, gpus: Mapping[str, str], spreads: Mapping[Combination, float]
) -> list[SpeedRow]:
    """A row for every engine and precision on `gpus`, each with its family: fitted where it was measured, else pooled
    from all the others.

    `spreads` are factors of the 90 % interval of measured combinations.
    """
    rows = []
    for key in ((gpu, engine, precision) for gpu in gpus for engine in ENGINES for precision in PRECISIONS):
        here = (runs.gpu == key[0]) & (runs.engine == key[1]) & (runs.precision == key[2])
        others = f"pooled from {len(runs)} runs on other GPUs, engines or precisions: {_sources(source)}"
        rows.append(
            _speed_row(
                key,
                model.efficiency([gpus[key[0]]], [key[1]], [key[2]]),
                spreads.get(key, ROOFLINE_SPREAD),
                Provenance.FITTED if here.any() else Provenance.POOLED,
                _counted(source[here]) if here.any() else others,
            )
        )
    return rows


def correction_rows(learned: Mapping[Key, Correction]) -> list[CorrectionRow]:
    """Rows of corrections.csv, sorted."""
    return [
        CorrectionRow(
            shape=shape,
            gpu=gpu,
            engine=engine,
            precision=precision,
            n_runs=c.n_runs,
            n_own=c.n_own,
            **{name: _text(getattr(c, name)) for name in VECTORS},
            spread=c.spread,
            runs=c.source,
        )
        for (shape, gpu, engine, precision), c in sorted(learned.items(), key=lambda item: item[0])
    ]


def _text(values: Iterable[float]) -> str:
    return " ".join(f"{v:.4g}" for v in values)
