"""The fitted speed of a deployment: rows of performance.csv and corrections.csv, read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from advisor.errors import AdvisorError
from advisor.gpus import Gpus, GpuSpec
from advisor.performance.corrections import RANGES, TERMS, Correction, Key, covers
from advisor.performance.families import at_least, family_of, with_units
from advisor.performance.hardware import hardware
from advisor.performance.ordered import OfShape, Own
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import PLAIN_ROOFLINE, Speed
from advisor.performance.roofline import Efficiency
from advisor.provenance import Provenance
from advisor.store.beliefs import REFIT, CorrectionRow, Fits, SpeedRow
from advisor.store.workspace import Workspace

VECTORS = {
    "shifts": len(fields(Efficiency)),
    **dict.fromkeys(("tpot", "ttft"), len(TERMS)),
    **dict.fromkeys(("low", "high"), len(RANGES)),
    **dict.fromkeys(("least", "most"), 2),
}
"""Columns of corrections.csv that hold several numbers, and how many."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Efficiencies by (gpu or family, engine, precision), corrections by (shape, gpu, engine, precision).

    Precisions of efficiencies are those of the kernels (`GpuSpec.kernel_precision`), of corrections those of the
    weights. A GPU without own efficiencies has those of its family.
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
        corrections = {(row.shape, row.gpu, row.engine, row.precision): _correction(row) for row in fits.corrections}
        return cls(gpus, {}, corrections).also(fits.speeds)

    def also(self, rows: Iterable[SpeedRow]) -> Speeds:
        """With these efficiencies over those of the same combinations."""
        more = {(row.gpu, row.engine, row.precision): _speed(row) for row in rows}
        return replace(self, by_combination={**self.by_combination, **more})

    def efficiency(self, gpu: str, engine: str, precision: str) -> Efficiency:
        """Of this GPU, else of its family, else the plain roofline's."""
        return (self._row(gpu, engine, self._kernels(gpu, precision)) or PLAIN_ROOFLINE).efficiency

    def of(self, gpu: str, engine: str, precision: str, shape: str = "", *, data_parallel: bool = False) -> Speed:
        """The nearest row: of this GPU, else of its family, else the plain roofline; with what is known of a model
        shape on that engine."""
        kernels = self._kernels(gpu, precision)
        found = self._row(gpu, engine, kernels)
        if found is None:
            return PLAIN_ROOFLINE
        known = self.of_shape(shape, engine, precision, np.asarray(gpu), np.asarray(data_parallel))
        family = self.by_combination.get((self.family(gpu), engine, kernels), found)
        speed = replace(found, efficiency=family.efficiency, known=known)
        for own in known.own if known else ():
            c = own.correction
            if own.here and c.n_runs:
                source = f"{c.n_runs} runs of this model shape on this GPU: {c.source}"
                return replace(speed, provenance=Provenance.FITTED, source=source)
        return speed

    def of_shape(
        self, shape: str, engine: str, precision: str, gpu: NDArray[np.str_], data_parallel: NDArray[np.bool_]
    ) -> OfShape | None:
        """What is known of a model shape on an engine, for deployments on `gpu`, and of GPUs with efficiencies of their
        own; None where that is nothing."""
        shared = self._nearest(shape, "", engine, precision)
        known = {*self.measured_on(shape, engine), *self._apart(engine, precision)} & set(self.gpus)
        if shared is None and not known:
            return None
        # a GPU that does not multiply in this precision stands beside those that do as if it did: else these would be
        # held to its time in a wider precision, in which it is faster, and not in this
        seen = [(name, self.gpus[name]) for name in sorted(known)]
        seen += [(f"{name} with units", units) for name, spec in seen if (units := with_units(spec, precision)) != spec]
        own = []
        for name, spec in seen:
            correction = self._nearest(shape, spec.name, engine, precision) or shared or NOTHING
            covered = covers(correction, data_parallel)
            better, worse = _around(spec, self.gpus.values(), precision)
            own.append(
                Own(
                    hardware(spec, Parallelism(), precision),
                    (self._row(spec.name, engine, spec.kernel_precision(precision)) or PLAIN_ROOFLINE).efficiency,
                    correction,
                    covered,
                    covered & (gpu == name),
                    covered & np.isin(gpu, better),
                    covered & np.isin(gpu, worse),
                    tuple(at_least(spec, other, precision) for _, other in seen),
                )
            )
        return OfShape(shared or NOTHING, covers(shared or NOTHING, data_parallel), tuple(own))

    def family(self, gpu: str) -> str:
        """The family of a GPU; a family's name stands for itself."""
        return family_of(self.gpus[gpu]) if gpu in self.gpus else gpu

    def _kernels(self, gpu: str, precision: str) -> str:
        return self.gpus[gpu].kernel_precision(precision) if gpu in self.gpus else precision

    def _row(self, gpu: str, engine: str, kernels: str) -> Speed | None:
        own = self.by_combination.get((gpu, engine, kernels))
        return own or self.by_combination.get((self.family(gpu), engine, kernels))

    def _apart(self, engine: str, precision: str) -> set[str]:
        """GPUs whose own efficiencies are not those of their family."""
        found = set()
        for gpu in {key[0] for key in self.by_combination}:
            rest = engine, self._kernels(gpu, precision)
            own, family = (self.by_combination.get((name, *rest)) for name in (gpu, self.family(gpu)))
            if own and family and own.efficiency != family.efficiency:
                found.add(gpu)
        return found

    def measured_on(self, shape: str, engine: str) -> list[str]:
        """The GPUs on which a model shape was measured with an engine."""
        return sorted({key[1] for key in self.by_shape if (key[0], key[2]) == (shape, engine) and key[1]})

    def _nearest(self, shape: str, gpu: str, engine: str, precision: str) -> Correction | None:
        return self.by_shape.get((shape, gpu, engine, precision)) or self.by_shape.get((shape, gpu, engine, ""))

    def has(self, gpu: str, engine: str, precision: str) -> bool:
        """Whether there are efficiencies of this very combination."""
        return (gpu, engine, self._kernels(gpu, precision)) in self.by_combination


def _around(spec: GpuSpec, gpus: Iterable[GpuSpec], precision: str) -> tuple[list[str], list[str]]:
    """Names of the GPUs that are no worse, and of those that are no better."""
    others = list(gpus)
    return (
        [other.name for other in others if at_least(other, spec, precision)],
        [other.name for other in others if at_least(spec, other, precision)],
    )


def _nothing() -> Correction:
    still, everywhere, free = np.zeros(len(TERMS)), np.full(len(RANGES), np.inf), np.zeros(2)
    low = np.where(np.array(RANGES) == "concurrency", np.inf, -everywhere)  # no load is within, but any layout
    return Correction(np.zeros(VECTORS["shifts"]), still, still, low, everywhere, free, free, 1.0, 0, "")


NOTHING = _nothing()
"""The correction of a model shape that was never measured."""


def _speed(row: SpeedRow) -> Speed:
    return Speed(row.efficiency, row.spread, row.provenance, row.runs)


def _correction(row: CorrectionRow) -> Correction:
    vectors = {name: _vector(row, name, length) for name, length in VECTORS.items()}
    return Correction(**vectors, spread=row.spread, n_runs=row.n_runs, source=row.runs, n_own=row.n_own)


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
