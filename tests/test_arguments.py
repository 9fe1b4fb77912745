"""An argument of the wrong type is an AdvisorError that names it, for every verb alike."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import advisor
from advisor import AdvisorError, Budget, Price
from advisor.arguments import check_type, checked_arguments

WS = advisor.Workspace()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 0.01}, "budget: takes a text, a Budget or a list of them, not 0.01"),
        ({"budget": [None]}, "budget: takes a text, a Budget or a list of them, not [None]"),
        ({"budget": {"1usd"}}, "budget: takes a text, a Budget or a list of them, not {'1usd'}"),
        ({"budget": iter(["1usd"])}, "budget: takes a text, a Budget or a list of them, not <"),
        ({"min_accuracy": "0.8"}, "min_accuracy: takes a number, not '0.8'"),
        ({"qps": "2"}, "qps: takes a number, not '2'"),
        ({"qps": True}, "qps: takes a number, not True"),
        ({"task": None}, "task: takes a text or a list of them, not None"),
        ({"engine": None}, "engine: takes a text, not None"),
        ({"gpu": 5}, "gpu: takes a text or a list of them, not 5"),
        ({"max_ttft": ["1s"]}, "max_ttft: takes a text or a number, not ['1s']"),
        ({"price": {"h100-sxm": 2}}, "price: takes a text, a Price or a list of them, not {'h100-sxm': 2}"),
    ],
)
def test_recommend_names_the_option(options, message):
    with pytest.raises(AdvisorError, match=re.escape(message)):
        advisor.recommend(WS, **options)


@pytest.mark.parametrize("concurrency", ["4", 1.5, True, None])
def test_counts_are_whole_numbers(concurrency):
    with pytest.raises(AdvisorError, match="concurrency: takes a whole number, not "):
        advisor.estimate(WS, model="qwen3-8b", gpu="l4", concurrency=concurrency)


def test_the_other_verbs_check_alike():
    with pytest.raises(AdvisorError, match="workspace: takes a Workspace, not 'ours'"):
        advisor.estimate("ours", model="qwen3-8b", gpu="l4")
    with pytest.raises(AdvisorError, match="cost: takes a text"):
        advisor.frontier(WS, cost=5)
    with pytest.raises(AdvisorError, match=r"models: takes a list, each a text, not \['qwen3-8b', 3\]"):
        advisor.compare(WS, models=["qwen3-8b", 3])
    with pytest.raises(AdvisorError, match="input_tokens: takes a whole number or a list of them"):
        advisor.compare_speed(WS, models=["qwen3-8b", "qwen3-14b"], input_tokens="5")


def test_verbs_that_measure_check_before_they_start(tmp_path):
    ours = advisor.Workspace(tmp_path)
    with pytest.raises(AdvisorError, match="questions: takes a whole number, not '4'"):
        advisor.calibrate(ours, model="qwen3-8b", task="arithmetic", questions="4")
    with pytest.raises(AdvisorError, match=r"within: takes a number, not '0.1'"):
        advisor.profile(ours, model="qwen3-8b", within="0.1")
    with pytest.raises(AdvisorError, match="recommendation: takes a Recommendation, not None"):
        advisor.report(ours, recommendation=None, output="a.md")
    assert list(tmp_path.iterdir()) == []


def test_curves_and_imports_check_too(tmp_path):
    with pytest.raises(AdvisorError, match="model: takes a text, not 5"):
        advisor.curve(WS, model=5)
    with pytest.raises(AdvisorError, match="workspace: takes a Workspace, not 'ours'"):
        advisor.fit("ours")
    ours = advisor.Workspace(tmp_path)
    for verb in (advisor.import_samples, advisor.import_epoch, advisor.import_model, advisor.import_runs):
        with pytest.raises(AdvisorError, match=r"path: takes .*, not 7"):
            verb(ours, 7)
    for verb in (advisor.import_guidellm, advisor.import_vllm_bench):
        with pytest.raises(AdvisorError, match="concurrency: takes a whole number, not '4'"):
            verb(ours, "report.json", concurrency="4")


def test_a_config_file_may_be_a_path():
    folder = WS.profiles[0] / "models" / "Qwen--Qwen3-8B"
    by_path = advisor.estimate(WS, model=folder, gpu="l4")
    assert by_path.memory == advisor.estimate(WS, model="qwen3-8b", gpu="l4").memory


def test_typed_values_check_their_fields():
    with pytest.raises(AdvisorError, match="Budget, amount: takes a number, not '1'"):
        Budget("1", "usd")
    with pytest.raises(AdvisorError, match="Price, usd_per_hour: takes a number"):
        Price(gpu="l4", usd_per_hour="2")


def test_numbers_of_numpy_are_numbers():
    one = advisor.estimate(WS, model="qwen3-8b", gpu="l4", concurrency=np.int64(4), rate=np.float64(0.1))
    assert (one.concurrency, one.rate) == (4, 0.1)


@pytest.mark.parametrize(
    ("value", "annotation", "right"),
    [
        (1, float, True),
        (1.0, int, False),
        (None, str | None, True),
        ("ab", Sequence[str], False),
        (b"ab", Sequence[int], False),
        (("a", "b"), Sequence[str], True),
        ([1, "a"], Sequence[int], False),
        (object(), Any, True),
        (True, bool, True),
        (1, bool, False),
    ],
)
def test_types(value, annotation, right):
    if right:
        check_type(value, annotation, where="x")
        return
    with pytest.raises(AdvisorError, match=r"^x: takes "):
        check_type(value, annotation, where="x")


def test_a_long_value_is_cut():
    with pytest.raises(AdvisorError, match=f"not '{'a' * 58}…$"):
        check_type("a" * 100, int, where="x")


def test_what_python_says_itself_stays():
    @checked_arguments
    def verb(number: int) -> int:
        """Doc."""
        return number

    assert (verb(2), verb.__doc__) == (2, "Doc.")
    with pytest.raises(AdvisorError, match="number: takes a whole number, not 'a'"):
        verb("a")
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        verb(other=1)


@pytest.mark.parametrize("verb", ["recommend", "frontier", "estimate", "compare", "compare_speed"])
def test_help_explains_every_option(verb):
    function = getattr(advisor, verb)
    for option in list(inspect.signature(function).parameters)[1:]:
        assert re.search(rf"^ {{4}}{option}  ", function.__doc__, re.MULTILINE), option
