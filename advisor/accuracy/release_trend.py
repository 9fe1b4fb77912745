"""How accuracy follows from compute and release date: a meta-regression over models, and what its slopes amount to.

    logit((accuracy − c)/(1 − c)) = a + b·log10(FLOPs per question) + g·(years since the last release)

c is the accuracy of guessing, where the options are known: without it models that guess would show that compute is
worth nothing.

Every model weighs by 1/(t² + v): v is the variance of its own measured accuracy on the scale of logits, t² what models
of the same compute and date differ by besides (Paule and Mandel 1982). Over a year the compute that an accuracy takes
falls by the factor 10^(g/b), and it halves in 12·log10(2)/(g/b) months.

Three ways to fit the same line. Least squares over all models is the typical release. The upper edge weighs what lies
above the line nine times as much as what lies below (an expectile, Newey and Powell 1987): the better releases, and no
model is chosen by its outcome. The third takes the models alone that were on the frontier when they came out, as is
often done: they are chosen by the accuracy that is regressed, so that its slopes are biased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.optimize import brentq

from advisor.accuracy.dominance import Flags
from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import seed_of
from advisor.units import counted

LEAST_MODELS, LEAST_RELEASES = 8, 6
"""For three coefficients and their spread; models that one publisher brought out in a month count as one release."""
LEAST_YEARS, LEAST_DECADES = 0.5, 0.5
"""That dates and compute must span."""
MOST_ALIKE = 0.95
"""Correlation of date and compute beyond which their slopes cannot be told apart."""
UPPER = 0.9
"""The expectile of the upper edge."""
MOST_PER_YEAR = 4.0
"""Powers of ten a year beyond which a ratio of slopes says that the slope in compute is hardly above zero."""
BEYOND = 0.5
"""Powers of ten above the measured compute that a needed compute may lie."""
RESAMPLINGS = 5
"""Of the models, for every draw of their accuracies."""
ITERATIONS = 25
"""Of the expectile's weights; they settle in fewer than ten."""


