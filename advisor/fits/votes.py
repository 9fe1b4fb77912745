"""Plain samples with one set-up: votes and best-of-N at every k, and one answer under every token cap."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from advisor.accuracy.endings import Answers
from advisor.accuracy.estimators import (
    Array,
    best_of_n_at_all_k,
    majority_at_all_k,
    pass_at_k,
    votes,
    voting_limit,
    weighted_at_all_k,
    within_cap,
)
from advisor.fits.lengths import PERCENTILES, longest_answer, waits
from advisor.fits.setup_labels import joined, labels
from advisor.fits.stored_answers import Drawn, Judge, Question, prompt_tokens
from advisor.fits.strategy_points import StrategyPoints

CAPS: Array = np.array([512.0 * 2**i for i in range(9)])
"""Token caps on one answer that are offered as points; the curve knows every length."""
CAP_MATTERS = 0.005
"""A cap counts where it lets at least this share of the answers end, and stops at least this share."""

SHARE_OF_ANSWERS_NEEDED = 0.98
"""Votes are counted only where nearly every answer was recorded; elsewhere a missing one might be any class."""

MOST_VOTES = 1000
"""Answers of a question that vote: the counts of subsets of more no longer fit a double."""


Questions = Mapping[str, Question]
"""Questions by id."""


def from_samples(drawn: Drawn, questions: Questions, judged: Mapping[Judge, Questions]) -> list[StrategyPoints]:
    """Every strategy that plain samples support; `judged` are the questions with the answers that a judge scored."""
    drawn_once = list(questions.values())
    found = [majority(drawn, drawn_once), *with_rewards(drawn, questions, judged)]
    timed = _timed(drawn_once)
    return [*found, under_caps(drawn, timed)] if timed else found


def _common(drawn: Drawn, questions: Sequence[Question]) -> dict[str, Any]:
    """What all points of a set-up have in common."""
    return {
        "model": drawn.model,
        "task": drawn.task,
        "setup": drawn.setup,
        "recorded": drawn.recorded,
        "runs": " ".join(drawn.runs),
        "question_ids": tuple(q.question_id for q in questions),
        "prompt_tokens": prompt_tokens(questions),
    }


def majority(drawn: Drawn, questions: Sequence[Question]) -> StrategyPoints:
    """Majority votes of 1, 4, 8 … answers, as many as every question has."""
    ks = vote_sizes(questions)
    tallies = [votes(q.answers[:MOST_VOTES], q.correct[:MOST_VOTES]) for q in questions]
    curves = [majority_at_all_k(*tally) for tally in tallies]
    correct = [
        [np.mean(q.correct) if k == 1 else curve[k - 1] for k in ks] for q, curve in zip(questions, curves, strict=True)
    ]
    timed = _timed(questions)
    lengths = [q.lengths.tokens for q in timed]
    generated, depth = _spent(timed, ks)
    return StrategyPoints(
        **_common(drawn, questions),
        strategy="majority",
        n_samples=ks,
        token_budget=(None,) * len(ks),
        correct=np.array(correct),
        generated=generated,
        depth=depth,
        waits=waits(lengths, ks) if generated is not None else None,
        longest=np.full(len(ks), longest_answer(lengths)) if generated is not None else None,
        any_right=_any_right(questions, ks),
        limit=np.array([voting_limit(curve) for curve in curves]) if len(ks) > 1 else None,
        tallies=tuple(tallies),
        right_tokens=_mean_tokens(timed, right=True),
        wrong_tokens=_mean_tokens(timed, right=False),
    )


def vote_sizes(questions: Sequence[Question]) -> tuple[int, ...]:
    """1, 4, 8 … and as many answers as every question has; not 2, which equals 1: a tie is a coin."""
    recorded = sum(a is not None or right for q in questions for a, right in zip(q.answers, q.correct, strict=True))
    enough = recorded / sum(len(q.answers) for q in questions) >= SHARE_OF_ANSWERS_NEEDED
    deepest = min(MOST_VOTES, *(len(q.answers) for q in questions)) if enough else 1
    return tuple(sorted({1, *(2**i for i in range(2, 12) if 2**i <= deepest), deepest} - {2}))


def _any_right(questions: Sequence[Question], ks: Sequence[int]) -> Array:
    return np.array([[pass_at_k(len(q.correct), sum(q.correct), k) for k in ks] for q in questions])


def _timed(questions: Sequence[Question]) -> list[Question]:
    """The questions with recorded lengths, or none where too few have them to stand for all."""
    timed = [q for q in questions if len(q.lengths.tokens)]
    return timed if len(timed) >= SHARE_OF_ANSWERS_NEEDED * len(questions) else []


def _spent(timed: Sequence[Question], ks: Sequence[int]) -> tuple[Array | None, Array | None]:
    """Mean tokens of k answers together, and of the longest of them; None where lengths were not recorded."""
    each = float(np.mean([np.mean(q.lengths.tokens) for q in timed])) if timed else 0.0
    if not each:
        return None, None
    depth = [np.mean([expected_longest(q.lengths.tokens, min(k, len(q.lengths.tokens))) for q in timed]) for k in ks]
    return np.array(ks) * each, np.array(depth)


def _mean_tokens(timed: Sequence[Question], *, right: bool) -> float | None:
    tokens = np.concatenate([q.lengths.tokens[q.lengths.correct == right] for q in timed]) if timed else np.zeros(0)
    return float(np.mean(tokens)) if len(tokens) else None


def expected_longest(tokens: Array, k: int) -> float:
    """Expected length of the longest of k answers drawn without replacement: what a vote has to wait for.

    The i-th shortest of n is the longest with probability C(i, k−1)/C(n, k), counting i from 0.
    """
    ordered: Array = np.sort(np.asarray(tokens, dtype=float))
    n = len(ordered)
    if k == 1:
        return float(ordered.mean())
    probability = np.zeros(n)
    share = k / n
    for i in range(n - 1, k - 2, -1):
        probability[i] = share
        share *= (i - k + 1) / i if i else 0.0
    return float(probability @ ordered)


def with_rewards(drawn: Drawn, questions: Questions, judged: Mapping[Judge, Questions]) -> list[StrategyPoints]:
    """Weighted votes and best-of-N, for each judge that scored at least two answers of each question it scored.

    Lengths are those of all draws of the question.
    """
    by_model = defaultdict[str, list[Judge]](list)
    for judge in judged:
        by_model[judge.reward_model or ""].append(judge)
    found = []
    for judges in by_model.values():
        named = labels([judge.recorded for judge in judges])
        for judge, name in zip(judges, named, strict=True):
            scored = [replace(q, lengths=questions[key].lengths) for key, q in judged[judge].items()]
            whose = replace(drawn, setup=joined(drawn.setup, name), recorded={**drawn.recorded, **judge.recorded})
            found += _rewarded(whose, judge.reward_model, scored)
    return found


def _rewarded(drawn: Drawn, reward_model: str | None, questions: Sequence[Question]) -> list[StrategyPoints]:
    if min((len(q.answers) for q in questions), default=0) < 2:
        return []
    ks = vote_sizes(questions)[1:]  # one answer is no choice
    lengths = [q.lengths.tokens for q in _timed(questions)]
    generated, depth = _spent(_timed(questions), ks)
    drawn_of = [
        (q.answers[:MOST_VOTES], q.correct[:MOST_VOTES], [s or 0.0 for s in q.scores[:MOST_VOTES]]) for q in questions
    ]
    weighted = [weighted_at_all_k(*each) for each in drawn_of]
    errors = np.array([[error[k - 1] for k in ks] for _, error in weighted])
    found = []
    for strategy, curves in (
        ("weighted-majority", [accuracy.tolist() for accuracy, _ in weighted]),
        ("best-of-n", [best_at_all_k(*each) for each in drawn_of]),
    ):
        is_vote = strategy == "weighted-majority"
        limit = np.array([voting_limit(curve) for curve in curves]) if is_vote else None
        found.append(
            StrategyPoints(
                **_common(drawn, questions),
                strategy=strategy,
                n_samples=ks,
                token_budget=(None,) * len(ks),
                correct=np.array([[curve[k - 1] for k in ks] for curve in curves]),
                generated=generated,
                depth=depth,
                waits=waits(lengths, ks) if generated is not None else None,
                longest=np.full(len(ks), longest_answer(lengths)) if generated is not None else None,
                any_right=_any_right(questions, ks),
                limit=limit,
                simulation_error=(errors**2).sum(axis=0) ** 0.5 / len(questions) if is_vote and errors.any() else None,
                reward_model=reward_model,
                scored=_scored_tokens(questions, ks),
            )
        )
    return found


def _scored_tokens(questions: Sequence[Question], ks: Sequence[int]) -> Array | None:
    """Mean tokens that the reward model passed for k answers; None where they were not all recorded."""
    if any(tokens is None for q in questions for tokens in q.scored):
        return None
    return np.array(ks) * float(np.mean([np.mean(np.array(q.scored, dtype=float)) for q in questions]))


def best_at_all_k(answers: Sequence[str | None], correct: Sequence[bool], scores: Sequence[float]) -> tuple[float, ...]:
    """Best-of-N at every k; an answer that could not be read is never kept."""
    readable = [a is not None or right for a, right in zip(answers, correct, strict=True)]
    return best_of_n_at_all_k([s if read else -math.inf for s, read in zip(scores, readable, strict=True)], correct)


def under_caps(drawn: Drawn, questions: Sequence[Question]) -> StrategyPoints:
    """One answer stopped at each cap, from the first that anything ends in to the first that everything does."""
    capped = [_capped(q) for q in questions]
    ended = np.mean([finished for _, _, finished in capped], axis=0)
    longest = max(q.lengths.tokens.max() for q in questions)
    kept = [
        i
        for i in range(len(CAPS))
        if ended[i] > CAP_MATTERS and (i == 0 or (ended[i - 1] < 1 - CAP_MATTERS and CAPS[i - 1] < longest))
    ]
    correct, spent, finished = (np.array([each[part][kept] for each in capped]) for part in range(3))
    tokens = spent.mean(axis=0)
    lengths = [[np.minimum(q.lengths.tokens, cap) for q in questions] for cap in CAPS[kept]]
    return StrategyPoints(
        **_common(drawn, questions),
        strategy="thinking-budget",
        n_samples=(1,) * len(kept),
        token_budget=tuple(int(cap) for cap in CAPS[kept]),
        correct=correct,
        generated=tokens,
        depth=tokens,
        waits=np.array([waits(each, [1])[0] for each in lengths]).reshape(len(kept), len(PERCENTILES)),
        longest=np.array([longest_answer(each) for each in lengths]),
        finished=finished,
        answers=single_answers(questions),
    )


def single_answers(questions: Sequence[Question]) -> Answers:
    """All answers with their lengths."""
    lengths = [q.lengths for q in questions]
    return Answers(
        question=np.repeat(np.arange(len(lengths)), [len(each.tokens) for each in lengths]),
        tokens=np.concatenate([each.tokens for each in lengths]),
        right=np.concatenate([each.correct for each in lengths]),
        open=np.concatenate([each.stopped for each in lengths]),
        looping=np.concatenate([each.looping for each in lengths]),
    )


def _capped(question: Question) -> tuple[Array, Array, Array]:
    """(right, tokens spent, finished) of a mean answer under each of CAPS."""
    lengths = question.lengths
    own_end = np.where(lengths.stopped, np.inf, lengths.tokens)[:, None]
    right, spent = within_cap(lengths.correct[:, None], own_end, CAPS)
    spent = np.minimum(spent, lengths.tokens[:, None])  # less than the cap where its own limit stopped it earlier
    return right.mean(axis=0), spent.mean(axis=0), (own_end <= CAPS).mean(axis=0)
