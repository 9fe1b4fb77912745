"""Do the 90 % intervals hold the truth in 90 % of cases? Simulated populations whose truth is known.

    python benchmarks/coverage.py [POPULATIONS]

Every population draws the chance of a right answer from a beta distribution with extra weight at 0 and 1, and its wrong
answers from a few rivals; a run samples some of its questions and stores 64 answers of each. The truth is the expected
accuracy over 20,000 questions of the population.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np

from advisor.accuracy.curve_fits import fit_curve
from advisor.accuracy.estimators import majority_at_all_k, over_questions, voting_limit

N_SAMPLES = 64
MEASURED = (1, 4, 16)
SIZES = (30, 100, 200, 500)
POOL = 20_000
REPEATS = 5


def probabilities(
    rng: np.random.Generator, n: int, shape: tuple[float, float], certain: tuple[float, float], rivals: float
) -> np.ndarray:
    """(n, 4) chances of the right answer and of three wrong ones."""
    right = rng.beta(*shape, n)
    fate = rng.random(n)
    right = np.where(fate < certain[0], 0.0, np.where(fate > 1 - certain[1], 1.0, right))
    wrong = rng.dirichlet(np.full(3, rivals), n)
    return np.column_stack([right, (1 - right)[:, None] * wrong])


def vote_curves(counts: np.ndarray) -> np.ndarray:
    """(Q, N_SAMPLES) expected accuracy of a vote of each size, from counts (Q, 4)."""
    return np.array([majority_at_all_k(int(row[0]), tuple(int(c) for c in row[1:] if c)) for row in counts])


def true_accuracy(rng: np.random.Generator, pool: np.ndarray, k: int) -> float:
    """Accuracy of a vote of k on the whole pool, ties shared."""
    if k == 1:
        return float(pool[:, 0].mean())
    votes = np.concatenate([rng.multinomial(k, pool) for _ in range(REPEATS)])
    top = votes.max(axis=1)
    return float(np.mean((votes[:, 0] == top) / (votes == top[:, None]).sum(axis=1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("populations", type=int, nargs="?", default=150)
    populations = parser.parse_args().populations
    rng = np.random.default_rng(0)
    held: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for _ in range(populations):
        shape = (rng.uniform(0.3, 3), rng.uniform(0.3, 3))
        certain = (rng.uniform(0, 0.2), rng.uniform(0, 0.3))
        pool = probabilities(rng, POOL, shape, certain, rng.uniform(0.2, 3))
        truth = {k: true_accuracy(rng, pool, k) for k in (1, 16, 64)}
        truth_limit = float(np.mean(pool[:, 0] > pool[:, 1:].max(axis=1)))
        for n in SIZES:
            sampled = pool[rng.choice(POOL, n, replace=False)]
            counts = np.array([rng.multinomial(N_SAMPLES, p) for p in sampled])
            curves = vote_curves(counts)
            for k in (1, 16, 64):
                interval = over_questions(curves[:, k - 1])
                held[f"vote of {k}", n].append(interval.low <= truth[k] <= interval.high)
            limit = over_questions(np.array([voting_limit(curve) for curve in curves]))
            held["voting limit from 64 answers", n].append(limit.low <= truth_limit <= limit.high)
            at = fit_curve(np.array(MEASURED, dtype=float), curves[:, np.array(MEASURED) - 1]).at_4x
            held["vote of 64 from the curve through 1, 4 and 16", n].append(at.low <= truth[64] <= at.high)
    print(f"| 90 % interval of | {' | '.join(f'{n} questions' for n in SIZES)} |\n| --- |{' ---: |' * len(SIZES)}")
    for name in dict.fromkeys(name for name, _ in held):
        print(f"| {name} | {' | '.join(f'{100 * np.mean(held[name, n]):.0f} %' for n in SIZES)} |")
    error = 100 * (0.09 / populations) ** 0.5
    print(f"\n{populations} populations; one standard error of a share near 90 % is {error:.1f} points")


if __name__ == "__main__":
    main()
