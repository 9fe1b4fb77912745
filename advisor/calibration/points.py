"""Strategy points: what one model scores on one task under one strategy and budget, and what it spends.

Derived from stored answers alone, so they can be thrown away and made again at any time.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import duckdb
import numpy as np

from advisor.accuracy.estimators import Array, Interval, majority_at_all_k, over_questions, votes, within_cap
from advisor.store.seal import sealed
from advisor.store.sql import statement

CAPS = tuple(512 * 2**i for i in range(9))
SHARE_OF_ANSWERS_NEEDED = 0.98
"""Votes are counted only where nearly every answer was recorded; elsewhere a missing one might be any class."""


@dataclass(frozen=True, slots=True)
class Point:
    """Means per question: `generated_tokens` of all samples together, `depth_tokens` of the longest chain.

    `token_budget` is the cap on one answer (None: the model's own end); `cut` the share of answers it stopped.
    """

    model: str
    task: str
    strategy: str
    n_samples: int
    token_budget: int | None
    n_questions: int
    accuracy: float
    low: float
    high: float
    prompt_tokens: float | None
    generated_tokens: float | None
    depth_tokens: float | None
    cut: float | None
    provenance: str
    runs: str


@dataclass(frozen=True, slots=True)
class Question:
    """The stored answers of one question; `tokens` and `timed_correct` are of those whose length was recorded."""

    answers: tuple[str | None, ...]
    correct: tuple[bool, ...]
    tokens: tuple[int, ...]
    timed_correct: tuple[bool, ...]


def points(connection: duckdb.DuckDBPyConnection) -> list[Point]:
    """All points that the samples of this database support, by model and task."""
    found: list[Point] = []
    groups = connection.execute(statement("advisor.calibration", "groups")).fetchall()
    for model, task, runs, prompt_tokens in groups:
        rows = connection.execute(statement("advisor.calibration", "questions"), {"model": model, "task": task}).fetchall()
        questions = [_question(*row) for row in rows]
        found += _majority_points(model, task, questions, prompt_tokens, runs)
        found += _budget_points(model, task, questions, prompt_tokens, runs)
    return found


def _question(answers: list[str | None], correct: list[bool], tokens: list[int | None]) -> Question:
    timed = [(t, c) for t, c in zip(tokens, correct, strict=True) if t is not None]
    return Question(tuple(answers), tuple(correct), tuple(t for t, _ in timed), tuple(c for _, c in timed))


def _timed(questions: list[Question]) -> list[Question]:
    """The questions with recorded lengths, or none where too few have them to stand for all."""
    timed = [q for q in questions if q.tokens]
    return timed if len(timed) >= SHARE_OF_ANSWERS_NEEDED * len(questions) else []


def _majority_points(model: str, task: str, questions: list[Question], prompt: float | None, runs: str) -> list[Point]:
    recorded = sum(a is not None or c for q in questions for a, c in zip(q.answers, q.correct, strict=True)) / sum(len(q.answers) for q in questions)
    deepest = min(len(q.answers) for q in questions) if recorded >= SHARE_OF_ANSWERS_NEEDED else 1
    curves = [majority_at_all_k(*votes(q.answers, q.correct)) for q in questions]
    timed = _timed(questions)
    mean_tokens = float(np.mean([np.mean(q.tokens) for q in timed])) if timed else None
    found = []
    for k in sorted({1, *(2**i for i in range(2, 12) if 2**i <= deepest), deepest} - {2}):  # two votes equal one: a tie is a coin
        accuracy = over_questions(np.array([np.mean(q.correct) if k == 1 else c[k - 1] for q, c in zip(questions, curves, strict=True)]))
        depth = float(np.mean([expected_longest(q.tokens, min(k, len(q.tokens))) for q in timed])) if mean_tokens else None
        found.append(_point(model, task, "majority", k, None, questions, accuracy, prompt, mean_tokens and k * mean_tokens, depth, None, runs))
    return found


def _budget_points(model: str, task: str, questions: list[Question], prompt: float | None, runs: str) -> list[Point]:
    """One answer stopped at a cap; only caps that stop something and leave something."""
    timed = _timed(questions)
    if not timed:
        return []
    found = []
    for cap in CAPS:
        kept, spent, cut = [], [], []
        for q in timed:
            tokens = np.array(q.tokens, dtype=float)
            right, used = within_cap(np.array(q.timed_correct, dtype=float), tokens, cap)
            kept.append(right.mean())
            spent.append(used.mean())
            cut.append((tokens > cap).mean())
        if 0.005 < np.mean(cut) < 0.995:
            tokens_spent = float(np.mean(spent))
            accuracy = over_questions(np.array(kept))
            found.append(_point(model, task, "thinking-budget", 1, cap, timed, accuracy, prompt, tokens_spent, tokens_spent, float(np.mean(cut)), runs))
    return found


def _point(
    model: str,
    task: str,
    strategy: str,
    n_samples: int,
    token_budget: int | None,
    questions: list[Question],
    accuracy: Interval,
    prompt: float | None,
    generated: float | None,
    depth: float | None,
    cut: float | None,
    runs: str,
) -> Point:
    return Point(
        model, task, strategy, n_samples, token_budget, len(questions), accuracy.value, accuracy.low, accuracy.high,
        prompt, generated, depth, cut, "measured", runs,
    )  # fmt: skip


def expected_longest(tokens: tuple[int, ...], k: int) -> float:
    """Expected length of the longest of k answers drawn without replacement: what a vote has to wait for."""
    ordered: Array = np.sort(np.array(tokens, dtype=float))
    n = len(ordered)
    if k == 1:
        return float(ordered.mean())
    probability = np.zeros(n)  # of being the longest: C(i, k−1)/C(n, k) for the i-th shortest
    share = k / n
    for i in range(n - 1, k - 2, -1):
        probability[i] = share
        share *= (i - k + 1) / i if i else 0.0
    return float(probability @ ordered)


def write_points(path: Path, found: list[Point]) -> None:
    """points.csv, sorted, with six significant digits."""
    ordered = sorted(found, key=lambda p: (p.task, p.model.lower(), p.strategy, p.n_samples, p.token_budget or 0))

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, [f.name for f in fields(Point)], lineterminator="\n")
            writer.writeheader()
            for point in ordered:
                writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(point).items()})

    sealed(path, write)
