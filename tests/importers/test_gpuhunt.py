from dataclasses import dataclass

import pytest

from advisor.gpus import gpus, read_prices
from advisor.importers import gpuhunt


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
    assert set(gpuhunt.NAMES.values()) | set(gpuhunt.PCIE.values()) <= set(gpus())


def test_prices_are_per_gpu_and_the_median_offer():
    items = [Item("H100", 80, 8 * p, 8) for p in (2.0, 3.0, 9.0)] + [
        Item("H100", 80, 1.5, instance_name="gpu_1x_h100_pcie"),
        Item("TPUv5", 16, 1.0),
    ]
    rows = gpuhunt.price_rows(items, set(gpus()))
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("h100-pcie", "1.5", "on-demand"),
        ("h100-sxm", "3", "on-demand"),
    ]


def test_a_refresh_is_a_price_file(monkeypatch, tmp_path, advisor):
    library = pytest.importorskip("gpuhunt")
    monkeypatch.setattr(
        library, "query", lambda **_: [Item("H200", 141, 16.0, 8), Item("H200", 141, 4.0, 8, spot=True)]
    )
    code, out, _ = advisor("gpus", "--refresh", tmp_path / "p.csv")
    assert code == 0
    assert "2 prices" in out
    assert {(p.gpu, p.usd_per_hour, p.kind) for p in read_prices(tmp_path / "p.csv")} == {
        ("h200-sxm", 2.0, "on-demand"),
        ("h200-sxm", 0.5, "spot"),
    }
    assert '"usd_per_hour": 2.0' in advisor("gpus", "--price", tmp_path / "p.csv", "--json")[1]


def test_without_a_network_it_says_so(monkeypatch, tmp_path, advisor):
    library = pytest.importorskip("gpuhunt")

    def unreachable(**_):
        raise library.GPUHuntError("no route")

    monkeypatch.setattr(library, "query", unreachable)
    code, out, err = advisor("gpus", "--refresh", tmp_path / "p.csv")
    assert (code, out) == (3, "")
    assert "--price" in err
    assert not (tmp_path / "p.csv").exists()
