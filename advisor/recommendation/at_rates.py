"""The pick at other rates of questions: at few of them a machine that is idle most of the time decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from advisor.recommendation.candidates import PACKAGE, PointTable, costed, feasible, rows
from advisor.recommendation.deployments import Columns
from advisor.recommendation.loads import at_rate, capacities, roomiest
from advisor.recommendation.request import Request
from advisor.rents import Rents
from advisor.store.sql import statement
from advisor.values import Rows

RATES = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Questions per second."""
COLUMNS = (
    "qps as questions_per_s", "model", "strategy", "n_samples", "token_budget", "generated_tokens", "gpu", "gpu_count",
    "replicas", "accuracy", "s as latency_s", "usd", "usd_per_month", "setup",
    "prefill_engines",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PickAtRate:
    """What is picked for questions that come at random at a rate, and what it costs; `prefill_engines`: on GPUs of
    their own."""

    questions_per_s: float
    model: str
    strategy: str
    n_samples: int
    token_budget: int | None
    generated_tokens: float
    gpu: str
    gpu_count: int
    replicas: int
    accuracy: float
    latency_s: float
    usd: float
    usd_per_month: float
    setup: str = ""
    prefill_engines: int = 0


def picks_at_rates(
    connection: duckdb.DuckDBPyConnection,
    points: PointTable,
    deployed: Columns,
    request: Request,
    rents: Rents,
    parameters: Mapping[str, object],
) -> Rows[PickAtRate]:
    """One pick for each of RATES that anything carries within the limits of a request without a rate.

    In a schema of its own; `parameters`: those of pick.sql.
    """
    capacity = capacities(points.columns, deployed, request)
    which, percentile = roomiest(deployed, capacity), request.percentile
    alike = deployed | {"replicas_power": np.ones(len(capacity))}  # what a slower speed would take is not compared here
    parts = [
        at_rate(points.columns, alike, capacity, which, rate, percentile, percentiles=(percentile,)) for rate in RATES
    ]
    loaded = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    own = connection.cursor()
    own.execute("create schema at_rates; use at_rates")
    costed(points, loaded, request, rents, own)
    query = f"select {', '.join(COLUMNS)} from ({statement(PACKAGE, 'pick')}) where place = 1 order by qps"
    return Rows((PickAtRate(**row) for row in rows(own.execute(feasible(query), parameters))), PickAtRate)
