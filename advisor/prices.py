"""What GPUs cost: offers of prices.csv, the user's own, and one going rate a GPU."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.arguments import check_fields
from advisor.errors import AdvisorError
from advisor.gpus import Gpus
from advisor.tables import column, read_rows
from advisor.units import plain_number

YOURS = "yours"
MOST_USD_PER_HOUR = 10_000
NO_PRICE = f"is not a price per hour above zero, up to {MOST_USD_PER_HOUR:,} usd"
FORMS = "accepted: h200-sxm=2.10usd/h, or the path of a CSV with the columns gpu,usd_per_hour"
KIND_ORDER = ("on-demand", "marketplace", "reserved-3yr", "owned")
"""Kinds of price from the one that anyone can rent by the hour to the one that takes years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One offer."""

    gpu: str = column("name, as in gpus.csv")
    usd_per_hour: float = column("of one GPU")
    provider: str = column("who offers it", default=YOURS)
    kind: str = column("on-demand, spot, marketplace, reserved-3yr or owned", default="on-demand")
    region: str = column("where", default="")
    gpus_per_instance: int | None = column("GPUs of the smallest machine that is offered", default=None)
    as_of: str = column("when it was seen, ISO date", default="")
    source: str = column("where it was seen", default="")

    def __post_init__(self) -> None:
        check_fields(self)

    def __str__(self) -> str:
        return " ".join(part for part in (self.provider, self.kind, self.as_of) if part)


@dataclass(frozen=True, slots=True)
class Prices:
    """The offers that ship."""

    offers: tuple[Price, ...]

    @classmethod
    def read(cls, folder: Path, gpus: Gpus) -> Prices:
        """`prices.csv` of a folder. Raises AdvisorError for a damaged table."""
        return cls(read_prices(folder / "prices.csv", gpus))

    def rates(self, own: Sequence[Price] = ()) -> dict[str, Price]:
        """One price a GPU: the user's own (the cheapest that is not spot), else the median offer of the first kind
        in KIND_ORDER that has any.

        The median is an offer that exists (the lower of two middle ones), not an average nobody sells.
        """
        rates: dict[str, Price] = {}
        for gpu in {offer.gpu for offer in self.offers}:
            of_gpu = [offer for offer in self.offers if offer.gpu == gpu]
            kind = next((k for k in KIND_ORDER if any(offer.kind == k for offer in of_gpu)), None)
            of_kind = sorted((o for o in of_gpu if o.kind == kind), key=lambda offer: offer.usd_per_hour)
            if of_kind:
                rates[gpu] = of_kind[(len(of_kind) - 1) // 2]
        mine: dict[str, Price] = {}
        for price in own:
            if price.kind != "spot" and (price.gpu not in mine or price.usd_per_hour < mine[price.gpu].usd_per_hour):
                mine[price.gpu] = price
        return rates | mine


def read_prices(path: Path, gpus: Gpus) -> tuple[Price, ...]:
    """Offers of a CSV with at least `gpu,usd_per_hour`. Raises AdvisorError naming file, line and column."""
    if not path.is_file():
        raise AdvisorError("no such price file", where=str(path), hint=FORMS)
    offers = read_rows(path, Price, hint="a price file has the columns gpu,usd_per_hour")
    return tuple(_checked(offer, gpus, where=f"{path}, line {line}") for line, offer in enumerate(offers, 2))


def _checked(price: Price, gpus: Gpus, *, where: str) -> Price:
    """The price with the GPU's name as it is known here. Raises AdvisorError."""
    gpu = gpus.named(price.gpu, where=where).name
    if not (math.isfinite(price.usd_per_hour) and 0 < price.usd_per_hour <= MOST_USD_PER_HOUR):
        raise AdvisorError(f"{price.usd_per_hour:g} {NO_PRICE}", where=where, hint="e.g. 2.10")
    return replace(price, gpu=gpu, source=price.source or where)


def parse_prices(given: Iterable[str | Price], gpus: Gpus) -> tuple[Price, ...]:
    """The user's own prices: `h200-sxm=2.10usd/h`, paths of CSV files, or Price values. Raises AdvisorError."""
    return tuple(price for each in given for price in _parsed(each, gpus))


def _parsed(given: str | Price, gpus: Gpus) -> tuple[Price, ...]:
    if isinstance(given, Price):
        return (_checked(given, gpus, where="--price"),)
    match = re.fullmatch(r"([\w.-]+)=([^\s/]+?)\s*(?:usd)?\s*(?:/\s*h)?", given.strip(), re.IGNORECASE)
    if match:
        return (_checked(Price(gpu=match[1], usd_per_hour=_number(match[2])), gpus, where="--price"),)
    if given.endswith(".csv"):
        return read_prices(Path(given), gpus)
    raise AdvisorError(f"{given!r} is neither a price nor a CSV file", where="--price", hint=FORMS)


def _number(text: str) -> float:
    try:
        return plain_number(text)
    except ValueError:
        raise AdvisorError(f"{text!r} {NO_PRICE}", where="--price", hint="e.g. 2.10") from None
