"""Learned caps: by brute force, and never chosen on the questions that they are scored on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.accuracy.endings import Answers
from advisor.studies.answer_sets import AnswerSet
from advisor.studies.early_stopping import (
    FOLDS,
    KEPT,
    Outcomes,
    Rule,
    cap_points,
    cross_validated,
    folds_of,
    learned,
    outcomes,
)
from advisor.studies.token_prices import TokenPrice

SET = AnswerSet(model="a/b", task="mine", strategy="sampling", setup="", finish_recorded=True, questions={})


def answers(question, tokens, right, is_open=None, looping=None):
    n = len(question)
    columns = [tokens, right, is_open or [0] * n, looping or [0] * n]
    arrays = dict(zip(("tokens", "right", "open", "looping"), (np.array(c, dtype=float) for c in columns), strict=True))
    return Answers(question=np.array(question), **arrays)


def random_outcomes(seed, n_questions=20, n_caps=6):
    """Under rising caps more is right, more is wrong and more is spent."""
    rng = np.random.default_rng(seed)
    right, wrong, tokens = (np.sort(rng.random((n_questions, n_caps)), axis=1) for _ in range(3))
    ids = tuple(f"q{q}" for q in range(n_questions))
    return Outcomes(ids, np.append(np.arange(1, n_caps) * 100.0, np.inf), right / 2, wrong / 2, 1000 * tokens)


def test_what_a_cap_cuts_is_neither_right_nor_wrong_and_costs_the_cap():
    found = outcomes(("q0", "q1"), answers([0, 0, 1], [100, 400, 200], [1, 1, 0]))
    at = int(np.flatnonzero(found.caps == found.caps[found.caps >= 200][0])[0])
    assert 200 <= found.caps[at] < 400
    assert found.right[at_all := slice(None), at].tolist() == [0.5, 0.0]
    assert found.wrong[at_all, at].tolist() == [0.0, 1.0]
    assert found.tokens[at_all, at].tolist() == [(100 + found.caps[at]) / 2, 200]
    assert found.right[:, -1].tolist() == [1.0, 0.0]
    assert found.tokens[:, -1].tolist() == [250, 200]


def test_an_answer_that_its_own_limit_cut_is_given_under_no_cap_unless_it_was_right():
    found = outcomes(("q0", "q1"), answers([0, 1], [500, 500], [0, 1], is_open=[1, 1], looping=[1, 0]))
    assert found.right[:, -1].tolist() == [0.0, 1.0]
    assert found.wrong[:, -1].tolist() == [0.0, 0.0]
    assert not found.right[:, :-1].any()


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_caps_are_chosen_and_scored_as_brute_force_does(seed):
    found = random_outcomes(seed)
    folds = folds_of(found.ids)
    for rule in Rule:
        expected = np.zeros(3)
        for fold in range(FOLDS):
            train, test = folds != fold, folds == fold
            right, wrong = found.right[train].mean(axis=0), found.wrong[train].mean(axis=0)
            if rule is Rule.KEEP_RIGHT:
                cap = min(c for c in range(len(right)) if right[c] >= KEPT * right[-1])
            else:
                cap = max([c for c in range(len(wrong)) if wrong[c] <= wrong[-1] / 2], default=len(wrong) - 1)
            expected += [each[test, cap].sum() for each in (found.right, found.wrong, found.tokens)]
        scored = cross_validated(found, rule, np.ones((1, len(found.ids))), folds)
        assert [each[0] for each in scored] == pytest.approx(expected / len(found.ids))


def test_what_a_question_gives_has_no_say_in_its_own_cap():
    found = random_outcomes(3)
    folds, weights = folds_of(found.ids), np.ones((1, 20))
    flipped = np.where((folds == 2)[:, None], found.right[:, ::-1], found.right)
    changed = Outcomes(found.ids, found.caps, flipped, found.wrong, found.tokens)
    spent = [cross_validated(each, Rule.KEEP_RIGHT, weights * (folds == 2), folds)[2] for each in (found, changed)]
    # nothing outside of the fold has a weight, so that only its own questions could choose, and they may not
    assert spent[0] == spent[1] == pytest.approx(found.tokens[folds == 2, 0].mean())


def test_folds_are_of_equal_sizes_and_follow_from_the_ids_alone():
    ids = [f"question {n}" for n in range(23)]
    folds = dict(zip(ids, folds_of(ids).tolist(), strict=True))
    assert sorted(np.bincount(list(folds.values())).tolist()) == [4, 4, 5, 5, 5]
    assert dict(zip(ids[::-1], folds_of(ids[::-1]).tolist(), strict=True)) == folds


def long_wrong(n=50):
    """Right answers take 100 tokens and wrong ones 1,000; every fifth is wrong."""
    question = list(range(n))
    right = [float(q % 5 > 0) for q in question]
    return tuple(f"q{q}" for q in question), answers(question, [100 if r else 1000 for r in right], right)


def test_where_all_long_answers_are_wrong_a_cap_saves_them_and_loses_nothing():
    found = outcomes(*long_wrong())
    row, _ = learned(SET, found, Rule.KEEP_RIGHT, TokenPrice(1e-3, "l4", 1, ""))
    assert 100 <= row.token_cap < 200
    assert (row.accuracy_lost.value, row.accuracy_lost.high) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert row.wrong_avoided.value == pytest.approx(0.2)
    assert (row.right_before, row.right_after) == (0.8, 1.0)
    before, after = 0.8 * 100 + 0.2 * 1000, 0.8 * 100 + 0.2 * row.token_cap
    assert row.tokens_beyond == pytest.approx(0.2 * (1000 - row.token_cap))
    assert row.tail == pytest.approx(row.tokens_beyond / before)
    assert row.tokens_saved.value == pytest.approx(1 - after / before)
    assert row.tokens_saved.low < row.tokens_saved.value < row.tokens_saved.high
    assert row.usd_saved == pytest.approx(1000 * 1e-3 * (before - after))


def test_where_length_says_nothing_halving_the_wrong_answers_halves_the_right_ones():
    rng = np.random.default_rng(0)
    n = 600
    right = (rng.random(n) < 0.6).astype(float)
    found = outcomes(tuple(f"q{q}" for q in range(n)), answers(range(n), rng.integers(100, 2000, n), right))
    row, _ = learned(SET, found, Rule.HALVE_WRONG, None)
    assert row.accuracy_lost.value == pytest.approx(0.3, abs=0.06)
    assert row.wrong_avoided.value == pytest.approx(0.2, abs=0.04)
    assert row.right_after == pytest.approx(row.right_before, abs=0.05)
    assert row.usd_saved is None


def test_points_under_caps_add_up_to_all_questions():
    found = outcomes(*long_wrong())
    points = list(cap_points(SET, found, TokenPrice(1e-3, "l4", 1, "")))
    assert points[-1].token_cap is None
    for point in points:
        assert point.right.value + point.wrong.value + point.unanswered == pytest.approx(1)
        assert point.usd == pytest.approx(1e-3 * point.tokens)
    assert [p.tokens for p in points] == sorted(p.tokens for p in points)
