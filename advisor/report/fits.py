"""`advisor fit`."""

from __future__ import annotations

from advisor.calibration.points import points, write_points
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace


def show(workspace: str | None, as_json: bool) -> None:
    """Derive profiles/points.csv of the workspace again."""
    ws = Workspace.open(workspace)
    found = points(ws.connect())
    path = ws.writable_root / "profiles" / "points.csv"
    write_points(path, found)
    if as_json:
        print(to_json({"points": len(found), "path": str(path)}))
    else:
        print(f"{len(found)} strategy points of {len({(p.model, p.task) for p in found})} model-task pairs → {path}")
