"""Rows of performance.csv and corrections.csv from measured runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import joblib
import numpy as np
from numpy.typing import NDArray

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
    at,
    corrections,
    efficiencies_alone,
    keys_of,
    learn,
    on_unmeasured_gpu,
    variance,
)
from advisor.performance.observed import Labels, Runs
from advisor.performance.predict import ROOFLINE_SPREAD, predict
from advisor.performance.roofline import Efficiency, shifted
from advisor.provenance import Provenance
from advisor.store.beliefs import CorrectionRow, SpeedRow

Combination = tuple[str, str, str]
"""(gpu, engine, precision of the kernels)"""


@dataclass(frozen=True, slots=True)
class OwnSpeeds:
    """What the user's own runs add to what ships."""

    speeds: tuple[SpeedRow, ...]
    corrections: tuple[CorrectionRow, ...]


Parts = Mapping[str, OwnSpeeds]
"""What the loads on one GPU, or of one model shape, add, by the digest of everything that it follows from."""


@dataclass(frozen=True, slots=True)
class Group:
    """Loads that are fitted together, where they come from, and the efficiencies of each before."""

    runs: Runs
    origin: Origin
    base: Efficiency
    prior: Prior


def own_speeds(found: MeasuredRuns, shipped: Speeds, prior: Prior, kept: Parts, basis: str) -> Parts:
    """What the user's loads add to what ships, in parts; one that `kept` has is not fitted again.

    A GPU with shipped efficiencies keeps them; another one's are learned from all own runs on it, so that one model's
    profile helps to predict the next. How far a model shape strays from them is a correction, from shipped and own runs
    of it. `basis` stands for all that fits follow from beside the loads: the program and its libraries.
    """
    parts: dict[str, OwnSpeeds] = {}

    def add(
        mask: NDArray[np.bool_],
        known: Callable[..., Efficiency],
        fit: Callable[[Group], OwnSpeeds],
        own_rows: Sequence[SpeedRow] | None = None,
    ) -> None:
        runs = found.runs.where(mask)
        some = Group(runs, Origin(found.source[mask], found.own[mask]), _efficiencies(runs, known), prior)
        digest = _digest(some, f"{basis} {own_rows}")
        parts[digest] = kept[digest] if digest in kept else fit(some)

    own = found.runs.where(found.own)
    for gpu in sorted(set(own.gpu.tolist()) - {gpu for gpu, *_ in shipped.by_combination}):
        add(found.own & (found.runs.gpu == gpu), shipped.efficiency, _of_gpu)
    rows = together(parts).speeds
    learned = {(row.gpu, row.engine, row.precision): row.efficiency for row in rows}
    of_model = partial(_of_shape, shipped.also(rows))
    for shape in sorted(set(own.shape.tolist())):
        of_shape = (found.runs.shape == shape) & ~found.in_process
        if of_shape.any():
            add(of_shape, lambda *key: learned.get(key) or shipped.efficiency(*key), of_model, rows)
    return parts


def together(parts: Parts) -> OwnSpeeds:
    """The rows of all parts, in their order."""
    return OwnSpeeds(
        tuple(row for part in parts.values() for row in part.speeds),
        tuple(row for part in parts.values() for row in part.corrections),
    )


def _digest(some: Group, basis: str) -> str:
    """Of the same loads the same, however long the labels of others are."""
    arrays = [getattr(some.runs, f.name) for f in fields(Runs)] + [some.origin.source, some.origin.own]
    content = [
        "\0".join(each.tolist()) if isinstance(each, np.ndarray) and each.dtype.kind == "U" else each for each in arrays
    ]
    return str(joblib.hash((basis, content, some.base, some.prior)))


def combinations(runs: Runs) -> list[Combination]:
    """GPU, engine and precision of the kernels of every run."""
    return list(zip(runs.gpu.tolist(), runs.engine.tolist(), runs.kernels.tolist(), strict=True))


def _efficiencies(runs: Runs, known: Callable[..., Efficiency]) -> Efficiency:
    """What is known of the combination of every run."""
    every = combinations(runs)
    rows = {key: known(*key) for key in dict.fromkeys(every)}
    place = {key: i for i, key in enumerate(rows)}
    at_run = np.array([place[key] for key in every])
    return Efficiency(
        *(np.array([float(np.asarray(getattr(e, f.name))) for e in rows.values()])[at_run] for f in fields(Efficiency))
    )


