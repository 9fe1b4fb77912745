"""Hosted APIs: what a question costs by the token, which offers are shown, and where the pick is cheaper."""

import math
import sys
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from types import ModuleType, SimpleNamespace

import pytest

import advisor
from advisor.recommendation import hosted_prices as lists
from advisor.recommendation.hosted import break_even, hosted_offers, usd_per_question
from advisor.recommendation.hosted_prices import HostedPrices, TokenPrice, by_last_part, hosted_prices, known_model
from advisor.recommendation.request import Request
from advisor.rents import Rent
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, candidate, point, workspace

BIG, GPU = "Qwen/Qwen3-32B", "h100-sxm"
ASKED = {"task": "mine", "gpu": GPU, "price": f"{GPU}=3.6usd/h"}
COLUMNS = (
    "model,provider,usd_per_million_input_tokens,usd_per_million_output_tokens,"
    "usd_per_million_cached_input_tokens,as_of,source"
)


def asked(usd_in=1.0, usd_out=3.0, **changed):
    usual = {"model": MODEL, "provider": "cloud", "usd_per_million_input_tokens": usd_in}
    return TokenPrice(**(usual | {"usd_per_million_output_tokens": usd_out} | changed))


def rented(usd_per_hour, **changed):
    rent = Rent(
        provider="cloud", kind="on-demand", region="", gpu=GPU, gpus=1, instances=1, gpus_per_instance=1,
        usd_per_hour=usd_per_hour, as_of="", age_days=None,
    )  # fmt: skip
    return candidate(rent=rent, **changed)


def offers(ws, prices, pick, **options):
    return hosted_offers(ws, Request(task="mine", **options), HostedPrices(tuple(prices)), pick)


def test_tokens_of_one_answer_by_hand():
    """200 × 1 + 1,000 × 3 USD per million."""
    assert usd_per_question(point(), asked()) == pytest.approx(3200e-6)
    assert usd_per_question(point(prompt_tokens=None), asked()) == pytest.approx(3200e-6)


def test_every_vote_pays_for_its_prompt_after_the_first_as_cached():
    votes = point(n_samples=4, generated_tokens=4000.0)
    assert usd_per_question(votes, asked()) == pytest.approx((4 * 200 + 4000 * 3) * 1e-6)
    cached = asked(usd_per_million_cached_input_tokens=0.1)
    assert usd_per_question(votes, cached) == pytest.approx((200 + 3 * 20 + 4000 * 3) * 1e-6)
    assert usd_per_question(point(), cached) == pytest.approx(3200e-6)


def test_the_rate_at_which_both_cost_the_same():
    """7.2 USD an hour are 0.002 USD a second: at 0.004 USD a question half a question a second."""
    pick = rented(7.2, energy_j=3.6e6)
    assert break_even(0.004, pick, None) == pytest.approx(0.5)
    assert break_even(0.304, pick, 0.3) == pytest.approx(0.5)  # a kilowatt-hour a question for 0.3 USD
    assert break_even(0.2, pick, 0.3) == math.inf
    assert break_even(0.004, rented(0.0), None) == 0
    assert break_even(0.0, pick, None) == math.inf
    assert break_even(0.004, candidate(), None) is None


@pytest.mark.parametrize(
    ("accuracy", "usd_per_hour", "rate", "words"),
    [
        (0.5, 3.6, 0.3125, "as accurate, cheaper below 0.312 questions/s"),
        (0.6, 3.6, 0.3125, "10.0 points more accurate, cheaper below 0.312 questions/s"),
        (0.45, 3.6, None, "5.0 points less accurate"),
        (0.5, 0.0, 0.0, "as accurate, dearer: the pick's GPUs cost nothing by the hour"),
        (0.5, 36.0, 3.125, "as accurate, cheaper at any rate that the pick's machines carry"),
    ],
)
def test_an_offer_beside_the_pick(tmp_path, accuracy, usd_per_hour, rate, words):
    """At 3,200e-6 USD a question, beside a pick that is right half of the time and answers one question a second."""
    ws = workspace(tmp_path, point(accuracy=accuracy))
    (offer,) = offers(ws, [asked()], rented(usd_per_hour))
    assert offer.usd == pytest.approx(3200e-6)
    assert (offer.accuracy.value, offer.accuracy.low, offer.accuracy.high) == (accuracy, 0.42, 0.58)
    assert offer.break_even_questions_per_s == (pytest.approx(rate) if rate is not None else None)
    assert offer.against_pick == words
    assert (offer.usd_per_month, offer.provenance) == (None, "measured: made")
    assert (offer.prompt_tokens, offer.generated_tokens, offer.price) == (200.0, 1000.0, asked())


def test_more_replicas_carry_a_higher_rate(tmp_path):
    ws = workspace(tmp_path, point())
    (offer,) = offers(ws, [asked()], rented(36.0, replicas=4))
    assert offer.against_pick == "as accurate, cheaper below 3.12 questions/s"


def test_at_a_rate_the_month_is_counted(tmp_path):
    (offer,) = offers(workspace(tmp_path, point()), [asked()], rented(3.6), qps=0.5)
    assert offer.usd_per_month == pytest.approx(3200e-6 * 0.5 * 730 * 3600)


