"""`advisor fit`."""

from __future__ import annotations

import gc
import sys

from advisor.calibration.fit import fit, passed_over, write
from advisor.profiler.fit import fit_own
from advisor.report.tables import to_json
from advisor.store.seal import write_table
from advisor.store.workspace import Workspace


def show(workspace: str | None, as_json: bool) -> None:
    """Derive what the workspace's measurements say: strategy points and curves, efficiencies and corrections."""
    gc.enable()
    ws = Workspace.open(workspace)
    points, curves = fit(ws)
    for model, task, strategy, runs in passed_over(ws):
        print(
            f"advisor: not counted: {strategy} of {model} on {task} drawn with other settings ({', '.join(runs)})",
            file=sys.stderr,
        )
    folder = ws.writable_root / "profiles"
    write(folder, points, curves)
    performance = _fit_performance(ws) if ws.own else {"corrections": 0}
    if as_json:
        print(to_json({"points": len(points), "curves": len(curves), **performance, "path": str(folder)}))
    else:
        answers = f"{len(points)} strategy points and {len(curves)} curves of {len({(p.model, p.task) for p in points})} model-task pairs"
        print(
            f"{answers}, speed of {performance['corrections']} combinations of model, GPU, engine and precision → {folder}"
        )


def _fit_performance(ws: Workspace) -> dict[str, int]:
    performance, corrections, n_unknown = fit_own(ws)
    if n_unknown:
        print(f"advisor: not counted: {n_unknown} measured loads of models or GPUs unknown here", file=sys.stderr)
    folder = ws.writable_root / "profiles"
    write_table(folder / "performance.csv", performance)
    write_table(folder / "corrections.csv", corrections)
    return {"corrections": len(corrections)}