class Over(StrEnum):
    """Which models a fit is about."""

    ALL = "all models"
    UPPER = "upper edge"
    FRONTIER = "on the frontier when released"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 90 % interval; None: the data cannot tell it, or leave that end open."""

    value: float | None
    low: float | None
    high: float | None


UNKNOWN = Estimate(None, None, None)


@dataclass(frozen=True, slots=True)
class Releases:
    """N models with a date, compute and accuracy, and D draws of their accuracies.

    years       (N,) since any day
    flops       (N,) per question
    accuracies  (N,) and `draws` (N, D)
    questions   (N,) behind each accuracy
    groups      (N,) models of the same group came out together and are resampled together
    floor       accuracy of guessing
    leads       (N,) whether the model was on the frontier when it came out, and `leads_draws` (N, D)
    """

    years: Array
    flops: Array
    accuracies: Array
    draws: Array
    questions: Array
    groups: Sequence[str]
    leads: Flags
    leads_draws: Flags
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class ReleaseTrend:
    """What a fit says.

    per_decade   logits gained by ten times the compute, `per_year` by a year
    gain         factor by which the compute that an accuracy takes falls in a year
    halving      months in which it halves
    needed       FLOPs per question for the target accuracy at the date of the last release; no number below those of
                 the cheapest model that was measured to reach it
    residual     logits by which models of the same compute and date differ (standard deviation)
    untold       share of the draws in which compute helps too little for `gain` to be a number
    """

    over: Over
    n_answers: int
    n_releases: int
    per_decade: Interval
    per_year: Interval
    gain: Estimate
    halving: Estimate
    needed: Estimate
    residual: float
    untold: float


def why_not(r: Releases, over: Over) -> str:
    """Why a trend cannot be fitted; empty where it can."""
    chosen = r.leads if over is Over.FRONTIER else np.ones(len(r.years), dtype=bool)
    n, n_releases = int(chosen.sum()), len({g for g, c in zip(r.groups, chosen, strict=True) if c})
    if n < LEAST_MODELS or n_releases < LEAST_RELEASES:
        known = f"{counted(n, 'answer')} of {counted(n_releases, 'release')}"
        return f"{known}; it takes {LEAST_MODELS} answers of {LEAST_RELEASES}"
    years, decades = r.years[chosen], np.log10(r.flops[chosen])
    if np.ptp(years) < LEAST_YEARS:
        return f"the dates span {12 * np.ptp(years):.0f} months; it takes {12 * LEAST_YEARS:.0f}"
    if np.ptp(decades) < LEAST_DECADES:
        return f"compute spans a factor {10 ** np.ptp(decades):.2g}; it takes {10**LEAST_DECADES:.2g}"
    if abs(np.corrcoef(years, decades)[0, 1]) > MOST_ALIKE:
        return "compute rose with the date so evenly that the two cannot be told apart"
    return ""


def release_trend(r: Releases, over: Over, target: float, *, seed: int = 0) -> ReleaseTrend:
    """The fit with its 90 % intervals, by a bootstrap over questions (`draws`) and releases; after `why_not`.

    Releases are resampled by the Bayesian bootstrap (Rubin 1981), whose draws are never without some of them.
    """
    return trend_and_slopes(r, over, target, seed=seed)[0]


def trend_and_slopes(r: Releases, over: Over, target: float, *, seed: int = 0) -> tuple[ReleaseTrend, Array]:
    """The same with its slopes, (2, 1 + RESAMPLINGS · D): logits by ten times the compute and by a year, the fit first.

    With one seed a release has the same weights on every task.
    """
    expectile = UPPER if over is Over.UPPER else 0.5
    chosen = (r.leads if over is Over.FRONTIER else np.ones(len(r.years), dtype=bool)).astype(float)
    features = np.column_stack([np.ones(len(r.years)), np.log10(r.flops), r.years - r.years.max()])
    y, y_draws = logits(r.accuracies, r.questions, r.floor), logits(r.draws, r.questions[:, None], r.floor)
    variances = np.maximum(y_draws.var(axis=1), 1e-6)
    residual = _residual(features, y, variances, chosen > 0)
    weights = chosen / (residual**2 + variances)
    fitted = fits(features, y[None], weights[None], expectile)[0]
    drawn = np.tile(y_draws.T, (RESAMPLINGS, 1))
    taken = np.tile(r.leads_draws.T, (RESAMPLINGS, 1)) if over is Over.FRONTIER else True
    resampled = release_weights(r.groups, len(drawn), seed) * taken / (residual**2 + variances)
    coefficients = fits(features, drawn, resampled, expectile)
    n_releases = len({g for g, c in zip(r.groups, chosen, strict=True) if c})
    coefficients = fitted + (coefficients - np.nanmean(coefficients, axis=0)) * _widening(n_releases)
    ratio = _ratio(coefficients)
    gained = _estimate(_ratio(fitted[None]), ratio)
    beyond = (target - r.floor) / (1 - r.floor)
    within = (np.log10(_cheapest(r, target)), np.log10(r.flops.max()) + BEYOND)
    needed = _estimate(*(_needed(each, beyond, within) for each in (fitted[None], coefficients)))
    found = ReleaseTrend(
        over=over,
        n_answers=int(chosen.sum()),
        n_releases=n_releases,
        per_decade=_interval(fitted[1], coefficients[:, 1]),
        per_year=_interval(fitted[2], coefficients[:, 2]),
        gain=_power(gained),
        halving=_halving(gained),
        needed=_power(needed),
        residual=residual,
        untold=float((~np.isfinite(ratio)).mean()),
    )
    return found, np.column_stack([fitted[1:], coefficients[:, 1:].T])


def _cheapest(r: Releases, target: float) -> float:
    """FLOPs of the cheapest model with the target accuracy, below which the line is not followed; infinite for none."""
    return float(np.where(r.accuracies >= target, r.flops, np.inf).min())


def logits(accuracies: Array, questions: Array, floor: float = 0.0) -> Array:
    """Of accuracies from 0 to 1 beyond guessing, each moved by half a question towards a half: none is infinite.

    What lies below the accuracy of guessing counts as that.
    """
    beyond = np.maximum(accuracies - floor, 0.0) / (1 - floor)
    moved = (beyond * questions + 0.5) / (questions + 1)
    return np.asarray(np.log(moved / (1 - moved)))


def points(slope: float, accuracy: float, floor: float = 0.0) -> float:
    """A slope in logits as a slope in accuracy, at this accuracy."""
    beyond = (accuracy - floor) / (1 - floor)
    return slope * (1 - floor) * beyond * (1 - beyond)


def fits(features: Array, y: Array, weights: Array, expectile: float) -> Array:
    """(B, K) coefficients of B weighted fits, y and weights (B, N), features (N, K); NaN where one has no solution.

    With an expectile of a half least squares, else asymmetric ones: what lies above the line weighs `expectile`, what
    lies below the rest.
    """
    sides = np.ones(y.shape)
    for _ in range(1 if expectile == 0.5 else ITERATIONS):
        found = _weighted(features, y, weights * sides)
        sides = np.where(y > found @ features.T, expectile, 1 - expectile)
    return found


def _weighted(features: Array, y: Array, weights: Array) -> Array:
    left = np.einsum("bn,ni,nj->bij", weights, features, features, optimize=True)
    right = np.einsum("bn,bn,ni->bi", weights, y, features, optimize=True)
    scale = np.einsum("bii->b", left)
    with np.errstate(invalid="ignore", divide="ignore"):
        left, right = left / scale[:, None, None], right / scale[:, None]
    solvable = np.isfinite(left).all(axis=(1, 2))
    solvable[solvable] = np.linalg.cond(left[solvable]) < 1e10
    found = np.full(right.shape, np.nan)
    found[solvable] = np.linalg.solve(left[solvable], right[solvable][..., None])[..., 0]
    return found


def _residual(features: Array, y: Array, variances: Array, chosen: Flags) -> float:
    """The standard deviation with which the weighted squares of the residuals are as many as degrees of freedom."""
    x, y, v = features[chosen], y[chosen], variances[chosen]
    freedom = len(y) - x.shape[1]

    def excess(squared: float) -> float:
        weights = 1 / (squared + v)
        (found,) = _weighted(x, y[None], weights[None])
        return float(weights @ (y - x @ found) ** 2 - freedom)

    most = float(np.var(y)) * len(y) + 1.0
    return float(brentq(excess, 0.0, most)) ** 0.5 if excess(0.0) > 0 > excess(most) else 0.0


def release_weights(groups: Sequence[str], n_draws: int, seed: int) -> Array:
    """(B, N) exponential weights, the same for models of a release, and whichever others there are."""
    drawn = {g: np.random.default_rng([seed, seed_of(g)]).standard_exponential(n_draws) for g in sorted(set(groups))}
    return np.column_stack([drawn[group] for group in groups])


def _widening(n_releases: int) -> float:
    """Resampled fits spread too little by the degrees of freedom that they take, as in `resampling.noise`."""
    rest = max(n_releases - 3, 1)
    return float(((n_releases + 1) / rest) ** 0.5 * (1 + 0.926 / rest))


def _interval(value: float, draws: Array) -> Interval:
    low, high = np.nanquantile(draws, (0.05, 0.95))
    return Interval(float(value), float(low), float(high))


def _ratio(coefficients: Array) -> Array:
    """(B,) powers of ten of compute that a year is worth.

    Where more compute does not help, no amount of it makes up for a year: infinite, by the sign of the year's slope.
    """
    _, per_decade, per_year = coefficients.T
    with np.errstate(invalid="ignore", divide="ignore"):
        found = per_year / per_decade
        helps = (per_decade > 0) & (np.abs(found) <= MOST_PER_YEAR)
        return np.asarray(np.where(helps | np.isnan(found), found, np.copysign(np.inf, per_year)))


def _needed(coefficients: Array, beyond: float, within: tuple[float, float]) -> Array:
    """(B,) powers of ten of the FLOPs for an accuracy beyond guessing at the last date.

    Infinite where that lies outside what was measured, on that side; NaN where more compute does not help.
    """
    intercept, per_decade, _ = coefficients.T
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (np.log(beyond / (1 - beyond)) - intercept) / per_decade
        bounded = np.where(found < within[0], -np.inf, np.where(found > within[1], np.inf, found))
        return np.asarray(np.where(per_decade > 0, bounded, np.nan))


def _estimate(value: Array, draws: Array) -> Estimate:
    """A value, (1,), with its 90 % interval; draws without a meaning lie beyond both ends."""
    low = np.quantile(np.where(np.isnan(draws), -np.inf, draws), 0.05, method="lower")
    high = np.quantile(np.where(np.isnan(draws), np.inf, draws), 0.95, method="higher")
    found = [float(each) if np.isfinite(each) else None for each in (value[0], low, high)]
    return UNKNOWN if found[1:] == [None, None] else Estimate(*found)


def _power(found: Estimate) -> Estimate:
    return Estimate(*(None if each is None else 10**each for each in (found.value, found.low, found.high)))


def _halving(ratio: Estimate) -> Estimate:
    """Months: open above where compute may not fall at all, unknown where it does not."""

    def months(powers: float | None) -> float | None:
        return 12 * float(np.log10(2)) / powers if powers is not None and powers > 0 else None

    return Estimate(months(ratio.value), months(ratio.high), months(ratio.low))
