"""One going rate a GPU, from many offers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.prices import Price, Prices, parse_prices, read_prices
from tests.known import SHIPPED


def offers(*usd, kind="on-demand", gpu="h100-sxm"):
    return tuple(Price(gpu=gpu, usd_per_hour=value, kind=kind, provider=f"p{value}") for value in usd)


def test_the_rate_is_the_median_offer_not_the_dearest_or_cheapest():
    assert Prices(offers(1.0, 9.0, 2.0)).rates()["h100-sxm"].usd_per_hour == 2.0


def test_of_two_middle_offers_the_lower_one_is_taken_since_nobody_sells_the_mean():
    assert Prices(offers(4.0, 1.0, 3.0, 2.0)).rates()["h100-sxm"].usd_per_hour == 2.0


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=9))
def test_the_rate_is_an_offer_with_as_many_dearer_as_cheaper_ones(usd):
    rate = Prices(offers(*usd)).rates()["h100-sxm"].usd_per_hour
    assert rate in usd
    assert sum(u < rate for u in usd) <= len(usd) / 2
    assert sum(u > rate for u in usd) <= len(usd) / 2


def test_on_demand_comes_before_every_other_kind():
    mixed = offers(5.0) + offers(1.0, kind="spot") + offers(2.0, kind="marketplace") + offers(3.0, kind="owned")
    assert Prices(mixed).rates()["h100-sxm"].kind == "on-demand"
    assert Prices(mixed[1:]).rates()["h100-sxm"].kind == "marketplace"
    assert Prices(mixed[3:]).rates()["h100-sxm"].kind == "owned"


def test_spot_alone_is_no_rate():
    assert Prices(offers(1.0, kind="spot")).rates() == {}


def test_an_own_price_stands_over_all_offers_the_cheapest_first_and_spot_never():
    own = offers(8.0, 7.0) + offers(0.5, kind="spot")
    assert Prices(offers(1.0)).rates(own)["h100-sxm"].usd_per_hour == 7.0


def test_prices_as_typed():
    (price,) = parse_prices(["H200-SXM=2.10usd/h"], SHIPPED.gpus)
    assert (price.gpu, price.usd_per_hour, price.provider) == ("h200-sxm", 2.1, "yours")
    assert parse_prices(["l4=0.5", Price(gpu="L4", usd_per_hour=0.5)], SHIPPED.gpus)[1].gpu == "l4"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h100=2", "h100-pcie or h100-sxm"),
        ("h100-sxm=-1", "is not a price per hour above zero"),
        ("h100-sxm=nan", "is not a price per hour above zero"),
        ("h100-sxm=free", "'free' is not a price"),
        ("h100-sxm=1e99", "1e+99 is not a price per hour above zero, up to 10,000 usd"),
        ("h100-sxm=٣", "'٣' is not a price"),
        ("h100-sxm=1_0", "'1_0' is not a price"),
        ("two dollars", "accepted: h200-sxm=2.10usd/h"),
        ("nowhere.csv", "no such price file"),
    ],
)
def test_a_bad_price_is_one_line(text, message):
    with pytest.raises(AdvisorError) as caught:
        parse_prices([text], SHIPPED.gpus)
    assert message in str(caught.value)


def test_a_price_file_needs_two_columns_and_names_the_line_at_fault(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("gpu,usd_per_hour\nl4,0.7\nh100-sxm,2.5\n")
    assert [p.usd_per_hour for p in read_prices(path, SHIPPED.gpus)] == [0.7, 2.5]
    path.write_text("gpu,usd_per_hour\nl4,0.7\nh100-sxm,cheap\n")
    with pytest.raises(AdvisorError, match=r"mine\.csv, line 3: usd_per_hour is 'cheap', not a number"):
        read_prices(path, SHIPPED.gpus)
    path.write_text("gpu,price\nl4,0.7\n")
    with pytest.raises(AdvisorError, match="lacks the column 'usd_per_hour'"):
        read_prices(path, SHIPPED.gpus)
