"""How far the accuracies that a source reports lie above those measured here: prompts, effort and grading differ.

What a source reports of a model on a task is the model's accuracy, the source's offset and noise; offsets are normal
around zero with a spread that is learned over all tasks, and what is measured here has none. Where a source shares
models with measurements, or with another source, the offsets follow; where it shares none, all that is known of its
offset is that spread.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.fits.draws import source_of, standard_error
from advisor.fits.points import published_error
from advisor.provenance import Provenance
from advisor.store.beliefs import Point
from advisor.store.published import Published

SPREADS: Array = np.geomspace(0.005, 0.12, 24)
"""Spreads that are tried; beforehand every factor is as likely as any other."""


RUN = re.compile(r"\brun (\S+?)(?=[;,]|$)")
"""How a source's remark names the run behind an accuracy."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What a source adds on a task, in shares of right answers, with its standard error."""

    value: float
    error: float


NONE = Offset(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One accuracy of a single answer; no source: measured here."""

    model: str
    source: str
    accuracy: float
    error: float


def offsets(measured: Iterable[Point], reported: Sequence[Published]) -> Offsets:
    """Of every source of `reported` on every task. A source that reports runs which are stored here is no other one."""
    by_task: dict[str, list[Seen]] = defaultdict(list)
    runs: set[str] = set()
    for point in measured:
        if point.provenance is Provenance.MEASURED and point.strategy == "majority" and point.n_samples == 1:
            runs |= set(point.runs.split())
            by_task[point.task].append(Seen(point.model, "", point.accuracy, standard_error(point)))
    stored = {run.split("-", 1)[-1] for run in runs}
    own = {(row.task, row.source) for row in reported if stored & set(RUN.findall(row.origin))}
    for row in reported:
        if row.strategy == "majority" and row.n_samples == 1:
            source = "" if (row.task, row.source) in own else row.source
            by_task[row.task].append(Seen(row.model, source, row.accuracy, published_error(row)))
    evidence = np.array([sum(_evidence(seen, spread) for seen in by_task.values()) for spread in SPREADS])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    found: dict[tuple[str, str], Offset] = {}
    for task, seen in by_task.items():
        found |= {(task, source): offset for source, offset in _of_task(seen, weights).items()}
    return Offsets(found | dict.fromkeys(own, NONE), float(weights @ SPREADS))


@dataclass(frozen=True, slots=True)
class Offsets:
    """By task and source; `spread` is the standard deviation of one that is not known."""

    known: Mapping[tuple[str, str], Offset]
    spread: float

    def of(self, task: str, source: str) -> Offset:
        """That of a source on a task."""
        return self.known.get((task, source), Offset(0.0, self.spread))


def of_source(point: Point, known: Offsets) -> Point:
    """A published point with the offset of its source."""
    offset = known.of(point.task, source_of(point))
    return replace(point, source_offset=offset.value, source_error=offset.error)


def _overlaps(seen: Sequence[Seen]) -> tuple[list[str], Array, Array, Array]:
    """Sources, and for every model with several accuracies: design (N, S), differences from its mean, and variances.

    Of each model the precision-weighted mean is taken off, which leaves what its sources differ by.
    """
    sources = sorted({each.source for each in seen} - {""})
    design, differences, variances = [], [], []
    by_model: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        by_model[each.model].append(each)
    for group in by_model.values():
        if len({each.source for each in group}) < 2:
            continue
        rows = np.array([[float(each.source == s) for s in sources] for each in group])
        precision = np.array([each.error**-2 for each in group])
        share = precision / precision.sum()
        design += list(rows - share @ rows)
        differences += list(np.array([each.accuracy for each in group]) - share @ [each.accuracy for each in group])
        variances += [each.error**2 for each in group]
    shape = (len(differences), len(sources))
    return sources, np.array(design).reshape(shape), np.array(differences), np.array(variances)


def _evidence(seen: Sequence[Seen], spread: float) -> float:
    """Log marginal likelihood of a spread, up to a constant: models' own accuracies are flat beforehand."""
    sources, design, differences, variances = _overlaps(seen)
    if not len(differences):
        return 0.0
    scaled = design / variances[:, None] ** 0.5
    precision = scaled.T @ scaled + np.eye(len(sources)) / spread**2
    right = design.T @ (differences / variances)
    _, log_determinant = np.linalg.slogdet(precision)
    return float(0.5 * (right @ np.linalg.solve(precision, right) - log_determinant) - len(sources) * np.log(spread))


def _of_task(seen: Sequence[Seen], weights: Array) -> dict[str, Offset]:
    """The posterior of the offsets on one task, averaged over the spreads."""
    sources, design, differences, variances = _overlaps(seen)
    if not len(differences):
        return {}
    means, seconds = np.zeros(len(sources)), np.zeros(len(sources))
    for spread, weight in zip(SPREADS, weights, strict=True):
        scaled = design / variances[:, None] ** 0.5
        covariance = np.linalg.inv(scaled.T @ scaled + np.eye(len(sources)) / spread**2)
        mean = covariance @ (design.T @ (differences / variances))
        means += weight * mean
        seconds += weight * (np.diag(covariance) + mean**2)
    errors = (seconds - means**2) ** 0.5
    return {source: Offset(float(means[i]), float(errors[i])) for i, source in enumerate(sources)}
