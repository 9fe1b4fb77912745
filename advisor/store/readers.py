"""How each file of a workspace that a store shares is read: as every command reads it, whole.

What one of these readers refuses stops whoever has the file, so `advisor check` names it and no store gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from advisor.checkpoints import CheckpointRow, FormatRow, LaunchRow
from advisor.gpus import Gpus
from advisor.models.catalog import Catalog
from advisor.models.families import read_config
from advisor.prices import read_prices
from advisor.sampling import MeasuredRow, Sampling
from advisor.store.measurements import sealed_table
from advisor.store.published import published_of
from advisor.store.reported_counts import counts_of
from advisor.store.reported_lengths import lengths_of
from advisor.store.reported_strategies import strategies_of
from advisor.store.shipped import shipped_root
from advisor.store.versions import ROWS
from advisor.support import FamilyRow, SupportTable
from advisor.tables import read_rows

Reader = Callable[[Path], object]
"""Reads one file as the program does. Raises AdvisorError."""
MAINTAINED = "mend the line, or move the file away"


def reader_of(name: str) -> Reader | None:
    """The reader of a shared file by its name below the workspace; None for a table that no command reads."""
    room, _, rest = name.partition("/")
    if room == "profiles":
        return read_config if rest.startswith("models/") else TABLES.get(rest)
    kind = rest.partition("/")[0]
    return REPORTED.get(kind) or (lambda file: sealed_table(file, kind, ROWS[kind]))


def _rows_of(row: type[Any]) -> Reader:
    return lambda file: read_rows(file, row, hint=MAINTAINED)


def _read_models(file: Path) -> None:
    catalog = Catalog.read([file.parent])
    for model in catalog:
        catalog.spec(model)


def _read_prices(file: Path) -> None:
    read_prices(file, Gpus.read([shipped_root() / "profiles", file.parent]))


TABLES: Mapping[str, Reader] = {
    "models.csv": _read_models,
    "gpus.csv": lambda file: Gpus.read([file.parent]),
    "prices.csv": _read_prices,
    "support.csv": lambda file: SupportTable.read([file.parent]),
    "families.csv": _rows_of(FamilyRow),
    "checkpoints.csv": _rows_of(CheckpointRow),
    "checkpoint_formats.csv": _rows_of(FormatRow),
    "launch_flags.csv": _rows_of(LaunchRow),
    "sampling.csv": lambda file: Sampling.read([file.parent]),
    "measured_with.csv": _rows_of(MeasuredRow),
}
"""How each table of profiles/ that people maintain is read."""
REPORTED: Mapping[str, Reader] = {
    "published": lambda file: published_of([file]),
    "lengths": lambda file: lengths_of([file]),
    "counts": lambda file: counts_of([file]),
    "strategies": lambda file: strategies_of([file]),
}
"""How the tables in each folder of measurements/ are read."""
