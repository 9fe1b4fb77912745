"""What a generated token costs: that of a question on the cheapest rented deployment, over its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from advisor.errors import NoAnswer
from advisor.recommendation.candidates import candidates, rows
from advisor.recommendation.request import checked_request
from advisor.rents import Rent
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.studies.answer_sets import AnswerSet


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Of one generated token, its share of the prompt included, on GPUs that are kept busy; and what is rented."""

    usd: float
    gpu: str
    gpu_count: int
    rent: str


def token_prices(workspace: Workspace, sets: Iterable[AnswerSet]) -> list[TokenPrice | None]:
    """For each set that of the fitted point of one answer whose length is nearest to its own; None: no point or price.

    Prices are on demand, as `recommend` has them without further options.
    """
    costed: dict[str, duckdb.DuckDBPyConnection | None] = {}
    found = []
    for each in sets:
        if each.task not in costed:
            costed[each.task] = _costed(workspace, each.task)
        connection, timed = costed[each.task], each.timed()
        found.append(_price(connection, each, float(timed[1].tokens.mean())) if connection and timed else None)
    return found


def _costed(workspace: Workspace, task: str) -> duckdb.DuckDBPyConnection | None:
    """The candidates on a task; None where it has no fitted points, or none can be priced."""
    if task not in {point.task for point in workspace.fits.points}:
        return None
    try:
        return candidates(workspace, checked_request(workspace, task=task, evidence="any"))
    except NoAnswer:
        return None


def _price(connection: duckdb.DuckDBPyConnection, of: AnswerSet, tokens: float) -> TokenPrice | None:
    query = statement("advisor.studies", "token_prices")
    nearest = rows(connection.execute(query, {"model": of.model, "tokens": tokens}))
    if not nearest:
        return None
    row = nearest[0]
    return TokenPrice(row["usd_per_token"], row["gpu"], row["gpu_count"], str(Rent(**row["rent"])))
