"""What GPUs cost: the machines of prices.csv, the user's own prices, their kinds and their age."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from advisor.arguments import check_fields
from advisor.errors import AdvisorError, unknown
from advisor.gpus import Gpus
from advisor.input_files import checked_file
from advisor.tables import column, read_rows
from advisor.units import plain_number

YOURS = "yours"
MOST_USD_PER_HOUR = 10_000
NO_PRICE = f"is not a price per hour above zero, up to {MOST_USD_PER_HOUR:,} usd"
FORMS = "accepted: h200-sxm=2.10usd/h, or the path of a CSV with the columns gpu,usd_per_hour"
MOST_GPUS = 10_000
"""Of a machine: every size up to the largest is tried."""
KINDS = ("on-demand", "marketplace", "reserved-1yr", "reserved-3yr", "owned", "spot")
"""Kinds of price, from the one that anyone can rent by the hour to those that take years, or end at any time."""
SPELLINGS = {"reserved-1y": "reserved-1yr", "reserved-3y": "reserved-3yr"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One machine that is offered; its rent is `usd_per_hour` times `gpus_per_instance`."""

    gpu: str = column("name, as in gpus.csv")
    usd_per_hour: float = column("of one GPU")
    provider: str = column("who offers it", default=YOURS)
    kind: str = column(
        "on-demand, spot, marketplace, reserved-1yr, reserved-3yr or owned; empty: on-demand, in `--price` that of"
        " `--price-kind`",
        default="",
    )
    region: str = column("where", default="")
    gpus_per_instance: int | None = column("GPUs of the machine, rented whole; empty: billed by the GPU", default=None)
    as_of: str = column("when it was seen: 2026-09-10, 2026-09, 2026-H2 or 2026", default="")
    source: str = column("where it was seen", default="")

    def __post_init__(self) -> None:
        check_fields(self)

    def __str__(self) -> str:
        machine = f"{self.gpus_per_instance}-GPU machines" if (self.gpus_per_instance or 1) > 1 else ""
        return " ".join(part for part in (self.provider, self.kind, machine, self.as_of) if part)


@dataclass(frozen=True, slots=True)
class Prices:
    """The machines that are offered."""

    offers: tuple[Price, ...]

    @classmethod
    def read(cls, folders: Sequence[Path], gpus: Gpus) -> Prices:
        """`prices.csv` of each folder; a later one replaces what an earlier one has of the same GPU and kind.

        Raises AdvisorError for a damaged table.
        """
        found: dict[tuple[str, str], list[Price]] = {}
        for path in (folder / "prices.csv" for folder in folders):
            here: dict[tuple[str, str], list[Price]] = {}
            for offer in _table(path, gpus):
                kind = offer.kind or KINDS[0]
                here.setdefault((offer.gpu, kind), []).append(replace(offer, kind=kind))
            found |= here
        return cls(tuple(offer for offers in found.values() for offer in offers))


def checked_kind(kind: str, *, where: str) -> str:
    """One of KINDS, as price tables spell it. Raises AdvisorError."""
    name = SPELLINGS.get(kind.lower(), kind.lower())
    if name not in KINDS:
        raise unknown("kind of price", kind, KINDS, where=where)
    return name


@cache
def age_days(as_of: str, today: date) -> int | None:
    """Days since a price was seen, at least: of a month, half-year or year its last day counts.

    None where no date is given, or the period is not over.

    >>> day = date(2026, 9, 30)
    >>> age_days("2026-09-10", day), age_days("2026-08", day), age_days("2026-H1", day), age_days("2026", day)
    (20, 30, 92, None)
    """
    seen = _last_day(as_of)
    return (today - seen).days if seen and seen <= today else None


_DATED = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?|-H([12]))?(?!\d)")


def _last_day(as_of: str) -> date | None:
    """Of the period that is named, None where none is."""
    match = _DATED.match(as_of)
    if match is None:
        return None
    year, month, day, half = (int(part) if part else None for part in match.groups())
    last_month = month or (6 if half == 1 else 12)
    try:
        return date(year or 1, last_month, day or monthrange(year or 1, last_month)[1])
    except ValueError:
        return None


def read_prices(path: Path, gpus: Gpus) -> tuple[Price, ...]:
    """Offers of a CSV with at least `gpu,usd_per_hour`. Raises AdvisorError naming file, line and column."""
    checked_file(path, hint=FORMS, missing="no such price file")
    return _table(path, gpus)


def _table(path: Path, gpus: Gpus) -> tuple[Price, ...]:
    offers = read_rows(path, Price, hint="a price file has the columns gpu,usd_per_hour")
    return tuple(_checked(offer, gpus, where=f"{path}, line {line}") for line, offer in enumerate(offers, 2))


def _checked(price: Price, gpus: Gpus, *, where: str) -> Price:
    """The price with the GPU's name as it is known here. Raises AdvisorError."""
    gpu = gpus.named(price.gpu, where=where).name
    if not (math.isfinite(price.usd_per_hour) and 0 < price.usd_per_hour <= MOST_USD_PER_HOUR):
        raise AdvisorError(f"{price.usd_per_hour:g} {NO_PRICE}", where=where, hint="e.g. 2.10")
    if price.gpus_per_instance is not None and not 1 <= price.gpus_per_instance <= MOST_GPUS:
        what = f"{price.gpus_per_instance} is no number of GPUs"
        raise AdvisorError(
            what, where=where, hint=f"gpus_per_instance is from 1 to {MOST_GPUS:,}, or empty for a price by the GPU"
        )
    kind = checked_kind(price.kind, where=where) if price.kind else ""
    if _DATED.match(price.as_of) and _last_day(price.as_of) is None:
        hint = "e.g. 2026-09-10, 2026-09, 2026-H2 or 2026"
        raise AdvisorError(f"as_of {price.as_of} is no date", where=where, hint=hint)
    return replace(price, gpu=gpu, kind=kind, source=price.source or where)


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
