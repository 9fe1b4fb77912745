"""Published answers that curves are learned from and judged on, by data set.

DATA of the benchmarks is a folder of collected figures: epoch_samples.parquet (Epoch AI benchmarking hub, CC BY 4.0),
saturn_r1distill_single_sample_tokens.csv (gtxygyzb/Saturn-code, Apache-2.0), esc_gpt35_last_letters_40samples.csv
(Yiwei98/ESC), qwen25math_rm_best_of_8.csv (QwenLM/Qwen2.5-Math), thinking_levels_simpleqa.parquet
(XuZhao0/tts-knowledge, MIT) and s1_budget_forcing_curves.csv (simplescaling/s1, Apache-2.0).
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from advisor.accuracy.endings import Answers
from advisor.accuracy.estimators import best_of_n_at_all_k, weighted_at_all_k

FOLDS = 5
TIMED_NEEDED = 0.95
"""Runs count for caps where so many of their questions have the lengths of all answers."""
UNREAD_ALLOWED = 0.02
"""Runs count for votes where at most this share of the answers was not recorded."""

Voted = list[tuple[list[Any], list[bool]]]
"""Answers and whether each is right, by question."""


@dataclass(frozen=True)
class Run:
    """One data set: `model` is left out whole when its runs are judged."""

    model: str
    task: str
    name: str

    @property
    def fold(self) -> int:
        """Which part of the models it is judged with; the same for all runs of a model."""
        return zlib.crc32(self.model.encode()) % FOLDS


EPOCH = """
    select model, benchmark, run_id, list(answer order by epoch), list(correct = 1 order by epoch),
        list(output_tokens order by epoch)
    from read_parquet($file) where valid = 1 group by model, benchmark, run_id, question_id
    order by model, benchmark, run_id, question_id
