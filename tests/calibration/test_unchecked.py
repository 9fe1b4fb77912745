"""Answers that took too long to compare: neither right nor wrong, in the rows, the counts, the summary and the fit."""

from advisor.calibration.calibrate import calibrate
from advisor.calibration.counts import Counts
from advisor.calibration.rows import UNCHECKED, answers, columns_of_run
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Sampling, Served
from advisor.fits.stored_answers import draws, questions_of
from advisor.store.workspace import Workspace
from advisor.strategies.search import Searched, Trace
from advisor.tasks import task as tasks
from advisor.tasks.limited import NotChecked
from advisor.tasks.questions import Question
from advisor.tasks.task import Task
from advisor.work import Work
from tests.calibration.serving import serving

QUESTION = Question("q", "1+1?", "2")
TASK = Task("mine", (QUESTION,), "number", "")


def never(*_):
    raise NotChecked("took longer")


def rows_of(texts):
    searched = Searched(tuple(Trace(text, 5, "stop") for text in texts), Work(generated_tokens=5 * len(texts)))
    columns = columns_of_run(Plan("m", "majority", len(texts), Sampling()), TASK, Served(), "r")
    return answers(columns, TASK, QUESTION, searched, 4)


def test_a_row_says_that_it_was_not_checked(monkeypatch):
    compare = tasks.is_same_answer
    monkeypatch.setattr(tasks, "is_same_answer", lambda kind, *r: never() if "3" in r[1] else compare(kind, *r))
    rows = rows_of(["Answer: 2", "Answer: 3", "Answer: 4"])
    assert [(r.answer, r.correct, r.finish_reason) for r in rows] == [
        ("2", True, "stop"),
        ("3", False, UNCHECKED),
        ("4", False, "stop"),
    ]
    counts = Counts(2)
    counts.add(rows)
    counts.add(rows[1:2])
    assert (counts.accuracy, counts.unchecked, counts.answers, counts.judged) == (1.0, 2, 4, 1)
    none_checked = Counts(1)
    none_checked.add(rows[1:2])
    assert none_checked.accuracy is None


def test_what_cannot_be_read_in_time_does_not_vote(monkeypatch):
    monkeypatch.setattr(tasks, "reader", lambda kind: never)
    assert TASK.answer_of("Answer: 2") is None
    assert TASK.is_correct(QUESTION, "Answer: 2") is True


def test_the_summary_counts_them_and_the_fit_leaves_them_out(monkeypatch, tmp_path):
    compare, asked = tasks.is_same_answer, []

    def every_fourth_takes_too_long(*arguments):
        asked.append(compare(*arguments))
        return never() if len(asked) % 4 == 0 else asked[-1]

    monkeypatch.setattr(tasks, "is_same_answer", every_fourth_takes_too_long)
    with serving() as server:
        options = {"model": "qwen3-0.6b", "task": "arithmetic", "questions": 12, "samples": 4, "url": server.url}
        done = calibrate(Workspace(tmp_path), **options)
        again = calibrate(Workspace(tmp_path), **options)
    note = "12 of 48 answers not checked: comparing took longer than 5 s; counted neither right nor wrong"
    assert (done.unchecked, done.answers, done.notes) == (12, 48, (note,))
    checked = [right for place, right in enumerate(asked, 1) if place % 4]
    assert done.accuracy == again.accuracy
    assert (again.unchecked, again.notes[1]) == (12, note)
    connection = Workspace(tmp_path).samples.connect()
    drawn = next(each for each in draws(connection) if done.run_id in each.runs)
    found = questions_of(connection, drawn, [done.run_id])
    assert [len(question.correct) for question in found.values()] == [3] * 12
    assert sum(sum(question.correct) for question in found.values()) == sum(checked)
