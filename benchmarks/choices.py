"""Is the choice as good as it claims? Worlds with known truth: equal models, spread ones, leaders. Writes its section
of docs/validation.md.

    python benchmarks/choices.py [WORLDS]      no GPU, about ten minutes

In each world models answer questions drawn from a population, a few answers each; a model's true accuracy is that
over the population. The model that is believed best (fits/joint_draws.py) is compared with the truth: how much more it
claims than it has, whether its 90 % interval holds that, how often a target three or six points above every model is
"reached" by one of them with 90 % confidence, and what is lost against the model that is best. Beside it the model
measured highest, with what was measured of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from validation_page import put, table

from advisor.fits.draws import believed, draws_of
from advisor.fits.joint_draws import with_draws, with_errors
from advisor.fits.strategy_points import StrategyPoints

CONFIDENCE = 0.9
SIZES = ((60, 4), (200, 4), (200, 1))
"""Questions, and answers to each."""
SHARED, OWN = 1.5, 1.0
"""Standard deviations of the questions' difficulty and of a model's own trouble with them, on the logit scale."""

WORLDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "twelve equal models": lambda rng: np.full(12, 0.6),
    "two points apart": lambda rng: np.clip(rng.normal(0.6, 0.02, 12), 0.05, 0.95),
    "five points apart": lambda rng: np.clip(rng.normal(0.6, 0.05, 12), 0.05, 0.95),
    "spread": lambda rng: rng.uniform(0.2, 0.9, 12),
    "equal on top of a spread": lambda rng: np.concatenate([np.full(6, 0.7), rng.uniform(0.1, 0.6, 6)]),
    "a leader": lambda rng: np.concatenate([[0.72], np.full(11, 0.6)]),
    "three models": lambda rng: np.clip(rng.normal(0.6, 0.05, 3), 0.05, 0.95),
    "nearly all right": lambda rng: np.clip(rng.normal(0.93, 0.01, 12), 0, 0.98),
}


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def offset(accuracy: float, big: np.ndarray) -> float:
    """The logit with which the mean over the population is `accuracy`, by bisection."""
    low, high = -15.0, 15.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if logistic(big + middle).mean() < accuracy else (low, middle)
    return (low + high) / 2


def measured(rng: np.random.Generator, truth: np.ndarray, questions: int, samples: int) -> list[StrategyPoints]:
    """The strategy points of every model: one answer, the share of right ones at each question."""
    big = rng.normal(0, np.hypot(SHARED, OWN), 50_000)
    difficulty = rng.normal(0, SHARED, questions)
    found = []
    for number, accuracy in enumerate(truth):
        chance = logistic(difficulty + rng.normal(0, OWN, questions) + offset(float(accuracy), big))
        found.append(
            StrategyPoints(
                model=f"model {number}",
                task="world",
                strategy="majority",
                setup="",
                recorded={},
                runs=f"run {number}",
                question_ids=tuple(f"q{i}" for i in range(questions)),
                prompt_tokens=None,
                n_samples=(1,),
                token_budget=(None,),
                correct=(rng.binomial(samples, chance) / samples)[:, None],
                generated=None,
                depth=None,
            )
        )
    return found


def one(rng: np.random.Generator, truth: np.ndarray, size: tuple[int, int]) -> dict[str, float]:
    """What one world shows, in points of accuracy and as 0 or 1."""
    points = with_draws(map(with_errors, measured(rng, truth, *size)), [])
    order = [int(p.model.split()[1]) for p in points]
    of_point = truth[order]
    draws = np.array([draws_of(p) for p in points])
    seen, claims = (np.array([each(p).accuracy for p in points]) for each in (lambda p: p, believed))
    highest, best = int(seen.argmax()), int(claims.argmax())
    claim = believed(points[best])
    assured = np.quantile(draws, 1 - CONFIDENCE, axis=1)
    median = float(np.median(truth))
    reached = assured >= median
    return {
        "measured": 100 * (seen[highest] - of_point[highest]),
        "claimed": 100 * (claims[best] - of_point[best]),
        "holds": float(claim.low <= of_point[best] <= claim.high),
        "all hold": float(
            np.mean([b.low <= t <= b.high for b, t in zip(map(believed, points), of_point, strict=True)])
        ),
        "false +3": float((assured >= truth.max() + 0.03).any()),
        "false +6": float((assured >= truth.max() + 0.06).any()),
        "false median": float(np.mean(of_point[reached] < median - 1e-9)) if reached.any() else 0.0,
        "lost": 100 * (truth.max() - of_point[best]),
        "lost, measured": 100 * (truth.max() - of_point[highest]),
        "regret": 100 * float((draws.max(axis=0) - draws[best]).mean()),
    }


COLUMNS = [
    "", "questions × answers", "highest measured: too high", "believed best: claims too much", "its interval holds",
    "all intervals hold", "3 points too many reached", "6 points", "reaches the median, but is below",
    "lost by believing", "lost by the highest", "regret expected",
]  # fmt: skip
SHARES, BIASES = ("holds", "all hold", "false +3", "false +6", "false median"), ("measured", "claimed")
LOSSES = ("lost", "lost, measured", "regret")


def row(name: str, size: tuple[int, int], found: list[dict[str, float]]) -> list[str]:
    mean = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
    shares = [f"{100 * mean[key]:.0f} %" for key in SHARES]
    return [
        name, f"{size[0]} × {size[1]}", *(f"{mean[key]:+.1f}" for key in BIASES), *shares,
        *(f"{mean[key]:.1f}" for key in LOSSES),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", type=int, nargs="?", default=50)
    worlds = parser.parse_args().worlds
    lines = []
    for name, make in WORLDS.items():
        for size in SIZES:
            rng = np.random.default_rng([len(name), *size])
            lines.append(row(name, size, [one(rng, make(rng), size) for _ in range(worlds)]))
            print(" | ".join(lines[-1]), flush=True)
    error = 100 * (0.09 / worlds) ** 0.5
    put("Choices in worlds whose truth is known", PAGE.format(worlds=worlds, error=error) + table(lines, COLUMNS))


PAGE = """Models answer questions drawn from a population, and the true accuracy of each is known; {worlds} worlds a
line, in points of accuracy and shares of the worlds (one standard error of a share near 90 % is {error:.1f} points), by
`python benchmarks/choices.py`. The model that is believed best is what `recommend` picks where all cost the same: how
much more it claims than it has, and whether its 90 % interval holds that; how often some model reaches a target three
or six points above all of them with 90 % confidence; of those that reach the median so, how many are below it; what
is lost against the best model by picking the one believed best, or measured highest, and what regret was expected.

"""


if __name__ == "__main__":
    main()
