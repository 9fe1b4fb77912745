"""What runs today beside the pick: costed as a candidate of the same configuration is, and what the pick changes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.errors import AdvisorError, NoAnswer
from advisor.fits.costs import prompt_of
from advisor.fits.draws import believed
from advisor.performance.deployment import Deployment
from advisor.performance.feasibility import reasons
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.candidates import candidate, costed, loaded, points_and_deployments, rows
from advisor.recommendation.deployments import CONCURRENCIES, Sizes
from advisor.recommendation.eligible import eligible
from advisor.recommendation.mixture import Mix, Part
from advisor.recommendation.own_lengths import at_lengths, prompt_origin
from advisor.recommendation.request import Request, rents_of
from advisor.recommendation.running_setup import WHERE, RunningSetup
from advisor.recommendation.served import USUALLY, Served
from advisor.recommendation.waiting import context_tokens, typical_spread, waiting
from advisor.rents import price_notes
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.units import MOST, counted
from advisor.values import Value

ONE_ANSWER = ("majority", "greedy", "thinking-budget")
"""Strategies whose point may stand for one answer, the first that is known."""
UNCAPPED = ONE_ANSWER[:2]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the pick changes: points of accuracy it adds, its cost, time and energy a question over today's.

    `usd_per_month` it adds to the bill (below zero: saves) is known only with a rate to carry. None: not known.
    """

    accuracy_points: float | None
    usd_ratio: float | None
    latency_ratio: float | None
    energy_ratio: float | None
    usd_per_month: float | None


