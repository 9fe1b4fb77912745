"""What is said of a task that has no strategy points."""

from __future__ import annotations

from collections.abc import Collection

from advisor.errors import AdvisorError, unknown
from advisor.store.workspace import Workspace


def unknown_task(workspace: Workspace, task: str, known: Collection[str]) -> AdvisorError:
    """The error for a task that is not among those with strategy points; it may only lack a fit."""
    if workspace.unfitted:
        what = f"task {task!r} has no strategy points yet, and measurements are newer than the fits"
        return AdvisorError(what, where="--task", hint=f"run `{workspace.fit_command}`")
    return unknown("task", task, known, where="--task", listed_by="advisor tasks")
