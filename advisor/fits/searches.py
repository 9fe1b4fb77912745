"""Runs of searches (greedy, REBASE, MCTS, thinking budgets, …): each run is one strategy point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.fits.lengths import longest_answer, waits
from advisor.fits.stored_answers import Drawn, Question, prompt_tokens
from advisor.fits.strategy_points import StrategyPoints
from advisor.strategies import STRATEGIES
from advisor.strategies.selection import SELECTIONS

SHARED_QUESTIONS_NEEDED = 0.9
"""Runs are points of one curve where they share at least this part of the questions of the largest."""

Run = Mapping[str, Question]


def from_searches(drawn: Drawn, by_run: Mapping[str, Run]) -> list[StrategyPoints]:
    """One point a run: on one curve where the runs share their questions, else each alone."""
    return [_points(drawn, names, [by_run[name] for name in names]) for names in comparable(by_run)]


def comparable(by_run: Mapping[str, Run]) -> list[list[str]]:
    """Names of runs that share nearly all their questions, together; otherwise each run alone, empty ones left out."""
    answered = {run: set(questions) for run, questions in by_run.items() if questions}
    shared = set.intersection(*answered.values()) if answered else set()
    if shared and len(shared) >= SHARED_QUESTIONS_NEEDED * max(len(q) for q in answered.values()):
        return [list(answered)]
    return [[run] for run in answered]


def _points(drawn: Drawn, names: Sequence[str], by_run: Sequence[Run]) -> StrategyPoints:
    """One point a run, over the questions that all runs share, by rising tokens."""
    shared = sorted(set.intersection(*(set(run) for run in by_run)))
    unordered = [[run[q] for q in shared] for run in by_run]
    order = np.argsort([_spent(questions) or 0.0 for questions in unordered], kind="stable")
    runs = [unordered[i] for i in order]
    spent = [_spent(questions) for questions in runs]
    generated = np.array(spent, dtype=float) if all(spent) else None
    depth = np.array([_depth(questions) for questions in runs]) if generated is not None else None
    scored = [_scored(questions) for questions in runs]
    prompts = [_search_prompt(questions) for questions in runs]
    return StrategyPoints(
        model=drawn.model,
        task=drawn.task,
        strategy=drawn.strategy,
        setup=drawn.setup,
        recorded={**drawn.recorded, **(drawn.judge.recorded if drawn.judge else {})},
        runs=" ".join(names),
        question_ids=tuple(shared),
        prompt_tokens=prompt_tokens(q for questions in runs for q in questions),
        n_samples=tuple(_n_samples(drawn.strategy, questions) for questions in runs),
        token_budget=tuple(questions[0].budget if drawn.strategy == "thinking-budget" else None for questions in runs),
        correct=np.array([[chosen_right(drawn.strategy, q) for q in each] for each in zip(*runs, strict=True)]),
        generated=generated,
        depth=depth,
        waits=np.array([waits(_depths(each), [1])[0] for each in runs]) if depth is not None else None,
        longest=np.array([longest_answer(_traces(each)) for each in runs]) if depth is not None else None,
        reward_model=drawn.judge.reward_model if drawn.judge else None,
        search_prompt=np.array(prompts, dtype=float) if None not in prompts else None,
        scored=np.array(scored, dtype=float) if None not in scored and any(scored) else None,
    )


def _n_samples(strategy: str, questions: Sequence[Question]) -> int:
    """The width or number of answers a run was given; one for a single answer."""
    if strategy in {"thinking-budget", "greedy"}:
        return 1
    budgets = [q.budget for q in questions if q.budget is not None]
    if budgets and strategy != "adaptive-majority":
        return max(budgets)
    return max(1, round(float(np.mean([len(q.answers) for q in questions]))))


def _spent(questions: Iterable[Question]) -> float | None:
    """Mean tokens of the whole search where they were recorded, else of its answers."""
    known = [
        float(q.lengths.tokens.sum()) if q.search_tokens is None else float(q.search_tokens)
        for q in questions
        if q.search_tokens is not None or len(q.lengths.tokens)
    ]
    return float(np.mean(known)) if known else None


def _search_prompt(questions: Sequence[Question]) -> float | None:
    """Mean prompt tokens that the whole search computed; None where they were not all recorded."""
    known = [q.search_prompt for q in questions if q.search_prompt is not None]
    return float(np.mean(known)) if len(known) == len(questions) else None


def _depth(questions: Iterable[Question]) -> float:
    """Mean tokens of the longest chain that waited for each other: recorded, else the longest answer."""
    return float(np.mean(_depths(questions)))


def _depths(questions: Iterable[Question]) -> list[Array]:
    """That of each question."""
    return [np.array([q.search_depth or q.lengths.tokens.max(initial=0.0)], dtype=float) for q in questions]


def _traces(questions: Iterable[Question]) -> list[Array]:
    """Lengths of each question's answers; of a question without any, what its search waited for."""
    return [
        q.lengths.tokens if len(q.lengths.tokens) else depth
        for q, depth in zip(questions, _depths(questions), strict=True)
    ]


def _scored(questions: Sequence[Question]) -> float | None:
    """Mean tokens that the reward model passed; None where they were not all recorded."""
    if any(tokens is None for q in questions for tokens in q.scored):
        return None
    return float(np.mean([sum(tokens or 0.0 for tokens in q.scored) for q in questions]))


def chosen_right(strategy: str, question: Question) -> float:
    """Whether the answer that the strategy's selection keeps is right; for single answers the share of right ones."""
    if strategy not in STRATEGIES or STRATEGIES[strategy].selection == "first":
        return float(np.mean(question.correct))
    classes = ["" if right else answer for answer, right in zip(question.answers, question.correct, strict=True)]
    kept = SELECTIONS[STRATEGIES[strategy].selection](classes, [score or 0.0 for score in question.scores])
    return float(kept == "")
