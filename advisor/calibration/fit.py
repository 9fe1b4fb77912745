"""Derive profiles/points.csv and curves.csv from all measurements."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from advisor.calibration.curves import FittedCurve, as_row, measured_curve, published_curves
from advisor.calibration.measured import groups, measured, published
from advisor.calibration.points import Point, measured_points, ordered, published_points
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace


def fit(workspace: Workspace) -> tuple[list[Point], list[FittedCurve]]:
    """Strategy points and curves of everything measured or published here; of a user's workspace what it adds to what ships."""
    connection = workspace.connect()
    groups = measured(connection, own=workspace.own is not None)
    points = [point for group in groups for point in measured_points(group)]
    tables = sorted(str(f) for f in workspace.writable_root.glob("measurements/published/*.csv"))
    points += published_points(published(connection, tables), points)
    curves = [curve for group in groups if (curve := measured_curve(group))] + published_curves(points)
    return ordered(points), sorted(curves, key=lambda c: (c.task, c.model.lower(), c.strategy, c.unit))


def passed_over(workspace: Workspace) -> list[tuple[str, str, str, list[str]]]:
    """(model, task, strategy, runs) that no point stands for, since more was drawn with other settings."""
    found = groups(workspace.connect(), own=workspace.own is not None)
    return [(model, task, strategy, runs) for model, task, strategy, _, runs, _, place in found if place > 1]


def write(folder: Path, points: list[Point], curves: list[FittedCurve]) -> None:
    """Seal both tables in `folder`."""
    write_csv(folder / "points.csv", [asdict(point) for point in points])
    write_csv(folder / "curves.csv", [as_row(curve) for curve in curves])


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A table with six significant digits; without rows there is no file."""
    if not rows:
        path.unlink(missing_ok=True)
        return

    def write_rows(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)

    sealed(path, write_rows)
