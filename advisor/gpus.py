"""GPUs: rows of gpus.csv, found by our name or by the exact name that the driver reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import AdvisorError, unknown
from advisor.tables import column, outside, read_rows
from advisor.values import Rows

if TYPE_CHECKING:
    import pandas

PRECISIONS = ("bf16", "fp8", "fp4", "int8", "int4")
BYTES_PER_WEIGHT = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5625, "int8": 1.0, "int4": 0.5625}
"""fp4 and int4 with one 8-bit scale for 16 weights, as in NVFP4; a checkpoint may have fewer (quantization.py)."""

RANGES = {
    "memory_bytes": (2**20, 2**60),
    **dict.fromkeys(("memory_bytes_per_s", "link_bytes_per_s"), (1e6, 1e18)),
    **dict.fromkeys(("bf16_flops_per_s", "fp8_flops_per_s", "fp4_flops_per_s", "int8_ops_per_s"), (1e6, 1e20)),
    "node_gpus": (1, 10**6),
}
"""What a figure can be at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSpec:
    """One GPU: peaks are dense (vendors' headline figures with sparsity are twice as high), tera is 10^12."""

    gpu: str = column("our name, lower case with its form: `h100-sxm`")
    vendor: str = column("NVIDIA or AMD", default="")
    architecture: str = column("the vendor's name of the generation", default="")
    compute_capability: str = column("NVIDIA's number or AMD's name, `9.0` or `gfx942`; empty: unknown", default="")
    memory_bytes: int = column("as the driver reports it where that is known, else the vendor's figure")
    memory_bytes_per_s: float = column("peak memory bandwidth")
    bf16_flops_per_s: float = column("dense peak of 16-bit products")
    fp8_flops_per_s: float | None = column("dense peak; empty: the GPU has no such units", default=None)
    fp4_flops_per_s: float | None = column("dense peak; empty: the GPU has no such units", default=None)
    int8_ops_per_s: float | None = column("dense peak; empty: the GPU has no such units", default=None)
    tdp_w: float = column("power limit; nan: not known")
    link: str = column("what joins GPUs of one node", default="")
    link_bytes_per_s: float = column("one direction of a GPU's fabric, or of its PCIe slot")
    node_gpus: int = column("GPUs that share that link at most", default=8)
    released: str = column("YYYY-MM", default="")
    aliases: str = column("exact names that drivers report, separated by `; `", default="")
    note: str = column("what differs from its siblings", default="")
    source: str = column("where the figures were seen", default="")
    source_url: str = column("the vendor's page", default="")
    as_of: str = column("when they were seen, ISO date", default="")

    @property
    def name(self) -> str:
        """Our name."""
        return self.gpu

    @property
    def peak_flops_per_s(self) -> dict[str, float]:
        """Dense peaks by the precision of the products, those it has."""
        peaks = {
            "bf16": self.bf16_flops_per_s,
            "fp8": self.fp8_flops_per_s,
            "fp4": self.fp4_flops_per_s,
            "int8": self.int8_ops_per_s,
        }
        return {precision: peak for precision, peak in peaks.items() if peak}

    def compute_precision(self, weights: str) -> str:
        """The number format the products run in: the weights' own where the GPU has it, else 16 bit."""
        # int4 is weight-only: engines multiply in 16 bit, as they do with fp4 on GPUs without it
        return "bf16" if weights == "int4" or weights not in self.peak_flops_per_s else weights

    def kernel_precision(self, weights: str) -> str:
        """Whose kernels multiply them: a GPU without units for fp4 widens such weights as it does those in int4."""
        return "int4" if weights == "fp4" and weights not in self.peak_flops_per_s else weights


def _fault(spec: GpuSpec) -> str | None:
    return outside(spec, RANGES)


class Gpus(Mapping[str, GpuSpec]):
    """GPUs by our name, in any case."""

    def __init__(self, specs: Iterable[GpuSpec]) -> None:
        self._by_name = {spec.gpu.casefold(): spec for spec in specs}

    @classmethod
    def read(cls, folders: Iterable[Path]) -> Gpus:
        """`gpus.csv` of each folder, later ones over earlier ones. Raises AdvisorError for a damaged table."""
        hint = "delete it and profile again"
        tables = (read_rows(folder / "gpus.csv", GpuSpec, hint=hint, fault=_fault) for folder in folders)
        return cls(spec for table in tables for spec in table)

    def __getitem__(self, name: str) -> GpuSpec:
        return self._by_name[name.casefold()]

    def __iter__(self) -> Iterator[str]:
        return (spec.gpu for spec in self._by_name.values())

    def __repr__(self) -> str:
        return f"<{len(self)} GPUs>"

    def __len__(self) -> int:
        return len(self._by_name)

    def named(self, name: str, *, where: str = "--gpu") -> GpuSpec:
        """A GPU by its name in any case. Raises AdvisorError with near matches."""
        if name not in self:
            raise unknown("GPU", name, self, where=where, listed_by="advisor gpus")
        return self[name]

    def of_device(self, device_name: str) -> GpuSpec:
        """The GPU that a driver calls so, exactly (case aside). Raises AdvisorError naming what was seen.

        A part of the name is never enough: an A100-SXM-64GB is no A10, an RTX A4000 no A40.
        """
        for spec in self.values():
            if device_name.casefold() in {alias.casefold() for alias in spec.aliases.split("; ") if alias}:
                return spec
        what = f"this machine has a {device_name!r}, which is not in the table of GPUs"
        raise AdvisorError(what, where="--gpu", hint="name the one it equals with --gpu, see `advisor gpus`")

    def to_frame(self) -> pandas.DataFrame:
        """One line a GPU."""
        return Rows(self.values()).to_frame()
