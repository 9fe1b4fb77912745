"""Learn over data sets how curves go on beyond what was measured: profiles/learned_curves.csv.

    python benchmarks/learn_curves.py DATA

DATA is described in benchmarks/curve_data.py. `benchmarks/curves.py` judges the same steps with models left out whole.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from curve_data import Points, Run, Voted, capped, forced, levels, rewarded, voted
from scipy.optimize import least_squares

from advisor.accuracy.curve_fits import Learned
from advisor.accuracy.endings import (
    LEAST_ADDED,
    LOG_ADDED,
    RATES,
    STEP,
    Answers,
    Endings,
    Seen,
    never_likelihoods,
    per_question,
    seen,
)
from advisor.accuracy.estimators import majority_at_all_k, votes
from advisor.accuracy.growth import Growth, covariance, independent, log_likelihoods
from advisor.accuracy.vote_shares import SharePrior, fitted, right_likelihoods, rival_likelihoods
from advisor.fits.curve_priors import GROWTH, RIVALS, SHARES, TABLE, write_learned

OPEN = 0.5
"""Part of the weights of gains that stays even: the next data set may be unlike all those that were learned from."""
DAMPING = (0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
SURPRISE = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08)
CONCENTRATION = np.geomspace(0.3, 20, 7)
RIGHT = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98)
RIVAL_CONCENTRATION = np.geomspace(0.1, 10, 7)
NEVER = np.array([0.0, 0.25, 0.5, 0.75, 0.9, 1.0])
QUESTIONS_OF_A_RUN = 40
"""That shares are learned from, so that no run counts for more than another."""
CUTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""Shares of the answers that have ended where a run is cut, to see how it goes on."""
SHORTEST_CAP = 200
ROUNDS = 200
VOTE_SIZES = (1, 4, 8, 16, 40)


def learned_growth(curves: Iterable[Points]) -> Growth:
    """Weights that make the curves most likely, by EM; OPEN of them stay even."""
    damping, surprise = (each.ravel() for each in np.meshgrid(DAMPING, SURPRISE, indexing="ij"))
    even = np.full(len(damping), 1 / len(damping))
    grid = Growth(damping, surprise, even)
    likely = np.array([log_likelihoods(c.x, *means_of(c), grid) for c in curves])
    likely = np.exp(likely - likely.max(axis=1, keepdims=True))
    weight = even
    for _ in range(ROUNDS):
        after = likely * weight
        share = (after / after.sum(axis=1, keepdims=True)).mean(axis=0)
        weight = (1 - OPEN) * share + OPEN * even
    return Growth(damping, surprise, weight)


def means_of(points: Points) -> tuple[np.ndarray, np.ndarray]:
    """Mean accuracies and their covariance."""
    if points.n_questions is not None:
        return points.correct, independent(points.correct, points.n_questions)
    return points.correct.mean(axis=0), covariance(points.correct)


def learned_shares(runs: Iterable[Voted]) -> SharePrior:
    """Weights of the grid over questions of all runs."""
    concentration, right = (each.ravel() for each in np.meshgrid(CONCENTRATION, RIGHT, indexing="ij"))
    even, even_rivals = (np.full(len(each), 1 / len(each)) for each in (right, RIVAL_CONCENTRATION))
    grid = SharePrior(concentration, right, even, RIVAL_CONCENTRATION, even_rivals)
    rng = np.random.default_rng(0)
    tallies = []
    for questions in runs:
        some = rng.choice(len(questions), min(QUESTIONS_OF_A_RUN, len(questions)), replace=False)
        tallies += [votes(*questions[i]) for i in some]
    weight, _ = fitted(right_likelihoods(tallies, grid), even, 1.0)
    rivals_weight, _ = fitted(rival_likelihoods(tallies, grid), even_rivals, 1.0)
    return SharePrior(concentration, right, weight, RIVAL_CONCENTRATION, rivals_weight)


@dataclass(frozen=True)
class Cut:
    """A run cut at a cap: what was seen by then, and shares ended and right by 1, √2, 2, 2√2 and 4 times the cap."""

    found: Seen
    ended: np.ndarray
    right: np.ndarray


def cuts(answers: Answers) -> list[Cut]:
    """The run cut at CUTS, where it shows what happens up to four times the cap."""
    even = np.full((1, int(answers.question.max()) + 1), 1 / (int(answers.question.max()) + 1))
    limit = answers.tokens[answers.open > 0].min(initial=np.inf)
    found = []
    for cap in np.quantile(answers.tokens, CUTS):
        if cap >= SHORTEST_CAP and 4 * cap <= limit:
            within = answers.ends[:, None] <= cap * 2.0 ** (STEP * np.arange(5))
            ended = (even @ per_question(answers, within.astype(float)))[0]
            right = (even @ per_question(answers, within * answers.right[:, None]))[0]
            found.append(Cut(seen(answers.until(cap), cap, even), ended, right))
    return found


