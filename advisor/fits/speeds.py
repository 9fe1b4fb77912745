"""The fitted speed of a deployment: rows of performance.csv and corrections.csv, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.errors import AdvisorError
from advisor.gpus import Gpus, GpuSpec
from advisor.performance.corrections import RANGES, TERMS, Correction, Key, covers
from advisor.performance.families import family_of
from advisor.performance.groups import N_EFFICIENCIES
from advisor.performance.hardware import hardware
from advisor.performance.ordered import OfShape, Own
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import PLAIN_ROOFLINE, Speed
from advisor.provenance import Provenance
from advisor.store.beliefs import REFIT, CorrectionRow, Fits, SpeedRow
from advisor.store.workspace import Workspace

VECTORS = {
    "shifts": N_EFFICIENCIES,
    **dict.fromkeys(("tpot", "ttft"), len(TERMS)),
    **dict.fromkeys(("low", "high"), len(RANGES)),
    **dict.fromkeys(("least", "most"), 2),
}
"""Columns of corrections.csv that hold several numbers, and how many."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Efficiencies by (gpu or family, engine, precision), corrections by (shape, gpu, engine, precision).

    A GPU without own efficiencies has those of its family.
    """

    gpus: Mapping[str, GpuSpec]
    by_combination: Mapping[tuple[str, str, str], Speed]
    by_shape: Mapping[Key, Correction]

    @classmethod
    def read(cls, workspace: Workspace) -> Speeds:
        """What ships, the user's own over it. Raises AdvisorError for a damaged table."""
        return cls.of_tables(workspace.fits, workspace.gpus)

    @classmethod
    def shipped(cls, workspace: Workspace) -> Speeds:
        """What ships alone. Raises AdvisorError for a damaged table."""
        return cls.of_tables(Fits(workspace.profiles[:1]), workspace.gpus)

    @classmethod
    def of_tables(cls, fits: Fits, gpus: Gpus) -> Speeds:
        """The rows of some derived tables. Raises AdvisorError for a damaged one."""
        return cls(
            gpus,
            {(row.gpu, row.engine, row.precision): _speed(row) for row in fits.speeds},
            {(row.shape, row.gpu, row.engine, row.precision): _correction(row) for row in fits.corrections},
        )

    def of(self, gpu: str, engine: str, precision: str, shape: str = "", *, data_parallel: bool = False) -> Speed:
        """The nearest row: of this GPU, else of its family, else the plain roofline; with what is known of a model
        shape on that engine."""
        family = family_of(self.gpus[gpu]) if gpu in self.gpus else gpu
        found = self.by_combination.get((gpu, engine, precision)) or self.by_combination.get(
            (family, engine, precision)
        )
        if found is None:
            return PLAIN_ROOFLINE
        known = self.of_shape(shape, engine, precision, np.asarray(gpu), np.asarray(data_parallel))
        if known is None:
            return found
        speed = replace(found, known=known)
        for here, own in zip(known.is_own, known.own, strict=True):
            c = own.correction
            if here and own.comparable and c.n_runs:
                source = f"{c.n_runs} runs of this model shape on this GPU: {c.source}"
                return replace(speed, provenance=Provenance.FITTED, source=source)
        return speed

    def of_shape(
        self, shape: str, engine: str, precision: str, gpu: NDArray[np.str_], data_parallel: NDArray[np.bool_]
    ) -> OfShape | None:
        """What is known of a model shape on an engine, for deployments on `gpu`; None where it was not measured."""
        shared = self._nearest(shape, "", engine, precision)
        if shared is None:
            return None
        own, is_own = [], []
        vendors = {name: spec.vendor for name, spec in self.gpus.items()}
        vendor = np.vectorize(lambda name: vendors.get(name, ""), otypes=[str])(gpu)
        for name in self.measured_on(shape, engine):
            correction = self._nearest(shape, name, engine, precision)
            if correction is None or name not in self.gpus:
                continue
            spec = self.gpus[name]
            comparable = covers(correction, data_parallel) & (vendor == spec.vendor)
            peaks = hardware(spec, Parallelism(), precision)
            own.append(Own(name, peaks, self.of(name, engine, precision).efficiency, correction, comparable))
            is_own.append(gpu == name)
        return OfShape(shared, covers(shared, data_parallel), tuple(own), tuple(is_own))

    def measured_on(self, shape: str, engine: str) -> list[str]:
        """The GPUs on which a model shape was measured with an engine."""
        return sorted({key[1] for key in self.by_shape if (key[0], key[2]) == (shape, engine) and key[1]})

    def _nearest(self, shape: str, gpu: str, engine: str, precision: str) -> Correction | None:
        return self.by_shape.get((shape, gpu, engine, precision)) or self.by_shape.get((shape, gpu, engine, ""))

    def has(self, gpu: str, engine: str, precision: str) -> bool:
        """Whether there are efficiencies of this very combination."""
        return (gpu, engine, precision) in self.by_combination


def _speed(row: SpeedRow) -> Speed:
    return Speed(row.efficiency, row.spread, row.provenance, row.runs)


def _correction(row: CorrectionRow) -> Correction:
    vectors = {name: _vector(row, name, length) for name, length in VECTORS.items()}
    return Correction(**vectors, spread=row.spread, n_runs=row.n_runs, source=row.runs)


def _vector(row: CorrectionRow, name: str, length: int) -> NDArray[np.float64]:
    """Raises AdvisorError for another number of numbers."""
    text: str = getattr(row, name)
    try:
        values = np.array([float(part) for part in text.split()])
    except ValueError:
        values = np.zeros(0)
    if len(values) != length:
        what = f"{name} of {row.shape} on {row.gpu or 'any GPU'} is {text!r}, not {length} numbers"
        raise AdvisorError(what, where="profiles/corrections.csv", hint=REFIT)
    return values
