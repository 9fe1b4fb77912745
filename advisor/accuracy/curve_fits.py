"""Fit accuracy against compute: families compete at predicting the largest compute, intervals come from the questions.

For fixed scale and rate every family is linear in asymptote and drop, so a grid over those two and a closed form for
these two fits all bootstrap replicates at once, without a starting point and without a local minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Interval
from advisor.accuracy.shapes import FINISH_TIME, FREE_FORM, Curve, Shape, free_form, remaining, saturation_point

Array = NDArray[np.float64]

DRAWS = 300
FAMILIES = ("power", "exponential", "logistic")
SHRINKAGE = 0.05
"""Weight of the last measured accuracy as a guess of the asymptote, in points: without it three noisy points would give
1."""
LATE_DECLINE = 0.85
LATE_DECLINE_SD = 0.15
LATE_PRIOR = 0.05
"""Answers that end beyond the last cap are right less often than the last ones seen; set on 70 runs of Epoch AI's
hub."""


@dataclass(frozen=True, slots=True)
class Fits:
    """One family fitted to B mean curves at once: arrays of shape (B,)."""

    family: str
    asymptote: Array
    drop: Array
    scale: Array
    rate: Array

    def shape(self, b: int) -> Shape:
        """The b-th curve."""
        return Shape(
            self.family, float(self.asymptote[b]), float(self.drop[b]), float(self.scale[b]), float(self.rate[b])
        )


def fit_curve(x: Array, correct: Array, finished: Array | None = None, *, seed: int = 0, draws: int = DRAWS) -> Curve:
    """The curve of one model, task and strategy.

    x         (P,) compute of each point, rising
    correct   (Q, P) expected accuracy of each question at each point
    finished  (Q, P) share of answers that ended by themselves within x tokens, for curves over a token cap
    """
    rng = np.random.default_rng(seed)
    n_questions = len(correct)
    even = np.full(n_questions, 1 / n_questions)
    weights = np.vstack([even, rng.multinomial(n_questions, even, draws) / n_questions])
    shapes = finish_time(x, correct, finished, weights, rng) if finished is not None else []
    shapes = shapes or best_shapes(x, weights @ correct)
    return _curve(x, shapes)


def fit_published(x: Array, accuracy: Array, n_questions: int, *, seed: int = 0, draws: int = DRAWS) -> Curve:
    """The curve through published means (P,), each over `n_questions`; intervals take their errors as independent."""
    rng = np.random.default_rng(seed)
    noisy = rng.binomial(n_questions, np.clip(accuracy, 0, 1), (draws, len(x))) / n_questions
    return _curve(x, best_shapes(x, np.vstack([accuracy, noisy])))


def _curve(x: Array, shapes: list[Shape]) -> Curve:
    """The first shape with the intervals that the others give."""
    x_min, x_max = float(x[0]), float(x[-1])
    return Curve(
        shapes[0],
        x_min,
        x_max,
        _interval([float(np.clip(s.asymptote, 0, 1)) for s in shapes]),
        _saturation([saturation_point(s, x_min, x_max) for s in shapes]),
        _interval([float(s.at(np.array([4 * x_max]))[0]) for s in shapes]),
    )


def _interval(values: list[float]) -> Interval:
    """90 % interval of the replicates around the first value."""
    low, high = np.quantile(values[1:], (0.05, 0.95))
    return Interval(values[0], float(min(low, values[0])), float(max(high, values[0])))


def _saturation(found: list[float | None]) -> Interval | None:
    """Replicates that never saturate push the upper end to infinity."""
    if found[0] is None:
        return None
    low, high = np.quantile([np.inf if f is None else f for f in found[1:]], (0.05, 0.95), method="nearest")
    return Interval(found[0], float(min(low, found[0])), float(max(high, found[0])))


def best_shapes(x: Array, means: Array) -> list[Shape]:
    """For each of B mean curves (B, P) the family that best predicts the largest compute, fitted to all points."""
    n_points = len(x)
    kept = n_points - max(1, n_points // 3)
    everywhere = candidates(x, means)
    if kept < 3:
        chosen = [FREE_FORM] * len(means)
    else:
        held = candidates(x[:kept], means[:, :kept])
        errors = {
            family: np.array([np.abs(s.at(x[kept:]) - means[b, kept:]).mean() for b, s in enumerate(shapes)])
            for family, shapes in held.items()
        }
        names = list(errors)
        chosen = [names[i] for i in np.argmin(np.array([errors[f] for f in names]), axis=0)]
    return [everywhere[family][b] for b, family in enumerate(chosen)]


def candidates(x: Array, means: Array) -> dict[str, list[Shape]]:
    """Every family fitted to every mean curve."""
    found = {FREE_FORM: [free_form(x, mean) for mean in means]}
    if len(x) >= 3:
        for family in FAMILIES:
            fits = fit_family(family, x, means)
            found[family] = [fits.shape(b) for b in range(len(means))]
    return found


def fit_family(family: str, x: Array, means: Array) -> Fits:
    """Asymptote and drop in closed form over a grid of scale and rate; the asymptote stays within [0, 1]."""
    scales, rates = _grid(family, x)
    g = remaining(family, x[None, :], scales[:, None], rates[:, None])  # (G, P)
    last = means[:, -1]
    # normal equations of [1, −g] with the last point as a weak guess of the asymptote
    n = len(x) + SHRINKAGE
    sum_g, sum_gg = g.sum(axis=1), (g * g).sum(axis=1)
    sum_y = means.sum(axis=1) + SHRINKAGE * last  # (B,)
    sum_gy = means @ g.T  # (B, G)
    determinant = n * sum_gg - sum_g**2 + 1e-12
    asymptote = np.clip((sum_gg * sum_y[:, None] - sum_g * sum_gy) / determinant, 0.0, 1.0)
    drop = (asymptote * sum_g - sum_gy) / (sum_gg + 1e-12)
    residual = ((means[:, None, :] - asymptote[..., None] + drop[..., None] * g[None]) ** 2).sum(axis=2) + SHRINKAGE * (
        asymptote - last[:, None]
    ) ** 2
    best = residual.argmin(axis=1)
    rows = np.arange(len(means))
    return Fits(family, asymptote[rows, best], drop[rows, best], scales[best], rates[best])


def _grid(family: str, x: Array) -> tuple[Array, Array]:
    if family == "power":
        rates = np.geomspace(0.1, 4, 30)
        return np.full(len(rates), x[0]), rates
    if family == "exponential":
        rates = np.geomspace(0.1, 40, 40) * x[0] / (x[-1] - x[0])
        return np.full(len(rates), x[0]), rates
    scales, rates = np.meshgrid(np.geomspace(x[0] / 4, x[-1] * 2, 40), np.geomspace(0.5, 5, 20))
    return scales.ravel(), rates.ravel()


def finish_time(x: Array, correct: Array, finished: Array, weights: Array, rng: np.random.Generator) -> list[Shape]:
    """One Shape for each row of `weights` (B, Q), or none: accuracy under a cap grows as answers end, and all end.

    The share ended is log-logistic in the cap. An answer that has not ended yet will be right as often as the ended
    ones of its own question, shrunk towards those that ended last, times LATE_DECLINE. So the asymptote comes from the
    answers; a curve through the mean accuracies cannot show it.
    """
    ended, means = weights @ finished, weights @ correct
    seen = (ended[0] > 0.01) & (ended[0] < 0.99)
    if seen.sum() < 2 or len(x) < 3:
        return []
    u = np.log(x[seen])
    share = np.clip(ended[:, seen], 0.002, 0.998)
    logit = np.log(share / (1 - share))
    centred = u - u.mean()
    rate = np.maximum(logit @ centred / (centred @ centred), 0.5)
    scale = np.exp(u[-1] - logit[:, -1] / rate)
    latest = np.clip((means[:, -1] - means[:, -2]) / np.maximum(ended[:, -1] - ended[:, -2], 1e-6), 0.0, 1.0)
    decline = np.append(LATE_DECLINE, rng.normal(LATE_DECLINE, LATE_DECLINE_SD, len(weights) - 1))
    late = (latest * decline)[:, None]
    of_question = (correct[:, -1] + LATE_PRIOR * late) / (finished[:, -1] + LATE_PRIOR)
    open_share = 1 - finished[:, -1]
    asymptote = means[:, -1] + (weights * of_question * open_share).sum(axis=1)
    drop = (asymptote - means[:, -1]) / np.maximum(1 - ended[:, -1], 1e-6)
    return [
        Shape(
            FINISH_TIME,
            float(asymptote[b]),
            float(drop[b]),
            float(scale[b]),
            float(rate[b]),
            tuple(zip(x.tolist(), means[b].tolist(), strict=True)),
        )
        for b in range(len(weights))
    ]
