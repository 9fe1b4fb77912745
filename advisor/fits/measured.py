"""All strategy points that the stored answers support, those of every set-up apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from advisor.accuracy.agreement import Run, differ
from advisor.fits.parallel import mapped, processes
from advisor.fits.searches import from_searches
from advisor.fits.setup_labels import joined
from advisor.fits.stored_answers import Drawn, FailedRequests, Judge, draws, failed_requests, questions_of, tallies
from advisor.fits.strategy_points import StrategyPoints
from advisor.fits.votes import Answered, from_samples
from advisor.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Runs with one set-up, as far as it is recorded, that differ by more than chance; accuracies by run."""

    drawn: Drawn
    accuracies: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """Strategy points by task, model and set-up, which runs were kept apart since they differ, and failed requests."""

    points: tuple[StrategyPoints, ...]
    apart: tuple[Disagreement, ...]
    failed: tuple[FailedRequests, ...] = ()


def measured(workspace: Workspace) -> Measured:
    """Everything that the stored answers support; of a user's workspace what it adds to what ships.

    Raises AdvisorError for a damaged file.
    """
    connection = workspace.samples.connect()
    found, apart = drawn_apart(connection)
    own = [drawn for drawn in found if workspace.own is None or drawn.own_runs]
    named = [each for each in apart if workspace.own is None or each.drawn.own_runs]
    failed = [each for each in failed_requests(connection) if workspace.own is None or each.own]
    (n_answers,) = connection.execute("select count(*) from answers").fetchall()[0]
    answered = (_answered(connection, drawn) for drawn in own)
    each = mapped(_points, answered, processes(n_answers))
    return Measured(tuple(points for some in each for points in some), tuple(named), tuple(failed))


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

    Only runs that may have been drawn differently are asked: by several engines, or with nothing recorded.
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
class _Answered:
    """The answers drawn one way: of plain samples together, with those that each judge scored; of searches by run."""

    drawn: Drawn
    questions: Answered
    judged: Mapping[Judge, Answered]
    by_run: Mapping[str, Answered]


def points_of(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> list[StrategyPoints]:
    """The strategy points that the answers drawn one way support."""
    return _points(_answered(connection, drawn))


def _answered(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> _Answered:
    if drawn.strategy != "sampling":
        return _Answered(drawn, {}, {}, {run: questions_of(connection, drawn, [run]) for run in drawn.runs})
    judged = {judge: questions_of(connection, drawn, drawn.runs, judge) for judge in drawn.judges}
    return _Answered(drawn, questions_of(connection, drawn, drawn.runs), judged, {})


def _points(each: _Answered) -> list[StrategyPoints]:
    if each.by_run:
        return from_searches(each.drawn, each.by_run)
    return from_samples(each.drawn, each.questions, each.judged) if each.questions else []
