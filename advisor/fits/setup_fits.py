"""What follows from the answers of each set-up alone: points, their errors and a curve. What did not change is kept.

Everything else of a fit, such as how far accuracies are believed beside those of other models, follows from these rows,
which are few and small: answers are in memory for some set-ups at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from advisor.accuracy.curve_fits import Learned
from advisor.accuracy.estimators import Array
from advisor.fits.answer_digests import answer_digests
from advisor.fits.curves import measured_curve
from advisor.fits.joint_draws import with_errors
from advisor.fits.measured import Answered, Stored, answered, points
from advisor.fits.parallel import mapped, processes
from advisor.fits.strategy_points import StrategyPoints
from advisor.store.beliefs import CurveRow, Point, SetupRow


@dataclass(frozen=True, slots=True)
class SetupFit:
    """Of one strategy and set-up: P points without draws, their (P, DRAWS) errors (joint_draws.py), and a curve.

    drawn_with  how the answers were drawn; None: nothing of it is recorded
    """

    points: tuple[Point, ...]
    errors: Array
    curve: CurveRow | None
    drawn_with: SetupRow | None


SetupFits = Mapping[str, tuple[SetupFit, ...]]
"""What follows from the answers drawn one way, by the digest of everything that it follows from."""


def setup_fits(stored: Stored, learned: Learned, kept: SetupFits, basis: str) -> SetupFits:
    """Of everything that was drawn, in its order; what `kept` has is not fitted again.

    `basis` stands for all that fits follow from beside the answers: the program and what it learned before.
    """
    digested = answer_digests(stored, basis)
    changed = {digest: each for digest, each in digested.items() if digest not in kept}
    n_answers = sum(each.n_answers for each in changed.values())
    drawn = (answered(stored.connection, each.drawn) for each in changed.values())
    new = dict(zip(changed, mapped(partial(fitted, learned=learned), drawn, processes(n_answers)), strict=True))
    return {digest: kept[digest] if digest in kept else new[digest] for digest in digested}


def fitted(each: Answered, learned: Learned) -> tuple[SetupFit, ...]:
    """What follows from the answers drawn one way."""
    return tuple(_fitted(m, learned) for m in points(each))


def _fitted(m: StrategyPoints, learned: Learned) -> SetupFit:
    rows, errors = with_errors(m)
    return SetupFit(tuple(rows), errors, measured_curve(m, learned), _drawn_with(m))


def _drawn_with(m: StrategyPoints) -> SetupRow | None:
    recorded = {name: value for name, value in m.recorded.items() if value is not None}
    if not recorded:
        return None
    return SetupRow(
        model=m.model,
        task=m.task,
        strategy=m.strategy,
        reward_model=m.reward_model,
        setup=m.setup,
        runs=m.runs,
        drawn_with=json.dumps(recorded, ensure_ascii=False),
    )
