"""Candidates in words."""

import pytest

from advisor.accuracy.estimators import Interval
from advisor.reports.words import (
    candidate_strategy,
    gpus_text,
    interval_cell,
    interval_text,
    layout_text,
    strategy_cell,
    within_text,
)
from tests.recommendation.made import candidate

PRM = {"reward_model": "org/prm"}


@pytest.mark.parametrize(
    ("changed", "strategy", "cell"),
    [
        ({}, "one answer", "one answer"),
        ({"n_samples": 8}, "majority of 8", "majority of 8"),
        ({"strategy": "greedy"}, "one answer, greedy", "one answer, greedy"),
        (
            {"strategy": "thinking-budget", "token_budget": 8192},
            "one answer, at most 8,192 tokens",
            "one answer, ≤8,192 tokens",
        ),
        (
            {"strategy": "thinking-budget", "generated_tokens": 500.4},
            "one answer, thinking held to about 500 tokens",
            "one answer, ~500 tokens",
        ),
        (
            {"strategy": "best-of-n", "n_samples": 4, **PRM},
            "best-of-n of 4 with rewards of org/prm",
            "best-of-n of 4",
        ),
        (
            {"strategy": "adaptive-majority", "n_samples": 5},
            "adaptive-majority of 5",
            "adaptive-majority of 5",
        ),
    ],
)
def test_strategies(changed, strategy, cell):
    c = candidate(**changed)
    assert candidate_strategy(c) == strategy
    assert strategy_cell(c) == cell


def test_the_layout_is_named_where_it_is_not_tensor_parallelism_alone():
    assert gpus_text(candidate(gpu_count=8, parallelism="tp8")) == "8 × h100-sxm"
    assert layout_text(candidate(gpu_count=8, parallelism="dp8")) == "8 data-parallel groups that share the experts"
    assert layout_text(candidate(gpu_count=8, parallelism="tp4pp2")) == "4-way tensor parallel, 2 pipeline stages"
    assert layout_text(candidate(gpu_count=2, parallelism="tp2")) == "tensor parallel"
    assert layout_text(candidate()) == ""


def test_ttft_has_a_factor_of_its_own():
    assert within_text(1.286, 2.127) == "times within a factor 1.29, TTFT 2.13"


def test_intervals():
    assert interval_text(Interval(0.801, 0.76, 0.84)) == "80.1 % (90 %: 76.0 % – 84.0 %)"
    assert interval_cell(Interval(0.801, 0.76, 0.84)) == "80.1 % (76.0 – 84.0)"


def test_commands_of_policy_and_reward_model():
    assert candidate(command="a").commands == ("a",)
    assert candidate(command="a", reward_command="b").commands == ("a", "b")
