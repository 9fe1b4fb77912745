"""How well curves predict more compute than they saw: two and four times the largest token cap, twice the votes.

    python benchmarks/curves.py DATA

DATA holds epoch_samples.parquet (Epoch AI benchmarking hub, CC BY 4.0), all runs with recorded lengths, open and
closed, and two published sets of repeated answers. Caps are fitted up to a half or a quarter of the largest at which
something still ends, and judged there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import numpy as np

from advisor.accuracy.curve_fits import candidates, fit_curve
from advisor.accuracy.estimators import majority_at_all_k, votes

CAPS = 512.0 * 2 ** np.arange(9)
QUERY = """
    select list(correct order by epoch), list(output_tokens order by epoch) from read_parquet($file)
    where valid = 1 and run_id = $run
    group by model, benchmark, run_id, question_id having count(*) = count(output_tokens)
    order by model, benchmark, run_id, question_id
"""
RUNS = """
    select run_id, count(distinct question_id) from read_parquet($file) where valid = 1
    group by model, benchmark, run_id order by model, benchmark, run_id
"""


def runs(data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(correct, finished), each (questions, caps), of every run with lengths recorded for 95 % of its questions."""
    file = str(data / "epoch_samples.parquet")
    connection = duckdb.connect()
    totals = connection.execute(RUNS, {"file": file}).fetchall()
    found = []
    for run_id, questions in totals:
        rows = connection.execute(QUERY, {"file": file, "run": run_id}).fetchall()
        if len(rows) >= 0.95 * questions:
            ended = [np.array(tokens)[:, None] <= CAPS for _, tokens in rows]
            right = [np.array(correct)[:, None] * e for (correct, _), e in zip(rows, ended, strict=True)]
            found.append((np.array([r.mean(axis=0) for r in right]), np.array([e.mean(axis=0) for e in ended])))
    return found


VOTED = """
    select
        concat(model, benchmark, run_id) as run,
        list(answer order by epoch) as answers,
        list(correct = 1 order by epoch) as correct
    from read_parquet($epoch) where valid = 1 group by model, benchmark, run_id, question_id
    union all
    select 'last letters', list(pred order by sample), list(correct = 1 order by sample)
    from read_csv($letters) group by question_idx
    union all
    select 'qwen2.5-math', list(pred order by sample), list(correct = 1 order by sample)
    from read_csv($math) group by question_idx
"""


def voting(data: Path) -> None:
    """Votes of all answers predicted from the first half of them (a quarter where there are forty)."""
    files = {
        "epoch": "epoch_samples.parquet",
        "letters": "esc_gpt35_last_letters_40samples.csv",
        "math": "qwen25math_rm_best_of_8.csv",
    }
    sets: dict[str, list[tuple[list[str | None], list[bool]]]] = {}
    for run, answers, correct in (
        duckdb.connect().execute(VOTED, {name: str(data / file) for name, file in files.items()}).fetchall()
    ):
        sets.setdefault(run, []).append((answers, correct))
    errors: dict[str, list[float]] = {}
    for questions in sets.values():
        n = min(len(answers) for answers, _ in questions)
        unread = np.mean(
            [a is None and not c for answers, correct in questions for a, c in zip(answers, correct, strict=True)]
        )
        if n < 8 or unread > 0.02:
            continue
        half = n // 2 if n <= 16 else n // 4
        whole = np.mean([majority_at_all_k(*votes(a, c))[n - 1] for a, c in questions])
        ks = [1, *range(3, half + 1)]
        seen = np.array(
            [np.array(majority_at_all_k(*votes(a[:half], c[:half])))[[k - 1 for k in ks]] for a, c in questions]
        )
        x, at = np.array(ks, dtype=float), np.array([float(n)])
        errors.setdefault("chosen", []).append(abs(float(fit_curve(x, seen).shape.at(at)[0]) - whole))
        errors.setdefault("last value", []).append(abs(seen.mean(axis=0)[-1] - whole))
        for family, shapes in candidates(x, seen.mean(axis=0)[None]).items():
            errors.setdefault(family, []).append(abs(float(shapes[0].at(at)[0]) - whole))
    print("majority voting, all answers from half of them:")
    show(errors)


def show(errors: dict[str, list[float]]) -> None:
    for name, values in errors.items():
        mean, median = 100 * np.mean(values), 100 * np.median(values)
        print(f"{name:12s} {len(values)} runs: mean error {mean:.1f} points, median {median:.1f}")


def caps(measured: list[tuple[np.ndarray, np.ndarray]], times: int) -> None:
    """Accuracy at the largest cap predicted from caps up to one `times` smaller."""
    errors: dict[str, list[float]] = {}
    held = []
    for correct, finished in measured:
        ended = finished.mean(axis=0)
        kept = [i for i in range(len(CAPS)) if ended[i] > 0.005 and (i == 0 or ended[i - 1] < 0.97)]
        seen = [i for i in kept if CAPS[i] <= CAPS[kept[-1]] / times]
        if len(kept) < 5 or len(seen) < 3:
            continue
        truth, largest = correct[:, kept[-1]].mean(), np.array([CAPS[kept[-1]]])
        curve = fit_curve(CAPS[seen], correct[:, seen], finished[:, seen])
        errors.setdefault("chosen", []).append(abs(float(curve.shape.at(largest)[0]) - truth))
        if times == 4:
            held.append(curve.at_4x.low <= truth <= curve.at_4x.high)
        errors.setdefault("last value", []).append(abs(correct[:, seen[-1]].mean() - truth))
        for family, shapes in candidates(CAPS[seen], correct[:, seen].mean(axis=0)[None]).items():
            errors.setdefault(family, []).append(abs(float(shapes[0].at(largest)[0]) - truth))
    print(f"accuracy at {times} times the largest cap seen:")
    show(errors)
    if held:
        print(f"90 % intervals that hold: {np.mean(held):.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    data = parser.parse_args().data
    measured = runs(data)
    for times in (2, 4):
        caps(measured, times)
    voting(data)


if __name__ == "__main__":
    main()