def test_over_a_day_the_month_is_that_of_the_mean_rate(tmp_path):
    day = dict(qps=2.0, hourly=(*(0.0,) * 12, *(2.0,) * 6, *(1.0,) * 6))
    (offer,) = offers(workspace(tmp_path, point()), [asked()], rented(3.6), **day)
    assert offer.usd_per_month == pytest.approx(3200e-6 * 0.75 * 730 * 3600)


def test_a_pick_without_a_price_has_no_break_even(tmp_path):
    (offer,) = offers(workspace(tmp_path, point()), [asked()], candidate())
    assert (offer.break_even_questions_per_s, offer.against_pick) == (None, "as accurate, and the pick has no price")


def test_only_what_no_offer_beats_is_shown_from_the_pick_outwards(tmp_path):
    ws = workspace(
        tmp_path,
        point(accuracy=0.3, generated_tokens=100.0),
        point(n_samples=2, accuracy=0.4, generated_tokens=1000.0),
        point(n_samples=4, accuracy=0.5, generated_tokens=2000.0),
        point(n_samples=8, accuracy=0.5, generated_tokens=4000.0),
        point(model=BIG, accuracy=0.7, generated_tokens=3000.0),
    )
    dear, cheap = asked(provider="a", usd_out=6.0), asked(provider="b")
    found = offers(ws, [dear, cheap, asked(model=BIG, provider="c")], rented(3.6))
    assert [(o.n_samples, o.provider) for o in found] == [
        (1, "b"),
        (4, "b"),
        (2, "b"),
        (1, "c"),
    ]  # first the pick's own
    assert [o.accuracy.value for o in found] == [0.3, 0.5, 0.4, 0.7]


def test_what_a_plain_api_cannot_do_is_left_out(tmp_path):
    ws = workspace(
        tmp_path,
        point(strategy="thinking-budget", token_budget=500, generated_tokens=450.0, accuracy=0.2),
        point(strategy="thinking-budget", generated_tokens=460.0, accuracy=0.99),
        point(strategy="best-of-n", n_samples=4, reward_model=BIG, scored_tokens=9.0, accuracy=0.99),
        point(strategy="rebase", n_samples=4, accuracy=0.99),
        point(generated_tokens=None, accuracy=0.99),
        point(task="other", accuracy=0.99),
    )
    (offer,) = offers(ws, [asked()], rented(3.6))
    assert (offer.strategy, offer.token_budget) == ("thinking-budget", 500)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Qwen/Qwen3-8B", MODEL),
        ("qwen/qwen3-8b", MODEL),
        ("qwen3-8b", MODEL),
        ("deepseek/deepseek-v3.2", "deepseek-ai/DeepSeek-V3.2"),
        ("mistral/Mistral-Small-24B-Instruct-2501", "mistralai/Mistral-Small-24B-Instruct-2501"),
        ("elsewhere/qwen3-8b", None),
        ("qwen3-8b:free", None),
        ("deepseek-v3p2", None),
        ("qwen3", None),
        ("", None),
    ],
)
def test_names_are_matched_exactly_or_not_at_all(name, model):
    assert known_model(name, by_last_part(SHIPPED.models)) == model


def test_a_last_part_of_two_models_is_neither_without_its_organisation():
    by_last = by_last_part(["one/m", "other/m"])
    assert (known_model("m", by_last), known_model("o/m", by_last)) == (None, None)
    assert known_model("other/m", by_last) == "other/m"


def price_list(folder, *lines, head=COLUMNS):
    path = folder / "hosted.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return str(path)


def test_a_price_list_is_read_and_what_is_not_known_is_named(tmp_path):
    ws = workspace(tmp_path, point(), today=date(2026, 11, 25))
    path = price_list(
        tmp_path, "qwen3-8b,cloud,1,3,0.1,2026-11-01,their page", "gpt-9,cloud,1,3,,,", "qwen3-8b,other,2,4,,2025,"
    )
    listed = hosted_prices(path, ws)
    first = asked(usd_per_million_cached_input_tokens=0.1, as_of="2026-11-01", source="their page")
    assert listed.prices == (first, asked(2.0, 4.0, provider="other", as_of="2025", source=f"{path}, line 4"))
    assert listed.left_out == ("gpt-9",)
    found = advisor.recommend(ws, **ASKED, hosted=path)
    (offer,) = found.hosted
    assert (offer.price, offer.usd) == (first, pytest.approx(3200e-6))
    assert "hosted models that are not known here are left out: gpt-9" in found.notes
    assert list(found.hosted.to_frame()["model"]) == [MODEL]


