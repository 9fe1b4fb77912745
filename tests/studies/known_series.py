"""Series and families of sizes with known answers."""

import numpy as np

from advisor.studies.size_families import Family, Member
from advisor.studies.strategy_series import Series


def series(strategy, n, correct, **more):
    """Points of one strategy: `correct` (Q, P)."""
    correct = np.array(correct, dtype=float)
    given = {
        "source": "made",
        "caveat": "",
        "model": "small",
        "task": "t",
        "reward_model": None,
        "active_parameters": 10.0,
        "policy": np.array(n, dtype=float),
        "verifier": np.zeros(len(n)),
        "tallies": None,
        "question_ids": tuple(f"q{q}" for q in range(len(correct))),
    }
    return Series(strategy=strategy, n=tuple(n), correct=correct, **(given | more))


def sizes(*curves, parameters=(1e6, 1e7, 1e8), reach=1000, questions=40):
    """A family whose member m is right with curves[m](k) on every question, at parameters[m] FLOPs an answer."""
    members = tuple(
        Member(f"m{i}", int(n), n, reach, reach, lambda k, curve=curve: np.tile(curve(k), (questions, 1)))
        for i, (curve, n) in enumerate(zip(curves, parameters, strict=False))
    )
    return Family("t", "made", "coverage", "made", tuple(f"q{q}" for q in range(questions)), members, False)
