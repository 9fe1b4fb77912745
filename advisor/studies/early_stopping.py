"""What stopping at a cap saves and loses: read off the stored answers, the cap chosen on other questions.

An answer that is cut is not given. Who counts it as wrong stops early; who counts it as not answered abstains: it is
the same cut, and the share of wrong answers that are given falls with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.endings import Answers, per_question
from advisor.accuracy.estimators import Array, Interval, over_questions
from advisor.accuracy.resampling import seed_of
from advisor.studies.answer_sets import AnswerSet
from advisor.studies.intervals import interval, weightings
from advisor.studies.token_prices import TokenPrice

FOLDS = 5
"""Parts of the questions: the cap for one is chosen on the others."""
STEPS = 40
"""Caps that are offered, from one that hardly any answer ends in to the longest answer."""
SHORTEST = 0.02
"""Share of the answers that end within the smallest of them."""
KEPT = 0.99
"""Share of the right answers that the first rule keeps."""
STILL_WRONG = 0.5
"""Share of the wrong answers that the second rule still gives."""


class Rule(StrEnum):
    """How the cap is learned."""

    KEEP_RIGHT = "the smallest cap that keeps 99 % of the right answers"
    HALVE_WRONG = "the largest cap that gives half of the wrong answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapPoint:
    """One answer a question under a cap, None: without; shares of the questions and means of a question."""

    model: str
    task: str
    strategy: str
    setup: str
    token_cap: int | None
    right: Interval
    wrong: Interval
    unanswered: float
    tokens: float
    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a learned cap does on questions that it was not chosen on, against no cap.

    token_cap     as it is chosen on all questions
    accuracy_lost, wrong_avoided  shares of the questions: fewer right and fewer wrong answers given
    tokens_beyond  of an answer beyond that cap on average, E[(T − cap)+] over all questions; `tail` their share of all
                  tokens: what there is to save at most
    tokens_saved  share of the tokens; `usd_saved` per thousand questions, None: no price
    right_before, right_after  share of right ones among the answers that are given
    """

    model: str
    task: str
    strategy: str
    setup: str
    rule: Rule
    n_questions: int
    token_cap: int | None
    tokens_beyond: float
    tail: float
    accuracy_lost: Interval
    tokens_saved: Interval
    wrong_avoided: Interval
    usd_saved: float | None
    right_before: float | None
    right_after: float | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Under C caps, the last infinite: what Q questions give on average, (Q, C)."""

    ids: tuple[str, ...]
    caps: Array
    right: Array
    wrong: Array
    tokens: Array


def outcomes(ids: tuple[str, ...], answers: Answers) -> Outcomes:
    """Of single answers; without a cap those that a limit stopped and that are not right are not given either."""
    shortest = max(float(np.quantile(answers.tokens, SHORTEST)), 1.0)
    longest = max(float(answers.tokens.max()), shortest)
    caps = np.append(np.unique(np.geomspace(shortest, longest, STEPS).round()), np.inf)
    given = (answers.ends[:, None] <= caps) & ((answers.open == 0) | (answers.right > 0))[:, None]
    right = answers.right[:, None]
    return Outcomes(
        ids,
        caps,
        per_question(answers, given * right),
        per_question(answers, given * (1 - right)),
        per_question(answers, np.minimum(answers.tokens[:, None], caps)),
    )


def cap_points(of: AnswerSet, found: Outcomes, price: TokenPrice | None) -> Iterator[CapPoint]:
    """Every cap of a set."""
    for at, cap in enumerate(found.caps):
        right, wrong = found.right[:, at], found.wrong[:, at]
        tokens = float(found.tokens[:, at].mean())
        yield CapPoint(
            model=of.model,
            task=of.task,
            strategy=of.strategy,
            setup=of.setup,
            token_cap=_cap(cap),
            right=over_questions(right),
            wrong=over_questions(wrong),
            unanswered=max(1 - float(right.mean()) - float(wrong.mean()), 0.0),
            tokens=tokens,
            usd=tokens * price.usd if price else None,
        )


def _cap(cap: float) -> int | None:
    return int(cap) if np.isfinite(cap) else None


@dataclass(frozen=True, slots=True)
class Scored:
    """A learned cap on questions that it was not chosen on, (1 + DRAWS,) draws of shares of the questions.

    spared  right answers that it loses fewer than a cut of as many answers would that are as often right as all are
    """

    lost: Array
    saved: Array
    avoided: Array
    spared: Array


def learned(of: AnswerSet, found: Outcomes, rule: Rule, price: TokenPrice | None) -> tuple[Saving, Scored]:
    """A rule's cap, chosen and scored in each draw of the questions anew; no question is ever on both sides."""
    weights, n = weightings(of.task, found.ids), len(found.ids)
    right, wrong, tokens = cross_validated(found, rule, weights, folds_of(found.ids))
    total = weights.sum(axis=1)
    before = [weights @ each[:, -1] / total for each in (found.right, found.wrong, found.tokens)]
    saved = 1 - tokens / np.maximum(before[2], 1e-9)
    lost, avoided = before[0] - right, before[1] - wrong
    spared = (lost + avoided) * before[0] / np.maximum(before[0] + before[1], 1e-9) - lost
    scored = Scored(*(_centred(each) for each in (lost, saved, avoided, spared)))
    of_lost, of_saved, of_avoided = (
        _from_zero(interval(each, n)) for each in (scored.lost, scored.saved, scored.avoided)
    )
    place = chosen_cap(found.right.sum(axis=0, keepdims=True), found.wrong.sum(axis=0, keepdims=True), rule)[0]
    beyond = float((found.tokens[:, -1] - found.tokens[:, place]).mean())
    row = Saving(
        model=of.model,
        task=of.task,
        strategy=of.strategy,
        setup=of.setup,
        rule=rule,
        n_questions=n,
        token_cap=_cap(found.caps[place]),
        tokens_beyond=beyond,
        tail=beyond / max(float(found.tokens[:, -1].mean()), 1e-9),
        accuracy_lost=of_lost,
        tokens_saved=of_saved,
        wrong_avoided=of_avoided,
        usd_saved=1000 * price.usd * float(before[2][0] - tokens[0]) if price else None,
        right_before=_share(before[0][0], before[1][0]),
        right_after=_share(right[0], wrong[0]),
    )
    return row, scored


