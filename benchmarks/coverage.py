"""How far off the coverage of all answers is, predicted from a part of them; on the counts that ship.

    python benchmarks/coverage.py

By the distribution of the questions' chances (Beta), by the same with shares of questions that are never or always
right, and by the power law; root mean square over models, tasks and three draws of the part.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, logsumexp
from validation_page import table

from advisor.accuracy.coverage import Tail, covered, expected_coverage, fitted_tail, power_law
from advisor.store.reported_counts import reported_counts
from advisor.store.workspace import Workspace
from advisor.studies.coverage_tails import spread
from advisor.studies.size_families import counts_of_rows

PARTS, DRAWS = (4, 8, 16), 3


def with_masses(right: np.ndarray, drawn: np.ndarray, n: float) -> float:
    """Coverage by n answers with point masses at 0 and 1, by the same likelihood."""

    def parts(x: np.ndarray) -> np.ndarray:
        odds = np.exp(x[2:])
        never, always = odds / (1 + odds.sum())
        alpha, beta = np.exp(x[:2])
        middle = betaln(alpha + right, beta + drawn - right) - betaln(alpha, beta) - np.log1p(odds.sum())
        return np.array(
            [
                middle,
                np.where(right == 0, np.log(never), -np.inf),
                np.where(right == drawn, np.log(always), -np.inf),
            ]
        )

    mean = np.clip((right / drawn).mean(), 1e-6, 1 - 1e-6)
    bounds = [(-6, 6), (-6, 14), (-9, 4), (-9, 4)]
    starts = [
        np.clip([np.log(0.3), np.log(0.3 * (1 - mean) / mean), m, -6], *zip(*bounds, strict=True)) for m in (-4, 0)
    ]
    fits = [minimize(lambda x: -logsumexp(parts(x), axis=0).sum(), start, bounds=bounds) for start in starts]
    x = min(fits, key=lambda fit: fit.fun).x
    of = parts(x)
    middle = np.exp(of[0] - logsumexp(of, axis=0))
    beyond = expected_coverage(Tail(*np.exp(x[:2])), right, drawn, np.array([n]))[:, 0]
    return float(np.where(right > 0, beyond, middle * beyond).mean())


def misses(right: np.ndarray, drawn: np.ndarray, part: int, rng: np.random.Generator) -> list[float]:
    """Prediction less truth, by method; NaN where no power law can be fitted."""
    n = drawn.min()
    seen = covered(right, drawn, np.array([n])).mean()
    few = np.maximum(drawn // part, 1).astype(int)
    found = rng.hypergeometric(right.astype(int), (drawn - right).astype(int), few).astype(float)
    few = few.astype(float)
    places = spread(int(few.min()))
    law = power_law(places, covered(found, few, places).mean(axis=0))
    predicted = [
        expected_coverage(fitted_tail(found, few), found, few, np.array([n])).mean(),
        with_masses(found, few, n),
        law.coverage(n) if law else np.nan,
    ]
    return [float(p - seen) for p in predicted]


def main() -> None:
    rng = np.random.default_rng(0)
    counts = counts_of_rows(reported_counts(Workspace()))
    lines = []
    for part in PARTS:
        found = np.array([misses(c.right, c.drawn, part, rng) for c in counts for _ in range(DRAWS)])
        lines.append([f"a part in {part}", *(f"{100 * m:.1f}" for m in np.nanmean(found**2, axis=0) ** 0.5)])
    print(table(lines, ["from", "chances, points", "with never and always", "power law"]))


if __name__ == "__main__":
    main()
