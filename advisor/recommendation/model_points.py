"""One point for every model, so that a picture shows all of them and not the frontier alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from advisor.accuracy.estimators import Interval
from advisor.provenance import Provenance
from advisor.recommendation.candidates import PACKAGE, rows
from advisor.store.sql import statement
from advisor.values import Rows, Value

WORTH = 0.01
"""Accuracy that a doubling of the cost must buy among candidates whose intervals overlap."""


@dataclass(frozen=True, slots=True)
class ModelPoint(Value):
    """The candidate that stands for a model, whatever the limits of the request: its best one on the frontier, or its
    best of all where it has none there.

    `cost` is per question in `unit`, one of units.COSTS; `evidence` is where the accuracy comes from; `best` is the
    chance that the model is the best within the limits of a request, None without one."""

    model: str
    strategy: str
    n_samples: int
    token_budget: int | None
    gpu: str
    gpu_count: int
    unit: str
    cost: float
    accuracy: Interval
    evidence: Provenance
    on_frontier: bool
    setup: str = ""
    best: float | None = None


AS_THEY_ARE = ("model", "strategy", "n_samples", "token_budget", "gpu", "gpu_count", "cost", "on_frontier", "setup")


def model_points(
    connection: duckdb.DuckDBPyConnection, unit: str, best: Callable[[str], float | None] = lambda _: None
) -> Rows[ModelPoint]:
    """Every model once, cheapest first; after `candidates.frontier_rows` over the same unit, whose table it reads.

    `best`: the chance that a model is the best within the limits.
    """
    found = rows(connection.execute(statement(PACKAGE, "models"), {"cost": unit, "worth": WORTH}))
    points = (
        ModelPoint(
            **{name: row[name] for name in AS_THEY_ARE},
            unit=unit,
            accuracy=Interval(row["accuracy"], row["low"], row["high"]),
            evidence=Provenance(row["accuracy_provenance"]),
            best=best(row["model"]),
        )
        for row in found
    )
    return Rows(points, ModelPoint)
