"""GPUs and what they cost: rows of profiles/gpus.csv and prices.csv."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from advisor.errors import AdvisorError, unknown
from advisor.shipped import profile_folders, read_once, shipped_root

PRECISIONS = ("bf16", "fp8", "fp4", "int8", "int4")
BYTES_PER_WEIGHT = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5625, "int8": 1.0, "int4": 0.5625}
"""fp4 and int4 carry one 8-bit scale for 16 weights (NVFP4, AWQ/GPTQ at group size 32 are within 6 %)."""


@dataclass(frozen=True, slots=True)
class GpuSpec:
    """One GPU: dense peaks in FLOP/s, memory in decimal bytes, `link_bytes_per_s` one way."""

    name: str
    vendor: str
    architecture: str
    memory_bytes: int
    memory_bytes_per_s: float
    peak_flops_per_s: dict[str, float]
    tdp_w: float
    link: str
    link_bytes_per_s: float
    released: str
    source: str
    source_url: str
    note: str

    def compute_precision(self, weights: str) -> str:
        """The number format the products run in: the weights' own where the GPU has it, else 16 bit."""
        if (
            weights == "int4"
        ):  # weight-only quantisation multiplies in 16 bit, as engines do with fp4 on GPUs without it
            return "bf16"
        return weights if weights in self.peak_flops_per_s else "bf16"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per GPU and hour, with where it was seen."""

    gpu: str
    usd_per_hour: float
    provider: str
    kind: str
    region: str
    as_of: str
    source: str

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.as_of}".strip()


@read_once
def gpus() -> dict[str, GpuSpec]:
    """Every GPU that ships, and those of the user's profiles, by name. Raises AdvisorError where the user's table is damaged."""
    found: dict[str, GpuSpec] = {}
    for table in (folder / "gpus.csv" for folder in profile_folders()):
        if table.exists():
            try:
                with table.open(newline="", encoding="utf-8") as file:
                    found |= {row["gpu"]: _gpu(row) for row in csv.DictReader(file)}
            except (KeyError, ValueError, TypeError, csv.Error) as error:
                raise AdvisorError(
                    f"is damaged ({type(error).__name__}: {error})",
                    where=str(table),
                    hint="delete it and profile again",
                ) from None
    return found


def _gpu(row: dict[str, str]) -> GpuSpec:
    columns = {"bf16": "bf16_flops_per_s", "fp8": "fp8_flops_per_s", "fp4": "fp4_flops_per_s", "int8": "int8_ops_per_s"}
    peaks = {precision: float(row[column]) for precision, column in columns.items() if row[column]}
    return GpuSpec(
        row["gpu"],
        row["vendor"],
        row["architecture"],
        int(row["memory_bytes"]),
        float(row["memory_bytes_per_s"]),
        peaks,
        float(row["tdp_w"]),
        row["link"],
        float(row["link_bytes_per_s"]),
        row["released"],
        row["source"],
        row["source_url"],
        row["note"],
    )


def load_gpu(name: str) -> GpuSpec:
    """A GPU by its name in lower case. Raises AdvisorError with near matches."""
    known = gpus()
    folded = name.casefold()
    if folded not in known:
        raise unknown("GPU", name, known, where="--gpu")
    return known[folded]


@cache
def shipped_prices() -> tuple[Price, ...]:
    """Every price that ships."""
    return read_prices(shipped_root() / "profiles" / "prices.csv")


def read_prices(path: Path) -> tuple[Price, ...]:
    """Prices from a CSV with at least `gpu,usd_per_hour`. Raises AdvisorError naming the line."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = {"gpu", "usd_per_hour"} - set(reader.fieldnames or ())
            if missing:
                raise AdvisorError(
                    f"lacks the column {sorted(missing)[0]!r}",
                    where=str(path),
                    hint="a price file has the columns gpu,usd_per_hour",
                )
            return tuple(_price(row, f"{path}, line {reader.line_num}") for row in reader)
    except (OSError, UnicodeDecodeError) as error:
        raise AdvisorError(f"cannot be read ({error})", where=str(path)) from None


def _price(row: dict[str, str], where: str) -> Price:
    gpu = load_gpu(row["gpu"]).name
    return Price(
        gpu,
        _usd(row["usd_per_hour"], where),
        row.get("provider") or "yours",
        row.get("kind") or "on-demand",
        row.get("region") or "",
        row.get("as_of") or "",
        row.get("source") or where,
    )


def _usd(text: str, where: str) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not (math.isfinite(value) and 0 < value < 1e4):
        raise AdvisorError(f"{text!r} is not a price per hour above zero", where=where, hint="e.g. 2.10")
    return value


def parse_price(text: str) -> tuple[Price, ...]:
    """`h200-sxm=2.10usd/h`, or the path of a CSV. Raises AdvisorError."""
    match = re.fullmatch(r"([\w.-]+)=([^\s/]+?)\s*(?:usd)?\s*(?:/\s*h)?", text.strip(), re.IGNORECASE)
    if match:
        return (Price(load_gpu(match[1]).name, _usd(match[2], "--price"), "yours", "on-demand", "", "", "--price"),)
    if text.endswith(".csv"):
        return read_prices(Path(text))
    raise AdvisorError(
        f"{text!r} is neither a price nor a CSV file",
        where="--price",
        hint="accepted: h200-sxm=2.10usd/h, or prices.csv",
    )


KIND_ORDER = ("on-demand", "marketplace", "reserved-3yr", "owned")


def going_rates(own: tuple[Price, ...] = ()) -> dict[str, Price]:
    """One price a GPU: the user's own (the cheapest that is not spot), else the median shipped offer of the first kind that has any.

    The median is an offer that exists (the lower of two middle ones), not an average nobody sells.
    """
    rates: dict[str, Price] = {}
    for gpu in gpus():
        offers = [p for p in shipped_prices() if p.gpu == gpu]
        for kind in KIND_ORDER:
            of_kind = sorted((p for p in offers if p.kind == kind), key=lambda p: p.usd_per_hour)
            if of_kind:
                rates[gpu] = of_kind[(len(of_kind) - 1) // 2]
                break
    mine: dict[str, Price] = {}
    for price in own:
        if price.kind != "spot" and (price.gpu not in mine or price.usd_per_hour < mine[price.gpu].usd_per_hour):
            mine[price.gpu] = price
    return rates | mine
