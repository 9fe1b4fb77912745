"""Do newer engine versions serve faster than older ones? Writes its part of docs/validation.md.

    python benchmarks/drift.py

Errors are those of predictions that saw no run of the same (model, GPU). Of every model, GPU, engine and precision that
was measured on more than one day, the slope of the logarithm of measured over predicted TPOT against the years between;
an engine's slope is their mean, weighted by the years that they span, its interval from drawing the groups anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from left_out import FOLDS, blind, groups_of
from validation_page import put, table

from advisor.fits.measured_runs import measured_runs
from advisor.performance.global_fit import fold_of, left_out_efficiency
from advisor.store.workspace import Workspace

DRAWS = 2000
LEAST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Group:
    """Sums of a regression through the group's means: of years squared, and of years times errors."""

    engine: str
    years2: float
    product: float
    n_runs: int
    days: int


def days_of(workspace: Workspace) -> dict[str, str]:
    """The day on which a run came out, by its note; of validation samples it is not known."""
    query = "select note, measured_at from runs where note is not null and measured_at is not null"
    return dict(workspace.runs.connect().execute(query).fetchall())


def groups(workspace: Workspace) -> list[Group]:
    every = measured_runs(workspace)
    served = ~every.in_process
    base = left_out_efficiency(every.runs, fold_of(groups_of(every), FOLDS, first=served))
    errors = blind(every.runs, base)[0]
    known = days_of(workspace)
    day = np.array([known.get(note, "NaT") for note in every.note.tolist()], dtype="datetime64[D]")
    runs = every.runs
    labels = np.array(["|".join(key) for key in zip(every.model, runs.gpu, runs.engine, runs.precision, strict=True)])
    found = []
    for label in np.unique(labels[served]).tolist():
        here = served & (labels == label) & ~np.isnat(day)
        if not here.any() or int((day[here].max() - day[here].min()).astype(int)) < LEAST_DAYS:
            continue
        years = day[here].astype(float) / 365.25
        x, y = years - years.mean(), errors[here] - errors[here].mean()
        days = int((day[here].max() - day[here].min()).astype(int))
        found.append(Group(label.split("|")[2], float(x @ x), float(x @ y), int(here.sum()), days))
    return found


def slope(of: list[Group]) -> float:
    return sum(g.product for g in of) / sum(g.years2 for g in of)


def row(name: str, of: list[Group]) -> list[str]:
    rng = np.random.default_rng(0)
    drawn = [slope([of[i] for i in rng.integers(0, len(of), len(of))]) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.05, 0.95))
    yearly = [f"{np.expm1(value):+.0%}" for value in (slope(of), low, high)]
    runs, days = sum(g.n_runs for g in of), max(g.days for g in of)
    return [name, str(len(of)), str(runs), str(days), yearly[0], f"{yearly[1]} to {yearly[2]}"]


def main() -> None:
    found = groups(Workspace())
    engines = sorted({g.engine for g in found})
    rows = [row(engine, [g for g in found if g.engine == engine]) for engine in engines] + [row("all", found)]
    put(
        "Engine versions",
        "What a year changes in TPOT of one model, GPU, engine and precision, over predictions that know no version:\n"
        "groups measured on days at least two weeks apart, the 90 % interval by drawing groups anew. By\n"
        "`python benchmarks/drift.py`.\n\n"
        + table(rows, ["engine", "groups", "runs", "days between at most", "a year changes TPOT by", "90 %"]),
    )


if __name__ == "__main__":
    main()
