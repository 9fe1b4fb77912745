"""The verb `fit`: every table of a profiles/ folder that follows from measurements, made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.fits.curves import measured_curve, published_curves
from advisor.fits.curves import ordered as ordered_curves
from advisor.fits.measured import Measured, measured
from advisor.fits.measured_runs import MeasuredRuns, measured_runs
from advisor.fits.points import measured_points, ordered, published_points
from advisor.fits.prior import read_prior
from advisor.fits.published import Published, published
from advisor.fits.speed_fits import OwnSpeeds, own_speeds
from advisor.fits.speeds import Speeds
from advisor.fits.stored_answers import Drawn
from advisor.store.beliefs import CurveRow, Point
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from advisor.values import Value


@dataclass(frozen=True, slots=True)
class FitSummary(Value):
    """What was derived: how many strategy points and curves, of how many model-task pairs, and corrections of speed.

    `path` is the folder of the tables, `notes` say what was not counted and what would bring it in.
    """

    points: int
    curves: int
    corrections: int
    n_pairs: int
    path: str
    notes: tuple[str, ...] = ()


@checked_arguments
def fit(workspace: Workspace) -> FitSummary:
    """Derive strategy points and curves, and in a user's workspace efficiencies and corrections; seal the tables.

    Of a user's workspace what it adds to what ships; without one, what ships. Raises AdvisorError for a damaged file,
    before anything is written, and where nothing can be written.
    """
    folder = workspace.writable / "profiles"
    with locked(folder, wait_s=SHORT_WAIT_S):
        return _fitted(workspace, folder)


def _fitted(workspace: Workspace, folder: Path) -> FitSummary:
    answers = measured(workspace)
    points, curves = fitted_answers(answers, published(workspace))
    tables: dict[str, Sequence[object]] = {"points.csv": points, "curves.csv": curves}
    notes = [_other_settings(drawn) for drawn in answers.passed_over]
    speeds = OwnSpeeds((), ())
    if workspace.own is not None:
        loads = measured_runs(workspace)
        speeds = own_speeds(loads, Speeds.shipped(workspace), read_prior(workspace))
        tables |= {"performance.csv": speeds.speeds, "corrections.csv": speeds.corrections}
        notes += _without_specs(loads)
    for name, rows in tables.items():
        write_rows(folder / name, rows)
    return FitSummary(
        points=len(points),
        curves=len(curves),
        corrections=len(speeds.corrections),
        n_pairs=len({(p.model, p.task) for p in points}),
        path=str(folder),
        notes=tuple(notes),
    )


def fitted_answers(answers: Measured, reported: list[Published]) -> tuple[list[Point], list[CurveRow]]:
    """Strategy points and curves of everything measured or published."""
    points = [point for group in answers.points for point in measured_points(group)]
    points += published_points(reported, points)
    curves = [curve for group in answers.points if (curve := measured_curve(group))]
    return ordered(points), ordered_curves([*curves, *published_curves(points)])


def _other_settings(drawn: Drawn) -> str:
    what = f"{drawn.strategy} of {drawn.model} on {drawn.task} drawn with other settings ({', '.join(drawn.runs)})"
    return f"not counted: {what}; give those runs a --workspace of their own to see them"


def _without_specs(loads: MeasuredRuns) -> list[str]:
    """One line for each kind of what is missing."""
    if not loads.n_unknown:
        return []
    ways = {
        "models": (loads.unknown_models, "`advisor import model FOLDER` adds a model"),
        "GPUs": (loads.unknown_gpus, "a row in profiles/gpus.csv of the workspace adds a GPU"),
    }
    names = " and ".join(f"{kind} {', '.join(names)}" for kind, (names, _) in ways.items() if names)
    hints = ", ".join(hint for names, hint in ways.values() if names)
    return [f"not counted: {loads.n_unknown} measured loads of unknown {names}; {hints}"]
