"""Single answers by how they were drawn, and how hard questions are by the models beside."""

import numpy as np
import pytest

from advisor.studies.answer_sets import answer_sets, solved_by_others
from tests.studies.stored_answers import MODELS, alone, answer


def test_what_was_drawn_otherwise_is_another_set_and_each_budget_of_thinking_too(tmp_path):
    answers = [
        answer(q, i, q > i, 100, temperature=t, run_id=f"t{t}") for q in range(3) for i in (0, 1) for t in (0, 1)
    ]
    answers += [answer(q, 0, 1, 9, strategy="thinking-budget", run_id=run) for q in range(3) for run in ("low", "high")]
    answers += [answer(q, 0, 1, 9, strategy="rebase", run_id="tree") for q in range(3)]
    found = {(of.strategy, of.setup): of for of in answer_sets(alone(tmp_path, answers))}
    names = {("sampling", "temperature 0"), ("sampling", "temperature 1")}
    assert set(found) == names | {("thinking-budget", "run high"), ("thinking-budget", "run low")}
    first = found["sampling", "temperature 0"]
    assert (first.right.tolist(), first.n.tolist()) == ([0, 1, 2], [2, 2, 2])


def test_lengths_stand_for_a_set_where_nearly_all_questions_have_them(tmp_path):
    answers = [answer(q, 0, 1, None if q == 0 else 10 + q) for q in range(60)]
    answers += [answer(q, 0, 1, None if q < 2 else 10, model=MODELS[1]) for q in range(60)]
    known, unknown = answer_sets(alone(tmp_path, answers))[::-1]
    assert (known.model, unknown.model) == MODELS[:2]
    ids, timed = known.timed()
    assert len(ids) == 59
    assert "q0" not in ids
    assert sorted(timed.tokens) == list(range(11, 70))
    assert unknown.timed() is None


def test_reasons_for_ending_are_known_where_any_was_recorded(tmp_path):
    answers = [answer(q, 0, 1, 10, finish_reason="stop" if q else None) for q in range(3)]
    answers += [answer(q, 0, 1, 10, model=MODELS[1]) for q in range(3)]
    found = {of.model: of.finish_recorded for of in answer_sets(alone(tmp_path, answers))}
    assert found == {MODELS[0]: True, MODELS[1]: False}


def test_others_solve_a_question_with_each_model_counting_the_same_and_the_model_itself_left_out(tmp_path):
    answers = [answer(0, i, 0, 10) for i in range(9)]
    answers += [answer(0, i, i == 0, 10, model=MODELS[1]) for i in range(4)]  # a quarter right
    answers += [answer(0, 0, 1, 10, model=MODELS[2]), answer(1, 0, 1, 10)]
    answers += [answer(0, 0, 0, 10, model=MODELS[3], task="another")]
    sets = answer_sets(alone(tmp_path, answers))
    of = next(each for each in sets if each.model == MODELS[0])
    shares, n_models = solved_by_others(of, sets)
    assert n_models == 2
    assert shares[list(of.questions).index("q0")] == pytest.approx((0.25 + 1) / 2)
    assert np.isnan(shares[list(of.questions).index("q1")])
    lone = solved_by_others(of, [of])
    assert lone[1] == 0
    assert np.isnan(lone[0]).all()
