"""`advisor import`."""

from __future__ import annotations

from pathlib import Path

from advisor.errors import unknown
from advisor.importers.epoch import import_epoch
from advisor.importers.samples import import_samples
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace

KINDS = {"samples": import_samples, "epoch": import_epoch}


def show(kind: str, path: str, workspace: str | None, as_json: bool) -> None:
    """Import one file and say what happened. Raises AdvisorError."""
    if kind not in KINDS:
        raise unknown("kind of import", kind, KINDS, where="KIND")
    done = KINDS[kind](Path(path), Workspace.open(workspace))
    if as_json:
        print(to_json(done))
    else:
        print(f"{done.rows:,} answers: {len(done.new_runs)} runs added, {len(done.unchanged)} there already. Next: advisor fit")
