"""Strategy points over several tasks: one way to answer, measured on each, as one point of weighted means.

As arXiv 2512.24776 averages over benchmarks, accuracy, tokens and every cost are weighted means over the tasks. The
interval takes the tasks as independent: half-widths, each times its weight, add in quadrature, those below apart from
those above.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.accuracy.resampling import DRAWS
from advisor.fits.draws import draws_of, with_draws_of
from advisor.provenance import Provenance
from advisor.recommendation.task_weights import TaskWeight, tasks_text
from advisor.recommendation.waiting import Waiting
from advisor.store.beliefs import Point

STEPS = 40
"""Halvings in the search for a percentile: more digits than a length in tokens has."""
NORMAL = NormalDist()
SCORES = tuple(NORMAL.inv_cdf(share) for share in (0.50, 0.95, 0.99))
"""Of the percentiles that are known of a task."""


DRAWING = (
    "endpoint", "chat_options", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty",
    "repetition_penalty", "reward", "step_delimiter",
)  # fmt: skip
"""Columns of a set-up, and of what scored it, that tasks share: prompts and the longest answer are a task's own."""

Recorded = Mapping[str, Any]
"""Columns of a set-up, as far as they are recorded."""


@dataclass(frozen=True, slots=True)
class Part:
    """A strategy point on one of the tasks, and what its questions wait for.

    `prompt` is where the length of the prompt comes from, `recorded` how its answers were drawn; `observed` is the
    accuracy that was measured or published, where the point has the one that is believed.
    """

    weight: float
    point: Point
    waits: Waiting
    prompt: Provenance = Provenance.MEASURED
    recorded: Recorded = field(default_factory=dict)
    observed: float = math.nan


@dataclass(frozen=True, slots=True)
class Mix:
    """A strategy point over all tasks: weighted means, and the tasks' own points."""

    point: Point
    waits: Waiting
    parts: tuple[Part, ...]

    @property
    def prompt(self) -> Provenance:
        """Where the length of the prompt comes from: imputed where it was not recorded on one of the tasks."""
        found = [part.prompt for part in self.parts]
        return Provenance.IMPUTED if Provenance.IMPUTED in found else found[0]

    @property
    def observed(self) -> float:
        """The mean of the accuracies that were measured or published."""
        return sum(part.weight * part.observed for part in self.parts)

    @property
    def drawn_otherwise(self) -> bool:
        """Whether its answers were drawn otherwise on one of the tasks than on another."""
        return not all(alike(first.recorded, second.recorded) for first, second in combinations(self.parts, 2))


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a candidate gives on one of several tasks; tokens of all samples together."""

    task: str
    weight: float
    accuracy: Interval
    n_questions: int
    generated_tokens: float
    source: str
    setup: str = ""


def alike(first: Recorded, second: Recorded) -> bool:
    """Whether two set-ups draw alike, as far as both are recorded: prompts may differ, they are a task's own."""
    return all(first[name] == second[name] for name in DRAWING if name in first and name in second)


