"""How well accuracy curves predict more compute than they saw: on data sets left out and on known populations.

    python benchmarks/curves.py DATA

DATA is described in benchmarks/curve_data.py. What is learned over data sets (benchmarks/learn_curves.py) is learned
anew for each fifth of the models from the other four, so nothing of a model, on any task, is known when it is judged.
Replaces its sections of docs/validation.md.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from curve_data import FOLDS, Points, Run, Voted, capped, voted
from curve_populations import shapes_page
from curve_scores import COLUMNS, Prediction, row, widened
from learn_curves import curves_of, learned_endings, learned_growth, learned_shares
from validation_page import put, table

from advisor.accuracy.curve_fits import fit_caps, fit_points, fit_published, fit_votes
from advisor.accuracy.endings import Answers, Endings, per_question
from advisor.accuracy.estimators import majority_at_all_k, votes
from advisor.accuracy.growth import Growth
from advisor.accuracy.shapes import Curve
from advisor.accuracy.vote_shares import SharePrior

CAPS = 512.0 * 2 ** np.arange(9)
ENDED = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
TASKS = {"GPQA-Diamond": "gpqa-diamond", "OTIS-Mock-AIME-24-25": "otis-mock-aime"}

Judged = dict[str, list[Prediction]]
Halves = tuple[np.ndarray, np.ndarray]


def halves(n: int, run: Run) -> Halves:
    """Questions to fit, and questions to judge the interval on, mixed anew for each run."""
    mixed = np.random.default_rng(list(run.name.encode())).permutation(n)
    return mixed[: n // 2], mixed[n // 2 :]


def predicted(whole: Curve, half: Curve, at: float, truth: np.ndarray, others: np.ndarray) -> Prediction:
    """The accuracy at 4x of all questions, and the interval from a half of them for that of the `others`.

    `truth` is that of each question, whole.
    """
    error = truth[others].std(ddof=1) / len(others) ** 0.5
    interval = half.at_4x
    low, high = (widened(interval.value, end, error) for end in (interval.low, interval.high))
    value = float(whole.shape.at(np.array([at]))[0])
    last = float(whole.shape.at(np.array([whole.x_max]))[0])
    return Prediction(value, float(truth.mean()), last, low, high, float(truth[others].mean()))


def right_within(answers: Answers, cap: float) -> np.ndarray:
    """Accuracy of each question under a cap."""
    return per_question(answers, (answers.ends <= cap) * answers.right)


def capped_at(answers: Answers, cap: float, endings: Endings, run: Run) -> Prediction:
    """Four times a cap, from the run cut at it."""
    first, others = halves(int(answers.question.max()) + 1, run)
    seen = answers.until(cap)
    whole, half = (fit_caps(each, endings) for each in (seen, seen.of_questions(first)))
    return predicted(whole, half, 4 * cap, right_within(answers, 4 * cap), others)


def largest_quarter(answers: Answers) -> float | None:
    """A quarter of the largest cap at which something still ends, where enough is seen by then; else None."""
    ended = np.array([np.mean(per_question(answers, (answers.ends <= cap).astype(float))) for cap in CAPS])
    most = answers.tokens[answers.open > 0].min(initial=np.inf)
    kept = [i for i in range(len(CAPS)) if ended[i] > 0.005 and (i == 0 or ended[i - 1] < 0.97) and CAPS[i] <= most]
    seen = [i for i in kept if CAPS[i] <= CAPS[kept[-1]] / 4]
    return float(CAPS[seen[-1]]) if len(kept) >= 5 and len(seen) >= 3 else None


def caps(runs: dict[Run, Answers], learned: list[Endings]) -> tuple[Judged, Judged]:
    """By task, and by the share of the answers that had ended."""
    by_task: Judged = defaultdict(list)
    by_share: Judged = defaultdict(list)
    for run, answers in runs.items():
        endings = learned[run.fold]
        if (cap := largest_quarter(answers)) is not None:
            by_task[f"thinking budget, {TASKS.get(run.task, run.task)}"].append(capped_at(answers, cap, endings, run))
        limit = answers.tokens[answers.open > 0].min(initial=np.inf)
        for share in ENDED:
            cap = float(np.quantile(answers.tokens, share))
            if 4 * cap <= limit:
                by_share[f"{100 * share:.0f} % had ended"].append(capped_at(answers, cap, endings, run))
    return by_task, by_share


def votes_ahead(runs: dict[Run, Voted], learned: list[SharePrior]) -> Judged:
    """A vote of four times as many answers, from a quarter of them; the truth is of the answers not seen."""
    found: Judged = defaultdict(list)
    for run, questions in runs.items():
        n = min(len(answers) for answers, _ in questions)
        seen = max(2, n // 4)
        larger = min(4 * seen, n - seen)
        unseen = [votes(a[seen:n], c[seen:n]) for a, c in questions]
        truth = np.array([majority_at_all_k(*tally)[larger - 1] for tally in unseen])
        tallies = [votes(a[:seen], c[:seen]) for a, c in questions]
        ks = [1, seen] if seen < 4 else [1, *range(3, seen + 1)]
        exact = np.array([np.array(majority_at_all_k(*tally))[[k - 1 for k in ks]] for tally in tallies])
        first, others = halves(len(questions), run)

        def fitted(
            chosen: Iterable[int],
            *,
            ks: list[int] = ks,
            exact: np.ndarray = exact,
            tallies: list[tuple[int, tuple[int, ...], int]] = tallies,
            prior: SharePrior = learned[run.fold],
        ) -> Curve:
            some = list(chosen)
            return fit_votes(np.array(ks, dtype=float), exact[some], [tallies[i] for i in some], prior)

        task = TASKS.get(run.task, "last letters, MATH")
        judged = predicted(fitted(range(len(questions))), fitted(first), float(larger), truth, others)
        found[f"majority, {task}"].append(judged)
    return found


def points_ahead(curves: dict[tuple[str, Run], Points], growth: Callable[[Run], Growth]) -> Judged:
    """The largest compute, from the points up to a quarter of it."""
    found: Judged = defaultdict(list)
    for (strategy, run), points in curves.items():
        seen = points.x <= points.x[-1] / 4 * 1.001
        if strategy == "majority" or seen.sum() < 2:
            continue
        if points.n_questions is not None:
            curve = fit_published(points.x[seen], points.correct[seen], points.n_questions, growth(run))
            truth = float(points.correct[-1])
            error = (truth * (1 - truth) / points.n_questions) ** 0.5
            ends = (widened(curve.at_4x.value, end, error) for end in (curve.at_4x.low, curve.at_4x.high))
            value = float(curve.shape.at(points.x[-1:])[0])
            found[strategy].append(Prediction(value, truth, float(points.correct[seen][-1]), *ends, truth))
            continue
        first, others = halves(len(points.correct), run)
        whole, half = (fit_points(points.x[seen], points.correct[rows][:, seen], growth(run)) for rows in (..., first))
        found[strategy].append(predicted(whole, half, float(points.x[-1]), points.correct[:, -1], others))
    return found


def page(data: Path) -> str:
    """The section of docs/validation.md."""
    timed, repeated, curves = capped(data), voted(data), curves_of(data)
    folds = range(FOLDS)
    endings = [learned_endings(a for run, a in timed.items() if run.fold != fold) for fold in folds]
    shares = [learned_shares(q for run, q in repeated.items() if run.fold != fold) for fold in folds]
    growth = [learned_growth(p for (_, run), p in curves.items() if run.fold != fold) for fold in folds]
    by_task, by_share = caps(timed, endings)
    every = by_task | votes_ahead(repeated, shares) | points_ahead(curves, lambda run: growth[run.fold])
    columns = ["", *COLUMNS]
    return (
        "Accuracy at four times the largest compute that a curve saw, in points of percent, by\n"
        "`python benchmarks/curves.py DATA`. What curves have in common was learned from other models: every fifth of\n"
        "the models is judged by what the other four fifths show. Errors are of the same questions; votes are judged\n"
        "on answers that were not seen. Intervals are those from a half of the questions, judged on the other half\n"
        "and widened by its own sampling error; the interval score (Gneiting and Raftery 2007) is their width and\n"
        "twenty times what the truth lies outside. The thinking budgets were seen up to a quarter of the largest cap\n"
        "at which something still ends.\n\n"
        f"{table([[name, *row(each)] for name, each in every.items()], columns)}\n"
        "Thinking budgets by how many answers had ended where the run was cut:\n\n"
        f"{table([[name, *row(each)] for name, each in by_share.items()], columns)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    data = parser.parse_args().data
    put("Accuracy at four times the compute", page(data))
    put("Curves of populations whose truth is known", shapes_page())


if __name__ == "__main__":
    main()
