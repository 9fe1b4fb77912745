"""Commands that study what is stored: trend."""

from __future__ import annotations

from typing import Annotated

import typer

from advisor.cli import options
from advisor.cli.output import emit
from advisor.tasks import DEFAULT_TASK


def trend(
    task: options.Task = DEFAULT_TASK,
    target: Annotated[
        str | None, typer.Option("--target", help="Accuracy whose compute is followed over the dates: 0.7 or 70%.")
    ] = None,
    model: options.ModelList = None,
    evidence: options.Evidence = "published",
    license: options.LicenseList = None,
    exclude_model: options.ExcludedModels = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Show how the frontier moved over release dates.

    Accuracy against FLOPs per question, single answers: what ten times the compute and a year are worth, the least
    compute for an accuracy as the dates go by, and which model entered the frontier when.
    """
    from advisor.reports import trends
    from advisor.studies import trend as verb
    from advisor.units import parse_share

    found = verb.trend(
        options.known_workspace(workspace),
        task=task,
        target=None if target is None else parse_share(target, where="--target"),
        model=model,
        evidence=evidence,
        license=license,
        exclude_model=exclude_model,
    )
    emit(found, trends.blocks, as_json)
