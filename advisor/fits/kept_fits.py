"""Hidden files of a profiles/ folder with what followed from measurements that did not change since the last fit.

They can be deleted at any time: a fit then takes longer and gives the same. Every row has a digest of itself, and one
that is damaged, or of a version with other columns, counts as absent.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from advisor.accuracy.resampling import DRAWS
from advisor.errors import AdvisorError
from advisor.fits.setup_fits import SetupFit, SetupFits
from advisor.fits.speed_fits import OwnSpeeds, Parts
from advisor.input_files import MOST_SEALED_BYTES, checked_parquet
from advisor.performance.roofline import Efficiency
from advisor.provenance import Provenance
from advisor.store.beliefs import CorrectionRow, CurveRow, Point, SetupRow, SpeedRow
from advisor.store.seal import sealed

OF_ANSWERS, OF_LOADS = ".kept-answers.parquet", ".kept-loads.parquet"
ERRORS = "<f8"
"""Errors are kept to the last bit."""
FORM = [
    [each.__name__, *(f.name for f in fields(each))]
    for each in (Point, CurveRow, SetupRow, SpeedRow, CorrectionRow, Efficiency)
]
"""What rows have in this version of the program; those of another are left alone."""


def read_setup_fits(folder: Path) -> SetupFits:
    """What a profiles/ folder keeps of answers; nothing where the file is damaged or not there."""
    kept = _read(folder / OF_ANSWERS)
    return {digest: tuple(_setup_fit(each) for each in json.loads(text)) for digest, text in kept.items()}


def write_setup_fits(folder: Path, fits: SetupFits) -> None:
    """Keep these and no others. Raises AdvisorError where nothing can be written."""
    _write(folder / OF_ANSWERS, {digest: json.dumps([_row(each) for each in some]) for digest, some in fits.items()})


def read_speeds(folder: Path) -> Parts:
    """What it keeps of measured loads."""
    return {digest: _speeds(json.loads(text)) for digest, text in _read(folder / OF_LOADS).items()}


def write_speeds(folder: Path, speeds: Parts) -> None:
    """Keep these and no others. Raises AdvisorError where nothing can be written."""
    _write(folder / OF_LOADS, {digest: json.dumps(asdict(each)) for digest, each in speeds.items()})


def _read(path: Path) -> dict[str, str]:
    from pyarrow import ArrowException, parquet

    try:
        rows = parquet.read_table(checked_parquet(path, most_bytes=MOST_SEALED_BYTES)).to_pylist()
        return {row["digest"]: row["text"] for row in rows if row["check"] == _check(row["digest"], row["text"])}
    except (AdvisorError, OSError, ArrowException, KeyError):
        return {}


def _write(path: Path, texts: Mapping[str, str]) -> None:
    import pyarrow
    from pyarrow import parquet

    checks = [_check(*row) for row in texts.items()]
    table = pyarrow.table({"digest": list(texts), "text": list(texts.values()), "check": checks})
    sealed(path, lambda temporary: parquet.write_table(table, temporary, compression="zstd"))


def _check(digest: object, text: object) -> str:
    return hashlib.sha256(f"{FORM}\n{digest}\n{text}".encode()).hexdigest()


def _row(each: SetupFit) -> dict[str, Any]:
    return {
        "points": [asdict(point) for point in each.points],
        "errors": base64.b64encode(each.errors.astype(ERRORS).tobytes()).decode(),
        "curve": each.curve and asdict(each.curve),
        "drawn_with": each.drawn_with and asdict(each.drawn_with),
    }


def _setup_fit(row: dict[str, Any]) -> SetupFit:
    errors = np.frombuffer(base64.b64decode(row["errors"]), dtype=ERRORS).reshape(-1, DRAWS)
    return SetupFit(
        tuple(Point(**_with_provenance(point)) for point in row["points"]),
        errors,
        CurveRow(**_with_provenance(row["curve"])) if row["curve"] else None,
        SetupRow(**row["drawn_with"]) if row["drawn_with"] else None,
    )


def _speeds(found: dict[str, Any]) -> OwnSpeeds:
    return OwnSpeeds(
        tuple(
            SpeedRow(**_with_provenance(row) | {"efficiency": Efficiency(**row["efficiency"])})
            for row in found["speeds"]
        ),
        tuple(CorrectionRow(**row) for row in found["corrections"]),
    )


def _with_provenance(cells: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in ("provenance", "tokens_provenance") if cells.get(name) is not None]
    return cells | {name: Provenance(cells[name]) for name in names}
