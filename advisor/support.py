"""Which precision an engine runs on which GPUs, and which models it does not: rows of support.csv and families.csv."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.gpus import PRECISIONS, GpuSpec
from advisor.tables import column, read_rows

ANY_AMD = "gfx*"
HINT = "delete it: what ships is read without it"


class Support(StrEnum):
    """How an engine runs a precision on a GPU."""

    NATIVE = "native"
    """Products in that precision (of a cache: attention reads it directly)."""
    EMULATED = "emulated"
    """Stored in that precision, multiplied in 16 bit."""
    REFUSED = "refused"
    """It does not start, or not in that precision."""


class Part(StrEnum):
    """What is held in a precision."""

    WEIGHTS = "weights"
    KV_CACHE = "kv_cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportRow:
    """How one engine runs one precision on one generation of GPUs.

    An NVIDIA GPU follows the row with the highest capability that is not above its own, and below all of them the
    precision is refused. Where a model family has rows of its own, the others do not count for it. A cache in 16 bit
    needs no row. A workspace's own rows come before what ships.
    """

    engine: str = column("vllm, sglang or trtllm")
    part: Part = column("weights or kv_cache")
    precision: str = column("bf16, fp8, fp4, int8 or int4")
    compute_capability: str = column(
        f"`8.9`: this and newer NVIDIA GPUs; `gfx942`: these AMD GPUs; `{ANY_AMD}`: AMD GPUs without a row"
    )
    family: str = column("`model_type` of the models it is about; empty: all others", default="")
    support: Support = column("native; emulated: stored so, multiplied in 16 bit; or refused")
    note: str = column("how, or why not", default="")
    source: str = column("where it was seen; `unverified`: believed, not found")
    as_of: str = column("when it was seen, ISO date", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A model family that one engine runs on some GPUs only, or not at all. Families without a row run."""

    engine: str = column("vllm, sglang or trtllm")
    family: str = column("`model_type` of its config.json")
    compute_capability: str = column("lowest one of the NVIDIA GPUs that run it; empty: none does", default="")
    amd: str = column("AMD GPUs that run it, separated by `; `", default="")
    note: str = column("why", default="")
    source: str = column("where it was seen; `unverified`: believed, not found")
    as_of: str = column("when it was seen, ISO date", default="")

    def runs(self, gpu: GpuSpec) -> bool:
        """Whether the engine runs the family on this GPU."""
        if version(gpu.compute_capability) is None:
            return gpu.compute_capability in self.amd.split("; ")
        return bool(self.compute_capability) and _at_least(gpu.compute_capability, self.compute_capability)


Key = tuple[str, str, str, str]


class SupportTable:
    """Rows of both tables, found by engine, precision, GPU and model family."""

    def __init__(self, rows: Iterable[SupportRow] = (), families: Iterable[FamilyRow] = ()) -> None:
        self.rows = tuple(rows)
        self._rows: dict[Key, dict[str, SupportRow]] = {}
        for row in self.rows:
            key = (row.engine, row.part.value, row.precision, row.family)
            self._rows.setdefault(key, {})[row.compute_capability] = row
        self._families = {(row.engine, row.family): row for row in families}

    @classmethod
    def read(cls, folders: Iterable[Path]) -> SupportTable:
        """`support.csv` and `families.csv` of each folder, later rows over earlier ones. Raises AdvisorError."""
        places = tuple(folders)
        return cls(
            [row for folder in places for row in _checked(folder / "support.csv")],
            [row for folder in places for row in read_rows(folder / "families.csv", FamilyRow, hint=HINT)],
        )

    def row(self, engine: str, part: Part, precision: str, gpu: GpuSpec, family: str) -> SupportRow | None:
        """What holds for a model family on a GPU; None where the table has no row for it."""
        nvidia = version(gpu.compute_capability) is not None
        for whose in (family, ""):
            rows = self._rows.get((engine, part.value, precision, whose), {})
            if of_vendor := {cc: row for cc, row in rows.items() if (version(cc) is not None) is nvidia}:
                return _of_gpu(of_vendor, gpu.compute_capability)
        return None

    def runs(self, engine: str, part: Part, precision: str, gpu: GpuSpec, family: str) -> bool:
        """Whether it starts so; of a GPU whose compute capability is not known, nothing is refused."""
        if not gpu.compute_capability:
            return True
        found = self.row(engine, part, precision, gpu, family)
        return found is not None and found.support is not Support.REFUSED

    def family(self, engine: str, gpu: GpuSpec, family: str) -> FamilyRow | None:
        """The row that refuses a model family on a GPU, None where none does."""
        row = self._families.get((engine, family))
        return row if row and gpu.compute_capability and not row.runs(gpu) else None

    def precisions(self, engine: str, part: Part, gpu: GpuSpec, family: str, support: Support) -> tuple[str, ...]:
        """The precisions that an engine runs in that way on a GPU."""
        found = ((p, self.row(engine, part, p, gpu, family)) for p in PRECISIONS)
        return tuple(precision for precision, row in found if row and row.support is support)

    def needed(self, engine: str, part: Part, precision: str, gpu: GpuSpec, family: str) -> tuple[str, ...]:
        """The GPUs that run a precision: of the same vendor the lowest capability or the names, else the other's."""
        nvidia = version(gpu.compute_capability) is not None
        for same in (True, False):
            for whose in (family, ""):
                rows = self._rows.get((engine, part.value, precision, whose), {})
                of_vendor = [row for cc, row in rows.items() if (version(cc) is not None) is (nvidia is same)]
                running = [row.compute_capability for row in of_vendor if row.support is not Support.REFUSED]
                if running:
                    lowest = sorted(running, key=lambda cc: version(cc) or (0, 0))
                    return tuple(lowest[:1] if version(lowest[0]) else lowest)
                if of_vendor:
                    break
        return ()


@cache
def version(compute_capability: str) -> tuple[int, int] | None:
    """An NVIDIA compute capability as two numbers, None for AMD's names.

    >>> version("10.3"), version("gfx942")
    ((10, 3), None)
    """
    major, dot, minor = compute_capability.partition(".")
    return (int(major), int(minor)) if dot and major.isdigit() and minor.isdigit() else None


def _at_least(capability: str, lowest: str) -> bool:
    mine, other = version(capability), version(lowest)
    return mine is not None and other is not None and mine >= other


def _of_gpu(rows: dict[str, SupportRow], capability: str) -> SupportRow | None:
    if version(capability) is None:
        return rows.get(capability) or rows.get(ANY_AMD)
    below = [row for cc, row in rows.items() if _at_least(capability, cc)]
    return max(below, key=lambda row: version(row.compute_capability) or (0, 0), default=None)


def _checked(path: Path) -> tuple[SupportRow, ...]:
    rows = read_rows(path, SupportRow, hint=HINT)
    for line, row in enumerate(rows, 2):
        capability = row.compute_capability
        if version(capability) is None and not capability.startswith("gfx"):
            what = f"compute_capability is {capability!r}, not like 8.9, gfx942 or {ANY_AMD}"
            raise AdvisorError(what, where=f"{path}, line {line}", hint=HINT)
    return rows
