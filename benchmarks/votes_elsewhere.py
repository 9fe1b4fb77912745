"""The study of inference scaling on answers that do not ship, as a check of its rules on other models.

    python benchmarks/votes_elsewhere.py VOTES.csv [REWARDED.csv]

VOTES has question_idx, pred and correct of many answers a question (ESC's 40 of gpt-3.5-turbo on last letters, a closed
model: reference only). REWARDED has rm_score beside them (Qwen2.5-Math's 8 answers a question): weighted votes against
majority votes, and best-of-N. Prints tables.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
import pandas
from validation_page import table

from advisor.accuracy.estimators import majority_at_all_k, votes, weighted_at_all_k
from advisor.fits.votes import best_at_all_k
from advisor.studies.strategies_at_equal_flops import contests
from advisor.studies.strategy_series import Series
from advisor.studies.voting_limits import limit_forecasts, pluralities


def series(strategy: str, n: tuple[int, ...], curves: list[np.ndarray], tallies: list | None = None) -> Series:
    """Points of one strategy of one model, without FLOPs."""
    return Series(
        source="elsewhere",
        caveat="",
        model="elsewhere",
        task="elsewhere",
        strategy=strategy,
        reward_model=None,
        active_parameters=None,
        question_ids=tuple(map(str, range(len(curves)))),
        n=n,
        correct=np.array([[curve[k - 1] for k in n] for curve in curves]),
        policy=None,
        verifier=None,
        tallies=tuple(tallies) if tallies else None,
    )


def sizes(most: int) -> tuple[int, ...]:
    return tuple(sorted({1, *(2**i for i in range(2, 12) if 2**i <= most), most}))


def majority(path: str) -> Series:
    """The vote of every question."""
    answers = defaultdict(list)
    for row in pandas.read_csv(path, dtype={"pred": str}).itertuples():
        answers[row.question_idx].append((row.pred if isinstance(row.pred, str) else None, bool(row.correct)))
    tallies = [votes(*zip(*each, strict=True)) for each in answers.values()]
    most = min(len(each) for each in answers.values())
    return series("majority", sizes(most), [majority_at_all_k(*tally) for tally in tallies], tallies)


def rewarded(path: str) -> list[Series]:
    """Weighted votes and best-of-N."""
    drawn = [
        (list(group.pred), list(group.correct.astype(bool)), list(group.rm_score))
        for _, group in pandas.read_csv(path, dtype={"pred": str}).groupby("question_idx")
    ]
    most = min(len(answers) for answers, _, _ in drawn)
    weighted = [weighted_at_all_k(*each)[0] for each in drawn]
    best = [np.array(best_at_all_k(*each)) for each in drawn]
    return [series(name, sizes(most)[1:], c) for name, c in (("weighted-majority", weighted), ("best-of-n", best))]


def percent(interval: object) -> str:
    return f"{100 * interval.value:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("votes")
    parser.add_argument("rewarded", nargs="?")
    given = parser.parse_args()
    one = majority(given.votes)
    forecasts = [
        [str(f.n), f"{100 * f.vote_of_n:.1f}", percent(f.predicted), f"{100 * f.vote_of_all:.1f}", percent(f.miss)]
        for f in limit_forecasts([one])
    ]
    print(table(forecasts, ["n", "vote of n, %", "limit predicted, % (90 %)", "vote of all, %", "miss, points"]))
    for p in pluralities([one]):
        print(f"most frequent right {percent(p.right)} %, votes get worse on {percent(p.falling)} % of {p.n_questions}")
        print(f"settled after {p.settles_at:.0f}; bound holds in {p.checked - p.violations} of {p.checked}\n")
    if given.rewarded:
        found = contests([majority(given.rewarded), *rewarded(given.rewarded)])
        lines = [[c.kind, str(c.first.n), str(c.second.n), percent(c.gain), str(c.n_questions)] for c in found]
        print(table(lines, ["compared", "first", "second", "points (90 %)", "questions"]))


if __name__ == "__main__":
    main()
