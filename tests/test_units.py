import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.units import COSTS, Budget, bytes_text, parse_cost, parse_duration, percent, significant


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
        ("3cent", 0.03, "usd", False),
        ("3$", 3, "usd", False),
        ("3pflops", 3e15, "flops", False),
        ("3min", 180, "s", False),
        ("1token", 1, "tokens", False),
        ("3ktokens", 3000, "tokens", False),
        ("1e-15usd", 1e-15, "usd", False),
        ("1e30flops", 1e30, "flops", False),
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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0usd", "above zero"),
        ("-0.5usd", "above zero"),
        ("nanusd", "finite"),
        ("infusd", "finite"),
        ("1usd/0q", "needs a number of questions above zero"),
        ("٣usd", "a number with a unit"),
        ("1_000usd", "a number with a unit"),
        ("1uſd", "a number with a unit"),
        ("2usd/٣q", "a number with a unit"),
        ("9e-16usd", "beyond any sensible budget"),
        ("1.5e30flops", "beyond any sensible budget"),
        ("5", "a number with a unit"),
        ("5parsecs", "'parsecs'"),
        ("2s/month", "for usd only"),
    ],
)
def test_refusals_say_what_is_wrong(text, why):
    with pytest.raises(AdvisorError, match=why):
        Budget.parse(text)


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
    """A dollar an hour is 1/3600 of one a second; at half a question a second each may cost twice that."""
    assert Budget.parse("730usd/month").per_question(1.0).amount == pytest.approx(1 / 3600)
    assert Budget.parse("730usd/month").per_question(0.5).amount == pytest.approx(2 / 3600)
    with pytest.raises(AdvisorError, match="--qps"):
        Budget.parse("730usd/month").per_question(None)


def test_a_budget_for_one_question_does_not_depend_on_the_rate():
    assert Budget.parse("2usd").per_question(7.0) == Budget.parse("2usd").per_question(None) == Budget(2, "usd")


def test_costs_in_any_case():
    assert [parse_cost(c, where="--cost") for c in ("USD", "flops", "S", "j", "J", "Tokens")] == [
        "usd", "flops", "s", "J", "J", "tokens",
    ]  # fmt: skip
    with pytest.raises(AdvisorError, match=r"euro.*; known: J, flops, s, tokens, usd"):
        parse_cost("euro", where="--cost")


def test_durations():
    assert parse_duration("50ms", where="--max-tpot") == pytest.approx(0.05)
    for text in ("50usd", "soon", "0s"):
        with pytest.raises(AdvisorError, match=f"--max-tpot.*{text}.*accepted: 1s, 50ms, 2min"):
            parse_duration(text, where="--max-tpot")


def test_percent_never_rounds_to_a_lie():
    assert [percent(f) for f in (1.0, 0.9999, 0.994, 0.5, 0.006, 0.0001, 0.0, None)] == [
        "100.0 %",
        "99.9 %",
        "99.4 %",
        "50.0 %",
        "0.6 %",
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
    assert [significant(v) for v in (999_999, 1_000_000, 1_900_000, 1e-4, 1.5e-4, 9e-5)] == [
        "999,999",
        "1.00e+06",
        "1.90e+06",
        "0.000100",
        "0.000150",
        "9.00e-05",
    ]
    assert [significant(12.345, 2), significant(12.345, 4), significant(-0.5)] == ["12", "12.35", "-0.500"]
    assert bytes_text(80e9) == "80.0 GB"


def test_a_typed_budget_is_as_strict_as_a_text():
    assert Budget(1, "USD") == Budget(1, "usd")
    assert Budget(5, "usd", monthly=True).monthly
    for arguments, message in (
        ((1e99, "usd"), "beyond any sensible budget"),
        ((0.0, "usd"), "not a finite number above zero"),
        ((1, "s", True), "per month is for usd only"),
        ((1, "eur"), "unknown cost 'eur'"),
    ):
        with pytest.raises(AdvisorError, match=message):
            Budget(*arguments)
