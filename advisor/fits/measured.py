"""All strategy points that the stored answers support."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from advisor.fits.searches import from_searches
from advisor.fits.stored_answers import Drawn, draws, questions_of
from advisor.fits.strategy_points import StrategyPoints
from advisor.fits.votes import from_samples
from advisor.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Measured:
    """Strategy points by task and model, and what was drawn with other settings than those that are counted."""

    points: tuple[StrategyPoints, ...]
    passed_over: tuple[Drawn, ...]


def measured(workspace: Workspace) -> Measured:
    """Everything that the stored answers support; of a user's workspace what it adds to what ships.

    Raises AdvisorError for a damaged file.
    """
    connection = workspace.samples.connect()
    found = draws(connection, own=workspace.own is not None)
    counted = [points for drawn in found if drawn.place == 1 for points in _points(connection, drawn)]
    return Measured(tuple(counted), tuple(drawn for drawn in found if drawn.place > 1))


def _points(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> list[StrategyPoints]:
    if drawn.strategy != "sampling":
        return from_searches(drawn, {run: questions_of(connection, drawn, [run]) for run in drawn.runs})
    questions = list(questions_of(connection, drawn, drawn.runs).values())
    return from_samples(drawn, questions) if questions else []
