import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.units import COSTS, Budget, bytes_text, parse_duration, percent, significant


@pytest.mark.parametrize(
    ("text", "amount", "cost", "monthly"),
    [
        ("0.002usd", 0.002, "usd", False),
        ("5e13flops", 5e13, "flops", False),
        ("50TFLOPS", 5e13, "flops", False),
        ("20s", 20, "s", False),
        ("250ms", 0.25, "s", False),
        ("300J", 300, "J", False),
        ("1Wh", 3600, "J", False),
        ("4000tokens", 4000, "tokens", False),
        ("2usd/1000q", 0.002, "usd", False),
        ("2usd/q", 2, "usd", False),
        ("500usd/month", 500, "usd", True),
        (" 1.5 kJ ", 1500, "J", False),
    ],
)
def test_accepted_forms(text, amount, cost, monthly):
    budget = Budget.parse(text)
    assert (budget.cost, budget.monthly) == (cost, monthly)
    assert budget.amount == pytest.approx(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "usd",
        "-1usd",
        "0usd",
        "nanusd",
        "infusd",
        "1e400usd",
        "5parsecs",
        "1usd/0q",
        "1e40usd",
        "2s/month",
        "1usd usd",
    ],
)
def test_refusals_name_the_text_and_the_forms(text):
    with pytest.raises(AdvisorError) as refused:
        Budget.parse(text)
    assert repr(text) in str(refused.value)
    assert "0.002usd" in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.floats(min_value=1e-12, max_value=1e28), st.sampled_from(COSTS))
def test_what_is_printed_parses_back(amount, cost):
    budget = Budget(amount, cost)
    assert Budget.parse(str(budget)) == budget


@given(st.text(max_size=20))
def test_any_text_parses_or_is_refused(text):
    try:
        budget = Budget.parse(text)
    except AdvisorError:
        return
    assert math.isfinite(budget.amount)
    assert budget.amount > 0


def test_a_monthly_budget_is_shared_by_its_questions():
    assert Budget.parse("730usd/month").per_question(1.0).amount == pytest.approx(1 / 3600)
    with pytest.raises(AdvisorError, match="--qps"):
        Budget.parse("730usd/month").per_question(None)


def test_durations():
    assert parse_duration("50ms", where="--max-tpot") == pytest.approx(0.05)
    with pytest.raises(AdvisorError, match="--max-tpot"):
        parse_duration("50usd", where="--max-tpot")


def test_percent_never_rounds_to_a_lie():
    assert [percent(f) for f in (1.0, 0.9999, 0.5, 0.0001, 0.0, None)] == [
        "100.0 %",
        "99.9 %",
        "50.0 %",
        "0.1 %",
        "0.0 %",
        "–",
    ]


def test_significant_digits():
    assert [significant(v) for v in (0.0021412, 12.345, 123456, 1.53e15, 0, None)] == [
        "0.00214",
        "12.3",
        "123,456",
        "1.53e+15",
        "0",
        "–",
    ]
    assert bytes_text(80e9) == "80.0 GB"
