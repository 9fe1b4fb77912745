"""`advisor fit`."""

from __future__ import annotations

import gc
import sys

from advisor.calibration.fit import fit, passed_over, write
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace


def show(workspace: str | None, as_json: bool) -> None:
    """Derive profiles/points.csv and curves.csv of the workspace again."""
    gc.enable()
    ws = Workspace.open(workspace)
    points, curves = fit(ws)
    for model, task, strategy, runs in passed_over(ws):
        print(f"advisor: not counted: {strategy} of {model} on {task} drawn with other settings ({', '.join(runs)})", file=sys.stderr)
    folder = ws.writable_root / "profiles"
    write(folder, points, curves)
    if as_json:
        print(to_json({"points": len(points), "curves": len(curves), "path": str(folder)}))
    else:
        print(f"{len(points)} strategy points and {len(curves)} curves of {len({(p.model, p.task) for p in points})} model-task pairs → {folder}")
