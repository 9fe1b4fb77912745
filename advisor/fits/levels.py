"""Whether answers measured here are right as often as what ships says of the same models under the same task's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from advisor.store.beliefs import Fits, Point
from advisor.store.workspace import Workspace
from advisor.units import counted

LEVELS_APART = 5.0
"""Points from which they are said to differ."""


def level_notes(workspace: Workspace, tasks: Collection[str]) -> list[str]:
    """The sentences of `other_levels` on some tasks, of the fits of a user's workspace; none without one."""
    if workspace.own is None:
        return []
    own = [p for p in Fits(workspace.profiles[-1:]).points if p.task in tasks]
    return other_levels(own, Fits(workspace.profiles[:-1]).points) if own else []


def other_levels(points: Iterable[Point], shipped: Iterable[Point]) -> list[str]:
    """Tasks on which single answers measured here differ from those that ship of the same models."""
    known = {(p.model, p.task): p.accuracy for p in shipped if p.strategy == "majority" and p.n_samples == 1}
    apart = defaultdict[str, list[tuple[str, float]]](list)
    for p in points:
        if p.strategy == "majority" and p.n_samples == 1 and (p.model, p.task) in known:
            apart[p.task].append((p.model, 100 * (p.accuracy - known[p.model, p.task])))
    notes = []
    for task, points_apart in sorted(apart.items()):
        mean = sum(difference for _, difference in points_apart) / len(points_apart)
        models = {model for model, _ in points_apart}
        if abs(mean) >= LEVELS_APART:
            side = "more" if mean > 0 else "less"
            notes.append(
                f"your answers to {task} are right {abs(mean):.1f} points {side} often than what ships says of the same"
                f" {counted(len(models), 'model')}: other questions, prompts or grading; models that you did not"
                " measure are not comparable with them (--model names those that are; your own task name keeps apart)"
            )
    return notes
