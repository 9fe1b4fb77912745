"""What was fitted: rows of profiles/performance.csv, corrections.csv and pooling.csv, the user's own over those that ship."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from advisor.errors import AdvisorError
from advisor.performance.corrections import Correction, Key, covers
from advisor.performance.roofline import Efficiency
from advisor.shipped import profile_folders, read_once

ENGINES = ("vllm", "sglang", "trtllm")
ROOFLINE_SPREAD = 1.6
"""Half-width of the 90 % interval, as a factor, where nothing was fitted: the plain roofline."""

EFFICIENCIES = tuple(f.name for f in fields(Efficiency))
Row = dict[str, str]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Efficiencies with where they come from; `spread` is the factor of the 90 % interval of times, without the correction."""

    efficiency: Efficiency
    provenance: str
    spread: float
    source: str
    correction: Correction | None = None


def _table(
    folders: Sequence[Path], name: str, value: Callable[[Row], Value], *key: str
) -> dict[tuple[str, ...], Value]:
    """Rows of the folders by their key, later ones over earlier ones. Raises AdvisorError for a damaged table."""
    found: dict[tuple[str, ...], Value] = {}
    for path in (folder / name for folder in folders):
        if path.exists():
            found |= _read(path, value, key)
    return found


def _read(path: Path, value: Callable[[Row], Value], key: tuple[str, ...]) -> dict[tuple[str, ...], Value]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {tuple(row[k] for k in key): value(row) for row in csv.DictReader(file)}
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise AdvisorError(
            f"is damaged ({type(error).__name__}: {error})", where=str(path), hint="run `advisor fit` again"
        ) from None


def _efficiency(row: Row) -> Efficiency:
    return Efficiency(**{name: float(row[name]) for name in EFFICIENCIES})


def _fitted(row: Row) -> Fitted:
    return Fitted(_efficiency(row), row["provenance"], float(row["spread"]), row["runs"])


def _correction(row: Row) -> Correction:
    tpot, ttft, low, high = (
        np.array([float(v) for v in row[name].split()]) for name in ("tpot", "ttft", "low", "high")
    )
    return Correction(_efficiency(row), tpot, ttft, low, high, float(row["spread"]), int(row["n_runs"]), row["runs"])


def read_fitted(folders: Sequence[Path]) -> dict[tuple[str, ...], Fitted]:
    """Rows of performance.csv by (gpu, engine, precision). Raises AdvisorError for a damaged table."""
    return _table(folders, "performance.csv", _fitted, "gpu", "engine", "precision")


@read_once
def fitted_rows() -> dict[tuple[str, ...], Fitted]:
    """What ships, the user's own over it."""
    return read_fitted(profile_folders())


@read_once
def known_corrections() -> dict[Key, Correction]:
    """By (shape, gpu, engine, precision); the shape is the folder of the model's config."""
    rows = _table(profile_folders(), "corrections.csv", _correction, "shape", "gpu", "engine", "precision")
    return {(shape, gpu, engine, precision): correction for (shape, gpu, engine, precision), correction in rows.items()}


def fitted_for(gpu: str, engine: str, precision: str, shape: str = "", *, data_parallel: bool = False) -> Fitted:
    """The nearest fitted row: exact, then any GPU (`*`); else the plain roofline. With a correction where that model shape was measured."""
    rows = fitted_rows()
    correction = known_corrections().get((shape, gpu, engine, precision))
    for key in ((gpu, engine, precision), ("*", engine, precision)):
        if key in rows:
            if correction is None or not covers(correction, data_parallel):
                return rows[key]
            source = f"{correction.n_runs} runs of this model shape on this GPU: {correction.source}"
            return replace(rows[key], provenance="fitted", source=source, correction=correction)
    return Fitted(Efficiency(), "roofline", ROOFLINE_SPREAD, "no measured run for this GPU, engine and precision")
