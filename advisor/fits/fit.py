"""The verb `fit`: every table of a profiles/ folder that follows from measurements, made anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from advisor.accuracy.curve_fits import Learned
from advisor.arguments import checked_arguments
from advisor.fits.answer_digests import basis_of
from advisor.fits.curve_priors import TABLE, read_learned
from advisor.fits.curves import ordered as ordered_curves
from advisor.fits.curves import published_curves
from advisor.fits.imputed_tokens import with_imputed_tokens
from advisor.fits.joint_draws import with_draws
from advisor.fits.kept_fits import read_setup_fits, read_speeds, write_setup_fits, write_speeds
from advisor.fits.levels import other_levels
from advisor.fits.measured import Disagreement, stored
from advisor.fits.measured_runs import MeasuredRuns, measured_runs
from advisor.fits.points import ordered, published_points
from advisor.fits.prior import read_prior
from advisor.fits.setup_fits import SetupFit, setup_fits
from advisor.fits.sources import of_source, offsets
from advisor.fits.speed_fits import OwnSpeeds, own_speeds, together
from advisor.fits.speeds import Speeds
from advisor.fits.stored_answers import Drawn, FailedRequests
from advisor.store.beliefs import CurveRow, Fits, Point, SetupRow
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.published import Published, published
from advisor.store.samples import SETUP
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from advisor.units import counted, percent
from advisor.values import Value

NAMED = 10
"""Runs that a note names; of more it gives the number."""


@dataclass(frozen=True, slots=True)
class FitSummary(Value):
    """What was derived: how many strategy points and curves, of how many model-task pairs, and corrections of speed.

    `path` is the folder of the tables, `notes` say what was kept apart or not counted, and what would bring it in.
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
    answers, basis = stored(workspace), basis_of(workspace.profiles[0] / TABLE)
    kept = read_setup_fits(folder) if workspace.own is not None else {}  # what ships is made from nothing
    fits = setup_fits(answers, read_learned(workspace), kept, basis)
    each = list(chain.from_iterable(fits.values()))
    shipped = Fits(workspace.profiles[:-1]).points
    points, curves = fitted_answers(each, published(workspace), read_learned(workspace), shipped)
    drawn_with = setups(each)
    points = with_imputed_tokens(points, drawn_with, workspace)
    tables: dict[str, Sequence[object]] = {"points.csv": points, "curves.csv": curves, "setups.csv": drawn_with}
    notes = [_kept_apart(each) for each in answers.apart]
    notes += _left_out(answers.failed)
    notes += other_levels(points, shipped)
    speeds = OwnSpeeds((), ())
    if workspace.own is not None:
        loads = measured_runs(workspace)
        speeds = _speeds_of(workspace, loads, folder, basis)
        tables |= {"performance.csv": speeds.speeds, "corrections.csv": speeds.corrections}
        notes += [*loads.notes, *_without_specs(loads)]
    for name, rows in tables.items():
        write_rows(folder / name, rows)
    if workspace.own is not None and fits.keys() != kept.keys():
        write_setup_fits(folder, fits)
    return FitSummary(
        points=len(points),
        curves=len(curves),
        corrections=sum(row.gpu != "" and row.precision != "" and row.n_runs > 0 for row in speeds.corrections),
        n_pairs=len({(p.model, p.task) for p in points}),
        path=str(folder),
        notes=tuple(notes),
    )


def _speeds_of(workspace: Workspace, loads: MeasuredRuns, folder: Path, basis: str) -> OwnSpeeds:
    """What the user's loads add to what ships, of which what did not change is read as it was kept."""
    kept = read_speeds(folder)
    parts = own_speeds(loads, Speeds.shipped(workspace), read_prior(workspace), kept, basis)
    if parts.keys() != kept.keys():
        write_speeds(folder, parts)
    return together(parts)


def fitted_answers(
    fits: Sequence[SetupFit], reported: list[Published], learned: Learned, shipped: Sequence[Point] = ()
) -> tuple[list[Point], list[CurveRow]]:
    """Strategy points and curves of everything measured or published; `shipped` are points that those stand beside."""
    measured_ones = [point for each in fits for point in each.points]
    known = offsets([*measured_ones, *shipped], reported)
    published_ones = [of_source(point, known) for point in published_points(reported, measured_ones)]
    points = with_draws([(each.points, each.errors) for each in fits], published_ones, shipped)
    curves = [each.curve for each in fits if each.curve]
    return ordered(points), ordered_curves([*curves, *published_curves(points, learned)])


def setups(fits: Sequence[SetupFit]) -> list[SetupRow]:
    """How the answers behind the points were drawn, where anything of it is recorded."""
    return list({each.drawn_with.key: each.drawn_with for each in fits if each.drawn_with}.values())


def _kept_apart(each: Disagreement) -> str:
    drawn, shown = each.drawn, sorted(each.accuracies.items(), key=lambda pair: (-pair[1], pair[0]))
    runs = ", ".join(f"{run} {percent(accuracy)}" for run, accuracy in shown[:NAMED])
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    alike = "with the same set-up by several engines" if any(_recorded(drawn)) else "in a way that is not recorded"
    return (
        f"kept apart: runs of {drawn.model} on {drawn.task} that were drawn {alike} differ by more than chance"
        f" ({runs}{more} right); each is a set-up of its own until they are imported with what tells them apart"
        f" ({', '.join(SETUP[:3])} … {SETUP[-1]}, see docs/formats.md)"
    )


def _left_out(failed: Sequence[FailedRequests]) -> list[str]:
    """One line for all of them."""
    if not failed:
        return []
    times = Counter[tuple[str, str]]()
    for each in failed:
        times[each.model, each.task] += each.n
    shown = ", ".join(f"{n} of {model} on {task}" for (model, task), n in times.items())
    return [
        f"left out as failed requests: {counted(times.total(), 'answer')} without a token, or with so few that nothing"
        f" is readable in them ({shown}); they count as neither right nor wrong"
    ]


def _recorded(drawn: Drawn) -> list[str]:
    return [name for name, value in drawn.recorded.items() if value is not None]


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
