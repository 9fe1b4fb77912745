"""The command that would measure what an answer lacks."""

from __future__ import annotations

from advisor.printable import command_line
from advisor.tasks.questions import DATASETS


def calibrate_command(model: str, task: str) -> str:
    """Draws answers of a model to a task; a task that has no data set here is given as a file of questions."""
    questions = task if task in DATASETS else f"{task}.jsonl"  # a file of questions gives a task its name
    return command_line(["advisor", "calibrate", model, "--task", questions])
