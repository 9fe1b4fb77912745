"""The study `dense_and_moe`: mixtures of experts against dense models, made equal in one thing at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.dominance import unbeaten
from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS
from advisor.arguments import checked_arguments
from advisor.provenance import Provenance
from advisor.store.workspace import Workspace
from advisor.studies.adjusted import LEAST, architecture_weights, differences, interval, widened
from advisor.studies.kinds_claims import claims_of
from advisor.studies.kinds_dominance import Compared, dominance_claim
from advisor.studies.kinds_observed import COSTS, Observed, cells_of, observed
from advisor.studies.kinds_tables import ALL_TASKS, Ages, Difference, TaskFront
from advisor.studies.matched_pairs import (
    LENGTHS,
    Advantage,
    Loss,
    MatchedPair,
    advantages,
    alike_pairs,
    loss,
    matched_pairs,
    usual_gpu,
)
from advisor.studies.study import Basis, Claim, Study
from advisor.units import counted
from advisor.values import Rows

NEAR_YEARS = 0.5
"""Models that were released within it are as old."""
Control = Callable[[Observed], Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseAndMoe(Study):
    """Dense models against mixtures: differences where one thing is equal, fronts, pairs, and what takes it away.

    differences  by what is equal, figure and task, with release dates taken into account and without
    fronts       which kind is on the fronts of accuracy against FLOPs
    ages         how old the models of each kind are, which goes together with their kind
    pairs        for every mixture the dense model of closest accuracy
    losses       how far the advantage of pairs goes with length and load
    advantages   that of the closest pairs over lengths and requests in flight on one kind of GPU
    """

    differences: Rows[Difference]
    fronts: Rows[TaskFront]
    ages: Rows[Ages]
    pairs: Rows[MatchedPair]
    losses: Rows[Loss]
    advantages: Rows[Advantage]


@checked_arguments
def dense_and_moe(workspace: Workspace, *, gpu: str | None = None) -> DenseAndMoe:
    """Dense models against mixtures of experts at equal accuracy, FLOPs, active parameters and memory.

    gpu  name of the GPU that pairs are compared on; None: the one with a price of which most models were measured

    Answers are single ones without a cap. Raises AdvisorError for an unknown GPU or a damaged file.
    """
    chosen = usual_gpu(workspace) if gpu is None else workspace.gpus.named(gpu, where="gpu").name
    points = observed(workspace)
    found, pairs, of_counted = _differences(points), matched_pairs(points), _of_counted(points)
    fronts, ages = _fronts(points), _ages(points)
    alike = alike_pairs(workspace, points, pairs)
    losses = [loss(workspace, pair, chosen) for pair in alike]
    closest = {pair.alike: pair for pair in reversed(alike)}.values()
    loads = [row for pair in closest if chosen for row in advantages(workspace, pair, chosen, LENGTHS)]
    return DenseAndMoe(
        basis=_basis(points, chosen),
        claims=Rows([dominance_claim(found, of_counted, _without_one(points)), *claims_of(fronts, losses)], Claim),
        notes=_notes(points, ages),
        differences=Rows(found, Difference),
        fronts=Rows(fronts, TaskFront),
        ages=Rows(ages, Ages),
        pairs=Rows(pairs, MatchedPair),
        losses=Rows(losses, Loss),
        advantages=Rows(sorted(loads, key=lambda row: row.alike), Advantage),
    )


def _same(value: float) -> Array:
    return np.full(DRAWS + 1, value)


EQUAL: dict[str, tuple[Control, tuple[str, ...]]] = {
    "accuracy": (lambda point: point.logits, COSTS),
    "FLOPs": (lambda point: point.log_costs("flops"), ("accuracy",)),
    "active parameters": (lambda point: _same(math.log(point.answer.spec.active_parameters)), ("accuracy",)),
    "bytes of weights": (lambda point: _same(math.log(point.weight_bytes)), ("accuracy", "flops", "usd")),
}
"""What is held equal, and the figures that are compared then."""


def _differences(points: Sequence[Observed]) -> list[Difference]:
    return [
        row
        for equal, (control, figures) in EQUAL.items()
        for figure in figures
        for dated in (False, True)
        for row in _differences_in(points, equal, control, figure, dated=dated)
    ]


def _differences_in(
    points: Sequence[Observed], equal: str, control: Control, figure: str, *, dated: bool
) -> list[Difference]:
    known = [p for p in points if figure == "accuracy" or not math.isnan(p.costs[figure])]
    known = [p for p in known if not dated or p.released is not None]
    if not known:
        return []
    cells = cells_of(known)
    y = np.array([p.logits if figure == "accuracy" else p.log_costs(figure) for p in known])
    controls = [np.array([control(p) for p in known])]
    controls += [np.array([_same(p.released or 0.0) for p in known])] if dated else []
    found = differences(cells, y, controls)
    if found is None:
        return []
    of_group = defaultdict[str, set[str]](set)
    for task in cells.comparable:
        of_group[cells.groups[task]].add(task)
    shown = [(ALL_TASKS, found.pooled, set(cells.comparable))]
    shown += [(first, draws, of_group[first]) for first, draws in found.by_group.items()]
    return [
        Difference(equal, figure, first, len(tasks), dated, *_counts(known, tasks), _shown(draws, known, tasks, figure))
        for first, draws, tasks in shown
    ]


def _counts(points: Sequence[Observed], tasks: Collection[str]) -> tuple[int, int, int, int, int, int]:
    """Mixtures and dense models on some tasks, architectures of each, points, and those with an imputed length."""
    there = [point for point in points if point.task in tasks]
    kinds = {point.model: point.is_moe for point in there}
    architectures = {point.answer.architecture: point.is_moe for point in there}
    moe, moe_architectures = sum(kinds.values()), sum(architectures.values())
    imputed = sum(point.answer.point.tokens_from is Provenance.IMPUTED for point in there)
    by_kind = (moe, len(kinds) - moe, moe_architectures, len(architectures) - moe_architectures)
    return *by_kind, len(there), imputed


def _shown(draws: Array, points: Sequence[Observed], tasks: Collection[str], figure: str) -> Interval:
    """A factor of logs; of log odds the points of accuracy that they make around the mean of the tasks."""
    found = interval(draws)
    ends = (found.value, found.low, found.high)
    if figure != "accuracy":
        return Interval(*(math.exp(end) for end in ends))
    middles = [np.mean([p.logits[0] for p in points if p.task == task]) for task in sorted(tasks)]
    at = float(np.mean(middles))
    return Interval(*(100 * (_accuracy(at + end / 2) - _accuracy(at - end / 2)) for end in ends))


def _accuracy(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _by_task(points: Sequence[Observed]) -> dict[str, list[Observed]]:
    """Comparable tasks, one of each group."""
    found = defaultdict[str, list[Observed]](list)
    for point in points:
        found[point.task].append(point)
    comparable, groups = cells_of(points).comparable, cells_of(points).groups
    first = {groups[task] for task in comparable}
    return {task: some for task, some in found.items() if task in first}


def _fronts(points: Sequence[Observed]) -> list[TaskFront]:
    """Of comparable tasks, of those with the very same models the first; then their mean."""
    tasks = _by_task(points)
    inside = {task: _inside(some) for task, some in tasks.items()}
    if not tasks:
        return []
    counts = [(task, some, (inside[task],)) for task, some in tasks.items()]
    every = [point for some in tasks.values() for point in some]
    return [_front(*count) for count in [*counts, (ALL_TASKS, every, tuple(inside.values()))]]


@dataclass(frozen=True, slots=True)
class _Inside:
    """(DRAWS + 1,) shares of the models of each kind inside a front, and how many are on it."""

    moe: Array
    dense: Array
    moe_on_front: int
    dense_on_front: int


def _inside(points: Sequence[Observed]) -> _Inside:
    logits = np.array([point.logits for point in points])
    inside = ~unbeaten(np.array([point.log_costs("flops") for point in points]), logits)
    weights = np.array([architecture_weights(point.answer.architecture) for point in points])
    fewest = cells_of(points).comparable[points[0].task]
    moe = np.array([point.is_moe for point in points])

    def share(of: NDArray[np.bool_]) -> Array:
        raw = (weights[of] * inside[of]).sum(axis=0) / weights[of].sum(axis=0)
        return np.clip(widened(raw, fewest), 0, 1)

    return _Inside(share(moe), share(~moe), int((~inside[moe, 0]).sum()), int((~inside[~moe, 0]).sum()))


def _front(task: str, points: Sequence[Observed], fronts: Sequence[_Inside]) -> TaskFront:
    moe, dense = (np.mean([getattr(each, kind) for each in fronts], axis=0) for kind in ("moe", "dense"))
    models = {point.model: point.is_moe for point in points}
    return TaskFront(
        task=task,
        moe=sum(models.values()),
        dense=len(models) - sum(models.values()),
        moe_on_front=sum(each.moe_on_front for each in fronts),
        dense_on_front=sum(each.dense_on_front for each in fronts),
        moe_inside=interval(moe),
        dense_inside=interval(dense),
        more_dense_inside=interval(dense - moe),
    )


def _ages(points: Sequence[Observed]) -> list[Ages]:
    found = []
    for task, some in _by_task(points).items():
        dated = [(p.released, p.is_moe) for p in some if p.released is not None]
        moe, dense = ([year for year, kind in dated if kind is wanted] for wanted in (True, False))
        if not (moe and dense):
            continue
        years, kinds = np.array([year for year, _ in dated]), np.array([float(kind) for _, kind in dated])
        together = float(np.corrcoef(years, kinds)[0, 1]) if years.std() > 0 else 0.0
        near = sum(any(abs(year - other) <= NEAR_YEARS for other in dense) for year in moe)
        found.append(Ages(task, float(np.median(moe)), float(np.median(dense)), together, near, len(moe)))
    return found


def _basis(points: Sequence[Observed], gpu: str | None) -> Basis:
    models = {point.model: point.is_moe for point in points}
    moe = sum(models.values())
    return Basis(
        data=(
            f"{counted(len(points), 'point')} of {counted(moe, 'mixture')} and"
            f" {counted(len(models) - moe, 'dense model')}: one answer a question"
            " without a cap, accuracy and length known; USD, seconds (that 95 % of the questions stay within) and"
            " joules each on the deployment where they are smallest"
        ),
        method=(
            "analysis of covariance with a difference of the kinds on each task and one slope for all tasks, once with"
            " and once without the release date; mean over tasks as random effects, tasks with the very same models as"
            " one; intervals by bootstrap over architectures, whose models share weights, and over questions"
            + (f"; speed of pairs on {gpu} as predicted from measured runs" if gpu else "")
        ),
        would_change="mixtures and dense models of one publisher and month, measured on the same tasks, tokens counted",
    )


def _notes(points: Sequence[Observed], ages: Sequence[Ages]) -> tuple[str, ...]:
    if not points:
        return ("no accuracy of single answers with a length is known of a model whose config is known",)
    notes = []
    if not ages:
        notes.append(
            f"no task has {LEAST} architectures of each kind, so nothing is compared at equal accuracy or size"
        )
    elif (together := max(row.correlation for row in ages)) > TOGETHER:
        notes.append(
            f"kind and release date go together (correlation up to {together:.2f} on a task): whether a model is"
            " better for being sparse or for being new shows only as far as the two columns agree"
        )
    notes += _of_imputed(points)
    notes.append(
        "not separated: publisher, training data, reasoning by default, and precision of the checkpoint; accuracy is"
        " known with noise, which hides a part of its slope and with it of what equal accuracy takes away"
    )
    return tuple(notes)


def _at_equal_flops(points: Sequence[Observed]) -> Difference | None:
    """Points of accuracy at equal FLOPs and release date over all tasks; None: too few models."""
    found = _differences_in(points, "FLOPs", EQUAL["FLOPs"][0], "accuracy", dated=True)
    return found[0] if found else None


def _of_counted(points: Sequence[Observed]) -> Difference | None:
    """The same of counted lengths."""
    return _at_equal_flops(_counted(points))


def _without_one(points: Sequence[Observed]) -> list[Compared]:
    """The same with each architecture left out, of all lengths and of counted ones."""
    names = sorted({point.answer.architecture for point in points})
    left = ([point for point in points if point.answer.architecture != name] for name in names)
    return [Compared(_at_equal_flops(some), _of_counted(some)) for some in left]


def _counted(points: Sequence[Observed]) -> list[Observed]:
    return [point for point in points if point.answer.point.tokens_from is not Provenance.IMPUTED]


def _of_imputed(points: Sequence[Observed]) -> list[str]:
    """How many lengths are imputed, and what the counted ones alone say."""
    counted = _counted(points)
    if len(counted) == len(points):
        return []
    said = f"{len(points) - len(counted)} of {len(points)} lengths are imputed from how wordy models are"
    alone = _differences_in(counted, "accuracy", EQUAL["accuracy"][0], "flops", dated=False)
    if not alone:
        return [f"{said}; the others are too few to compare the kinds"]
    of, n = alone[0].value, f"{alone[0].moe} mixtures, {alone[0].dense} dense models"
    factor = f"{of.value:.2f} × (90 %: {of.low:.2f} – {of.high:.2f})"
    return [f"{said}; with counted ones alone mixtures take {factor} of the FLOPs at equal accuracy ({n})"]


TOGETHER = 0.3
"""Correlation of kind and date from which the two are said to go together."""
