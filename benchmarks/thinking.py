"""How far unsolved questions are foretold from few answers, and how saturation moves with the number of questions.

python benchmarks/thinking.py
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from advisor.accuracy.curve_fits import fit_caps
from advisor.accuracy.unsolved import AHEAD, still_unsolved
from advisor.fits.curve_priors import read_learned
from advisor.store.workspace import Workspace
from advisor.studies.answer_sets import AnswerSet, answer_sets

FEW, ALL = 2, 7
"""Answers from which, and to which, it is foretold."""
PART, SUBSETS = 0.25, 20
"""Share of the questions that stays, and how often it is drawn."""


def foretold(of: AnswerSet) -> tuple[float, float] | None:
    """Share of the questions unsolved by FEW answers that stay so through ALL: foretold, and as it is.

    The mean over all FEW of the first ALL answers.
    """
    if of.strategy != "sampling" or of.n.min() < ALL:
        return None
    right = np.array([question.correct[:ALL] for question in of.questions.values()])
    pairs = []
    for first in combinations(range(ALL), FEW):
        n_right = right[:, first].sum(axis=1)
        stay = still_unsolved(n_right, np.full(len(right), FEW), np.ones((1, len(right))))[0]
        at = np.interp(np.log2(1 + ALL - FEW), np.log2(1 + np.append(0, AHEAD)), np.append(1.0, stay))
        pairs.append((at, (~right[n_right == 0].any(axis=1)).mean()))
    said, seen = np.mean(pairs, axis=0)
    return float(said), float(seen)


def fewer_questions(workspace: Workspace, sets: Iterable[AnswerSet]) -> list[float]:
    """Doublings by which the saturation cap of all questions lies above that of a part of them, a set each."""
    endings, rng = read_learned(workspace).endings, np.random.default_rng(0)
    found = []
    for of in sets:
        timed = of.timed() if of.strategy == "sampling" else None
        whole = fit_caps(timed[1], endings, draws=20).saturation.value if timed else None
        if timed is None or whole is None:
            continue
        n = len(timed[0])
        parts = [np.sort(rng.choice(n, int(PART * n), replace=False)) for _ in range(SUBSETS)]
        caps = [fit_caps(timed[1].of_questions(part), endings, draws=20).saturation.value for part in parts]
        found.append(float(np.mean([np.log2(whole / cap) for cap in caps if cap is not None])))
    return found


def main() -> None:
    workspace = Workspace()
    sets = answer_sets(workspace)
    pairs = np.array([pair for of in sets if (pair := foretold(of))])
    errors = 100 * (pairs[:, 0] - pairs[:, 1])
    print(
        f"of the questions unsolved by {FEW} answers, the share that {ALL} leave unsolved: missed by"
        f" {np.abs(errors).mean():.1f} points on average over {len(errors)} sets, {errors.mean():+.1f} with its sign,"
        f" at most {np.abs(errors).max():.1f}"
    )
    above = fewer_questions(workspace, sets)
    print(
        f"all questions saturate at {2 ** np.mean(above):.2f} times the cap of a quarter of them over {len(above)} sets"
        f" ({2 ** min(above):.2f} to {2 ** max(above):.2f})"
    )


if __name__ == "__main__":
    main()
