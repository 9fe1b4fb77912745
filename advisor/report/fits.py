"""`advisor fit`."""

from __future__ import annotations

import gc

from advisor.calibration.fit import fit, write
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace


def show(workspace: str | None, as_json: bool) -> None:
    """Derive profiles/points.csv and curves.csv of the workspace again."""
    gc.enable()
    ws = Workspace.open(workspace)
    points, curves = fit(ws)
    folder = ws.writable_root / "profiles"
    write(folder, points, curves)
    if as_json:
        print(to_json({"points": len(points), "curves": len(curves), "path": str(folder)}))
    else:
        print(f"{len(points)} strategy points and {len(curves)} curves of {len({(p.model, p.task) for p in points})} model-task pairs → {folder}")