def test_old_prices_and_lists_with_nothing_to_show_are_said(tmp_path):
    ws = workspace(tmp_path, point(), today=date(2026, 11, 25))
    old = advisor.recommend(ws, **ASKED, hosted=price_list(tmp_path, "qwen3-8b,cloud,1,3,,2026-08-26,"))
    assert f"hosted prices seen more than 90 days ago: {MODEL} at cloud, 91 days old" in old.notes
    path = price_list(tmp_path, "qwen3-32b,cloud,1,3,,2026-08-27,")
    none = advisor.recommend(ws, **ASKED, hosted=path)
    assert none.hosted == ()
    assert f"no model of {path} has a known accuracy with token counts on mine" in none.notes
    fresh = advisor.recommend(ws, **ASKED, hosted=price_list(tmp_path, "qwen3-8b,cloud,1,3,,2026-08-27,"))
    assert not [note for note in fresh.notes if "hosted" in note]
    without = advisor.recommend(ws, **ASKED)
    assert (without.hosted, without.running) == ((), None)
    assert without.recommended == old.recommended


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("qwen3-8b,cloud,-1,3,,,", "hosted.csv, line 2: -1 is no price of a million tokens"),
        ("qwen3-8b,cloud,1,nan,,,", "line 2: nan is no price of a million tokens"),
        ("qwen3-8b,cloud,1,3,1e9,,", "line 2: 1e\\+09 is no price of a million tokens"),
        ("qwen3-8b,cloud,1,dear,,,", "usd_per_million_output_tokens is 'dear', not a number"),
        (",cloud,1,3,,,", "line 2: model is empty"),
        ("qwen3-8b,,1,3,,,", "line 2: provider is empty"),
    ],
)
def test_a_bad_price_is_named_with_its_line(tmp_path, line, message):
    with pytest.raises(advisor.AdvisorError, match=message):
        hosted_prices(price_list(tmp_path, line), SHIPPED)


def test_other_files_say_what_is_accepted(tmp_path):
    with pytest.raises(advisor.AdvisorError, match=r"'prices\.txt' is no price list; accepted: the path of a CSV"):
        hosted_prices("prices.txt", SHIPPED)
    with pytest.raises(advisor.AdvisorError, match=r"nowhere\.csv: no such price list"):
        hosted_prices("nowhere.csv", SHIPPED)
    with pytest.raises(advisor.AdvisorError, match="lacks the column 'provider'"):
        hosted_prices(price_list(tmp_path, "qwen3-8b", head="model"), SHIPPED)


def test_the_package_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(lists, "find_spec", lambda _: None)
    with pytest.raises(advisor.MissingAbility, match=r"pip install 'frontier-advisor\[hosted\]', or give a CSV"):
        hosted_prices("genai-prices", SHIPPED)


def test_the_package_is_read_by_its_prices_of_the_day(monkeypatch):
    """A model with tiers, one whose price depends on the hour, and those that are free, unknown or on their way out."""

    def sold(name, usd_in, usd_out, deprecated=None, **more):
        asked = SimpleNamespace(input_mtok=usd_in, output_mtok=usd_out, **more)
        return SimpleNamespace(id=name, deprecated=deprecated, get_prices=lambda now: asked)

    def by_the_hour(now):
        assert (now.date(), now.timetz()) == (SHIPPED.today, lists.AT)
        return SimpleNamespace(input_mtok=Decimal("0.5"), output_mtok=Decimal("0.25"))

    module = ModuleType("genai_prices.data")
    models = [
        sold(
            "Qwen3-8B", SimpleNamespace(base=Decimal("0.1"), tiers=[]), Decimal("0.2"), cache_read_mtok=Decimal("0.05")
        ),
        SimpleNamespace(id="qwen/qwen3-32b", deprecated=None, get_prices=by_the_hour),
        SimpleNamespace(id="qwen3-4b", deprecated=None, get_prices=lambda now: SimpleNamespace()),
        sold("gpt-9", Decimal(1), Decimal(1)),
        sold("qwen3-30b-a3b", Decimal(1), Decimal(1), deprecated=True),
    ]
    module.providers = [SimpleNamespace(id="cloud", pricing_urls=["https://cloud.example/prices"], models=models)]
    module.providers.append(
        SimpleNamespace(id="bare", pricing_urls=None, models=[sold("phi-4", Decimal(1), Decimal(2))])
    )
    monkeypatch.setitem(sys.modules, "genai_prices", ModuleType("genai_prices"))
    monkeypatch.setitem(sys.modules, "genai_prices.data", module)
    monkeypatch.setattr(lists, "find_spec", lambda _: object())
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.2.3")
    source = "genai-prices 0.2.3, https://cloud.example/prices"
    listed = hosted_prices("genai-prices", SHIPPED)
    first = asked(0.1, 0.2, usd_per_million_cached_input_tokens=0.05, source=source)
    bare = asked(1.0, 2.0, model="microsoft/phi-4", provider="bare", source="genai-prices 0.2.3")
    assert listed.prices == (first, replace(asked(0.5, 0.25, source=source), model=BIG), bare)
    assert listed.left_out == ()
    assert lists.AT.replace(tzinfo=None) == time(12)


def test_the_real_package_has_prices_of_known_models():
    pytest.importorskip("genai_prices")
    listed = hosted_prices("genai-prices", SHIPPED)
    assert {price.model for price in listed.prices} <= set(SHIPPED.models)
    assert len(listed.prices) > 20
    assert all(price.usd_per_million_output_tokens >= 0 and "genai-prices" in price.source for price in listed.prices)