def _of_gpu(some: Group) -> OwnSpeeds:
    """Rows of a GPU with own runs alone: all its models as one group around those of its family."""
    runs, each_run = some.runs, combinations(some.runs)
    posterior = learn(runs, some.base, efficiencies_alone(on_unmeasured_gpu(some.prior)))
    rows = []
    for key in sorted(set(each_run)):
        here = np.array([each == key for each in each_run])
        first = int(here.argmax())
        block = keys_of(runs)[first]
        own = shifted(at(some.base, first), posterior.coefficients(block)[:N_EFFICIENCIES])
        # what the runs left uncertain, how far another model strays, and the noise of one measurement
        uncertain = np.mean(variance(posterior, runs.where(here), own, block))
        strays = some.prior.variances[0, N_EFFICIENCIES]
        spread = float(np.exp(Z90 * np.sqrt(uncertain + strays + posterior.noise[0])))
        counted = _counted(some.origin.source[here], runs.precision[here], key[2])
        rows.append(_speed_row(key, own, spread, Provenance.FITTED, counted))
    return OwnSpeeds(tuple(rows), ())


def _of_shape(speeds: Speeds, some: Group) -> OwnSpeeds:
    """Corrections of a model shape."""
    found = corrections(some.runs, some.base, some.prior, some.origin)
    return OwnSpeeds((), tuple(correction_rows(holding(found, some.runs, speeds))))


ENOUGH = 10
"""Loads from which the interval is taken that held for them."""


def holding(found: Mapping[Key, Correction], runs: Runs, speeds: Speeds) -> dict[Key, Correction]:
    """Each with an interval no narrower than that which held for nine in ten of its own runs.

    As every command predicts them: held to the order of GPUs they may be predicted otherwise than by the correction
    alone.
    """
    known = replace(speeds, by_shape={**speeds.by_shape, **found})
    layout = np.asarray(runs.hardware.attention_shards) < np.asarray(runs.hardware.gpu_count)
    labels = (runs.gpu, runs.engine, runs.precision, runs.shape)
    kinds = list(zip(*(each.tolist() for each in (*labels, layout)), strict=True))
    errors = np.full(len(runs), np.nan)
    for kind in dict.fromkeys(kinds):
        here, (*names, data_parallel) = np.array([each == kind for each in kinds]), kind
        some, speed = runs.where(here), known.of(*names, data_parallel=data_parallel)
        times = predict(some.demand, some.hardware, speed, some.concurrency, some.max_sequences).serving
        errors[here] = np.abs(some.log_errors(times)[0])

    def held(key: Key) -> float:
        parts = zip((runs.shape, runs.gpu, runs.engine, runs.precision), key, strict=True)
        of_key = errors[np.all([(each == name) | (name == "") for each, name in parts], axis=0)]
        return float(np.exp(np.quantile(of_key, 0.9))) if len(of_key) >= ENOUGH else 1.0

    return {key: replace(c, spread=max(c.spread, held(key))) for key, c in found.items()}


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


def _counted(source: Labels, precision: Labels, kernels: str, *, what: str = "runs") -> str:
    """How many, of weights in which precision where that is not the kernels', and from where."""
    others = sorted(set(precision.tolist()) - {kernels})
    of = f", {np.isin(precision, others).sum()} of weights in {' and '.join(others)}" if others else ""
    return f"{len(source)} {what}{of}: {_sources(source)}"


def _sources(source: Labels) -> str:
    return "; ".join(sorted(set(source.tolist())))


def speed_rows(
    runs: Runs, model: PerformanceModel, source: Labels, gpus: Mapping[str, str], spreads: Mapping[Combination, float]
) -> list[SpeedRow]:
    """A row for every engine and precision on `gpus`, each with its family: pooled from all models where it was
    measured, else from all other GPUs, engines and precisions.

    `spreads` are factors of the 90 % interval of measured combinations.
    """
    rows = []
    for key in ((gpu, engine, precision) for gpu in gpus for engine in ENGINES for precision in PRECISIONS):
        here = (runs.gpu == key[0]) & (runs.engine == key[1]) & (runs.kernels == key[2])
        others = f"{len(runs)} runs on other GPUs, engines or precisions: {_sources(source)}"
        of_models = _counted(source[here], runs.precision[here], key[2], what="runs of all models on this GPU")
        rows.append(
            _speed_row(
                key,
                model.efficiency([gpus[key[0]]], [key[1]], [key[2]]),
                spreads.get(key, ROOFLINE_SPREAD),
                Provenance.POOLED,
                of_models if here.any() else others,
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