def mixes(parts: Iterable[Part], tasks: Sequence[TaskWeight]) -> list[Mix]:
    """Every strategy point that all tasks have, in the order of the first task's.

    Thinking that was held to a mean length instead of a cap is no way to answer that two tasks share, and neither are
    several points of one strategy, budget and set-up on a task. Where a task has several set-ups, each is joined with
    what was drawn alike on the others (`_joined`). Of one task every point stands for itself.
    """
    if len(tasks) == 1:
        return [Mix(part.point, part.waits, (part,)) for part in parts]
    by_way: dict[tuple[object, ...], dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for part in parts:
        p = part.point
        if p.strategy == "thinking-budget" and not p.token_budget:
            continue
        by_way[p.model, p.strategy, p.reward_model, p.n_samples, p.token_budget][p.task].append(part)
    ways = ([_told_apart(found.get(each.task, [])) for each in tasks] for found in by_way.values())
    return [mix(parts) for way in ways for parts in _joined(way)]


def _told_apart(parts: Sequence[Part]) -> list[Part]:
    """Those whose set-up no other of the parts has."""
    times = Counter(part.point.setup for part in parts)
    return [part for part in parts if times[part.point.setup] == 1]


def _joined(of_tasks: Sequence[Sequence[Part]]) -> list[list[Part]]:
    """Parts of every task that go together, one list for each set-up of the task with most of them.

    To each the only part of another task that was drawn alike; of several the one whose set-up has the same name. Where
    every task has one set-up alone they are joined as they are: an answer says where they were drawn otherwise.
    """
    if all(len(parts) == 1 for parts in of_tasks):
        return [[parts[0] for parts in of_tasks]]
    found = []
    for part in max(of_tasks, key=len):
        chosen = [_drawn_like(part, others) for others in of_tasks]
        together = [each for each in chosen if each is not None]
        if len(together) == len(of_tasks):
            found.append(together)
    return found


def _drawn_like(part: Part, others: Sequence[Part]) -> Part | None:
    """The one of the others that goes together with a part, itself among its own; None where none or several do."""
    if part in others:
        return part
    drawn_alike = [each for each in others if alike(part.recorded, each.recorded)]
    named_alike = [each for each in drawn_alike if each.point.setup == part.point.setup]
    for candidates in (drawn_alike, named_alike):
        if len(candidates) == 1:
            return candidates[0]
    return None


def mix(parts: Sequence[Part]) -> Mix:
    """One point of the weighted means of all its fields that are means."""
    low, high = (_half_width(parts, end) for end in (lambda p: p.accuracy - p.low, lambda p: p.high - p.accuracy))
    accuracy = _mean(parts, lambda p: p.accuracy) or 0.0
    sources, runs = {part.point.provenance for part in parts}, {part.point.runs for part in parts}
    names = {part.point.setup for part in parts}
    combined = replace(
        parts[0].point,
        task=tasks_text([TaskWeight(part.point.task, part.weight) for part in parts]),
        n_questions=sum(part.point.n_questions for part in parts),
        accuracy=accuracy,
        low=max(0.0, accuracy - low),
        high=min(1.0, accuracy + high),
        prompt_tokens=_mean(parts, lambda p: p.prompt_tokens),
        generated_tokens=_mean(parts, lambda p: p.generated_tokens),
        depth_tokens=_mean(parts, lambda p: p.depth_tokens),
        depth_p50_tokens=None,
        depth_p95_tokens=None,
        depth_p99_tokens=None,
        answer_p999_tokens=None,
        cut=_mean(parts, lambda p: p.cut),
        right_tokens=None,
        wrong_tokens=None,
        provenance=sources.pop() if len(sources) == 1 else Provenance.PUBLISHED,
        runs=runs.pop() if len(runs) == 1 else "; ".join(f"{part.point.task}: {part.point.runs}" for part in parts),
        scored_tokens=_mean(parts, lambda p: p.scored_tokens),
        pass_at_k=_mean(parts, lambda p: p.pass_at_k),
        setup=names.pop() if len(names) == 1 else _setups(parts),
        weak=any(part.point.weak for part in parts),
        search_prompt_tokens=_mean(parts, lambda p: p.search_prompt_tokens),
        tokens_provenance=_least_certain(part.point.tokens_from for part in parts),
        tokens_spread=_tokens_spread(parts),
    )
    draws = sum((part.weight * draws_of(part.point) for part in parts), np.zeros(DRAWS))
    return Mix(with_draws_of(combined, draws), mixed_waiting(parts), tuple(parts))


def _setups(parts: Sequence[Part]) -> str:
    """The set-ups of the tasks, where they are not the same."""
    return "; ".join(f"{part.point.task}: {part.point.setup}" for part in parts if part.point.setup)


def _mean(parts: Sequence[Part], of: Callable[[Point], float | None]) -> float | None:
    values = [of(part.point) for part in parts]
    known = [part.weight * value for part, value in zip(parts, values, strict=True) if value is not None]
    return sum(known) if len(known) == len(parts) else None


def _least_certain(of_each: Iterable[Provenance]) -> Provenance:
    """Imputed where the tokens of one task are, then published."""
    found = set(of_each)
    return next((p for p in (Provenance.IMPUTED, Provenance.PUBLISHED) if p in found), Provenance.MEASURED)


def _tokens_spread(parts: Sequence[Part]) -> float:
    """The upper ends add up: who is wordier than imputed on one task is so on the others."""
    tokens = [part.weight * (part.point.generated_tokens or 0.0) for part in parts]
    upper = sum(each * part.point.tokens_spread for each, part in zip(tokens, parts, strict=True))
    return upper / sum(tokens) if sum(tokens) else 1.0


def _half_width(parts: Sequence[Part], side: Callable[[Point], float]) -> float:
    return math.hypot(*(part.weight * side(part.point) for part in parts))


def mixed_waiting(parts: Sequence[Part]) -> Waiting:
    """Percentiles of the mixture of all tasks' questions, and the longest answer of any task.

    Of a task three percentiles are known. Between them, and beyond them, the logarithm of the tokens is taken as
    linear in the normal score of the share (a log-normal distribution in pieces), so the percentile of the mixture is
    exact where tasks are alike and lies between theirs otherwise.
    """
    imputed = any(part.waits.provenance is Provenance.IMPUTED for part in parts)
    return Waiting(
        p50=_percentile(parts, 0.50, [part.waits.p50 for part in parts]),
        p95=_percentile(parts, 0.95, [part.waits.p95 for part in parts]),
        p99=_percentile(parts, 0.99, [part.waits.p99 for part in parts]),
        longest=max(part.waits.longest for part in parts),
        provenance=Provenance.IMPUTED if imputed else Provenance.MEASURED,
    )


def _percentile(parts: Sequence[Part], share: float, of_each: Sequence[float]) -> float:
    """The tokens that a share of the mixture's questions stay within; each task's own bound it."""
    low, high = min(of_each), max(of_each)
    if low == high or low <= 0:
        return high
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        if sum(part.weight * share_within(part.waits, middle) for part in parts) >= share:
            high = middle
        else:
            low = middle
    return high


def share_within(waits: Waiting, tokens: float) -> float:
    """The share of a task's questions that stay within so many tokens."""
    known = (waits.p50, waits.p95, waits.p99)
    above = 1 if tokens < waits.p95 else 2
    low, high = math.log(known[above - 1]), math.log(known[above])
    beyond = math.log(tokens) - low
    if low == high:  # a cap that many answers reach
        return float(beyond >= 0)
    return NORMAL.cdf(SCORES[above - 1] + (SCORES[above] - SCORES[above - 1]) * beyond / (high - low))
