from dataclasses import dataclass

import pytest

from advisor.errors import MissingAbility
from advisor.importers import gpuhunt
from advisor.importers.gpuhunt import RefreshedPrices, refresh_prices
from advisor.prices import parse_prices
from tests.known import SHIPPED


@dataclass
class Item:
    gpu_name: str | None
    gpu_memory: float | None
    price: float
    gpu_count: int = 1
    instance_name: str = "x"
    provider: str = "cloud"
    location: str = "here"
    spot: bool = False


def test_names_are_ours():
    assert set(gpuhunt.NAMES.values()) | set(gpuhunt.PCIE.values()) <= set(SHIPPED.gpus)


def test_prices_are_per_gpu_and_the_median_offer():
    items = [Item("H100", 80, 8 * p, 8, location=f"at {p}") for p in (2.0, 9.0, 3.0, 4.0)] + [
        Item("H100", 80, 1.5, instance_name="gpu_1x_h100_pcie"),
        Item("TPUv5", 16, 1.0),
        Item("H100", 80, 0.0),
    ]
    rows = gpuhunt.median_prices(items, SHIPPED.gpus)
    assert [(row.gpu, row.usd_per_hour, row.kind, row.gpus_per_instance) for row in rows] == [
        ("h100-pcie", 1.5, "on-demand", 1),
        ("h100-sxm", 3, "on-demand", 8),
    ]
    assert rows[1].region == "at 3.0"


def test_every_size_of_machine_is_kept():
    rows = gpuhunt.median_prices([Item("H100", 80, 3.0), Item("H100", 80, 16.0, 8)], SHIPPED.gpus)
    assert [(row.usd_per_hour, row.gpus_per_instance) for row in rows] == [(3, 1), (2, 8)]


def test_a_refresh_is_a_price_file(monkeypatch, tmp_path):
    library = pytest.importorskip("gpuhunt")
    offers = [Item("H200", 141, 16.0, 8), Item("H200", 141, 4.0, 8, spot=True)]
    monkeypatch.setattr(library, "query", lambda **_: offers)
    path = tmp_path / "p.csv"
    assert refresh_prices(SHIPPED, path) == RefreshedPrices(str(path), 2)
    prices = parse_prices([str(path)], SHIPPED.gpus)
    assert {(p.gpu, p.usd_per_hour, p.kind) for p in prices} == {
        ("h200-sxm", 2.0, "on-demand"),
        ("h200-sxm", 0.5, "spot"),
    }


def test_a_catalog_without_offers_writes_nothing(monkeypatch, tmp_path):
    library = pytest.importorskip("gpuhunt")
    monkeypatch.setattr(library, "query", lambda **_: [Item("TPUv5", 16, 1.0)])
    with pytest.raises(MissingAbility, match="no offer of a known GPU"):
        refresh_prices(SHIPPED, tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


def test_without_a_network_it_says_so(monkeypatch, tmp_path):
    library = pytest.importorskip("gpuhunt")

    def unreachable(**_):
        raise library.GPUHuntError("no route")

    monkeypatch.setattr(library, "query", unreachable)
    with pytest.raises(MissingAbility, match="--price"):
        refresh_prices(SHIPPED, tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


def test_without_the_extra_it_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(gpuhunt, "find_spec", lambda _: None)
    with pytest.raises(MissingAbility, match=r"pip install 'frontier-advisor\[prices\]'"):
        refresh_prices(SHIPPED, tmp_path / "p.csv")
