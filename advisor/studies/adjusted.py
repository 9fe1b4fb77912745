"""How far two kinds of models differ on tasks once they are made equal in something else, and over all tasks.

An analysis of covariance: y = (task, kind) + slopes · controls, with the same slopes on all tasks and a difference of
the kinds on each. Models are the sample: they are weighted anew in every draw (Bayesian bootstrap, Rubin 1981), each
with all its tasks, and with all models of its architecture, which mostly are tuned from the same weights; beside the
draws of its own figures. Tasks with the very same models show them again and are averaged first; over these groups the
differences are averaged as random effects (DerSimonian and Laird 1986).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, seed_of

LEAST = 2
"""Architectures of each kind on a task without which it shows no difference: one alone has no spread."""


@dataclass(frozen=True, slots=True)
class Cells:
    """N figures by task and model, of which kind it is, and its architecture."""

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    kind: tuple[bool, ...]
    architectures: tuple[str, ...]

    @property
    def groups(self) -> dict[str, str]:
        """The first of the tasks with the very same models, by task."""
        models = defaultdict[str, set[str]](set)
        for task, model in zip(self.tasks, self.models, strict=True):
            models[task].add(model)
        first: dict[frozenset[str], str] = {}
        return {task: first.setdefault(frozenset(models[task]), task) for task in sorted(models)}

    @property
    def comparable(self) -> dict[str, int]:
        """Architectures of the kind that has fewer, of tasks with LEAST of both."""
        found = defaultdict[str, dict[bool, set[str]]](lambda: {True: set(), False: set()})
        for task, kind, architecture in zip(self.tasks, self.kind, self.architectures, strict=True):
            found[task][kind].add(architecture)
        fewest = {task: min(map(len, kinds.values())) for task, kinds in sorted(found.items())}
        return {task: n for task, n in fewest.items() if n >= LEAST}


@dataclass(frozen=True, slots=True)
class Differences:
    """(DRAWS + 1,) draws of what the kind has more than the others, the first the estimate: over the tasks of each
    group, named by the first, and over all."""

    by_group: dict[str, Array]
    pooled: Array


def differences(cells: Cells, y: Array, controls: Sequence[Array]) -> Differences | None:
    """The difference of the kinds in y where all controls are equal; None where no task has LEAST of both kinds.

    y, each control  (N, DRAWS + 1), of which the first column is the estimate
    """
    comparable, groups = cells.comparable, cells.groups
    if not comparable:
        return None
    names = sorted(set(zip(cells.tasks, cells.kind, strict=True)))
    at = np.array([names.index(cell) for cell in zip(cells.tasks, cells.kind, strict=True)])
    member = (at[:, None] == np.arange(len(names))).astype(float)
    weights = _weights(cells, groups)
    total = np.einsum("nc,nd->cd", member, weights)

    def means(values: Array) -> Array:
        # einsum: threads of a BLAS take longer to start
        return np.asarray(np.einsum("nc,nd->cd", member, weights * values) / total)

    outcome, x = means(y), np.stack([means(control) for control in controls])
    within = np.stack([control - mean[at] for control, mean in zip(controls, x, strict=True)])
    rest = y - outcome[at]
    products = np.einsum("knd,lnd,nd->dkl", within, within, weights)
    slopes = np.linalg.pinv(products, hermitian=True) @ np.einsum("knd,nd,nd->dk", within, rest, weights)[..., None]
    adjusted = outcome - np.einsum("dk,kcd->cd", slopes[..., 0], x)
    found = defaultdict[str, list[Array]](list)
    for task, fewest in comparable.items():
        raw = adjusted[names.index((task, True))] - adjusted[names.index((task, False))]
        found[groups[task]].append(widened(raw, fewest))
    by_group = {first: np.asarray(np.mean(some, axis=0)) for first, some in found.items()}
    return Differences(by_group, pooled(list(by_group.values())))


def _weights(cells: Cells, groups: dict[str, str]) -> Array:
    """(N, DRAWS + 1): the first column without resampling; every group of tasks counts as one."""
    alike = {first: sum(each == first for each in groups.values()) for first in groups.values()}
    share = np.array([1 / alike[groups[task]] for task in cells.tasks])
    return np.asarray(share[:, None] * np.array([architecture_weights(each) for each in cells.architectures]))


def architecture_weights(architecture: str) -> Array:
    """(DRAWS + 1,) weights of its models, the same wherever they appear; the first without resampling."""
    drawn = np.random.default_rng(seed_of(f"architecture\0{architecture}")).standard_exponential(DRAWS)
    return np.concatenate([[1.0], drawn])


def widened(draws: Array, n: int) -> Array:
    """The estimate with draws around it. Resampled means of n spread too little, by √((n − 1)/(n + 1)), and as if the
    spread were known, as in `accuracy.resampling.noise`; noise of a control in the draws moves their mean away."""
    factor = ((n + 1) / (n - 1)) ** 0.5 * (1 + 0.926 / (n - 1))
    around = draws[0] + factor * (draws[1:] - draws[1:].mean())
    return np.concatenate([draws[:1], around])


def pooled(groups: Sequence[Array]) -> Array:
    """(D + 1,) the mean over groups of tasks as random effects, the first the estimate; each group is such draws."""
    effects = np.array(groups)
    variance = np.maximum(effects[:, 1:].var(axis=1), 1e-12)
    between = _between(effects[:, 0], variance)
    weight = 1 / (variance + between)
    weight /= weight.sum()
    spread = (between * (weight**2).sum()) ** 0.5
    noise = np.concatenate(
        [[0.0], np.random.default_rng(seed_of("between tasks")).standard_normal(effects.shape[1] - 1)]
    )
    return np.asarray(weight @ effects + spread * noise)


def _between(effects: Array, variance: Array) -> float:
    """Variance of the true effects, by moments."""
    weight = 1 / variance
    mean = weight @ effects / weight.sum()
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return float(max((weight @ (effects - mean) ** 2 - (len(effects) - 1)) / scale, 0.0)) if scale > 0 else 0.0


def interval(draws: Array) -> Interval:
    """The estimate with its 90 % interval."""
    low, high = np.quantile(draws[1:], (0.05, 0.95))
    value = float(draws[0])
    return Interval(value, min(float(low), value), max(float(high), value))
