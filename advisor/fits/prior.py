"""How far models stray from the fitted physics: profiles/pooling.csv, learned from the runs that ship."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from advisor.errors import AdvisorError
from advisor.performance.demand import Array
from advisor.performance.groups import COEFFICIENTS, LEVELS, Prior
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace

TABLE = "pooling.csv"
NOISE = "noise"
NOISE_COLUMNS = ("tpot constant", "ttft constant")
"""Where the row `noise` has the variances of the logarithms of measured TPOT and TTFT."""


def read_prior(workspace: Workspace) -> Prior:
    """The prior that ships. Raises AdvisorError where its table is damaged."""
    return read_prior_file(workspace.profiles[0] / TABLE)


def read_prior_file(path: Path) -> Prior:
    """The prior of one table. Raises AdvisorError where it is damaged."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = {row["level"]: row for row in csv.DictReader(file)}
        variances: Array = np.array([[float(rows[level][name]) for name in COEFFICIENTS] for level in LEVELS])
        return Prior(variances, np.array([float(rows[NOISE][name]) for name in NOISE_COLUMNS]))
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        what = f"is damaged ({type(error).__name__}: {error})"
        raise AdvisorError(what, where=str(path), hint="install the program again") from None


def write_prior(path: Path, prior: Prior) -> None:
    """Seal the table: variances of every coefficient by level, and of the measured times themselves."""
    noise = dict.fromkeys(COEFFICIENTS, 0.0) | dict(zip(NOISE_COLUMNS, prior.noise.tolist(), strict=True))
    rows: list[dict[str, Any]] = [
        {"level": level} | dict(zip(COEFFICIENTS, values.tolist(), strict=True))
        for level, values in zip(LEVELS, prior.variances, strict=True)
    ]

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, ["level", *COEFFICIENTS], lineterminator="\n")
            writer.writeheader()
            for row in [*rows, {"level": NOISE} | noise]:
                writer.writerow({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()})

    sealed(path, write)
