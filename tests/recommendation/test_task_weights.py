"""Tasks with weights, as texts."""

import pytest

from advisor.errors import AdvisorError
from advisor.recommendation.task_weights import TaskWeight, parse_tasks, task_options, tasks_text

KNOWN = {"gpqa-diamond", "math500", "ours:v2", "a+b"}


def weights(*given):
    return {each.task: each.weight for each in parse_tasks(given, KNOWN)}


def test_one_task_weighs_everything():
    assert parse_tasks(["GPQA-diamond"], KNOWN) == (TaskWeight("gpqa-diamond", 1.0),)
    assert tasks_text(parse_tasks(["gpqa-diamond:0.3"], KNOWN)) == "gpqa-diamond"


def test_weights_are_shares_of_their_sum():
    assert weights("gpqa-diamond:0.7", "math500:0.3") == pytest.approx({"gpqa-diamond": 0.7, "math500": 0.3})
    assert weights("gpqa-diamond:6", "math500:2") == {"gpqa-diamond": 0.75, "math500": 0.25}


def test_without_weights_all_weigh_the_same():
    assert weights("gpqa-diamond", "math500") == {"gpqa-diamond": 0.5, "math500": 0.5}


def test_the_text_of_several_is_read_back():
    tasks = parse_tasks(["gpqa-diamond:0.7", "math500:0.3"], KNOWN)
    assert tasks_text(tasks) == "gpqa-diamond:0.7+math500:0.3"
    assert parse_tasks([tasks_text(tasks)], KNOWN) == tasks


def test_the_options_give_the_same_weights_to_all_digits():
    for given in (["gpqa-diamond:2", "math500:1"], ["gpqa-diamond", "math500"], ["math500"]):
        tasks = parse_tasks(given, KNOWN)
        again = parse_tasks(task_options(tasks), KNOWN)
        assert [each.weight for each in again] == pytest.approx([each.weight for each in tasks], rel=1e-11)
    assert task_options(parse_tasks(["gpqa-diamond", "math500"], KNOWN)) == ["gpqa-diamond", "math500"]
    assert task_options(parse_tasks(["gpqa-diamond:0.7", "math500:0.3"], KNOWN)) == [
        "gpqa-diamond:0.7",
        "math500:0.3",
    ]


def test_a_known_name_is_never_taken_apart():
    assert weights("ours:v2") == {"ours:v2": 1.0}
    assert weights("ours:v2:3", "math500:1") == {"ours:v2": 0.75, "math500": 0.25}
    assert weights("a+b") == {"a+b": 1.0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["gpqa-diamond:"], "'gpqa-diamond:' has no weight above 0 after the colon"),
        (["gpqa-diamond:x"], "has no weight above 0"),
        (["gpqa-diamond:0"], "has no weight above 0"),
        (["gpqa-diamond:-1"], "has no weight above 0"),
        (["gpqa-diamond:nan"], "has no weight above 0"),
        (["gpqa-diamond:inf"], "has no weight above 0"),
        (["gpqa-diamond", "math500:1"], "some tasks have a weight and others none"),
        (["math500", "MATH500"], "math500 is named twice"),
        ([], "no task is named"),
    ],
)
def test_what_is_no_task_with_a_weight(given, message):
    with pytest.raises(AdvisorError, match=message) as caught:
        parse_tasks(given, KNOWN)
    assert caught.value.where == "--task"
