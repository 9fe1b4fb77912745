"""`advisor import`."""

from __future__ import annotations

from pathlib import Path

from advisor.errors import AdvisorError, unknown
from advisor.importers.epoch import import_epoch
from advisor.importers.guidellm import import_guidellm
from advisor.importers.own_model import import_model
from advisor.importers.samples import import_samples
from advisor.importers.serving_runs import Told, import_runs
from advisor.importers.vllm_bench import import_vllm_bench
from advisor.models.catalog import spec_of
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace
from advisor.units import significant

OF_ANSWERS = {"samples": import_samples, "epoch": import_epoch}
OF_RUNS = {"runs": import_runs, "vllm-bench": import_vllm_bench, "guidellm": import_guidellm}
KINDS = [*OF_ANSWERS, *OF_RUNS, "model"]


def show(kind: str, path: str, told: Told, workspace: str | None, as_json: bool) -> None:
    """Import one file and say what happened. Raises AdvisorError."""
    if kind not in KINDS:
        raise unknown("kind of import", kind, KINDS, where="KIND")
    if kind == "model":
        _show_model(path, workspace, as_json)
    elif kind in OF_RUNS:
        _show_runs(kind, path, told, workspace, as_json)
    elif told != Told():
        raise AdvisorError(
            f"{kind} say themselves what they are",
            where="--model, --gpu, …",
            hint=f"these are for {', '.join(OF_RUNS)}",
        )
    else:
        answers = OF_ANSWERS[kind](Path(path), Workspace.open(workspace))
        said = f"{answers.rows:,} answers: {len(answers.new_runs)} runs added, {len(answers.unchanged)} there already. Next: advisor fit"
        print(to_json(answers) if as_json else said)


def _show_runs(kind: str, path: str, told: Told, workspace: str | None, as_json: bool) -> None:
    done = OF_RUNS[kind](Path(path), told, Workspace.open(workspace))
    if as_json:
        print(to_json(done))
    else:
        loads = f"{done.rows:,} measured load{'s' if done.rows != 1 else ''}"
        print(f"{loads} {'added' if done.added else 'there already'} as {done.run_id}. Next: advisor fit")


def _show_model(path: str, workspace: str | None, as_json: bool) -> None:
    name = import_model(Path(path), Workspace.open(workspace))
    spec = spec_of(name)
    if as_json:
        print(
            to_json({"model": name, "parameters": spec.total_parameters, "active_parameters": spec.active_parameters})
        )
    else:
        print(
            f"{name} is known here now: {significant(spec.total_parameters)} parameters, {significant(spec.active_parameters)} active"
        )
