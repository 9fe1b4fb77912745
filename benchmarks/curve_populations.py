"""Simulated populations of questions whose curve is known, of every shape: what is claimed of them, and does it hold?

Searches are points of their own runs, each answering the run's questions once; votes and answers under a cap are stored
answers. The truth is that of the whole population, of which a run asks 100, 200 or 400 questions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from curve_scores import interval_score
from validation_page import table

from advisor.accuracy.curve_fits import Learned, fit_caps, fit_points, fit_votes
from advisor.accuracy.endings import Answers
from advisor.accuracy.estimators import majority_at_all_k
from advisor.accuracy.shapes import EPSILON, Curve, saturation_points
from advisor.fits.curve_priors import TABLE, read_learned_file

WORLDS = 40
SIZES = (100, 200, 400)
DIFFICULTY = 1.2
"""Standard deviation of the logit of a question's accuracy."""
POOL = 20_000
FAR = 2.0**14
VOTES = (1, 4, 8, 16)


@dataclass(frozen=True)
class Truth:
    """Accuracy of the population at compute `x`, and in the end."""

    x: np.ndarray
    accuracy: np.ndarray
    limit: float

    def at(self, x: float) -> float:
        """At one compute, straight in its logarithm between two."""
        return float(np.interp(np.log2(x), np.log2(self.x), self.accuracy))


World = Callable[[np.random.Generator, int], tuple[Curve, Truth]]
"""Draws a run of so many questions, fits its curve, and says what is true."""

SEARCHES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "saturated": lambda x: 0.8 - 0.4 * np.exp(-(x - 1) / 1.5),
    "slow": lambda x: 0.9 - 0.5 * x**-0.3,
    "flat": lambda x: 0.55 + 0 * x,
    "falling": lambda x: 0.4 + 0.3 * x**-0.4,
    "peaked": lambda x: 0.3 + 0.35 * np.exp(-((np.log2(x) - 3) ** 2) / 6),
    "logistic": lambda x: 0.15 + 0.7 / (1 + (20 / x) ** 1.5),
    "log-linear": lambda x: np.minimum(0.2 + 0.06 * np.log2(x), 1.0),
}


def search(shape: Callable[[np.ndarray], np.ndarray], learned: Learned) -> World:
    """Points at 1, 2, 4 … 16 or 64."""
    pool = np.random.default_rng(1).normal(0, DIFFICULTY, POOL)
    x = 2.0 ** np.arange(7)
    shifts = np.array([_shift(pool, share) for share in shape(x)])
    far = np.geomspace(1, 2.0**40, 1000)
    truth = Truth(far, shape(far), float(shape(far)[-1]))

    def draw(rng: np.random.Generator, n: int) -> tuple[Curve, Truth]:
        seen = int(rng.choice([5, 7]))
        difficulty = rng.normal(0, DIFFICULTY, (n, 1))
        right = rng.random((n, seen)) < 1 / (1 + np.exp(-(difficulty + shifts[:seen])))
        return fit_points(x[:seen], right.astype(float), learned.growth), truth

    return draw


def _shift(pool: np.ndarray, share: float) -> float:
    """What added to all logits gives the population this accuracy."""
    low, high = -12.0, 12.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(-(pool + middle)))) < share else (low, middle)
    return low


def _shares(rng: np.random.Generator, kind: str, n: int) -> np.ndarray:
    """Shares (n, 4) of the right answer and three wrong ones."""
    right = {
        "saturated": lambda: rng.beta(0.25, 0.2, n),
        "slow": lambda: rng.beta(8, 8, n),
        "flat": lambda: np.where(rng.random(n) < 0.6, 1.0, 0.0),
        "falling": lambda: np.where(rng.random(n) < 0.3, 0.9, rng.uniform(0.25, 0.45, n)),
        "peaked": lambda: np.where(rng.random(n) < 0.5, rng.uniform(0.6, 0.8, n), rng.uniform(0.44, 0.49, n)),
    }[kind]()
    rivals = 0.05 if kind in ("falling", "peaked") else 1.0
    wrong = rng.dirichlet(np.full(3, rivals), n)
    return np.column_stack([right, (1 - right)[:, None] * wrong])


def vote(kind: str, learned: Learned) -> World:
    """Votes of 1, 4, 8 and 16 stored answers."""
    pool = _shares(np.random.default_rng(1), kind, POOL)
    x = 2.0 ** np.arange(15)
    truth = Truth(x, _vote_accuracy(pool, x), float(np.mean(pool[:, 0] > pool[:, 1:].max(axis=1))))

    def draw(rng: np.random.Generator, n: int) -> tuple[Curve, Truth]:
        counts = [rng.multinomial(VOTES[-1], shares) for shares in pool[rng.choice(POOL, n, replace=False)]]
        tallies = [(int(c[0]), tuple(sorted((int(w) for w in c[1:] if w), reverse=True)), 0) for c in counts]
        exact = np.array([np.array(majority_at_all_k(*tally))[[k - 1 for k in VOTES]] for tally in tallies])
        return fit_votes(np.array(VOTES, dtype=float), exact, tallies, learned.shares), truth

    return draw


