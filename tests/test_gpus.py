import pytest

from advisor.errors import AdvisorError
from advisor.gpus import going_rates, gpus, parse_price, read_prices
from tests.known import load_gpu


def test_peaks_are_dense_and_consistent():
    """Vendors' tables: fp8 is twice bf16 wherever the GPU has it; sparse headline figures would break the ratio to bandwidth."""
    assert len(gpus()) >= 20
    for gpu in gpus().values():
        bf16 = gpu.peak_flops_per_s["bf16"]
        assert 35 < bf16 / gpu.memory_bytes_per_s < 450, gpu.name
        if "fp8" in gpu.peak_flops_per_s:
            assert gpu.peak_flops_per_s["fp8"] == pytest.approx(2 * bf16, rel=0.02)
        assert gpu.source


def test_known_data_sheets():
    h100, mi300x, l4 = load_gpu("H100-SXM"), load_gpu("mi300x"), load_gpu("l4")
    assert (h100.peak_flops_per_s["bf16"], h100.memory_bytes_per_s, h100.tdp_w) == (989e12, 3.35e12, 700)
    assert (mi300x.memory_bytes, mi300x.peak_flops_per_s["fp8"]) == (192_000_000_000, 2615e12)
    assert l4.peak_flops_per_s["bf16"] == 121e12
    assert h100.memory_bytes == 81559 << 20  # as the driver reports, not the 80 GB of the name


def test_near_names():
    with pytest.raises(AdvisorError, match="did you mean h200-sxm"):
        load_gpu("h200sxm")


def test_own_prices_win():
    own = parse_price("h200-sxm=2.10usd/h")
    assert going_rates(own)["h200-sxm"].usd_per_hour == 2.10
    assert going_rates()["h200-sxm"].provider != "yours"


def test_price_files(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("gpu,usd_per_hour,provider\nl4,0.55,acme\n")
    assert read_prices(file)[0].provider == "acme"
    file.write_text("gpu,usd_per_hour\nl4,cheap\n")
    with pytest.raises(AdvisorError, match="line 2: 'cheap'"):
        read_prices(file)


@pytest.mark.parametrize("text", ["h200-sxm", "h200-sxm=-1", "h200-sxm=nan", "nope=1", "missing.csv"])
def test_bad_prices_end_in_one_line(text):
    with pytest.raises(AdvisorError):
        parse_price(text)
