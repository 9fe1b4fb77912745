"""Current prices from gpuhunt, a public catalog of cloud offers; needs a network and the `prices` extra."""

from __future__ import annotations

import csv
import logging
import statistics
from collections.abc import Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from advisor.errors import MissingAbility
from advisor.store.seal import sealed

COLUMNS = ("gpu", "usd_per_hour", "provider", "kind", "region", "gpus_per_instance", "as_of", "source")
NAMES = {
    ("T4", 16): "t4", ("L4", 24): "l4", ("A10", 24): "a10", ("A10G", 24): "a10g", ("L40", 48): "l40", ("L40S", 48): "l40s", ("A40", 48): "a40",
    ("A6000", 48): "rtx-a6000", ("RTX4090", 24): "rtx-4090", ("RTX5090", 32): "rtx-5090", ("RTX3090", 24): "rtx-3090", ("V100", 16): "v100-sxm-16gb",
    ("V100", 32): "v100-sxm-32gb", ("A100", 40): "a100-sxm-40gb", ("A100", 80): "a100-sxm-80gb", ("H100", 80): "h100-sxm", ("H100NVL", 94): "h100-nvl",
    ("H200", 141): "h200-sxm", ("B200", 180): "b200-sxm", ("B200", 192): "b200-sxm", ("B300", 288): "b300-sxm", ("MI300X", 192): "mi300x",
    ("MI325X", 256): "mi325x", ("GH200", 96): "gh200-96gb",
}  # fmt: skip
PCIE = {"a100-sxm-40gb": "a100-pcie-40gb", "a100-sxm-80gb": "a100-pcie-80gb", "h100-sxm": "h100-pcie"}


class Offer(Protocol):
    """What is read of gpuhunt's CatalogItem: USD per hour of the whole instance, GB of memory of one GPU."""

    provider: str
    instance_name: str
    location: str
    price: float
    gpu_count: int
    gpu_name: str | None
    gpu_memory: float | None
    spot: bool


def refresh(path: Path, known: Iterable[str]) -> int:
    """Write today's offers of known GPUs as a price file; the number of rows. Raises MissingAbility without the extra or a network."""
    if find_spec("gpuhunt") is None:
        raise MissingAbility(
            "prices are refreshed through gpuhunt, which is not installed", hint="pip install 'advisor[prices]'"
        )
    import gpuhunt

    logging.getLogger("gpuhunt").setLevel(
        logging.CRITICAL
    )  # it logs a traceback for every provider that does not answer
    try:
        offers = gpuhunt.query(min_gpu_count=1)
    except (OSError, gpuhunt.GPUHuntError) as error:
        raise MissingAbility(
            f"the price catalog cannot be reached ({type(error).__name__})",
            hint="give your own with --price h200-sxm=2.10usd/h",
        ) from None
    rows = price_rows(offers, set(known))

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(rows)

    sealed(path, write)
    return len(rows)


def price_rows(offers: Iterable[Offer], known: set[str]) -> list[tuple[object, ...]]:
    """The median price per GPU and hour of each (GPU, provider, kind); offers of unknown GPUs are left out."""
    found: dict[tuple[str, str, str], list[tuple[float, str, int]]] = {}
    for offer in offers:
        gpu = name_of(offer)
        if gpu in known and offer.gpu_count and offer.price > 0:
            key = (gpu, offer.provider, "spot" if offer.spot else "on-demand")
            found.setdefault(key, []).append((offer.price / offer.gpu_count, offer.location, offer.gpu_count))
    rows: list[tuple[object, ...]] = []
    for (gpu, provider, kind), seen in sorted(found.items()):
        price = statistics.median_low([p for p, _, _ in seen])
        region, count = next((location, n) for p, location, n in seen if p == price)
        rows.append((gpu, f"{price:.4g}", provider, kind, region, count, date.today().isoformat(), "gpuhunt catalog"))
    return rows


def name_of(offer: Offer) -> str:
    """Our name of an offer's GPU, empty where unknown; the form is read from the instance's name, SXM without a word of PCIe."""
    sxm = NAMES.get((str(offer.gpu_name), round(offer.gpu_memory or 0)), "")
    return PCIE.get(sxm, sxm) if "pcie" in offer.instance_name.lower() else sxm
