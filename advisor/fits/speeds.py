"""The fitted speed of a deployment: rows of performance.csv and corrections.csv, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.errors import AdvisorError
from advisor.gpus import Gpus, GpuSpec
from advisor.performance.corrections import RANGES, TERMS, Correction, Key, covers
from advisor.performance.families import at_least, family_of, with_units
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
        for own in known.own:
            c = own.correction
            if own.here and c.n_runs:
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
        names = [name for name in self.measured_on(shape, engine) if name in self.gpus]
        # a GPU that does not multiply in this precision stands beside those that do as if it did: else these would be
        # held to its time in a wider precision, in which it is faster, and not in this
        seen = [(name, self.gpus[name]) for name in names]
        seen += [(f"{name} with units", units) for name, gpu in seen if (units := with_units(gpu, precision)) != gpu]
        own = []
        for name, spec in seen:
            correction = self._nearest(shape, spec.name, engine, precision) or shared
            covered = covers(correction, data_parallel)
            better, worse = (
                np.isin(gpu, [o.name for o in self.gpus.values() if at_least(*pair(o, spec), precision)])
                for pair in (lambda o, s: (o, s), lambda o, s: (s, o))
            )
            own.append(
                Own(
                    hardware(spec, Parallelism(), precision),
                    self.of(spec.name, engine, precision).efficiency,
                    correction,
                    covered,
                    covered & (gpu == name),
                    covered & better,
                    covered & worse,
                    tuple(at_least(spec, other, precision) for _, other in seen),
                )
            )
        return OfShape(shared, covers(shared, data_parallel), tuple(own))

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