@dataclass(frozen=True, slots=True)
class Running(Value):
    """What runs today: `candidate` has the columns of the pick, None where it cannot be costed, as `why_not` says.

    `accuracy` is None where none is known of this model with this strategy on the task; `notes` are doubts.
    """

    setup: RunningSetup
    accuracy: Interval | None
    candidate: Candidate | None
    changes: Changes
    why_not: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of a prompt and of one answer, and whose they are."""

    prompt_tokens: float
    answer_tokens: float
    note: str


def what_runs(workspace: Workspace, request: Request, pick: Candidate) -> Running:
    """The running deployment of a request beside its pick. Raises AdvisorError where the request names none."""
    if request.running is None:
        raise AdvisorError("nothing is said of what runs", where=WHERE)
    setup, served, request = request.running, request.served, _its_own(request, request.running)
    measured = _of_setup(_measured(workspace, request, setup), setup)
    known = _known(measured, setup)
    accuracy = Interval(known.point.accuracy, known.point.low, known.point.high) if known else None
    mix, notes = _costable(workspace, request, setup, measured, known)
    if mix is None:
        return Running(setup, accuracy, None, _changes(accuracy, None, pick, request), notes[-1], notes[:-1])
    found = _costed(workspace, request, setup, mix)
    if not found:
        why_not = _why_not(workspace, request, setup, mix)
        return Running(setup, accuracy, None, _changes(accuracy, None, pick, request), why_not, notes)
    runs = _as_known(candidate(found[0], workspace, engine=request.engine), known.point if known else None)
    notes += _choice_of_setup(measured, known, setup)
    if setup.concurrency is None:
        notes += (f"requests in flight were not given: as many as fit are assumed, {runs.concurrency}",)
    notes += _usual(served)
    notes += (*_overlap(accuracy, pick), *_price_notes(workspace, request, setup, runs))
    return Running(setup, accuracy, runs, _changes(accuracy, runs, pick, request), notes=notes)


def _its_own(request: Request, setup: RunningSetup) -> Request:
    """The request with the running model and GPU alone: what runs is bound by no limit of the pick."""
    owned = setup.gpu in request.have
    return replace(
        request,
        budgets=(),
        max_ttft_s=None,
        max_tpot_s=None,
        kv_precision="bf16",
        speculation=None,
        max_num_seqs=None,
        max_num_batched_tokens=None,
        prefill_parallelism=None,
        licenses=None,
        excluded_models=(),
        excluded_gpus=(),
        models=(setup.model,),
        gpus=(setup.gpu,),
        precision=setup.precision,
        most_gpus={},
        have={setup.gpu: MOST} if owned else {},
        usd_per_kwh=request.usd_per_kwh if owned else None,
    )


def _measured(workspace: Workspace, request: Request, setup: RunningSetup) -> list[Mix]:
    """What is known of the model: of one task also points without token counts, of several those on all of them."""
    if len(request.tasks) == 1:
        points = [p for p in workspace.fits.points if p.task == request.task]
        return [_alone(workspace, request, p) for p in points if p.model == setup.model and p.reward_model is None]
    try:
        return [mix for mix in eligible(workspace, request).points if mix.point.reward_model is None]
    except NoAnswer:
        return []


def _alone(workspace: Workspace, request: Request, p: Point) -> Mix:
    """A point of one task at the lengths of the request."""
    waits = waiting(p, typical_spread(workspace.fits.points))
    point, at_length = at_lengths(p, waits, request.lengths)
    part = Part(1.0, believed(point), at_length, prompt_origin(p, request.lengths), observed=p.accuracy)
    return Mix(part.point, part.waits, (part,))


def _of_setup(measured: Sequence[Mix], setup: RunningSetup) -> list[Mix]:
    """What is known of the set-up that was named, or of all. Raises AdvisorError for one that is not known."""
    if setup.setup is None:
        return list(measured)
    found = [mix for mix in measured if mix.point.setup.casefold() == setup.setup.casefold()]
    if not found:
        names = sorted(_setups(measured))
        hint = f"known: {'; '.join(names)}" if names else f"leave it out: one set-up of {setup.model} is known at most"
        raise AdvisorError(f"no set-up {setup.setup!r} of {setup.model} is known", where=WHERE, hint=hint)
    return found


def _setups(measured: Sequence[Mix]) -> set[str]:
    """Names of set-ups."""
    return {mix.point.setup for mix in measured} - {""}


def _choice_of_setup(measured: Sequence[Mix], known: Mix | None, setup: RunningSetup) -> tuple[str, ...]:
    """That one of several set-ups is taken, and how another is named."""
    others = sorted(_setups(measured) - {known.point.setup}) if known else []
    if setup.setup is not None or known is None or not others:
        return ()
    taken = known.point.setup or "the one of which nothing is recorded"
    return (f"measured with several set-ups: {taken} is taken; name another: with {' | '.join(others)}",)


def _known(measured: Sequence[Mix], setup: RunningSetup) -> Mix | None:
    """The point of what runs.

    Of those for one answer one with token counts, then the first kind, then the one on most questions, then the
    longest.
    """
    strategies = ONE_ANSWER if setup.n_samples == 1 else ("majority",)
    alike = [mix for mix in measured if mix.point.n_samples == setup.n_samples and mix.point.strategy in strategies]

    def order(mix: Mix) -> tuple[Any, ...]:
        p = mix.point
        kind = (p.generated_tokens is None, strategies.index(p.strategy), -(p.token_budget or math.inf))
        return (*kind, -p.n_questions, -(p.generated_tokens or 0.0), p.setup)

    return min(alike, key=order, default=None)


def _costed(workspace: Workspace, request: Request, setup: RunningSetup, mix: Mix) -> list[dict[str, Any]]:
    """The row of the candidates that runs: with the requests in flight that were given, else as many as fit."""
    most = setup.concurrency or CONCURRENCIES[-1]
    levels = (*(c for c in CONCURRENCIES if c < most), most)
    rents = rents_of(workspace, request)
    tables = points_and_deployments(workspace, request, rents, [mix], Sizes((setup.layout,), levels, busy_per_group=1))
    connection = costed(tables[0], loaded(*tables, request), request, rents)
    largest = "from candidates where coalesce(concurrency = $given, true) order by concurrency desc limit 1"
    return rows(connection.execute(largest, {"given": setup.concurrency}))


def _costable(
    workspace: Workspace, request: Request, setup: RunningSetup, measured: Sequence[Mix], known: Mix | None
) -> tuple[Mix | None, tuple[str, ...]]:
    """The point with token counts, filled in where they are not known, and what is to be said of it.

    None where no lengths are known on the task; the last note says so.
    """
    name, votes, task = setup.model, _votes(setup.n_samples), request.task
    notes = () if known else (_no_accuracy(measured, task, setup),)
    if known and known.point.generated_tokens is not None:
        p = known.point
        if p.token_budget or p.strategy not in UNCAPPED:
            cap = f"at most {p.token_budget:,}" if p.token_budget else f"about {p.generated_tokens:,.0f}"
            notes = (f"{votes} without a cap is not known of {name} on {task}: {cap} tokens are counted",)
        return known, notes
    lengths = _lengths(workspace, request, setup, measured)
    if lengths is None:
        return None, (*notes, f"its cost cannot be counted: no lengths of answers without a cap are known on {task}")
    base = (
        known.point
        if known
        else Point(
            model=name,
            task=task,
            strategy="majority",
            n_samples=setup.n_samples,
            n_questions=0,
            accuracy=math.nan,
            low=math.nan,
            high=math.nan,
            provenance=Provenance.IMPUTED,
            runs="not known",
        )
    )
    filled = replace(
        base, prompt_tokens=lengths.prompt_tokens, generated_tokens=lengths.answer_tokens * setup.n_samples
    )
    waits = waiting(filled, typical_spread(workspace.fits.points))
    part = Part(1.0, filled, waits)
    note = f"tokens of {votes} are not known of {name} on {task}: {lengths.note}"
    return Mix(filled, waits, (part,)), (*notes, note)


def _no_accuracy(measured: Sequence[Mix], task: str, setup: RunningSetup) -> str:
    known = sorted({mix.point.n_samples for mix in measured if mix.point.strategy == "majority"})
    others = f" (known: {', '.join(map(_votes, known))})" if known else ""
    what = f"no accuracy of {setup.model} with {_votes(setup.n_samples)} is known on {task}{others}"
    return f"{what}: measure it with `advisor calibrate`"


def _votes(n: int) -> str:
    return "one answer" if n == 1 else f"a majority of {n}"


def _lengths(workspace: Workspace, request: Request, setup: RunningSetup, measured: Sequence[Mix]) -> Lengths | None:
    """Of the model's own answers on the task, of the nearest number of votes; else the medians of other models'."""
    own = [mix.point for mix in measured if _has_length(mix.point)]
    if own:
        nearest = min(own, key=lambda p: abs(p.n_samples - setup.n_samples))
        return _typical([nearest], f"those of {_votes(nearest.n_samples)} are taken")
    single_answers = (p for p in workspace.fits.points if p.task == request.task and p.n_samples == 1)
    of_task = [p for p in single_answers if _has_length(p) and p.tokens_from is not Provenance.IMPUTED]
    single = [_alone(workspace, request, p).point for p in of_task]
    n_models = counted(len({p.model for p in single}), "model")
    return _typical(single, f"the median of {n_models} is taken") if single else None


def _has_length(p: Point) -> bool:
    return p.strategy in UNCAPPED and p.generated_tokens is not None and not p.token_budget


def _typical(points: Sequence[Point], note: str) -> Lengths:
    prompt = statistics.median(prompt_of(p) for p in points)
    answer = statistics.median((p.generated_tokens or 0.0) / p.n_samples for p in points)
    return Lengths(prompt, answer, f"{note}, {answer:,.0f} generated tokens an answer")


def _as_known(runs: Candidate, known: Point | None) -> Candidate:
    """The candidate with tokens that were filled in marked as imputed, and no number for an unknown accuracy."""
    if known and known.generated_tokens is not None:
        return runs
    origins = replace(runs.provenance, tokens=Provenance.IMPUTED)
    if known is None:
        unknown = Interval(math.nan, math.nan, math.nan)
        return replace(runs, accuracy=unknown, provenance=replace(origins, accuracy="not known"))
    return replace(runs, provenance=origins)


def _why_not(workspace: Workspace, request: Request, setup: RunningSetup, mix: Mix) -> str:
    """Why a deployment is no candidate, and what comes nearest."""
    spec, gpu, point = workspace.models.spec(setup.model), workspace.gpus[setup.gpu], mix.point
    deployed = Deployment(spec, gpu, setup.layout, setup.precision, engine=request.engine)
    prompt = round(point.prompt_tokens or 0.0)
    answer = max(round((point.generated_tokens or 0.0) / point.n_samples), 1)
    context = max(context_tokens(prompt, point.token_budget or mix.waits.longest, spec.max_context) - prompt, 1)
    # with all requests in flight, else with one sequence of the whole context that is served
    why = reasons(deployed, workspace.support, prompt, answer, setup.concurrency or setup.layout.dp)
    why = why or reasons(deployed, workspace.support, prompt, context, setup.layout.dp)
    nearest = ", and ".join(dict.fromkeys(reason.nearest for reason in why))
    if not why:
        return f"{deployed} cannot be costed under {request.engine}"
    return f"{deployed} cannot start under {request.engine}: {'; '.join(map(str, why))}; nearest: {nearest}"


def _overlap(accuracy: Interval | None, pick: Candidate) -> tuple[str, ...]:
    """Whether the data leave open which of the two is more accurate; of the very same point there is nothing to say."""
    if accuracy is None or accuracy == pick.accuracy:
        return ()
    apart = max(accuracy.low, pick.accuracy.low) > min(accuracy.high, pick.accuracy.high)
    return () if apart else ("its 90 % interval and that of the pick overlap: which is more accurate is not certain",)


def _usual(of_the_pick: Served) -> tuple[str, ...]:
    """How what runs is costed, where the pick is served otherwise."""
    usual = "a KV cache in 16 bit, no drafted tokens, prompts on the same GPUs and no limits of a batch"
    return () if of_the_pick == USUALLY else (f"what runs is costed with {usual}: --running states none of these",)


def _price_notes(workspace: Workspace, request: Request, setup: RunningSetup, runs: Candidate) -> tuple[str, ...]:
    rents = rents_of(workspace, request)
    if runs.rent is None:
        return (rents.missing(setup.gpu, setup.layout.gpu_count),)
    return price_notes([runs.rent], rents)


def _changes(accuracy: Interval | None, runs: Candidate | None, pick: Candidate, request: Request) -> Changes:
    return Changes(
        accuracy_points=100 * (pick.accuracy.value - accuracy.value) if accuracy else None,
        usd_ratio=_ratio(pick.usd, runs.usd) if runs else None,
        latency_ratio=_ratio(pick.latency_s, runs.latency_s) if runs else None,
        energy_ratio=_ratio(pick.energy_j, runs.energy_j) if runs else None,
        usd_per_month=_finite(pick.usd_per_month - runs.usd_per_month) if runs and request.qps else None,
    )


def _ratio(pick: float, today: float) -> float | None:
    return _finite(pick / today) if today else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
