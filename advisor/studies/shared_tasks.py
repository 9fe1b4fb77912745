"""Which tasks to average over: those that make the most of models measured on all of them."""

from __future__ import annotations

from collections.abc import Mapping

LEAST_MODELS, LEAST_TASKS = 5, 2
MOST_SETS = 20_000
"""Sets of tasks that are looked at; models beyond that many ways of being measured are not."""


def shared_tasks(models_of: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Of two tasks or more that five models or more share the set with the largest number of models × tasks.

    models_of  by task the models that were measured on it

    Of equals the one with more models, then the first by name; empty where there is none. Only sets that some models'
    own tasks have in common can be the largest, and these are all looked at.
    """
    tasks_of: dict[str, frozenset[str]] = {}
    for model in sorted(frozenset().union(*models_of.values())):
        tasks_of[model] = frozenset(task for task, models in models_of.items() if model in models)
    closed: set[frozenset[str]] = set()
    for own in sorted(set(tasks_of.values()), key=lambda tasks: (-len(tasks), sorted(tasks))):
        if len(closed) > MOST_SETS:
            break
        closed |= {own, *(own & other for other in closed)}
    best: tuple[int, int, list[str]] | None = None
    for tasks in sorted(closed, key=sorted):
        n_models = sum(tasks <= own for own in tasks_of.values())
        if len(tasks) < LEAST_TASKS or n_models < LEAST_MODELS:
            continue
        if best is None or (n_models * len(tasks), n_models) > best[:2]:
            best = (n_models * len(tasks), n_models, sorted(tasks))
    return tuple(best[2]) if best else ()
