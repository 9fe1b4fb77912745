"""All strategy points that the stored answers support, those of every set-up apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

import duckdb
import numpy as np

from advisor.accuracy.agreement import Run, differ
from advisor.fits.parallel import mapped, processes
from advisor.fits.searches import from_searches
from advisor.fits.setup_labels import joined
from advisor.fits.stored_answers import (
    AnswerColumns,
    Drawn,
    FailedRequests,
    Judge,
    Question,
    answer_columns,
    by_question,
    draws,
    failed_requests,
    tallies,
)
from advisor.fits.strategy_points import StrategyPoints
from advisor.fits.votes import from_samples
from advisor.store.workspace import Workspace

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Runs with one set-up, as far as it is recorded, that differ by more than chance; accuracies by run."""

    drawn: Drawn
    accuracies: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stored:
    """What was drawn, by task, model and set-up, and lies in the table `answers` of the connection.

    `apart` are runs that were kept apart since they differ, `failed` the failed requests that are left out.
    """

    connection: duckdb.DuckDBPyConnection
    drawn: tuple[Drawn, ...]
    apart: tuple[Disagreement, ...]
    failed: tuple[FailedRequests, ...]


def stored(workspace: Workspace) -> Stored:
    """Every stored answer; of a user's workspace what it adds to what ships. Raises AdvisorError for a damaged file."""
    connection = workspace.samples.connect()
    found, apart = drawn_apart(connection)
    own = [drawn for drawn in found if workspace.own is None or drawn.own_runs]
    named = [each for each in apart if workspace.own is None or each.drawn.own_runs]
    failed = [each for each in failed_requests(connection) if workspace.own is None or each.own]
    return Stored(connection, tuple(own), tuple(named), tuple(failed))


def measured(workspace: Workspace) -> tuple[StrategyPoints, ...]:
    """Every strategy point that the stored answers support. Raises AdvisorError for a damaged file."""
    found = stored(workspace)
    (n_answers,) = found.connection.execute("select count(*) from answers").fetchall()[0]
    drawn = (answered(found.connection, each) for each in found.drawn)
    return tuple(chain.from_iterable(mapped(points, drawn, processes(n_answers))))


def drawn_apart(connection: duckdb.DuckDBPyConnection) -> tuple[list[Drawn], list[Disagreement]]:
    """Everything that was drawn, runs that differ by more than chance each for itself; makes the table `answers`."""
    found: list[Drawn] = []
    apart: list[Disagreement] = []
    for drawn in draws(connection):
        runs = _differing(connection, drawn)
        found += runs_alone(drawn) if runs else [drawn]
        apart += [Disagreement(drawn, {run: _accuracy(tally) for run, tally in runs.items()})] if runs else []
    return found, apart


def _differing(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> dict[str, Run]:
    """The runs of plain samples that would be counted together and differ; none where they may be alike.

    Only runs that may have been drawn differently are compared: by several engines, or with nothing recorded.
    """
    unknown = all(value is None for value in drawn.recorded.values())
    if drawn.strategy != "sampling" or len(drawn.runs) < 2 or not (unknown or drawn.n_engines > 1):
        return {}
    runs = tallies(connection, drawn)
    return runs if differ(list(runs.values())) else {}


def runs_alone(drawn: Drawn) -> Iterable[Drawn]:
    """Each run as a set-up of its own, named by it."""
    for run in drawn.runs:
        own = tuple(each for each in drawn.own_runs if each == run)
        yield replace(drawn, setup=joined(drawn.setup, f"run {run}"), runs=(run,), own_runs=own)


def _accuracy(run: Run) -> float:
    return float(np.mean([right / n for right, n in run.values()]))


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers drawn one way: of plain samples together, with those that each judge scored; of searches by run."""

    drawn: Drawn
    together: AnswerColumns | None
    judged: Mapping[Judge, AnswerColumns]
    by_run: Mapping[str, AnswerColumns]


def points_of(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> list[StrategyPoints]:
    """The strategy points that the answers drawn one way support."""
    return points(answered(connection, drawn))


def answered(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> Answered:
    """The answers drawn one way."""
    if drawn.strategy != "sampling":
        return Answered(drawn, None, {}, {run: answer_columns(connection, drawn, [run]) for run in drawn.runs})
    judged = {judge: answer_columns(connection, drawn, drawn.runs, judge) for judge in drawn.judges}
    return Answered(drawn, answer_columns(connection, drawn, drawn.runs), judged, {})


def points(each: Answered) -> list[StrategyPoints]:
    """The strategy points that they support."""
    if each.together is None:
        return from_searches(each.drawn, _by_question(each.by_run))
    questions = by_question(each.together)
    return from_samples(each.drawn, questions, _by_question(each.judged)) if questions else []


def _by_question(columns: Mapping[Key, AnswerColumns]) -> dict[Key, dict[str, Question]]:
    return {key: by_question(each) for key, each in columns.items()}
