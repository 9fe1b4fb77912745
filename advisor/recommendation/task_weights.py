"""Tasks with weights: `gpqa-diamond`, or several as `gpqa-diamond:0.7` and `math500:0.3`."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from advisor.errors import AdvisorError
from advisor.units import plain_number

FORMS = "accepted: gpqa-diamond, or several with weights such as gpqa-diamond:0.7"
MOST_WEIGHT = 1e6


@dataclass(frozen=True, slots=True)
class TaskWeight:
    """The share of the questions that are like those of a task; all shares of a request add up to one."""

    task: str
    weight: float = 1.0


def parse_tasks(given: Iterable[str], known: Collection[str]) -> tuple[TaskWeight, ...]:
    """Each text a task, `task:weight`, or several of them joined by `+` as `task` in the JSON has them.

    Weights are divided by their sum; without any, all tasks weigh the same. A name in `known` is never taken apart.
    Raises AdvisorError for weights that are none, that only some tasks have, and for a task that is named twice.
    """
    texts = [text.strip().lower() for text in given]
    parsed = [_parsed(part, known) for text in texts for part in ([text] if text in known else text.split("+"))]
    if not parsed:
        raise AdvisorError("no task is named", where="--task", hint=FORMS)
    names = [task for task, _ in parsed]
    if twice := next((task for task in names if names.count(task) > 1), None):
        raise AdvisorError(f"{twice} is named twice", where="--task", hint="name each task once")
    if len({weight is None for _, weight in parsed}) > 1:
        what = "some tasks have a weight and others none"
        raise AdvisorError(what, where="--task", hint="give every task a weight, or none")
    weights = [1.0 if weight is None else weight for _, weight in parsed]
    return tuple(TaskWeight(task, weight / sum(weights)) for task, weight in zip(names, weights, strict=True))


def _parsed(text: str, known: Collection[str]) -> tuple[str, float | None]:
    """The task, and its weight where one is given."""
    text = text.strip()
    task, colon, weight = text.rpartition(":")
    if text in known or not colon:
        return text, None
    try:
        number = plain_number(weight)
    except ValueError:
        number = math.nan
    if not 1 / MOST_WEIGHT <= number <= MOST_WEIGHT:
        what = f"{text!r} has no weight above 0 after the colon (from {1 / MOST_WEIGHT:g} to {MOST_WEIGHT:g})"
        raise AdvisorError(what, where="--task", hint=FORMS)
    return task.strip(), number


def tasks_text(tasks: Collection[TaskWeight]) -> str:
    """One task by its name, several with their weights.

    >>> tasks_text([TaskWeight("gpqa-diamond", 0.7), TaskWeight("math500", 0.3)])
    'gpqa-diamond:0.7+math500:0.3'
    """
    if len(tasks) == 1:
        return next(iter(tasks)).task
    return "+".join(f"{each.task}:{each.weight:.3g}" for each in tasks)


def task_options(tasks: Collection[TaskWeight]) -> list[str]:
    """What `--task` takes for them, each by itself: without weights where all weigh the same."""
    if len({each.weight for each in tasks}) == 1:
        return [each.task for each in tasks]
    return [f"{each.task}:{each.weight:.12g}" for each in tasks]
