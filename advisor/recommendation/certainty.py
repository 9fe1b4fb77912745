"""How sure a pick is: the table of candidates that can win, their odds, and the rival that may as well be the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from advisor.recommendation.candidate import CandidateOdds
from advisor.recommendation.candidates import PACKAGE, PointTable, feasible, rows
from advisor.recommendation.deployments import Columns
from advisor.recommendation.odds import odds
from advisor.recommendation.request import Request
from advisor.recommendation.undecided import Almost, Undecided, almost, undecided
from advisor.store.sql import statement

CONTENDERS = """
    select * replace (coalesce(usd, 'infinity') as usd) from contenders order by candidate_id != $pick, candidate_id
"""


@dataclass(frozen=True, slots=True)
class Certainty:
    """The odds of some candidates by their ids, the expected regret of the pick, and its rival where there is one.

    best_of_model  chance of every model within the limits that it is the best; the pick's is among them
    almost    with a target accuracy, a far cheaper candidate that reaches it with less confidence
    """

    of_candidate: Mapping[int, CandidateOdds]
    expected_regret: float
    best_of_model: Mapping[str, float]
    undecided: Undecided | None = None
    almost: Almost | None = None


def certainty(
    connection: duckdb.DuckDBPyConnection, points: PointTable, request: Request, chosen: Sequence[int], cheaper: str
) -> Certainty:
    """That of the `chosen` candidates, the first of which is the pick; makes the table `contenders`.

    With a target accuracy no rival is named: what counts then is whether the target is reached.
    """
    contending = _contenders(connection, request, chosen, cheaper)
    found = odds(contending, points.draws, request.limits, cheaper)
    of_candidate = {
        int(number): CandidateOdds(
            best=float(found.best[i]),
            within_limits=float(found.within_limits[i]),
            reaches=None if request.min_accuracy is None else float(found.reaches[i]),
        )
        for i, number in enumerate(contending["candidate_id"])
    }
    best_of_model = {str(model): float(best) for model, best in zip(contending["model"], found.best, strict=True)}
    if request.min_accuracy is not None:
        near = almost(contending, found, cheaper)
        return Certainty(of_candidate, found.expected_regret, best_of_model, almost=near)
    tasks = [each.task for each in request.tasks]
    rival = undecided(contending, points.columns, points.draws, found, tasks)
    return Certainty(of_candidate, found.expected_regret, best_of_model, undecided=rival)


def _contenders(
    connection: duckdb.DuckDBPyConnection, request: Request, chosen: Sequence[int], cheaper: str
) -> Columns:
    """The columns of the table, the pick first.

    Candidates beyond the budget in USD are in it, for prices may fall, and those that do not reach a target accuracy
    with the confidence of the request, for they may reach it all the same.
    """
    parameters = {**request.limits, "usd": None, "min_accuracy": None, "chosen": list(chosen), "cost": cheaper}
    connection.execute(f"create temp table contenders as {feasible(statement(PACKAGE, 'contenders'))}", parameters)
    found = rows(connection.execute(CONTENDERS, {"pick": chosen[0]}))
    return {name: np.array([row[name] for row in found]) for name in found[0]}
