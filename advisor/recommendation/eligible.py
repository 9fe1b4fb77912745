"""Which strategy points a request is about: on its tasks, of its models and licences, at its lengths.

What is left out for want of a fact (a licence, a measurement on one of the tasks) or of context is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.errors import NoAnswer
from advisor.fits.costs import prompt_of, verifier_flops
from advisor.fits.draws import believed
from advisor.fits.levels import level_notes
from advisor.fits.tasks import unknown_task
from advisor.models.catalog import Catalog
from advisor.performance.feasibility import holds
from advisor.recommendation.evidence import counts, source_notes
from advisor.recommendation.licenses import licenses_of
from advisor.recommendation.loadable import loadable
from advisor.recommendation.measuring import calibrate_command
from advisor.recommendation.mixture import Mix, Part, mixes
from advisor.recommendation.own_lengths import at_lengths, can_be_so_long, prompt_origin, single_answers
from advisor.recommendation.request import Request
from advisor.recommendation.task_weights import TaskWeight
from advisor.recommendation.waiting import typical_spread, waiting
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.units import counted, percent

MOST_CUT = 0.5
"""Share of the answers that a cap may stop: beyond it a point measures the cap, and nobody would serve that."""
NAMED = 5
"""Models that a note names; of more it gives the number."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """Strategy points in a fixed order; `left_out` says which models are missing and why, a sentence a reason."""

    points: tuple[Mix, ...]
    left_out: tuple[str, ...]


def eligible(workspace: Workspace, request: Request) -> Eligible:
    """The strategy points whose cost can be counted, prompts filled in where not recorded.

    Raises AdvisorError for an unknown task, NoAnswer where nothing is left, with what took the last.
    """
    chosen = considered(workspace, request)
    trusted, doubted = _trusted(chosen, request)
    usable = [p for p in sorted(trusted, key=_order) if has_cost(p, workspace.models)]
    if not usable:
        raise _nothing_usable(workspace, request, chosen)
    usable = loadable(workspace, usable, request)
    licensed, unlicensed = _licensed(usable, request, workspace.models)
    of_length, other_lengths = _at_lengths(licensed, request, workspace)
    within, too_long = _within_context(of_length, request, workspace.models)
    points = mixes(within, request.tasks)
    unmeasured = [*_unmeasured(within, points, request.tasks), *_drawn_otherwise(points)]
    if not points:
        raise NoAnswer(f"no model is measured the same way on all of {request.task}", hint="; ".join(unmeasured))
    return Eligible(tuple(points), (*doubted, *unlicensed, *other_lengths, *too_long, *unmeasured))


def question_notes(workspace: Workspace, request: Request) -> tuple[str, ...]:
    """What an answer has to say about the question: which models it leaves out, and what it takes for granted."""
    found = eligible(workspace, request)
    notes = [*found.left_out, *source_notes(part.point for each in found.points for part in each.parts)]
    notes += level_notes(workspace, {each.task for each in request.tasks})
    if request.lengths.texts:
        notes.append(
            f"accuracy is that on {request.task}, at the lengths recorded there;"
            f" cost, speed and memory are for {' and '.join(request.lengths.texts)}"
        )
    if len(request.tasks) > 1:
        notes.append(
            "accuracy, tokens and costs are weighted means over the tasks; the interval takes the tasks as independent;"
            " percentiles of seconds are those of the mixed questions, read between those recorded of each task"
        )
    return tuple(notes)


def has_cost(p: Point, models: Catalog) -> bool:
    """Whether the cost of a point can be counted: without its reward model a strategy looks cheaper than it is."""
    return (
        p.generated_tokens is not None
        and (p.cut is None or p.cut <= MOST_CUT)
        and p.model in models
        and verifier_flops(models, p) is not None
    )


def considered(workspace: Workspace, request: Request) -> list[Point]:
    """All points on the tasks of the models that may be used. Raises AdvisorError, NoAnswer."""
    points = workspace.fits.points
    if not points:
        raise NoAnswer("no strategy point is known", hint=f"run `{workspace.fit_command}`")
    tasks = {p.task for p in points}
    for wanted in request.tasks:
        if wanted.task in tasks:
            continue
        raise unknown_task(workspace, wanted.task, tasks)
    names = {each.task for each in request.tasks}
    return [
        p
        for p in points
        if p.task in names
        and (request.models is None or p.model in request.models)
        and not {p.model, p.reward_model} & set(request.excluded_models)
    ]


def _trusted(points: Sequence[Point], request: Request) -> tuple[list[Point], list[str]]:
    """Those with the kind of evidence that a request counts, and the models without any. Raises NoAnswer for none."""
    found = [p for p in points if counts(p, request.evidence)]
    if points and not found:
        what = f"no {'measured accuracy' if request.evidence == 'measured' else 'accuracy but weak ones'} is known"
        reported = request.evidence == "measured" and any(counts(p, "published") for p in points)
        hint = (
            "--evidence published counts those that sources report too"
            if reported
            else "--evidence any counts those read off charts, from drafts and at second hand too"
        )
        raise NoAnswer(f"{what} on {request.task}", hint=hint)
    lost = {p.model for p in points} - {p.model for p in found}
    kind, flag = "the evidence is weak", "--evidence any"
    if request.evidence == "measured":
        kind, flag = "their accuracy is not measured here", "--evidence published"
    return found, [f"left out, since {kind} ({flag}): {_listed(lost)}"] if lost else []


def _order(p: Point) -> tuple[Any, ...]:
    """By model, strategy, reward model, set-up, budget; what is not given comes last."""
    way = (p.model, p.strategy, p.reward_model is None, p.reward_model or "", p.setup)
    return (*way, p.n_samples, p.token_budget is None, p.token_budget or 0, p.generated_tokens or 0.0)


def _nothing_usable(workspace: Workspace, request: Request, chosen: Sequence[Point]) -> NoAnswer:
    if strange := sorted({p.model for p in chosen} - set(workspace.models)):
        what = f"the cost of {', '.join(strange)} cannot be counted without a config"
        return NoAnswer(what, hint="choose models of `advisor models`, or `advisor import model FOLDER`")
    if not chosen:
        whose = f" of {', '.join(request.models)}" if request.models else ""
        whose += f" (without {', '.join(request.excluded_models)})" if request.excluded_models else ""
        what = f"no accuracy{whose} is known on {request.task}"
        return NoAnswer(
            what, hint="measure it with `advisor calibrate`, or bring answers with `advisor import samples`"
        )
    best, n_models = max(chosen, key=lambda p: p.accuracy), len({p.model for p in chosen})
    known = f"{counted(n_models, 'model')} with an accuracy on {request.task}"
    lengths = "nobody counted how long their answers are"
    capped = "a cap stops most of their answers, or their reward model has no known cost"
    why = lengths if all(p.generated_tokens is None for p in chosen) else capped
    what = f"{known} (at best {percent(best.accuracy)}, {best.model}), none with a cost: {why}"
    command = calibrate_command(best.model, best.task)
    return NoAnswer(what, hint=f"`{command}`, or `advisor import samples` brings answers")


def _licensed(points: Sequence[Point], request: Request, models: Catalog) -> tuple[list[Point], list[str]]:
    """The points under the licences of the request, and whose licence is not known. Raises NoAnswer for none."""
    if request.licenses is None:
        return list(points), []
    found = [p for p in points if set(licenses_of(p, models)) <= set(request.licenses)]
    unknown_of = {name for p in points for name in (p.model, p.reward_model) if name and not _license(name, models)}
    left_out = [f"left out, since the licence is not known: {_listed(unknown_of)}"] if unknown_of else []
    if not found:
        there = sorted({_license(p.model, models) for p in points} - {""})
        what = f"no model under {' or '.join(request.licenses)} has a known accuracy on {request.task}"
        hint = f"those that have one are under {', '.join(there)}" if there else "; ".join(left_out)
        raise NoAnswer(what, hint=hint)
    return found, left_out


def _license(model: str, models: Catalog) -> str:
    return models[model].license if model in models else ""


def _at_lengths(points: Sequence[Point], request: Request, workspace: Workspace) -> tuple[list[Part], list[str]]:
    """The points at the request's lengths, with what their questions wait for; and the models without any, in words.

    Raises NoAnswer where no point is left.
    """
    typical = typical_spread(workspace.fits.points)
    weights = {each.task: each.weight for each in request.tasks}
    singles, meant = single_answers(points), [p for p in points if can_be_so_long(p, request.lengths)]
    parts = []
    for p in meant:
        one = singles.get((p.model, p.task, p.setup)) if p.strategy == "adaptive-majority" else None
        there = at_lengths(p, waiting(p, typical), request.lengths, one)
        recorded = workspace.fits.recorded_of(p) if len(request.tasks) > 1 else {}
        point, waits = there
        prompt = prompt_origin(p, request.lengths)
        parts.append(Part(weights[p.task], believed(point), waits, prompt, recorded, observed=p.accuracy))
    if not parts:
        shortest = min((p.generated_tokens or 0.0) / p.n_samples for p in points)
        what = f"no strategy known on {request.task} has {request.lengths.texts[-1]}"
        hint = f"its accuracies are of answers from {shortest:,.0f} tokens on average; other --output-tokens, or none"
        raise NoAnswer(what, hint=hint)
    lost = {p.model for p in points} - {p.model for p in meant}
    means = {p.model: (p.generated_tokens or 0.0) / p.n_samples for p in points if p.n_samples == 1}
    listed = [f"{model} ({means[model]:,.0f})" if model in means else model for model in lost]
    what = f"accuracy not known at {request.lengths.texts[-1]}" if lost else ""
    return parts, [f"{what}, measured with far longer ones: {_listed(listed)}"] if lost else []


def _within_context(parts: Sequence[Part], request: Request, models: Catalog) -> tuple[list[Part], list[str]]:
    """The points whose prompt and mean answer lie within the model's context, and the models without any on a task.

    Raises NoAnswer where no point is left.
    """
    found = [part for part in parts if holds(models.spec(part.point.model), _sequence_tokens(part.point))]
    lost = {model for model, _ in _models_on_tasks(parts) - _models_on_tasks(found)}
    if not lost:
        return found, []
    least = min(_sequence_tokens(part.point) for part in parts if part.point.model in lost)
    contexts = [f"{model} ({models.spec(model).max_context:,})" for model in sorted(lost)]
    lengths = " and ".join(request.lengths.texts) or "prompts and answers"
    what = f"context too short for {lengths}, {least:,.0f} tokens together at least: {_listed(contexts)}"
    found = [part for part in found if part.point.model not in lost]
    if not found:
        raise NoAnswer(what, hint="shorter prompts or answers, or other models")
    return found, [what]


def _models_on_tasks(parts: Iterable[Part]) -> set[tuple[str, str]]:
    return {(part.point.model, part.point.task) for part in parts}


def _sequence_tokens(p: Point) -> float:
    """Mean tokens of a prompt and one answer."""
    return prompt_of(p) + (p.generated_tokens or 0.0) / p.n_samples


def _unmeasured(parts: Sequence[Part], points: Sequence[Mix], tasks: Sequence[TaskWeight]) -> list[str]:
    """Of several tasks how many models are not among the points, and which task each lacks."""
    measured: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        measured[part.point.model].add(part.point.task)
    lost = sorted(set(measured) - {each.point.model for each in points})
    if not lost:
        return []
    lacking: dict[str, list[str]] = defaultdict(list)
    for model in lost:
        missing = [each.task for each in tasks if each.task not in measured[model]]
        lacking[f"without {' and '.join(missing)}" if missing else "never measured the same way on all"].append(model)
    reasons = "; ".join(f"{reason}: {_listed(models)}" for reason, models in sorted(lacking.items()))
    return [f"{len(lost)} of {len(measured)} models left out ({reasons})"]


def _drawn_otherwise(points: Sequence[Mix]) -> list[str]:
    """Of several tasks the models whose answers were drawn with other parameters on one than on another."""
    models = {each.point.model for each in points if each.drawn_otherwise}
    what = "drawn with other sampling parameters or chat options on one task than on another, counted all the same"
    return [f"{what}: {_listed(models)}"] if models else []


def _listed(names: Iterable[str]) -> str:
    """Names in order, the first few of many."""
    ordered: Collection[str] = sorted(names)
    shown = ", ".join(list(ordered)[:NAMED])
    return shown if len(ordered) <= NAMED else f"{shown} and {len(ordered) - NAMED} more"
