"""Options as texts or typed values, checked once."""

import pytest

from advisor.errors import AdvisorError
from advisor.prices import Price
from advisor.recommendation.request import Request, checked_request
from advisor.units import Budget
from tests.known import SHIPPED


def request(**options):
    return checked_request(SHIPPED, **options)


def test_without_options_nothing_is_limited():
    assert request() == Request()
    assert request().constraints == ()
    assert set(request().limits.values()) == {None}
    assert request().cost == "usd"


def test_texts_and_typed_values_give_the_same_request():
    price = Price(gpu="l4", usd_per_hour=0.5)
    text = request(budget="20s", gpu="L4", model="qwen3-8b", max_ttft="1s", max_tpot="50ms", price="l4=0.5usd/h")
    typed = request(
        budget=Budget(20.0, "s"), gpu=["l4"], model=["Qwen/Qwen3-8B"], max_ttft=1, max_tpot=0.05, price=[price]
    )
    assert text.prices[0].usd_per_hour == typed.prices[0].usd_per_hour == 0.5
    assert text.limits == typed.limits
    assert (text.gpus, text.models) == (typed.gpus, typed.models) == (("l4",), ("Qwen/Qwen3-8B",))
    assert (text.max_ttft_s, text.max_tpot_s) == (1.0, 0.05)


def test_every_limit_is_said_as_it_was_understood():
    everything = request(
        budget=["0.01usd", "60s"],
        min_accuracy=0.8,
        max_ttft="1s",
        max_tpot="50ms",
        qps=2,
        gpu=["l4", "t4"],
        model="qwen3-8b",
        precision="fp8",
        engine="sglang",
        price="l4=0.5usd/h",
        license=["mit", "apache-2.0"],
        exclude_model="qwen3-32b",
        exclude_gpu="l40s",
        input_tokens=3000,
        output_tokens=200,
        cached_prompt_tokens=1000,
    )
    assert everything.constraints == (
        "0.01usd per question",
        "60.0s for 95 % of the questions",
        "accuracy ≥ 0.8 with 90 % confidence",
        "TTFT ≤ 1 s",
        "TPOT ≤ 0.05 s",
        "2 questions/s",
        "GPU in l4, t4",
        "no GPU of l40s",
        "model in Qwen/Qwen3-8B",
        "no model of Qwen/Qwen3-32B",
        "licence in mit, apache-2.0",
        "prompts of 3,000 tokens (1,000 cached)",
        "answers of 200 tokens",
        "weights in fp8",
        "engine sglang",
        "price l4=0.5usd/h",
    )
    assert everything.limits == {
        "usd": 0.01,
        "flops": None,
        "s": 60.0,
        "J": None,
        "tokens": None,
        "max_ttft": 1.0,
        "max_tpot": 0.05,
        "min_accuracy": 0.8,
    }


def test_of_two_budgets_of_one_cost_the_smaller_holds_in_any_order():
    assert request(budget=["1usd", "0.5usd"]).limits["usd"] == 0.5
    assert request(budget=["0.5usd", "1usd"]).limits["usd"] == 0.5


def test_the_frontier_is_drawn_over_the_first_budgets_cost():
    assert request(budget=["60s", "1usd"]).cost == "s"


def test_a_monthly_budget_is_shared_out_at_the_rate():
    assert request(budget="7300usd/month", qps=0.5).limits["usd"] == pytest.approx(7300 / (0.5 * 730 * 3600))


def test_tasks_in_any_case():
    assert request(task="GPQA-Diamond").task == "gpqa-diamond"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "5"}, "--budget: '5' is not a number with a unit"),
        ({"budget": "100usd/month"}, "--qps"),
        ({"min_accuracy": 0}, "--min-accuracy: 0 is no accuracy"),
        ({"min_accuracy": 1.01}, "--min-accuracy"),
        ({"min_accuracy": float("nan")}, "--min-accuracy"),
        ({"qps": float("inf")}, "--qps"),
        ({"gpu": "h100"}, "--gpu: unknown GPU 'h100'; did you mean h100-nvl or h100-pcie or h100-sxm"),
        ({"model": "qwen9"}, "--model: unknown model 'qwen9'"),
        ({"precision": "fp7"}, "--precision"),
        ({"engine": "vlm"}, "--engine: unknown engine 'vlm'; did you mean vllm"),
        ({"max_ttft": "soon"}, "--max-ttft"),
        ({"max_tpot": -1}, "--max-tpot"),
        ({"price": "l4"}, "--price"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_flag(options, message):
    with pytest.raises(AdvisorError) as caught:
        request(**options)
    assert message in str(caught.value)


def test_the_ends_of_what_can_be_meant_are_accepted():
    assert request(min_accuracy=1.0).min_accuracy == 1.0
    assert request(min_accuracy=0.001).min_accuracy == 0.001


def test_a_percentile_that_no_lengths_are_kept_for_is_refused():
    with pytest.raises(AdvisorError, match=r"--percentile: 90 .*50, 95, 99"):
        checked_request(SHIPPED, percentile=90)
