"""One point a model and task with what it costs, by kind of model: what dense models and mixtures are compared on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.errors import NoAnswer
from advisor.performance.demand import demand
from advisor.recommendation.candidates import candidates
from advisor.recommendation.request import checked_request
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.studies.adjusted import Cells
from advisor.studies.single_answers import SingleAnswer, one_a_model, single_answers, years

PACKAGE = "advisor.studies"
COSTS = ("flops", "tokens", "usd", "s", "J")


@dataclass(frozen=True, slots=True)
class Observed:
    """A model's single answers on a task; `costs` by COSTS, nan where not known; `weight_bytes` as it is deployed."""

    answer: SingleAnswer
    costs: Mapping[str, float]
    weight_bytes: float
    released: float | None

    @property
    def model(self) -> str:
        """Its id."""
        return self.answer.point.model

    @property
    def task(self) -> str:
        """The task."""
        return self.answer.point.task

    @property
    def is_moe(self) -> bool:
        """Whether it is a mixture of experts."""
        return self.answer.spec.is_moe

    @property
    def logits(self) -> Array:
        """(DRAWS + 1,) log odds of its accuracy, the first what is believed; half a question off 0 and 1."""
        p, edge = self.answer.point, 0.5 / self.answer.point.n_questions
        accuracy = np.clip(np.concatenate([[p.accuracy], self.answer.draws]), edge, 1 - edge)
        return np.asarray(np.log(accuracy / (1 - accuracy)))

    def log_costs(self, cost: str) -> Array:
        """(DRAWS + 1,) of one cost; a length that is imputed moves them."""
        return np.asarray(math.log(self.costs[cost]) + np.concatenate([[0.0], np.log(self.answer.token_factors)]))


def observed(workspace: Workspace) -> list[Observed]:
    """All of them by task and model. Raises AdvisorError for a damaged file."""
    answers = one_a_model(single_answers(workspace))
    costs = {task: _cheapest(workspace, task) for task in sorted({each.point.task for each in answers})}
    return [_observed(workspace, each, costs[each.point.task]) for each in answers]


Key = tuple[str, str, str, float]


def _cheapest(workspace: Workspace, task: str) -> dict[Key, dict[str, float]]:
    """USD, seconds and joules of single answers; nothing where no GPU that holds them has a price."""
    try:
        connection = candidates(workspace, checked_request(workspace, task=task))
    except NoAnswer:
        return {}
    rows = connection.execute(statement(PACKAGE, "least_costs")).fetchall()
    return {
        (model, strategy, setup, tokens): {"usd": _known(usd), "s": _known(s), "J": _known(joules)}
        for model, strategy, setup, tokens, usd, s, joules in rows
    }


def _known(value: float | None) -> float:
    return value if value else math.nan


def _observed(workspace: Workspace, answer: SingleAnswer, cheapest: Mapping[Key, Mapping[str, float]]) -> Observed:
    p, spec = answer.point, answer.spec
    nothing = dict.fromkeys(COSTS, math.nan)
    rented = cheapest.get((p.model, p.strategy, p.setup, p.generated_tokens or 0.0), {})
    counted = {"flops": float(answer.parts.total), "tokens": float(answer.prompt_tokens + answer.generated_tokens)}
    precision = workspace.models.checkpoint_precision(p.model)
    weights = float(demand(spec, precision, 1, 1).resident_weight_bytes)
    return Observed(answer, nothing | counted | dict(rented), weights, years(answer.released))


def cells_of(points: Sequence[Observed]) -> Cells:
    """Their tasks, models, kinds and architectures."""
    return Cells(
        tuple(p.task for p in points),
        tuple(p.model for p in points),
        tuple(p.is_moe for p in points),
        tuple(p.answer.architecture for p in points),
    )
