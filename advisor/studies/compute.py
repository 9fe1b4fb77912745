"""The study `compute_per_query`: FLOPs of a question counted by component, beside 2·N·tokens.

The simple count takes two FLOPs for every active weight and token; that of arXiv 2512.24776 adds what attention reads
of a growing context, and leaves out what no token is multiplied with. Where the two put models in another order, a
choice by the simple one is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.accuracy.estimators import Interval
from advisor.arguments import checked_arguments
from advisor.models.flop_parts import PARTS, FlopParts
from advisor.models.spec import ModelSpec
from advisor.provenance import Provenance
from advisor.store.workspace import Workspace
from advisor.studies.compute_claims import claims_of
from advisor.studies.counted_twice import (
    Counted,
    FrontChange,
    OrderChange,
    count,
    counted,
    front_changes,
    fronts,
    order_changes,
)
from advisor.studies.model_resampling import median, over_models
from advisor.studies.single_answers import single_answers
from advisor.studies.stored_lengths import LengthSpread, length_spreads
from advisor.studies.study import Basis, Claim, Study
from advisor.values import Rows

LENGTHS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536)
"""Generated tokens at which the count of every model is shown, after a prompt of PROMPT."""
PROMPT = 200


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the FLOPs by component, named as in models/flop_parts.py."""

    projections: float
    attention_core: float
    recurrent: float
    feed_forward: float
    routed_experts: float
    router: float
    lm_head: float


@dataclass(frozen=True, slots=True)
class QueryCompute:
    """One question of a model on a task: FLOPs by component, and by the simple count of all its tokens.

    `factor` is flops over simple_flops; `tokens_from` and `prompt_from` tell counted lengths from imputed ones;
    `on_front` and `on_simple_front`: no other model on the task is as accurate for as few FLOPs by that count.
    """

    task: str
    model: str
    strategy: str
    setup: str
    is_moe: bool
    accuracy: Interval
    prompt_tokens: int
    prompt_from: Provenance
    generated_tokens: int
    tokens_from: Provenance
    flops: float
    simple_flops: float
    factor: float
    shares: Shares
    on_front: bool
    on_simple_front: bool


@dataclass(frozen=True, slots=True)
class ModelCount:
    """A model's FLOPs over the simple count by length of the answer, and where attention takes half of them.

    `factors` and `attention` (share of its core) at LENGTHS, None past the model's context; `half_tokens` None: not
    within its context.
    """

    model: str
    is_moe: bool
    total_parameters: int
    active_parameters: int
    factors: tuple[float | None, ...]
    attention: tuple[float | None, ...]
    half_tokens: int | None


@dataclass(frozen=True, slots=True)
class TaskCount:
    """A task's points: the median of FLOPs over the simple count, and what another count changes.

    `counted`: points whose length is not imputed; `factor` None: of too few models; `attention`: the median share of
    its core. Of `pairs` of points `reordered` change their order, `counted_reordered` of those of which both lengths
    were counted; `entering` and `leaving` are points that only the full count has on the front, or off it.
    """

    task: str
    points: int
    counted: int
    factor: Interval | None
    attention: float
    pairs: int
    reordered: int
    counted_reordered: int
    entering: int
    leaving: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputePerQuery(Study):
    """FLOPs a question: `queries` one row a model and task, `models` by length, `tasks`, and what changes its order."""

    queries: Rows[QueryCompute]
    models: Rows[ModelCount]
    tasks: Rows[TaskCount]
    reordered: Rows[OrderChange]
    fronts: Rows[FrontChange]
    lengths: Rows[LengthSpread]


@checked_arguments
def compute_per_query(workspace: Workspace) -> ComputePerQuery:
    """FLOPs of a question by component for every model and task whose accuracy and tokens are known.

    Beside the simple count of 2·N·tokens, with the pairs of models that it puts in another order and the frontiers that
    it changes. Answers are single ones without a cap. Raises AdvisorError for a damaged file.
    """
    by_task = defaultdict[str, list[Counted]](list)
    for each in counted(single_answers(workspace)):
        by_task[each.answer.point.task].append(each)
    points = [each for some in by_task.values() for each in some]
    reordered = [change for some in by_task.values() for change in order_changes(some)]
    moved = [change for some in by_task.values() for change in front_changes(some)]
    specs = {each.answer.point.model: each.answer.spec for each in points}
    return ComputePerQuery(
        basis=_basis(points),
        claims=Rows(claims_of(points, moved), Claim),
        notes=_notes(points),
        queries=Rows((row for some in by_task.values() for row in _queries(some)), QueryCompute),
        models=Rows((_model_count(specs[name]) for name in sorted(specs, key=str.lower)), ModelCount),
        tasks=Rows((_task_count(some) for some in by_task.values()), TaskCount),
        reordered=Rows(sorted(reordered, key=lambda change: -change.size), OrderChange),
        fronts=Rows(moved, FrontChange),
        lengths=Rows(length_spreads(workspace), LengthSpread),
    )


