"""Joint draws of all accuracies on a task: paired on shared questions, and shrunk towards each other.

What is known errs in several ways. The questions are a sample of those that could have been put, which strikes all
models that answered them alike; that part is drawn once for all. A model may do better on just these questions, or have
had luck in its answers; that part is its own, and what is known of the other models says how far to believe it
(shrinkage.py). A source that reports accuracies may lie above or below all others (sources.py). And what the strategies
of a model differ by errs for itself, where they reduce the same answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.accuracy.resampling import DRAWS, noise, question_weights, seed_of
from advisor.accuracy.shrinkage import shrunk
from advisor.fits.draws import source_of, standard_error, with_draws_of
from advisor.fits.points import kept, measured_points
from advisor.fits.strategy_points import StrategyPoints
from advisor.provenance import Provenance
from advisor.store.beliefs import Point

Group = tuple[Sequence[Point], Array]
"""P points that rest on the same answers, and their (P, DRAWS) errors."""


@dataclass(frozen=True, slots=True)
class Level:
    """Points that rest on the same answers, and their (P, DRAWS) errors; `first` is the one that stands for all."""

    points: tuple[Point, ...]
    errors: Array
    first: int

    @property
    def value(self) -> float:
        """The accuracy that is compared with other models'."""
        return self.points[self.first].accuracy

    @property
    def error(self) -> float:
        """Its standard error, as its interval has it: where all answers are right they cannot show one."""
        return standard_error(self.points[self.first])


def with_errors(m: StrategyPoints) -> Group:
    """The points of what was measured (points.py: `measured_points`), and the errors that its questions leave."""
    return measured_points(m), noise(m.correct, _weights(m.task, m.question_ids))[kept(m)]


def with_draws(groups: Iterable[Group], published: Iterable[Point], known: Iterable[Point] = ()) -> list[Point]:
    """The measured points of `groups` and the published ones, each with its draws, by task.

    `known` are points of others on the same tasks, which the draws take into account. A published accuracy stands for
    itself: what its answers share with others is not known.
    """
    tasks = defaultdict[str, list[Group]](list)
    for points, errors in groups:
        if points:
            tasks[points[0].task].append((points, errors))
    alone = defaultdict[str, list[Point]](list)
    for point in published:
        alone[point.task].append(point)
    beside = defaultdict[str, list[Point]](list)
    for point in known:
        beside[point.task].append(point)
    return list(
        chain.from_iterable(_of_task(task, tasks[task], alone[task], beside[task]) for task in sorted({*tasks, *alone}))
    )


def _of_task(task: str, groups: Sequence[Group], published: Sequence[Point], known: Sequence[Point]) -> list[Point]:
    levels = _levels(groups)
    lone = [*published, *_firsts(known)]
    common, shared = _common(levels)
    own = [max(level.error**2 - shared, level.error**2 / 2) ** 0.5 for level in levels]
    values = np.array([*(level.value for level in levels), *(p.accuracy - (p.source_offset or 0.0) for p in lone)])
    errors = np.array([*own, *(standard_error(p) for p in lone)])
    believed = shrunk(np.clip(values, 0, 1), errors, seed=seed_of(task)) if len(values) else np.zeros((0, DRAWS))
    found = [point for level, draws in zip(levels, believed, strict=False) for point in _spread(level, draws - common)]
    alone = zip(published, believed[len(levels) :], strict=False)
    return [*found, *(with_draws_of(point, draws - _of_source(point)) for point, draws in alone)]


def _of_source(point: Point) -> Array:
    """(DRAWS,) what the source of a published point may add beyond its offset, the same for all its points on a task.

    Half of the draws mirror the others, so that their mean is zero.
    """
    seed = seed_of(f"{point.task}\0{source_of(point)}")
    half = np.random.default_rng(seed).standard_normal(DRAWS // 2)
    return (point.source_error or 0.0) * np.concatenate([half, -half])


def _levels(groups: Sequence[Group]) -> list[Level]:
    """Points by model and runs, in their order."""
    members = defaultdict[tuple[str, str], list[tuple[Point, Array]]](list)
    for points, errors in groups:
        members[points[0].model, points[0].runs] += [
            (p, own * max(1.0, standard_error(p) / max(own.std(), 1e-12)) if own.any() else own)
            for p, own in zip(points, errors, strict=True)
        ]
    found = []
    for pairs in members.values():
        members_of = tuple(point for point, _ in pairs)
        found.append(Level(members_of, np.array([errors for _, errors in pairs]), _first(members_of)))
    return found


@lru_cache(maxsize=8)
def _weights(task: str, question_ids: tuple[str, ...]) -> Array:
    return question_weights(task, question_ids)


def _first(points: Sequence[Point]) -> int:
    """A single answer up to its own end, else the most accurate: what most others are compared with."""
    plain = [i for i, p in enumerate(points) if p.strategy == "majority" and p.n_samples == 1]
    return plain[0] if plain else int(np.argmax([p.accuracy for p in points]))


def _firsts(known: Iterable[Point]) -> list[Point]:
    """Of points without their answers: the measured ones that stand for all of the same runs, and the published."""
    measured = defaultdict[tuple[str, str], list[Point]](list)
    for point in known:
        if point.provenance is Provenance.MEASURED:
            measured[point.model, point.runs].append(point)
    firsts = [points[_first(points)] for points in measured.values()]
    return [*firsts, *(p for p in known if p.provenance is not Provenance.MEASURED)]


def _common(levels: Sequence[Level]) -> tuple[Array, float]:
    """The part of the errors that all share, (DRAWS,), and its variance: the mean covariance of two models."""
    if len(levels) < 2:
        return np.zeros(DRAWS), 0.0
    errors = np.array([level.errors[level.first] for level in levels])
    covariance = errors @ errors.T / DRAWS
    shared = max((covariance.sum() - np.trace(covariance)) / (len(levels) * (len(levels) - 1)), 0.0)
    mean = errors.mean(axis=0)
    return mean * (shared / max(mean.var(), 1e-12)) ** 0.5, float(shared)


def _spread(level: Level, first: Array) -> list[Point]:
    """The points of a level with their draws, from those of the one that stands for all."""
    errors = level.errors[level.first]
    variance = errors.var()
    error = level.value - first
    found = []
    for point, own in zip(level.points, level.errors, strict=True):
        # where the answers of the first show no error, those that show one have their own
        follows = float(own @ errors / DRAWS / variance) if variance > 0 else float(not own.any())
        rest = own - follows * errors
        found.append(with_draws_of(point, point.accuracy - follows * error - rest))
    return found
