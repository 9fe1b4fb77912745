"""What each model scores with a single answer that ends by itself, the protocol of the papers, and its FLOPs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.errors import NoAnswer
from advisor.fits.costs import point_flops
from advisor.fits.draws import Z90, draws_of
from advisor.provenance import Provenance
from advisor.recommendation.eligible import eligible
from advisor.recommendation.evidence import kind_of
from advisor.recommendation.mixture import Mix
from advisor.recommendation.request import Request
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OneAnswer:
    """A model with one answer to a question, in one set-up; of several tasks weighted means.

    accuracy       what is believed, `observed` what was measured or published, as `evidence` says
    flops          per question
    imputed        whether the length of its answers was imputed, within a factor `tokens_spread` (90 %)
    """

    model: str
    setup: str
    released: str
    is_moe: bool
    accuracy: Interval
    observed: float
    evidence: str
    n_questions: int
    flops: float
    generated_tokens: float
    imputed: bool
    tokens_spread: float

    @property
    def release(self) -> str:
        """Publisher and month, what models that came out together share; without a date a model stands alone."""
        return f"{self.model.split('/')[0]}\0{self.released[:7] or self.model}"


def one_answer_mixes(workspace: Workspace, request: Request) -> list[Mix]:
    """The points of a request with one answer, no cap and no reward model, by model and set-up.

    Where thinking was held to several lengths, each of them counts. Raises as `eligible` does, NoAnswer for none.
    """
    points = eligible(workspace, request).points
    singles = [each for each in points if is_single(each.point)]
    if not singles:
        what = f"no single answer without a cap is known on {request.task}"
        raise NoAnswer(what, hint="draw some with `advisor calibrate`, without --strategy thinking-budget")
    return sorted(singles, key=lambda each: (each.point.model, each.point.setup, each.point.generated_tokens))


def is_single(p: Point) -> bool:
    """Whether a point is one answer up to its own end, chosen by nothing."""
    return p.n_samples == 1 and p.token_budget is None and p.reward_model is None


def one_answer(workspace: Workspace, mix: Mix) -> OneAnswer:
    """The row of a point of a model in the catalog."""
    p, models = mix.point, workspace.models
    return OneAnswer(
        model=p.model,
        setup=p.setup,
        released=models[p.model].released,
        is_moe=models.spec(p.model).is_moe,
        accuracy=Interval(p.accuracy, p.low, p.high),
        observed=mix.observed,
        evidence=kind_of(p.provenance, weak=p.weak),
        n_questions=p.n_questions,
        flops=sum(part.weight * point_flops(models, part.point) for part in mix.parts),
        generated_tokens=p.generated_tokens or 0.0,
        imputed=p.tokens_from is Provenance.IMPUTED,
        tokens_spread=p.tokens_spread,
    )


def accuracy_draws(mixes: Iterable[Mix]) -> Array:
    """(N, DRAWS) joint draws of the accuracies."""
    return np.array([draws_of(each.point) for each in mixes])


def flops_draws(rows: Sequence[OneAnswer]) -> Array:
    """(N, DRAWS) of the FLOPs: imputed lengths err within their spread, the same for all set-ups of a model."""
    normal = np.array([np.random.default_rng(seed_of(row.model)).standard_normal(DRAWS) for row in rows])
    flops = np.array([row.flops for row in rows])[:, None]
    spread = np.array([row.tokens_spread for row in rows])[:, None]
    return np.asarray(flops * np.exp(np.log(spread) / Z90 * normal))