def learned_endings(runs: Iterable[Answers]) -> Endings:
    """How answers go on ending, and how much less often late ones are right: least squares over all cuts."""
    answers = list(runs)
    every = [cut for each in answers for cut in cuts(each)]
    n = np.array([cut.found.n for cut in every])
    odds = log_odds(np.array([cut.found.ended[0] for cut in every]), n[:, None])
    ended = np.array([cut.ended for cut in every])
    added = np.log(np.maximum(odds[:, -1] - odds[:, -2], LEAST_ADDED))

    def ahead(figures: np.ndarray) -> np.ndarray:
        level, carried, share = figures
        log_added, reached, found = added, odds[:, -1], []
        for _ in range(ended.shape[1] - 1):
            log_added = np.clip(level + carried * log_added + share * reached, *LOG_ADDED)
            reached = reached + np.exp(log_added)
            found.append(expit(reached))
        return np.array(found).T

    level, carried, share = least_squares(lambda f: (ahead(f) - ended[:, 1:])[:, 1::2].ravel(), [0.0, 0.7, 0.1]).x
    expected = np.clip(level + carried * added + share * odds[:, -1], *LOG_ADDED)
    spread = _spread_of_steps(odds[:, -1], ended[:, 1], n, expected)
    decline, decline_spread = _late(every, ended, n)
    plain = Endings(level, carried, share, spread, decline, decline_spread, NEVER, np.full(len(NEVER), 1 / len(NEVER)))
    return Endings(level, carried, share, spread, decline, decline_spread, NEVER, _never(answers, plain))


def _spread_of_steps(before: np.ndarray, ended: np.ndarray, n: np.ndarray, expected: np.ndarray) -> float:
    """Standard deviation of log d over data sets, without the noise of shares of n answers."""
    after = log_odds(ended, n)
    added = np.maximum(after - before, LEAST_ADDED)
    first, last = expit(before), expit(after)
    noise = np.abs(1 / (n * (1 - last) + 0.5) - 1 / (n * (1 - first) + 0.5))
    noise += np.abs(1 / (n * first + 0.5) - 1 / (n * last + 0.5))
    noise /= np.maximum(added, 0.1) ** 2
    weight = 1 / (noise + 0.1)
    square = (weight * ((np.log(added) - expected) ** 2 - noise)).sum() / weight.sum()
    return float(np.sqrt(max(square, 0.01)))


def _late(every: list[Cut], ended: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """Decline of the logit of right answers per doubling, and its standard deviation over data sets."""
    rate = np.clip([cut.found.rate[0] for cut in every], *RATES)
    logit = np.log(rate / (1 - rate))
    ends = np.diff(ended[:, ::2], axis=1)
    right = np.diff(np.array([cut.right for cut in every])[:, ::2], axis=1)
    doublings = np.arange(1, ends.shape[1] + 1)
    decline = float(
        least_squares(lambda f: (expit(logit[:, None] - doublings * f[0]) * ends - right).ravel(), [0.5]).x[0]
    )
    count = ends * n[:, None]
    share = (right * n[:, None] + 0.5) / (count + 1)
    known = count > 5
    off = ((logit[:, None] - np.log(share / (1 - share))) / doublings - decline)[known]
    noise = (1 / ((count + 1) * share * (1 - share)) / doublings**2)[known]
    spread = 0.3
    for _ in range(20):
        weight = 1 / (noise + spread**2)
        spread = max((weight * (off**2 - noise)).sum() / weight.sum(), 0.01) ** 0.5
    return decline, float(spread)


def _never(answers: list[Answers], plain: Endings) -> np.ndarray:
    """How many runs have each share of never ending answers; a run whose answers all ended has none."""
    likely = []
    for each in answers:
        even = np.full((1, int(each.question.max()) + 1), 1 / (int(each.question.max()) + 1))
        log = never_likelihoods(seen(each, float(each.tokens.max()), even), plain)[0]
        likely.append(np.exp(log - log.max()) if (each.open > 0).any() else plain.never == 0)
    weight = plain.never_weight
    for _ in range(ROUNDS):
        after = np.array(likely) * weight
        # two runs' worth of every share alike
        weight = (after / after.sum(axis=1, keepdims=True)).sum(axis=0) + 2 * plain.never_weight
        weight = weight / weight.sum()
    return np.asarray(weight)


def log_odds(share: np.ndarray, n: np.ndarray) -> np.ndarray:
    near = (share * n + 0.5) / (n + 1)
    return np.asarray(np.log(near / (1 - near)))


def expit(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logit)))


def vote_points(questions: Voted) -> Points:
    """Votes of VOTE_SIZES, as far as every question has answers."""
    n = min(len(answers) for answers, _ in questions)
    ks = [k for k in VOTE_SIZES if k <= n]
    correct = [np.array(majority_at_all_k(*votes(a[:n], c[:n])))[[k - 1 for k in ks]] for a, c in questions]
    return Points(np.array(ks, dtype=float), np.array(correct))


def curves_of(data: Path) -> dict[tuple[str, Run], Points]:
    """All curves through points that gains are learned from, by strategy and run."""
    found = {("majority", run): vote_points(questions) for run, questions in voted(data).items()}
    return found | rewarded(data) | levels(data) | forced(data)


def source(figure: str) -> str:
    """What a figure is learned from."""
    whose = {
        GROWTH: "votes, best-of-N, levels of thinking and budget forcing (Epoch AI CC BY 4.0; ESC; Qwen2.5-Math;"
        " tts-knowledge MIT; s1 Apache-2.0)",
        **dict.fromkeys((SHARES, RIVALS), "repeated answers (Epoch AI CC BY 4.0; ESC; Qwen2.5-Math)"),
    }.get(figure, "answers with their lengths (Epoch AI CC BY 4.0; Saturn-code Apache-2.0)")
    return f"{whose}; python benchmarks/learn_curves.py DATA"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    data = parser.parse_args().data
    learned = Learned(
        learned_growth(curves_of(data).values()),
        learned_endings(capped(data).values()),
        learned_shares(voted(data).values()),
    )
    path = Path(__file__).resolve().parent.parent / "profiles" / TABLE
    write_learned(path, learned, source)
    print(f"{path}: {learned.endings}")


if __name__ == "__main__":
    main()
