"""One answer a question that ends by itself: what studies of models compare, where accuracy and length are known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.fits.costs import prompt_of
from advisor.fits.draws import Z90, believed, draws_of
from advisor.models.flop_parts import FlopParts
from advisor.models.spec import ModelSpec
from advisor.provenance import Provenance
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace

OWN_END = ("majority", "greedy")
"""Strategies whose single answer ends by itself; of a thinking budget the model or the caller says when."""


@dataclass(frozen=True, slots=True)
class SingleAnswer:
    """A model's single answers on a task: `point` with the accuracy that is believed, `draws` (DRAWS,) of it.

    `architecture` is the same for models of equal layers, which mostly are tuned from the same weights.
    """

    point: Point
    draws: Array
    spec: ModelSpec
    architecture: str
    released: str

    @property
    def accuracy(self) -> Interval:
        """What is believed, with its 90 % interval."""
        return Interval(self.point.accuracy, self.point.low, self.point.high)

    @property
    def prompt_tokens(self) -> int:
        """A typical length where none was recorded."""
        return round(prompt_of(self.point))

    @property
    def prompt_from(self) -> Provenance:
        """Where it comes from."""
        return self.point.provenance if self.point.prompt_tokens else Provenance.IMPUTED

    @property
    def generated_tokens(self) -> int:
        """Mean of one answer, at least one."""
        return max(round(self.point.generated_tokens or 0.0), 1)

    @property
    def parts(self) -> FlopParts:
        """FLOPs of a question by component, at the mean lengths."""
        return self.spec.trace_parts(self.prompt_tokens, self.generated_tokens)

    @property
    def token_factors(self) -> Array:
        """(DRAWS,) on its length where that is imputed: the same for all tasks of a model, whose wordiness it is."""
        scores = np.random.default_rng(seed_of(f"length\0{self.point.model}")).standard_normal(DRAWS)
        return np.asarray(np.exp(np.log(self.point.tokens_spread) / Z90 * scores))


def single_answers(workspace: Workspace) -> list[SingleAnswer]:
    """All of them by task, model and set-up, without weak evidence and models whose config is not known."""
    models = workspace.models
    points = [
        p
        for p in workspace.fits.points
        if p.n_samples == 1 and p.token_budget is None and p.generated_tokens and not p.weak and p.model in models
    ]
    points.sort(key=lambda p: (p.task, p.model.lower(), p.setup, p.generated_tokens or 0.0))
    specs = {name: models.spec(name) for name in {p.model for p in points}}
    layers = {name: repr((spec.hidden, spec.layers)) for name, spec in specs.items()}
    return [
        SingleAnswer(believed(p), draws_of(p), specs[p.model], layers[p.model], models[p.model].released)
        for p in points
    ]


def one_a_model(answers: list[SingleAnswer]) -> list[SingleAnswer]:
    """Of each model on each task one: of answers that end by themselves, or where there is none of all, the most
    accurate."""
    of_model = defaultdict[tuple[str, str], list[SingleAnswer]](list)
    for each in answers:
        of_model[each.point.task, each.point.model].append(each)
    return [max(some, key=lambda a: (a.point.strategy in OWN_END, a.accuracy.value)) for some in of_model.values()]


def years(released: str) -> float | None:
    """A date such as 2025-03 or 2025-03-14 in years; None where none is known.

    >>> years("2025-07"), years("")
    (2025.5, None)
    """
    parts = released.split("-")
    if len(parts) < 2 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[0]) + (int(parts[1]) - 1) / 12
