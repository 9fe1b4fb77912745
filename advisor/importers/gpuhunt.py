"""Current prices from gpuhunt, a public catalog of cloud offers; needs a network and the `prices` extra."""

from __future__ import annotations

import logging
import os
import statistics
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from advisor.errors import MissingAbility, install
from advisor.prices import Price
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from advisor.values import Value

NAMES = {
    ("T4", 16): "t4",
    ("L4", 24): "l4",
    ("A10", 24): "a10",
    ("A10G", 24): "a10g",
    ("L40", 48): "l40",
    ("L40S", 48): "l40s",
    ("A40", 48): "a40",
    ("A6000", 48): "rtx-a6000",
    ("RTX4090", 24): "rtx-4090",
    ("RTX5090", 32): "rtx-5090",
    ("RTX3090", 24): "rtx-3090",
    ("V100", 16): "v100-sxm-16gb",
    ("V100", 32): "v100-sxm-32gb",
    ("A100", 40): "a100-sxm-40gb",
    ("A100", 80): "a100-sxm-80gb",
    ("H100", 80): "h100-sxm",
    ("H100NVL", 94): "h100-nvl",
    ("H200", 141): "h200-sxm",
    ("B200", 180): "b200-sxm",
    ("B200", 192): "b200-sxm",
    ("B300", 288): "b300-sxm",
    ("MI300X", 192): "mi300x",
    ("MI325X", 256): "mi325x",
    ("GH200", 96): "gh200-96gb",
}
"""(gpuhunt's name, GB of memory): our name."""
PCIE = {"a100-sxm-40gb": "a100-pcie-40gb", "a100-sxm-80gb": "a100-pcie-80gb", "h100-sxm": "h100-pcie"}
OWN_PRICE = "give your own with --price h200-sxm=2.10usd/h"


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


@dataclass(frozen=True, slots=True)
class RefreshedPrices(Value):
    """The price file that was written, and how many prices it has."""

    path: str
    prices: int


def refresh_prices(workspace: Workspace, path: str | os.PathLike[str]) -> RefreshedPrices:
    """Write today's offers of known GPUs as a price file. Raises MissingAbility without the extra, or a network."""
    if find_spec("gpuhunt") is None:
        what = "prices are refreshed through gpuhunt, which is not installed"
        raise MissingAbility(what, where="--refresh", hint=install("prices"))
    import gpuhunt

    # it logs a traceback for every provider that does not answer
    logging.getLogger("gpuhunt").setLevel(logging.CRITICAL)
    try:
        offers = gpuhunt.query(min_gpu_count=1)
    except (OSError, gpuhunt.GPUHuntError) as error:
        what = f"the price catalog cannot be reached ({type(error).__name__})"
        raise MissingAbility(what, where="--refresh", hint=OWN_PRICE) from None
    rows = median_prices(offers, workspace.gpus)
    if not rows:
        raise MissingAbility("the price catalog has no offer of a known GPU", where="--refresh", hint=OWN_PRICE)
    write_rows(Path(path), rows)
    return RefreshedPrices(os.fspath(path), len(rows))


def median_prices(offers: Iterable[Offer], known: Container[str]) -> list[Price]:
    """The median price per GPU and hour of each (GPU, provider, kind, GPUs of the machine); unknown GPUs are left out.

    Of an even number it is the lower of the two in the middle, so that it can be had.
    """
    found: dict[tuple[str, str, str, int], list[Offer]] = {}
    for offer in offers:
        gpu = name_of(offer)
        if gpu in known and offer.gpu_count and offer.price > 0:
            kind = "spot" if offer.spot else "on-demand"
            found.setdefault((gpu, offer.provider, kind, offer.gpu_count), []).append(offer)
    rows = []
    for (gpu, provider, kind, gpu_count), alike in sorted(found.items()):
        per_gpu = [offer.price / offer.gpu_count for offer in alike]
        price = statistics.median_low(per_gpu)
        seen = alike[per_gpu.index(price)]
        rows.append(
            Price(
                gpu=gpu,
                usd_per_hour=float(f"{price:.4g}"),
                provider=provider,
                kind=kind,
                region=seen.location,
                gpus_per_instance=gpu_count,
                as_of=date.today().isoformat(),
                source="gpuhunt catalog",
            )
        )
    return rows


def name_of(offer: Offer) -> str:
    """Our name of an offer's GPU, empty where unknown; PCIe where the instance's name says so, else SXM."""
    sxm = NAMES.get((str(offer.gpu_name), round(offer.gpu_memory or 0)), "")
    return PCIE.get(sxm, sxm) if "pcie" in offer.instance_name.lower() else sxm
