"""The bill of every deployment that may be had, as a table of the database of candidates."""

from __future__ import annotations

import duckdb
import numpy as np

from advisor.rents import Rent, Rents
from advisor.store.sql import statement


def bill(connection: duckdb.DuckDBPyConnection, rents: Rents, *, keep_unpriced: bool) -> None:
    """The table `rents`: the bill of every number of GPUs and replicas in `deployments` that may be had."""
    needed = connection.execute("select distinct gpu, gpu_count, replicas, machines from deployments").fetchall()
    allowed = [n for n in needed if n[1] * n[2] <= rents.most.get(n[0], n[1] * n[2])]
    billed = [
        (gpu, gpus, replicas, machines, *_cells(rent))
        for gpu, gpus, replicas, machines in allowed
        if (rent := rents.rent(gpu, gpus // machines, replicas * machines)) or keep_unpriced
    ]
    values = list(zip(*billed, strict=True)) or [()] * len(BILLS)
    columns = {name: np.array(each, dtype=kind) for (name, kind), each in zip(BILLS, values, strict=True)}
    connection.register("bills", columns)
    connection.execute(f"create table rents as {statement('advisor.recommendation', 'rents')}")


BILLS = (
    ("gpu", "str"),
    ("gpu_count", "int64"),
    ("replicas", "int64"),
    ("machines", "int64"),
    ("usd_per_hour", "float64"),
    *((name, "str") for name in ("provider", "kind", "region", "as_of")),
    *((name, "int64") for name in ("gpus", "instances", "gpus_per_instance", "age_days")),
)
"""Columns of `bills`."""


def _cells(rent: Rent | None) -> tuple[float | str, ...]:
    """A rent in the columns of `bills`, as rents.sql reads what is not known."""
    if rent is None:
        return (float("nan"), "", "", "", "", -1, -1, -1, -1)
    counts = (rent.gpus, rent.instances, rent.gpus_per_instance, rent.age_days)
    texts = (rent.provider, rent.kind, rent.region, rent.as_of)
    return (rent.usd_per_hour, *texts, *(-1 if count is None else count for count in counts))