def _queries(points: Sequence[Counted]) -> list[QueryCompute]:
    return [
        QueryCompute(
            task=each.answer.point.task,
            model=each.answer.point.model,
            strategy=each.answer.point.strategy,
            setup=each.answer.point.setup,
            is_moe=each.answer.spec.is_moe,
            accuracy=each.answer.accuracy,
            prompt_tokens=each.answer.prompt_tokens,
            prompt_from=each.answer.prompt_from,
            generated_tokens=each.answer.generated_tokens,
            tokens_from=each.answer.point.tokens_from,
            flops=float(each.count.parts.total),
            simple_flops=float(each.count.simple),
            factor=each.count.factor,
            shares=_shares(each.count.parts),
            on_front=bool(full),
            on_simple_front=bool(simple),
        )
        for each, full, simple in zip(points, *fronts(points), strict=True)
    ]


def _shares(parts: FlopParts) -> Shares:
    return Shares(**{part: getattr(parts, part) / parts.total for part in PARTS})


def _model_count(spec: ModelSpec) -> ModelCount:
    at = [count(spec, PROMPT, n) if PROMPT + n <= spec.max_context else None for n in LENGTHS]
    return ModelCount(
        model=spec.name,
        is_moe=spec.is_moe,
        total_parameters=spec.total_parameters,
        active_parameters=spec.active_parameters,
        factors=tuple(None if each is None else each.factor for each in at),
        attention=tuple(None if each is None else each.attention for each in at),
        half_tokens=_half_tokens(spec),
    )


def _half_tokens(spec: ModelSpec) -> int | None:
    """The shortest answer of whose FLOPs attention over the context takes half; None: none within the context."""

    def takes_half(tokens: int) -> bool:
        parts = spec.trace_parts(PROMPT, tokens)
        return 2 * parts.attention_core >= parts.total

    below, enough = 0, spec.max_context - PROMPT
    if enough < 1 or not takes_half(enough):
        return None
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if takes_half(middle) else (middle, enough)
    return enough


def _task_count(points: Sequence[Counted]) -> TaskCount:
    changes, moved = order_changes(points), front_changes(points)
    task, architectures = points[0].answer.point.task, [each.answer.architecture for each in points]
    attention = [each.count.attention for each in points]
    return TaskCount(
        task=task,
        points=len(points),
        counted=sum(each.is_counted for each in points),
        factor=over_models([each.count.factor for each in points], architectures, median, seed=f"counts\0{task}"),
        attention=sorted(attention)[len(attention) // 2],
        pairs=len(points) * (len(points) - 1) // 2,
        reordered=len(changes),
        counted_reordered=sum(change.counted for change in changes),
        entering=sum(change.enters for change in moved),
        leaving=sum(not change.enters for change in moved),
    )


def _basis(points: Sequence[Counted]) -> Basis:
    models = {each.answer.point.model for each in points}
    tasks = {each.answer.point.task for each in points}
    imputed = sum(not each.is_counted for each in points)
    return Basis(
        data=(
            f"{len(points)} points of {len(models)} models on {len(tasks)} tasks: one answer a question without a cap,"
            f" accuracy and length known; {imputed} of the lengths imputed"
        ),
        method=(
            "FLOPs of prompt and answer from each model's config, component by component, at mean lengths; the simple"
            " count is 2·N of the active parameters (no embedding, with LM head) for every token of both; intervals by"
            " bootstrap over models"
        ),
        would_change=(
            "counted lengths in place of imputed ones, prompts in place of a typical length, and the lengths of single"
            " answers in place of their mean, with which attention grows further"
        ),
    )


def _notes(points: Sequence[Counted]) -> tuple[str, ...]:
    if not points:
        return ("no accuracy of single answers with a length is known of a model whose config is known",)
    assumed = sum(each.answer.prompt_from is Provenance.IMPUTED for each in points)
    notes = (
        [f"{assumed} of {len(points)} prompts taken for {PROMPT} tokens, since nobody recorded them"] if assumed else []
    )
    return (*notes, "no FLOPs of a question as the papers print them could be read, so none are compared")