"""


def epoch(data: Path) -> dict[Run, list[tuple[list[Any], list[bool], list[int | None]]]]:
    """Answers, whether right, and lengths, by question, of every run on the hub."""
    found = defaultdict(list)
    rows = duckdb.connect().execute(EPOCH, {"file": str(data / "epoch_samples.parquet")}).fetchall()
    for model, task, name, *question in rows:
        found[Run(model, task, name)].append(tuple(question))
    return dict(found)


def capped(data: Path) -> dict[Run, Answers]:
    """Single answers with their lengths; of the hub, answers of exactly the longest length, if several, were cut."""
    found = {}
    for run, questions in epoch(data).items():
        timed = [q for q in questions if all(tokens is not None for tokens in q[2])]
        if len(timed) >= TIMED_NEEDED * len(questions):
            rows = [(i, t, c) for i, (_, right, tokens) in enumerate(timed) for t, c in zip(tokens, right, strict=True)]
            table = np.array(rows, dtype=float)
            longest = table[:, 1] == table[:, 1].max()
            found[run] = answers(table, longest & (longest.sum() > 1))
    query = "select model, benchmark, question_idx, output_tokens, correct, truncated from read_csv($file)"
    rows = duckdb.connect().execute(query, {"file": str(data / "saturn_r1distill_single_sample_tokens.csv")}).fetchall()
    by = defaultdict(list)
    for model, task, *row in rows:
        by[Run(model, task, "saturn")].append(row)
    for run, each in by.items():
        table = np.array(each, dtype=float)
        found[run] = answers(table, (table[:, 3] > 0) | (table[:, 1] >= 16_384))
    return found


def answers(table: np.ndarray, cut: np.ndarray) -> Answers:
    """From rows (question, tokens, right, …) and whether each was cut."""
    _, question = np.unique(table[:, 0], return_inverse=True)
    return Answers(
        question=question, tokens=table[:, 1], right=table[:, 2], open=cut.astype(float), looping=np.zeros(len(table))
    )


def voted(data: Path, least: int = 8) -> dict[Run, Voted]:
    """Runs with at least so many recorded answers to each question."""
    found = {run: [(a, c) for a, c, _ in questions] for run, questions in epoch(data).items()}
    for run, file in (
        (Run("gpt-3.5-turbo", "last letters", "esc"), "esc_gpt35_last_letters_40samples.csv"),
        (Run("qwen2.5-math", "math", "rm"), "qwen25math_rm_best_of_8.csv"),
    ):
        query = "select list(pred order by sample), list(correct = 1 order by sample) from read_csv($file) group by "
        found[run] = duckdb.connect().execute(query + "question_idx", {"file": str(data / file)}).fetchall()
    return {run: q for run, q in found.items() if min(len(a) for a, _ in q) >= least and _unread(q) <= UNREAD_ALLOWED}


def _unread(questions: Voted) -> float:
    pairs = [pair for answers, right in questions for pair in zip(answers, right, strict=True)]
    return float(np.mean([answer is None and not right for answer, right in pairs]))


@dataclass(frozen=True)
class Points:
    """A curve that is known at compute x (P,): `correct` (Q, P), or the means (P,) over `n_questions`."""

    x: np.ndarray
    correct: np.ndarray
    n_questions: int | None = None


def rewarded(data: Path) -> dict[tuple[str, Run], Points]:
    """Best-of-N and weighted votes by reward."""
    query = """select list(pred order by sample), list(correct = 1 order by sample), list(rm_score order by sample)
        from read_csv($file) group by question_idx order by question_idx"""
    rows = duckdb.connect().execute(query, {"file": str(data / "qwen25math_rm_best_of_8.csv")}).fetchall()
    ks, run = [1, 2, 4, 8], Run("qwen2.5-math", "math", "rm")
    best = np.array([np.array(best_of_n_at_all_k(s, c))[[k - 1 for k in ks]] for _, c, s in rows])
    weighted = np.array([weighted_at_all_k(a, c, s)[0][[k - 1 for k in ks]] for a, c, s in rows])
    x = np.array(ks, dtype=float)
    return {("best-of-n", run): Points(x, best), ("weighted-majority", run): Points(x, weighted)}


LEVELS = """
    select model, level, avg(total_output_tokens) as tokens, map_from_entries(list((question_id, correct)))
    from (select model, level, question_id, avg(correct) as correct, avg(total_output_tokens) as total_output_tokens
        from read_parquet($file) group by all)
    group by model, level order by model, tokens
"""
APART = 1.15
"""Levels are points of their own from this ratio of their tokens on."""


def levels(data: Path) -> dict[tuple[str, Run], Points]:
    """Levels of thinking on SimpleQA."""
    by = defaultdict(list)
    for model, _, tokens, right in (
        duckdb.connect().execute(LEVELS, {"file": str(data / "thinking_levels_simpleqa.parquet")}).fetchall()
    ):
        if not by[model] or tokens > APART * by[model][-1][0]:
            by[model].append((tokens, right))
    found = {}
    for model, each in by.items():
        shared = sorted(set.intersection(*(set(right) for _, right in each)))
        if len(each) >= 2 and shared:
            x = np.array([tokens for tokens, _ in each])
            correct = np.array([[right[q] for _, right in each] for q in shared], dtype=float)
            found["thinking level", Run(model, "simpleqa", "levels")] = Points(x, correct)
    return found


def forced(data: Path) -> dict[tuple[str, Run], Points]:
    """Published means of thinking that was cut, or prolonged."""
    query = """select figure, strategy, benchmark, list(avg_tokens_per_question order by avg_tokens_per_question),
        list(accuracy_pct / 100 order by avg_tokens_per_question), max(n_questions) from read_csv($file)
        where avg_tokens_per_question > 0 group by figure, strategy, benchmark having count(*) >= 3
        order by figure, strategy, benchmark"""
    rows = duckdb.connect().execute(query, {"file": str(data / "s1_budget_forcing_curves.csv")}).fetchall()
    return {
        ("budget forcing", Run("s1-32b", f"{task} {figure} {how}", "s1")): Points(np.array(x), np.array(y), n)
        for figure, how, task, x, y, n in rows
    }
