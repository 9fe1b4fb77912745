"""The other kind of report: the findings, which take none of the options of a recommendation."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import typer

from advisor.cli.output import emit, say
from advisor.errors import AdvisorError, NoAnswer, unknown

if TYPE_CHECKING:
    from advisor.store.workspace import Workspace

RECOMMENDATION, FINDINGS = "recommendation", "findings"


def checked_kind(kind: str) -> str:
    """A kind of report. Raises AdvisorError."""
    if kind not in (RECOMMENDATION, FINDINGS):
        raise unknown("kind of report", kind, (RECOMMENDATION, FINDINGS), where="--kind")
    return kind


def no_others(context: typer.Context, allowed: Collection[str]) -> None:
    """Raises AdvisorError for the first option that was given and is not allowed."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name not in allowed and source is not None and source.name == "COMMANDLINE":
            hint = "it is an option of a recommendation: leave it out, or leave out --kind findings"
            raise AdvisorError("cannot be combined with --kind findings", where=option.opts[0], hint=hint)


def report_findings(
    workspace: Workspace, output: str | None, html: str | None, *, own_answers: bool, as_json: bool
) -> None:
    """Run every study and write what it found."""
    from advisor.reports.findings import report as written
    from advisor.store.workspace import Workspace
    from advisor.studies.findings import findings

    if own_answers:
        workspace = Workspace(workspace.name or None, own_answers=True)
        _check_answers(workspace)
    found = findings(workspace, progress=lambda name: say(f"{name.replace('_', ' ')} …"))
    emit(written.report_findings(workspace, findings=found, output=output, html=html), written.blocks, as_json)


def _check_answers(workspace: Workspace) -> None:
    """Raises AdvisorError where the folder is missing, NoAnswer where nothing in it was answered."""
    if workspace.own is None or not workspace.own.is_dir():
        raise AdvisorError("there is no such folder", where=f"--workspace {workspace.name}", hint="name yours")
    if not workspace.fits.points and not workspace.samples.files:
        hint = "`advisor calibrate` or `advisor import` bring some in, then `advisor fit`"
        raise NoAnswer(f"no answers in {workspace.name}", hint=hint)
