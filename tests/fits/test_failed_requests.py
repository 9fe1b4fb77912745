"""Answers that are taken for failed requests count as neither right nor wrong, and are said."""

import pytest

import advisor
from advisor.fits.stored_answers import draws, failed_requests, questions_of, tallies
from advisor.studies.stored_lengths import length_spreads
from tests.fits.stored import sample, workspace
from tests.studies.stored_answers import alone, answer

REAL = [sample(q, 0, q % 2 == 0, 100 + q) for q in range(8)]
KEPT = [
    sample(10, 0, False, 1),  # a wrong answer that can be read
    sample(11, 0, False, 4) | {"answer": None},  # an abstention
    sample(12, 0, True, 0),
    sample(13, 0, False, 2, finish_reason="stop") | {"answer": None},
    sample(14, 0, False, None) | {"answer": None},
]
FAILED = [sample(20, 0, False, 3) | {"answer": None}, sample(21, 0, False, 0)]


def test_an_answer_without_tokens_is_no_answer(tmp_path):
    connection = workspace(tmp_path, [*REAL, *KEPT, *FAILED]).samples.connect()
    (drawn,) = (each for each in draws(connection) if each.task == "mine")
    assert set(questions_of(connection, drawn, drawn.runs)) == {row["question_id"] for row in [*REAL, *KEPT]}
    (failed,) = (each for each in failed_requests(connection) if each.task == "mine")
    assert (failed.n, failed.own, failed.run_id) == (2, True, "plain")


def test_fit_counts_them_neither_right_nor_wrong_and_says_so(tmp_path):
    summary = advisor.fit(workspace(tmp_path, [*REAL, *FAILED]))
    (note,) = (note for note in summary.notes if "failed requests" in note)
    assert "2 answers" in note
    assert "2 of Qwen/Qwen3-8B on mine" in note
    point = next(p for p in advisor.Workspace(tmp_path).fits.points if (p.task, p.n_samples) == ("mine", 1))
    assert (point.accuracy, point.n_questions) == (pytest.approx(0.5, abs=0.1), 8)
    assert not any("failed requests" in note for note in advisor.fit(workspace(tmp_path / "none", REAL)).notes)


def test_they_are_in_no_tally_and_in_no_length(tmp_path):
    made = workspace(tmp_path, [*REAL, *FAILED])
    connection = made.samples.connect()
    (drawn,) = (each for each in draws(connection) if each.task == "mine")
    assert {question for run in tallies(connection, drawn).values() for question in run} == {
        row["question_id"] for row in REAL
    }
    (spread,) = (each for each in length_spreads(made) if each.task == "mine")
    assert (spread.answers, spread.mean_tokens) == (8, pytest.approx(103.5))


def test_the_study_of_wrong_answers_says_so(tmp_path):
    answers = [answer(q, 0, q % 2 == 0, 100 + q) for q in range(12)]
    found = advisor.wrong_answers(alone(tmp_path, [*answers, answer(12, 0, False, 0)]))
    assert any("1 of Qwen/Qwen3-8B on mine" in note for note in found.notes)
    assert found.costs[0].n_answers == 12
