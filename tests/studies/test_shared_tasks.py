"""The set of tasks to average over, against all sets."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.studies.shared_tasks import LEAST_MODELS, LEAST_TASKS, shared_tasks

models = st.frozensets(st.sampled_from("abcdefgh"), max_size=8)


def sizes(models_of, tasks):
    shared = frozenset.intersection(*(models_of[task] for task in tasks))
    return len(shared) * len(tasks), len(shared)


@given(st.dictionaries(st.sampled_from(["t1", "t2", "t3", "t4", "t5"]), models, min_size=1))
@settings(max_examples=150, deadline=None)
def test_no_other_set_has_more_models_times_tasks(models_of):
    found = shared_tasks(models_of)
    every = [c for n in range(LEAST_TASKS, 1 + len(models_of)) for c in combinations(sorted(models_of), n)]
    able = [sizes(models_of, tasks) for tasks in every if sizes(models_of, tasks)[1] >= LEAST_MODELS]
    assert (sizes(models_of, found) if found else None) == max(able, default=None)


def test_nothing_is_known():
    assert shared_tasks({}) == ()
    assert shared_tasks({"one": frozenset("abcdef")}) == ()
    assert shared_tasks({"one": frozenset("abcd"), "two": frozenset("abcd")}) == ()


def test_of_equals_the_first_by_name():
    pairs = {task: frozenset(f"{task[0]}{i}" for i in range(5)) for task in ("b1", "b2", "a1", "a2")}
    assert shared_tasks(pairs) == ("a1", "a2")


def test_many_models_on_few_tasks_against_few_on_many():
    many = frozenset(f"m{i}" for i in range(31))
    models_of = {"gpqa": many, "aime": many} | {f"gym{i}": frozenset("abcde") for i in range(11)}
    assert shared_tasks(models_of) == ("aime", "gpqa")  # 62 of 31 models against 55 of five