def _vote_accuracy(pool: np.ndarray, ks: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(2)
    found = []
    for k in ks.astype(int):
        cast = rng.multinomial(k, pool)
        top = cast.max(axis=1)
        found.append(np.mean((cast[:, 0] == top) / (cast == top[:, None]).sum(axis=1)))
    return np.array(found)


@dataclass(frozen=True)
class Lengths:
    """Answers of `median` tokens, longer and less often right where a question is difficult.

    spread   of the logarithm of their length
    harder   logits that a doubling of the length costs
    endless  share that never ends
    limit    of the run, in medians
    """

    spread: float
    harder: float
    endless: float
    limit: float
    median: float = 3000.0


CAPPED = {
    "saturated": Lengths(0.6, 0.5, 0.0, 64.0),
    "slow": Lengths(1.6, 0.5, 0.0, 4.0),
    "flat": Lengths(0.8, 6.0, 0.0, 2.0),
    "logistic": Lengths(0.9, 0.7, 0.0, 1.5),
    "log-linear": Lengths(2.5, 0.1, 0.0, 2.0),
    "endless loops": Lengths(0.7, 0.5, 0.1, 16.0),
    "endless loops, cut early": Lengths(0.7, 0.5, 0.1, 3.0),
}


def cap(kind: Lengths, learned: Learned, n_samples: int = 4) -> World:
    """Four answers a question, cut at a limit, with no reason recorded but the cut."""

    def lengths(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        difficulty = rng.normal(0, 1, (n, 1))
        log = 0.5 * difficulty + rng.normal(0, kind.spread, (n, n_samples))
        tokens = kind.median * np.exp(log)
        right = rng.random(log.shape) < 1 / (1 + np.exp(-(1.5 - difficulty - kind.harder * np.maximum(log, 0))))
        return np.where(rng.random(log.shape) < kind.endless, np.inf, tokens), right

    tokens, right = lengths(np.random.default_rng(1), POOL)
    x = np.geomspace(kind.median / 100, kind.median * FAR, 1000)
    accuracy = np.array([np.mean(right & (tokens <= each)) for each in x])
    truth = Truth(x, accuracy, float(np.mean(right & np.isfinite(tokens))))

    def draw(rng: np.random.Generator, n: int) -> tuple[Curve, Truth]:
        ends, correct = lengths(rng, n)
        most = kind.limit * kind.median
        cut = ends > most
        run = Answers(
            question=np.repeat(np.arange(n), n_samples),
            tokens=np.minimum(ends, most).ravel(),
            right=(correct & ~cut).ravel().astype(float),
            open=cut.ravel().astype(float),
            looping=np.zeros(n * n_samples),
        )
        return fit_caps(run, learned.endings), truth

    return draw


COLUMNS = [
    "error at 4 ×", "intervals that hold", "interval score", "asymptote claimed", "of these hold", "wrong claims",
    "saturation claimed", "of these hold", "wrong claims",
]  # fmt: skip


def row(world: World, seed: int) -> list[str]:
    """Under COLUMNS, over WORLDS runs; a wrong claim is one that does not hold, of all runs."""
    found = []
    for number in range(WORLDS):
        curve, truth = world(np.random.default_rng([seed, number]), SIZES[number % len(SIZES)])
        at_4x = truth.at(4 * curve.x_max)
        saturation = float(saturation_points(truth.x, truth.accuracy[None], curve.x_min, curve.x_max, EPSILON)[0])
        found.append(
            (
                abs(curve.at_4x.value - at_4x),
                curve.at_4x.low - 1e-9 <= at_4x <= curve.at_4x.high + 1e-9,
                interval_score(curve.at_4x.low, curve.at_4x.high, at_4x),
                curve.asymptote.value is not None,
                curve.asymptote.low - 1e-9 <= truth.limit <= curve.asymptote.high + 1e-9,
                curve.saturation.value is not None,
                0.999 * curve.saturation.low <= saturation <= 1.001 * curve.saturation.high,
            )
        )
    error, held, score, claimed, holds, settled, is_there = np.array(found, dtype=float).T
    claims = [part for claimed_, right in ((claimed, holds), (settled, is_there)) for part in _claims(claimed_, right)]
    return [f"{100 * error.mean():.1f}", f"{100 * held.mean():.0f} %", f"{100 * score.mean():.1f}", *claims]


def _claims(claimed: np.ndarray, right: np.ndarray) -> list[str]:
    hold = f"{100 * (claimed * right).sum() / claimed.sum():.0f} %" if claimed.any() else "–"
    return [f"{100 * claimed.mean():.0f} %", hold, f"{100 * (claimed * (1 - right)).mean():.0f} %"]


def shapes_page() -> str:
    """The section of docs/validation.md."""
    learned = read_learned_file(Path(__file__).resolve().parent.parent / "profiles" / TABLE)
    worlds: dict[str, World] = {f"search, {name}": search(shape, learned) for name, shape in SEARCHES.items()}
    worlds |= {f"votes, {name}": vote(name, learned) for name in ("saturated", "slow", "flat", "falling", "peaked")}
    worlds |= {f"token cap, {name}": cap(kind, learned) for name, kind in CAPPED.items()}
    rows = [[name, *row(world, seed)] for seed, (name, world) in enumerate(worlds.items())]
    return (
        f"{WORLDS} simulated runs of each shape over 100, 200 or 400 questions, by the same command; errors and\n"
        "interval scores in points of percent at four times the largest compute. An asymptote or a saturation point\n"
        "is claimed or it is said that the measured range cannot tell; where it is claimed, its 90 % interval should\n"
        "hold the truth of the population. Searches were seen up to a compute of 16 or 64, votes up to 16, caps up\n"
        "to the limit of the run. What curves have in common is as it ships, learned from the published data sets\n"
        "alone.\n\n"
        f"{table(rows, ['', *COLUMNS])}"
    )


if __name__ == "__main__":
    print(shapes_page())
