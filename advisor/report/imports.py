"""`advisor import`."""

from __future__ import annotations

from pathlib import Path

from advisor.errors import unknown
from advisor.importers.epoch import import_epoch
from advisor.importers.models import import_model
from advisor.importers.samples import import_samples
from advisor.models.catalog import spec_of
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace
from advisor.units import significant

KINDS = {"samples": import_samples, "epoch": import_epoch}


def show(kind: str, path: str, workspace: str | None, as_json: bool) -> None:
    """Import one file and say what happened. Raises AdvisorError."""
    if kind not in {*KINDS, "model"}:
        raise unknown("kind of import", kind, [*KINDS, "model"], where="KIND")
    if kind == "model":
        _show_model(path, workspace, as_json)
        return
    done = KINDS[kind](Path(path), Workspace.open(workspace))
    if as_json:
        print(to_json(done))
    else:
        print(f"{done.rows:,} answers: {len(done.new_runs)} runs added, {len(done.unchanged)} there already. Next: advisor fit")


def _show_model(path: str, workspace: str | None, as_json: bool) -> None:
    name = import_model(Path(path), Workspace.open(workspace))
    spec = spec_of(name)
    if as_json:
        print(to_json({"model": name, "parameters": spec.total_parameters, "active_parameters": spec.active_parameters}))
    else:
        print(f"{name} is known here now: {significant(spec.total_parameters)} parameters, {significant(spec.active_parameters)} active")
