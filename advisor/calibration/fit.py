"""Derive profiles/points.csv and curves.csv from all measurements."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from advisor.calibration.curves import FittedCurve, as_row, measured_curve, published_curves
from advisor.calibration.measured import groups, measured, published
from advisor.calibration.points import Point, measured_points, ordered, published_points
from advisor.store.seal import write_table
from advisor.store.workspace import Workspace


def fit(workspace: Workspace) -> tuple[list[Point], list[FittedCurve]]:
    """Strategy points and curves of everything measured or published here; of a user's workspace what it adds to what ships."""
    connection = workspace.connect("samples")
    groups = measured(connection, own=workspace.own is not None)
    points = [point for group in groups for point in measured_points(group)]
    tables = sorted(str(f) for f in workspace.writable_root.glob("measurements/published/*.csv"))
    points += published_points(published(connection, tables), points)
    curves = [curve for group in groups if (curve := measured_curve(group))] + published_curves(points)
    return ordered(points), sorted(curves, key=lambda c: (c.task, c.model.lower(), c.strategy, c.unit))


def passed_over(workspace: Workspace) -> list[tuple[str, str, str, list[str]]]:
    """(model, task, strategy, runs) that no point stands for, since more was drawn with other settings."""
    found = groups(workspace.connect("samples"), own=workspace.own is not None)
    return [(model, task, strategy, runs) for model, task, strategy, _, runs, _, place in found if place > 1]


def write(folder: Path, points: list[Point], curves: list[FittedCurve]) -> None:
    """Seal both tables in `folder`."""
    write_table(folder / "points.csv", [asdict(point) for point in points])
    write_table(folder / "curves.csv", [as_row(curve) for curve in curves])
