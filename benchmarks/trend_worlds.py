"""How often the intervals of the trend hold in simulated worlds whose slopes are known.

python benchmarks/trend_worlds.py [WORLDS]

Models of random dates within two and a half years and random compute, accuracies around a plane of logits on 198 shared
questions; 60 worlds a size where not said otherwise. Prints the share of 90 % intervals that hold, by fit.
"""

from __future__ import annotations

import sys

import numpy as np

from advisor.accuracy.dominance import unbeaten
from advisor.accuracy.release_trend import Over, Releases, release_trend, why_not
from advisor.accuracy.resampling import DRAWS

PER_DECADE, PER_YEAR, SPREAD = 0.9, 1.2, 0.4
QUESTIONS, SIZES = 198, (10, 20, 40)


def world(seed: int, n: int) -> Releases:
    """Models whose logits lie around the plane; answers drawn question by question, hard ones hard for all."""
    rng = np.random.default_rng(seed)
    years = np.round(12 * rng.uniform(0, 2.5, n)) / 12
    powers = rng.uniform(13, 15.3, n) + 0.2 * years
    logits = -0.5 + PER_DECADE * (powers - 14) + PER_YEAR * (years - 1.25) + rng.normal(0, SPREAD, n)
    share = 1 / (1 + np.exp(-(1.3 * logits[:, None] - rng.normal(0, 1.2, QUESTIONS))))
    correct = rng.random(share.shape) < share
    weights = rng.exponential(size=(QUESTIONS, DRAWS))
    accuracy, drawn = correct.mean(axis=1), correct @ weights / weights.sum(axis=0)
    draws = np.clip(accuracy[:, None] + drawn - drawn.mean(axis=1, keepdims=True), 0, 1)
    flops, beside = 10**powers, years[None, :] <= years[:, None]
    return Releases(
        years=years,
        flops=flops,
        accuracies=accuracy,
        draws=draws,
        questions=np.full(n, float(QUESTIONS)),
        groups=[str(i) for i in range(n)],
        leads=unbeaten(flops[:, None], accuracy[:, None], beside)[:, 0],
        leads_draws=unbeaten(np.tile(flops[:, None], DRAWS), draws, beside),
    )


def main(worlds: int) -> None:
    """Print a line for every size and fit."""
    true = 10 ** (PER_YEAR / PER_DECADE)
    for n in SIZES:
        held: dict[Over, list[bool]] = {over: [] for over in Over}
        opened: dict[Over, list[bool]] = {over: [] for over in Over}
        for seed in range(worlds):
            r = world(seed, n)
            for over in Over:
                if not why_not(r, over):
                    gain = release_trend(r, over, 0.6, seed=seed).gain
                    held[over].append((gain.low or 0.0) <= true <= (gain.high or np.inf))
                    opened[over].append(gain.low is None or gain.high is None)
        for over in Over:
            if held[over]:
                share, open_ends = 100 * np.mean(held[over]), 100 * np.mean(opened[over])
                print(
                    f"{n} models, {over}: {share:.0f} % of {len(held[over])} hold, {open_ends:.0f} % with an open end"
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
