"""The file profiles/.fitted.parquet: what followed from the answers of each set-up when they were fitted last.

It can be deleted at any time: a fit then takes longer and gives the same. Every row has a digest of itself, and one
that is damaged counts as absent.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from advisor.accuracy.resampling import DRAWS
from advisor.errors import AdvisorError
from advisor.fits.setup_fits import SetupFit, SetupFits
from advisor.input_files import MOST_SEALED_BYTES, checked_parquet
from advisor.provenance import Provenance
from advisor.store.beliefs import CurveRow, Point, SetupRow
from advisor.store.seal import sealed

NAME = ".fitted.parquet"
ERRORS = "<f8"
"""Errors are kept to the last bit."""


def read_kept(folder: Path) -> SetupFits:
    """What a profiles/ folder keeps; nothing where the file is damaged or not there."""
    from pyarrow import ArrowException, parquet

    try:
        rows = parquet.read_table(checked_parquet(folder / NAME, most_bytes=MOST_SEALED_BYTES)).to_pylist()
        sound = [row for row in rows if row["check"] == _check(row["digest"], row["fits"])]
    except (AdvisorError, OSError, ArrowException, KeyError, TypeError):
        return {}
    return {row["digest"]: tuple(_fit(each) for each in json.loads(row["fits"])) for row in sound}


def write_kept(folder: Path, fits: SetupFits) -> None:
    """Keep these and no others. Raises AdvisorError where nothing can be written."""
    import pyarrow
    from pyarrow import parquet

    def write(temporary: Path) -> None:
        texts = {digest: json.dumps([_row(each) for each in some]) for digest, some in fits.items()}
        rows = {"digest": list(texts), "fits": list(texts.values())}
        checks = [_check(*row) for row in texts.items()]
        parquet.write_table(pyarrow.table(rows | {"check": checks}), temporary, compression="zstd")

    sealed(folder / NAME, write)


def _check(digest: str, fits: str) -> str:
    return hashlib.sha256(f"{digest}\n{fits}".encode()).hexdigest()


def _row(each: SetupFit) -> dict[str, Any]:
    return {
        "points": [asdict(point) for point in each.points],
        "errors": base64.b64encode(each.errors.astype(ERRORS).tobytes()).decode(),
        "curve": each.curve and asdict(each.curve),
        "drawn_with": each.drawn_with and asdict(each.drawn_with),
    }


def _fit(row: dict[str, Any]) -> SetupFit:
    errors = np.frombuffer(base64.b64decode(row["errors"]), dtype=ERRORS).reshape(-1, DRAWS)
    return SetupFit(
        tuple(Point(**_with_provenance(point)) for point in row["points"]),
        errors,
        CurveRow(**_with_provenance(row["curve"])) if row["curve"] else None,
        SetupRow(**row["drawn_with"]) if row["drawn_with"] else None,
    )


def _with_provenance(cells: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in ("provenance", "tokens_provenance") if cells.get(name) is not None]
    return cells | {name: Provenance(cells[name]) for name in names}
