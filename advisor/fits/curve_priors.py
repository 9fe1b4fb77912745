"""How curves go on beyond what was measured: profiles/learned_curves.csv, learned over published data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.accuracy.curve_fits import Learned
from advisor.accuracy.endings import Endings
from advisor.accuracy.growth import Growth
from advisor.accuracy.vote_shares import SharePrior
from advisor.errors import AdvisorError
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from advisor.tables import column, read_rows

TABLE = "learned_curves.csv"
REINSTALL = "install the program again"
GROWTH, SHARES, RIVALS, NEVER = "gains", "right share", "rivals", "never ends"
ENDING = ("ending level", "ending carried", "ending share")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedRow:
    """One figure, or one place of a grid with its weight, of how curves go on (docs/method.md)."""

    figure: str = column(
        "gains, right share, rivals, never ends, ending level, ending carried, ending share or late decline"
    )
    first: float = column("damping, concentration, share of the open answers, or the value")
    second: float = column("surprise, part of the right answer, or the spread over data sets")
    weight: float = column("share of the data sets; 1 for a value")
    source: str = column("what it was learned from, and the command")


def read_learned(workspace: Workspace) -> Learned:
    """What ships. Raises AdvisorError where the table is damaged."""
    return read_learned_file(workspace.profiles[0] / TABLE)


def read_learned_file(path: Path) -> Learned:
    """One table. Raises AdvisorError where it is damaged or not there."""
    rows = read_rows(path, LearnedRow, hint=REINSTALL)

    def grid(figure: str) -> list[np.ndarray]:
        found = np.array([(r.first, r.second, r.weight) for r in rows if r.figure == figure]).reshape(-1, 3)
        if not len(found) or not (found[:, 2] > 0).all():
            raise AdvisorError(f"has no sound rows of {figure!r}", where=str(path), hint=REINSTALL)
        return [found[:, 0], found[:, 1], found[:, 2] / found[:, 2].sum()]

    level, carried, share, decline = (grid(figure) for figure in (*ENDING, "late decline"))
    never, _, never_weight = grid(NEVER)
    rivals, _, rivals_weight = grid(RIVALS)
    concentration, right, weight = grid(SHARES)
    return Learned(
        Growth(*grid(GROWTH)),
        Endings(
            level=float(level[0][0]),
            carried=float(carried[0][0]),
            share=float(share[0][0]),
            spread=float(level[1][0]),
            decline=float(decline[0][0]),
            decline_spread=float(decline[1][0]),
            never=never,
            never_weight=never_weight,
        ),
        SharePrior(concentration, right, weight, rivals, rivals_weight),
    )


def write_learned(path: Path, learned: Learned, sources: Callable[[str], str]) -> None:
    """Seal the table; `sources` says what a figure was learned from."""
    endings = learned.endings
    values = [
        (ENDING[0], endings.level, endings.spread),
        (ENDING[1], endings.carried, 0.0),
        (ENDING[2], endings.share, 0.0),
        ("late decline", endings.decline, endings.decline_spread),
    ]
    growth, shares = learned.growth, learned.shares
    grids: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]] = [
        (GROWTH, growth.damping, growth.surprise, growth.weight),
        (SHARES, shares.concentration, shares.right, shares.weight),
        (RIVALS, shares.rivals, np.zeros(len(shares.rivals)), shares.rivals_weight),
        (NEVER, endings.never, np.zeros(len(endings.never)), endings.never_weight),
    ]
    rows = [(figure, first, second, 1.0) for figure, first, second in values]
    rows += [(figure, *place) for figure, *grid in grids for place in zip(*grid, strict=True)]
    write_rows(
        path,
        [
            LearnedRow(
                figure=figure,
                first=float(f"{first:.4g}"),
                second=float(f"{second:.4g}"),
                weight=float(f"{weight:.4g}"),
                source=sources(figure),
            )
            for figure, first, second, weight in rows
        ],
    )
