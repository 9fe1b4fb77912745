"""Questions that no stored answer solves, of a model and of all."""

import pytest

from advisor.studies.answer_sets import answer_sets
from advisor.studies.unsolved import unsolved
from tests.studies.stored_answers import MODELS, alone, answer


def test_what_a_model_leaves_unsolved_is_counted_over_all_its_sets_and_looked_up_in_others(tmp_path):
    # of five questions the model solves q0 once of four, and q1; another model solves q2, nobody q3 and q4
    answers = [answer(q, i, q == 1 or (q == 0 and i == 2), 50) for q in range(5) for i in range(4)]
    answers += [answer(q, 0, q == 2, 50, model=MODELS[1]) for q in range(5)]
    own, by_all = unsolved(answer_sets(alone(tmp_path, answers)))
    first = next(each for each in own if each.model == MODELS[0])
    assert (first.n_questions, first.fewest, first.most, first.share.value) == (5, 4, 4, 0.6)
    assert first.solved_by_other == pytest.approx(1 / 3)
    assert first.next_answer.value == pytest.approx(0.25 / 5)
    assert first.again.value == pytest.approx(4 * 0.05 / 0.6)  # of three fifths, by four answers more
    assert first.again.low < first.again.value < first.again.high <= 1
    assert first.n_solved_by_other == pytest.approx(1)
    assert 0 <= first.to_halve.low <= first.to_halve.value <= first.to_halve.high
    [every] = by_all
    assert (every.n_models, every.n_answers, every.n_questions, every.share.value) == (2, 25, 5, 0.4)


def test_one_answer_of_a_question_foretells_nothing_and_one_model_is_not_all(tmp_path):
    answers = [answer(q, i, q > 2, 50) for q in range(5) for i in range(1 if q == 4 else 3)]
    [own], by_all = unsolved(answer_sets(alone(tmp_path, answers)))
    assert (own.fewest, own.most, own.next_answer, own.to_halve, own.solved_by_other) == (1, 3, None, None, None)
    assert own.share.low < own.share.value == 0.6 < own.share.high
    assert by_all == []


def test_where_all_is_solved_nothing_is_left_to_halve(tmp_path):
    [own], _ = unsolved(answer_sets(alone(tmp_path, [answer(q, i, 1, 50) for q in range(5) for i in range(3)])))
    assert (own.share.value, own.to_halve, own.next_answer.value) == (0.0, None, 0.0)
    assert own.share.high > 0