def _centred(draws: Array) -> Array:
    """Draws around the first one: a cap that is chosen on fewer different questions, as in a draw, is a worse one."""
    return np.append(draws[0], draws[1:] + draws[0] - draws[1:].mean())


def _from_zero(of: Interval | None) -> Interval:
    """A cut takes right and wrong answers and tokens away and never adds any."""
    return Interval(*(max(end, 0.0) for end in (of.value, of.low, of.high))) if of else Interval(0.0, 0.0, 0.0)


def _share(right: float, wrong: float) -> float | None:
    return float(right / (right + wrong)) if right + wrong > 0 else None


def folds_of(ids: Sequence[str]) -> NDArray[np.int64]:
    """(Q,) the fold of each question, by its id alone and of equal sizes."""
    order = np.argsort([seed_of(key) / 2.0**64 for key in ids], kind="stable")
    folds = np.empty(len(ids), dtype=np.int64)
    folds[order] = np.arange(len(ids)) % FOLDS
    return folds


def chosen_cap(right: Array, wrong: Array, rule: Rule) -> NDArray[np.int64]:
    """(B,) place of the cap that a rule chooses where caps give so many right and wrong answers, (B, C)."""
    if rule is Rule.KEEP_RIGHT:
        return np.asarray(np.argmax(right >= KEPT * right[:, -1:] - 1e-9, axis=1))
    fits = wrong <= STILL_WRONG * wrong[:, -1:] + 1e-9
    return np.asarray(fits.shape[1] - 1 - np.argmax(fits[:, ::-1], axis=1))


def cross_validated(
    found: Outcomes, rule: Rule, weights: Array, folds: NDArray[np.int64]
) -> tuple[Array, Array, Array]:
    """(right, wrong, tokens) of a question, each (B,): every fold under the cap that the others choose."""
    inside = [np.flatnonzero(folds == fold) for fold in range(FOLDS)]
    by_fold = [
        np.array([weights[:, own] @ values[own] for own in inside])
        for values in (found.right, found.wrong, found.tokens)
    ]
    elsewhere_right, elsewhere_wrong = (each.sum(axis=0) - each for each in by_fold[:2])
    caps = [chosen_cap(r, w, rule) for r, w in zip(elsewhere_right, elsewhere_wrong, strict=True)]
    draws, total = np.arange(len(weights)), weights.sum(axis=1)
    right, wrong, tokens = (
        np.asarray(sum(own[draws, cap] for own, cap in zip(each, caps, strict=True)) / total) for each in by_fold
    )
    return right, wrong, tokens
