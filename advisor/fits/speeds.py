"""The fitted speed of a deployment: rows of performance.csv and corrections.csv, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from advisor.errors import AdvisorError
from advisor.gpus import Gpus
from advisor.performance.corrections import TERMS, Correction, Key, covers
from advisor.performance.demand import Array
from advisor.performance.families import family_of
from advisor.performance.predict import PLAIN_ROOFLINE, Speed
from advisor.provenance import Provenance
from advisor.store.beliefs import REFIT, CorrectionRow, Fits, SpeedRow
from advisor.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Speeds:
    """Efficiencies by (gpu or family, engine, precision), corrections by (shape, gpu, engine, precision).

    `families` names the family of every GPU, whose efficiencies hold for a GPU without own ones.
    """

    families: Mapping[str, str]
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
            {name: family_of(gpu) for name, gpu in gpus.items()},
            {(row.gpu, row.engine, row.precision): _speed(row) for row in fits.speeds},
            {(row.shape, row.gpu, row.engine, row.precision): _correction(row) for row in fits.corrections},
        )

    def of(self, gpu: str, engine: str, precision: str, shape: str = "", *, data_parallel: bool = False) -> Speed:
        """The nearest row: of this GPU, else of its family, else the plain roofline.

        With the correction of a model shape that was measured there, where its runs hold attention of that kind,
        data-parallel or not.
        """
        family = self.families.get(gpu, gpu)
        found = self.by_combination.get((gpu, engine, precision)) or self.by_combination.get(
            (family, engine, precision)
        )
        if found is None:
            return PLAIN_ROOFLINE
        correction = self.by_shape.get((shape, gpu, engine, precision))
        if correction is None or not covers(correction, data_parallel):
            return found
        source = f"{correction.n_runs} runs of this model shape on this GPU: {correction.source}"
        return replace(found, provenance=Provenance.FITTED, source=source, corrections=((True, correction),))

    def has(self, gpu: str, engine: str, precision: str) -> bool:
        """Whether there are efficiencies of this very combination."""
        return (gpu, engine, precision) in self.by_combination

    def corrections(self, engine: str, precision: str) -> dict[str, dict[str, Correction]]:
        """Those of one engine and precision, by model shape, then GPU."""
        found: dict[str, dict[str, Correction]] = {}
        for (shape, gpu, *combination), correction in self.by_shape.items():
            if combination == [engine, precision]:
                found.setdefault(shape, {})[gpu] = correction
        return found


def _speed(row: SpeedRow) -> Speed:
    return Speed(row.efficiency, row.spread, row.provenance, row.runs)


def _correction(row: CorrectionRow) -> Correction:
    tpot, ttft, low, high = (_vector(row, name) for name in ("tpot", "ttft", "low", "high"))
    return Correction(row.efficiency, tpot, ttft, low, high, row.spread, row.n_runs, row.runs)


def _vector(row: CorrectionRow, name: str) -> Array:
    """One number for each of TERMS. Raises AdvisorError."""
    text: str = getattr(row, name)
    try:
        values = np.array([float(part) for part in text.split()])
    except ValueError:
        values = np.zeros(0)
    if len(values) != len(TERMS):
        what = f"{name} of {row.shape} on {row.gpu} is {text!r}, not {len(TERMS)} numbers"
        raise AdvisorError(what, where="profiles/corrections.csv", hint=REFIT)
    return values
