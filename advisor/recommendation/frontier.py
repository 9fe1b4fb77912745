"""The verb `frontier`, and the tasks that it can be drawn for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.arguments import checked_arguments
from advisor.prices import Price
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.candidates import candidates, frontier_of
from advisor.recommendation.eligible import question_notes
from advisor.recommendation.launch import served_notes
from advisor.recommendation.launch_apart import apart_notes, none_apart
from advisor.recommendation.model_points import ModelPoint, model_points
from advisor.recommendation.no_answer import no_answer
from advisor.recommendation.request import checked_request, rents_of
from advisor.recommendation.task_weights import TaskWeight
from advisor.recommendation.uncosted import NOBODY, LeftOut, left_out
from advisor.rents import price_notes
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.units import parse_cost
from advisor.values import Rows, Value

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Frontier(Value):
    """Candidates that no other beats on accuracy and cost, cheapest first, and every model's own point.

    `left_out` are models whose accuracy is known and whose cost is not."""

    task: str
    cost: str
    frontier: Rows[Candidate]
    models: Rows[ModelPoint]
    notes: tuple[str, ...] = ()
    tasks: tuple[TaskWeight, ...] = ()
    left_out: Rows[LeftOut] = NOBODY

    def to_frame(self) -> pandas.DataFrame:
        """One line a candidate."""
        return self.frontier.to_frame()


@checked_arguments
def frontier(
    workspace: Workspace,
    *,
    task: str | Sequence[str] = DEFAULT_TASK,
    cost: str | None = None,
    gpu: str | Sequence[str] | None = None,
    model: str | Sequence[str] | None = None,
    evidence: str = "published",
    price: str | Price | Sequence[str | Price] | None = None,
    price_kind: str | None = None,
    have: str | Sequence[str] | None = None,
    usd_per_kwh: float | None = None,
    license: str | Sequence[str] | None = None,
    exclude_model: str | Sequence[str] | None = None,
    exclude_gpu: str | Sequence[str] | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cached_prompt_tokens: int | None = None,
    precision: str | None = None,
    engine: str = "vllm",
    kv_precision: str = "bf16",
    speculative_tokens: int | None = None,
    acceptance: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    prefill_parallelism: str | None = None,
) -> Frontier:
    """Candidates that no other beats on both accuracy and one cost per question, cheapest first.

    task           name of a task, as `advisor tasks` lists it, or a list of them; "gpqa-diamond:0.7" has a weight
    cost           usd, flops, s, J or tokens, each per question; None: usd, or J where all GPUs are owned and free
    gpu            name of a GPU, "h100-sxm:2" for at most two of them, or a list: only these
    model          name of a model, or a list: only these
    evidence       which accuracies count: measured, published (those too that sources report) or any (weak ones too)
    price          of one GPU an hour: "h100-sxm=2.10usd/h", the path of a CSV, a Price, or a list of them
    price_kind     on-demand, marketplace, reserved-1yr, reserved-3yr, owned or spot; None: on-demand
    have           GPUs that are owned: "2xh100-sxm", or a list; only these, and their hours cost nothing
    usd_per_kwh    price of the energy that owned GPUs take
    license        of the model and of its reward model, "apache-2.0", or a list: only these; `ws.models` has them
    exclude_model  name of a model, or a list: none of these
    exclude_gpu    name of a GPU, or a list: none of these
    input_tokens   length of your own prompts, in place of the task's
    output_tokens  mean length of one answer, in place of each model's on the task
    cached_prompt_tokens  those of input_tokens that the prefix cache holds already: not computed, but in memory
    precision      of the weights: bf16, fp8, fp4, int8 or int4; None: the checkpoint's own
    engine         vllm, sglang or trtllm
    kv_precision   of the KV cache: bf16 or fp8
    speculative_tokens  drafted before each step of models with a head of multi-token prediction
    acceptance     chance that a drafted token is accepted, those before it being so
    max_num_seqs   sequences that every engine (each data-parallel group) runs at once at most; None: as many as costed
    max_num_batched_tokens  prompt tokens of one step at most; None: 8,192
    prefill_parallelism     also deployments with prompts on GPUs of their own, in engines of this layout: "tp8", or
                   "same" as those that decode

    Raises AdvisorError, NoAnswer where nothing is known on the task, or no price of the GPUs.
    """
    request = checked_request(
        workspace,
        task=task,
        gpu=gpu,
        model=model,
        evidence=evidence,
        price=price,
        price_kind=price_kind,
        have=have,
        usd_per_kwh=usd_per_kwh,
        license=license,
        exclude_model=exclude_model,
        exclude_gpu=exclude_gpu,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_prompt_tokens=cached_prompt_tokens,
        precision=precision,
        engine=engine,
        kv_precision=kv_precision,
        speculative_tokens=speculative_tokens,
        acceptance=acceptance,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        prefill_parallelism=prefill_parallelism,
    )
    unit = parse_cost(cost, where="--cost") if cost else request.cost
    connection = candidates(workspace, request)
    found = Rows(frontier_of(connection, unit, workspace, request), Candidate)
    if not found:
        raise no_answer(connection, request, workspace)
    prices = price_notes([c.rent for c in found], rents_of(workspace, request)) if unit == "usd" else ()
    doubts = dict.fromkeys(note for c in found for note in (*served_notes(c), *apart_notes(c)))
    notes = (*question_notes(workspace, request), *doubts, *none_apart(connection, request), *prices)
    missing = left_out(workspace, request)
    return Frontier(request.task, unit, found, model_points(connection, unit), notes, request.tasks, missing)


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """What is known on one task; `n_questions` is its largest set.

    Tokens of some models' answers are counted at one of their points at least, of others imputed at most."""

    task: str
    models: int
    points: int
    n_questions: int
    models_with_tokens: int
    models_with_imputed_tokens: int


def known_tasks(workspace: Workspace) -> Rows[TaskSummary]:
    """Every task with strategy points, by name."""
    by_task: dict[str, list[Point]] = defaultdict(list)
    for point in workspace.fits.points:
        by_task[point.task].append(point)
    summaries = (
        TaskSummary(
            task,
            len({p.model for p in points}),
            len(points),
            max(p.n_questions for p in points),
            len(counted := {p.model for p in points if p.generated_tokens is not None and not _is_imputed(p)}),
            len({p.model for p in points if _is_imputed(p)} - counted),
        )
        for task, points in sorted(by_task.items())
    )
    return Rows(summaries, TaskSummary)


def _is_imputed(p: Point) -> bool:
    return p.tokens_from is Provenance.IMPUTED
