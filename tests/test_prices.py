"""Prices as tables and options give them."""

import pytest

from advisor.errors import AdvisorError
from advisor.prices import Price, parse_prices, read_prices
from advisor.store.workspace import Workspace
from tests.known import SHIPPED


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


def test_kinds_are_spelled_as_in_the_tables(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("gpu,usd_per_hour,kind\nl4,0.7,reserved-3y\nl4,0.6,Spot\nl4,0.8,\n")
    assert [p.kind for p in read_prices(path, SHIPPED.gpus)] == ["reserved-3yr", "spot", ""]
    path.write_text("gpu,usd_per_hour,kind\nl4,0.7,rented\n")
    with pytest.raises(AdvisorError, match=r"mine\.csv, line 2: unknown kind of price 'rented'"):
        read_prices(path, SHIPPED.gpus)
    path.write_text("gpu,usd_per_hour,gpus_per_instance\nl4,0.7,0\n")
    with pytest.raises(AdvisorError, match=r"mine\.csv, line 2: 0 is no number of GPUs"):
        read_prices(path, SHIPPED.gpus)


def test_a_table_of_the_workspace_replaces_what_ships_of_the_same_gpu_and_kind(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "prices.csv").write_text("gpu,usd_per_hour\nh100-sxm,0.11\n")
    offers = [p for p in Workspace(tmp_path).prices.offers if p.gpu == "h100-sxm"]
    assert [p.usd_per_hour for p in offers if p.kind == "on-demand"] == [0.11]
    shipped = [p for p in SHIPPED.prices.offers if p.gpu == "h100-sxm" and p.kind != "on-demand"]
    assert [p for p in offers if p.kind != "on-demand"] == shipped
    others = [p for p in Workspace(tmp_path).prices.offers if p.gpu != "h100-sxm"]
    assert others == [p for p in SHIPPED.prices.offers if p.gpu != "h100-sxm"]


def test_what_ships_says_which_machines_are_rented_whole():
    for offer in SHIPPED.prices.offers:
        by_the_gpu = offer.kind in {"marketplace", "owned", "reserved-3yr"}  # averages and models of costs
        assert (offer.gpus_per_instance is None) == by_the_gpu


@pytest.mark.parametrize("as_of", ["2027-99-99", "2026-13", "2026-02-30"])
def test_a_day_that_no_calendar_has_is_refused(tmp_path, as_of):
    (tmp_path / "mine.csv").write_text(f"gpu,usd_per_hour,as_of\nl4,0.7,{as_of}\n")
    with pytest.raises(AdvisorError, match=f"as_of {as_of} is no date"):
        read_prices(tmp_path / "mine.csv", SHIPPED.gpus)
