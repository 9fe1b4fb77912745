"""Write profiles/gpus.csv and profiles/prices.csv from collected facts and prices.

    python profiles/make_gpus.py --facts gpu_facts.csv --prices gpu_prices.csv

Figures are dense (vendors' headline figures with sparsity are twice as high), tera is 10^12, memory is
what the driver reports where that is known, else the vendor's figure taken as decimal. `link_bytes_per_s` is one
direction of a GPU's GPU-to-GPU fabric; where there is none, of its PCIe slot.

Neither input is in the repository: both are tables collected by hand from the public places that the column `source` of
the output names. A single GPU is added as rows of gpus.csv and prices.csv, without this script. Their columns:

    facts   gpu (a name of GPUS), vendor, architecture, memory_gb, mem_bandwidth_gb_s, bf16_dense_tflops,
            fp8_dense_tflops, fp4_dense_tflops, int8_dense_tops, tdp_w, interconnect,
            interconnect_gb_s_bidirectional_total, pcie_gen (3.0 to 6.0), release (YYYY-MM), note, source
    prices  gpu (a name of GPUS), usd_hr_per_gpu, provider, kind (marketplace, spot, on-demand, rental 3yr or TCO),
            region, gpu_count, date, source
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

HERE = Path(__file__).parent
AS_OF = "2026-11-21"
NVIDIA = "https://www.nvidia.com/en-us/"
AMD = "https://www.amd.com/en/products/accelerators/instinct/"

# name in the facts table -> name here, vendor's page
GPUS = {
    "Tesla-T4": ("t4", NVIDIA + "data-center/tesla-t4/"),
    "V100-SXM2-16GB": ("v100-sxm-16gb", NVIDIA + "data-center/v100/"),
    "V100-SXM2-32GB": ("v100-sxm-32gb", NVIDIA + "data-center/v100/"),
    "A10": ("a10", NVIDIA + "data-center/products/a10-gpu/"),
    "A10G": ("a10g", "https://aws.amazon.com/ec2/instance-types/g5/"),
    "A30": ("a30", NVIDIA + "data-center/products/a30-gpu/"),
    "A40": ("a40", NVIDIA + "data-center/a40/"),
    "RTX-A6000": ("rtx-a6000", NVIDIA + "products/workstations/rtx-a6000/"),
    "A100-PCIe-40GB": ("a100-pcie-40gb", NVIDIA + "data-center/a100/"),
    "A100-PCIe-80GB": ("a100-pcie-80gb", NVIDIA + "data-center/a100/"),
    "A100-SXM-40GB": ("a100-sxm-40gb", NVIDIA + "data-center/a100/"),
    "A100-SXM-80GB": ("a100-sxm-80gb", NVIDIA + "data-center/a100/"),
    "RTX-3090": ("rtx-3090", NVIDIA + "geforce/graphics-cards/30-series/rtx-3090-3090ti/"),
    "RTX-4090": ("rtx-4090", NVIDIA + "geforce/graphics-cards/40-series/rtx-4090/"),
    "RTX-5090": ("rtx-5090", NVIDIA + "geforce/graphics-cards/50-series/rtx-5090/"),
    "L4": ("l4", NVIDIA + "data-center/l4/"),
    "L40": ("l40", NVIDIA + "data-center/l40/"),
    "L40S": ("l40s", NVIDIA + "data-center/l40s/"),
    "RTX-6000-Ada": ("rtx-6000-ada", NVIDIA + "products/workstations/rtx-6000/"),
    "RTX-PRO-6000-Blackwell-Server": (
        "rtx-pro-6000-server",
        NVIDIA + "data-center/rtx-pro-6000-blackwell-server-edition/",
    ),
    "RTX-PRO-6000-Blackwell-Workstation": (
        "rtx-pro-6000",
        NVIDIA + "products/workstations/professional-desktop-gpus/rtx-pro-6000/",
    ),
    "H100-PCIe-80GB": ("h100-pcie", NVIDIA + "data-center/h100/"),
    "H100-NVL-94GB": ("h100-nvl", NVIDIA + "data-center/h100/"),
    "H100-SXM-80GB": ("h100-sxm", NVIDIA + "data-center/h100/"),
    "GH200-96GB": ("gh200-96gb", NVIDIA + "data-center/grace-hopper-superchip/"),
    "GH200-144GB": ("gh200-144gb", NVIDIA + "data-center/grace-hopper-superchip/"),
    "H200-SXM-141GB": ("h200-sxm", NVIDIA + "data-center/h200/"),
    "H200-NVL-141GB": ("h200-nvl", NVIDIA + "data-center/h200/"),
    "H20-96GB": ("h20-sxm", ""),
    "B200-180GB": ("b200-sxm", NVIDIA + "data-center/dgx-b200/"),
    "GB200-192GB": ("gb200", NVIDIA + "data-center/gb200-nvl72/"),
    "B300-288GB": ("b300-sxm", NVIDIA + "data-center/dgx-b300/"),
    "GB300-288GB": ("gb300", NVIDIA + "data-center/gb300-nvl72/"),
    "MI250": ("mi250", AMD + "mi200/mi250.html"),
    "MI250X": ("mi250x", AMD + "mi200/mi250x.html"),
    "MI300X": ("mi300x", AMD + "mi300/mi300x.html"),
    "MI325X": ("mi325x", AMD + "mi300/mi325x.html"),
    "MI355X": ("mi355x", AMD + "mi350/mi355x.html"),
}

LISTED = "modal-labs/modal-client#2797"
SHOWN = "nvidia-smi outputs in public repositories"
REPORTED = {
    "t4": (15360, LISTED),
    "a10": (23028, LISTED),
    "l4": (23034, LISTED),
    "l40s": (46068, LISTED),
    "a100-pcie-40gb": (40960, LISTED),
    "a100-sxm-40gb": (40960, LISTED),
    "a100-pcie-80gb": (81920, LISTED),
    "a100-sxm-80gb": (81920, LISTED),
    "h100-sxm": (81559, LISTED),
    "h200-sxm": (143771, SHOWN),
    "b200-sxm": (183359, "NVIDIA/TensorRT-LLM#10278"),
    "gb200": (189471, SHOWN),
    "b300-sxm": (275040, SHOWN),
}
"""MiB of memory that the driver reports: vendors round, and mean GiB for most of these."""

ALIASES = {
    "t4": ("Tesla T4", "NVIDIA T4"),
    "v100-sxm-16gb": ("Tesla V100-SXM2-16GB",),
    "v100-sxm-32gb": ("Tesla V100-SXM2-32GB",),
    "a10": ("NVIDIA A10",),
    "a10g": ("NVIDIA A10G",),
    "a30": ("NVIDIA A30",),
    "a40": ("NVIDIA A40",),
    "rtx-a6000": ("NVIDIA RTX A6000",),
    "a100-pcie-40gb": ("NVIDIA A100-PCIE-40GB", "A100-PCIE-40GB"),
    "a100-pcie-80gb": ("NVIDIA A100 80GB PCIe",),
    "a100-sxm-40gb": ("NVIDIA A100-SXM4-40GB", "A100-SXM4-40GB"),
    "a100-sxm-80gb": ("NVIDIA A100-SXM4-80GB", "A100-SXM4-80GB"),
    "rtx-3090": ("NVIDIA GeForce RTX 3090",),
    "rtx-4090": ("NVIDIA GeForce RTX 4090",),
    "rtx-5090": ("NVIDIA GeForce RTX 5090",),
    "l4": ("NVIDIA L4",),
    "l40": ("NVIDIA L40",),
    "l40s": ("NVIDIA L40S",),
    "rtx-6000-ada": ("NVIDIA RTX 6000 Ada Generation",),
    "rtx-pro-6000-server": ("NVIDIA RTX PRO 6000 Blackwell Server Edition",),
    "rtx-pro-6000": ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition",),
    "h100-pcie": ("NVIDIA H100 PCIe",),
    "h100-nvl": ("NVIDIA H100 NVL",),
    "h100-sxm": ("NVIDIA H100 80GB HBM3",),
    "gh200-96gb": ("NVIDIA GH200 480GB",),
    "gh200-144gb": ("NVIDIA GH200 144G HBM3e",),
    "h200-sxm": ("NVIDIA H200",),
    "h200-nvl": ("NVIDIA H200 NVL",),
    "h20-sxm": ("NVIDIA H20",),
    "b200-sxm": ("NVIDIA B200",),
    "gb200": ("NVIDIA GB200",),
    "b300-sxm": ("NVIDIA B300 SXM6 AC", "NVIDIA B300"),
    "gb300": ("NVIDIA GB300",),
}
"""Names that NVIDIA's driver reports, as seen in nvidia-smi outputs of public repositories. An H20-3e (141 GB), a Max-Q
RTX PRO 6000 and an A100-SXM-64GB are other GPUs, and have no row."""

COMPUTE_CAPABILITY = {
    "Volta": "7.0",
    "Turing": "7.5",
    "Ampere": "8.6",
    "Ada": "8.9",
    "Hopper": "9.0",
    "Blackwell": "10.0",
    "Blackwell Ultra": "10.3",
    "CDNA2": "gfx90a",
    "CDNA3": "gfx942",
    "CDNA4": "gfx950",
}
"""By generation: https://nvidia.github.io/TransformerEngine/support_matrix.html; of AMD the names that vLLM's install
page gives to MI200, MI300 and MI350."""
A100_CAPABILITY, WORKSTATION_BLACKWELL_CAPABILITY = "8.0", "12.0"

NODE_GPUS = {"gb200": 16, "gb300": 16, "gh200-96gb": 1, "gh200-144gb": 1}
"""GPUs of one fast-linked system where that is not eight: of a rack the sixteen that were measured together, of a Grace
Hopper node one."""

ALONE = "700 W of the GPU alone, as of its chip on an H100 SXM; the module with its CPU takes up to 1,000"
GPU_ALONE = {"gh200-96gb": ("700", ALONE), "gh200-144gb": ("700", ALONE)}
"""Power limit, and what is noted of it, where the vendor's figure is of more than the GPU: no host is counted."""

PCIE_BYTES_PER_S = {"3.0": 16e9, "4.0": 32e9, "5.0": 64e9, "6.0": 128e9}
KINDS = (
    ("marketplace", "marketplace"),
    ("spot", "spot"),
    ("on-demand", "on-demand"),
    ("rental 3yr", "reserved-3yr"),
    ("TCO", "owned"),
)


def compute_capability(name: str, architecture: str) -> str:
    """Of NVIDIA as CUDA counts, of AMD the name of the instruction set."""
    if name.startswith("a100") or name == "a30":
        return A100_CAPABILITY
    if name.startswith("rtx") and architecture == "Blackwell":
        return WORKSTATION_BLACKWELL_CAPABILITY
    return COMPUTE_CAPABILITY[architecture]


SKYPILOT = "skypilot-org/skypilot-catalog"
HYPERSTACK = ("hyperstack", "on-demand", "2025-H2", f"{SKYPILOT}@fdc9d908 catalogs/v8/hyperstack/vms.csv")
HYPERBOLIC = ("hyperbolic", "on-demand", "2025-H2", f"{SKYPILOT}@0082b043 catalogs/v8/hyperbolic/vms.csv")
NEBIUS = ("nebius", "on-demand", "2025-H2", f"{SKYPILOT}@0082b043 catalogs/v8/nebius/vms.csv")
NEBIUS_SPOT = ("nebius", "spot", "2025-H2", f"{SKYPILOT}@0082b043 catalogs/v8/nebius/vms.csv")
LAMBDA = ("lambda", "on-demand", "2026", f"{SKYPILOT}@0f407038 catalogs/v8/lambda/vms.csv (first 16k chars)")

# offer, name here, {GPUs: USD per hour of the whole machine}: sizes that the collected table leaves out
MORE_SIZES = (
    (HYPERSTACK, "a100-pcie-80gb", {2: 2.7, 4: 5.4, 8: 10.8}),
    (HYPERSTACK, "h100-pcie", {2: 3.8, 4: 7.6, 8: 15.2}),
    (HYPERSTACK, "l40", {2: 2.0, 4: 4.0, 8: 8.0}),
    (HYPERSTACK, "rtx-a6000", {2: 1.0, 4: 2.0, 8: 4.0}),
    (HYPERBOLIC, "h100-sxm", {2: 2.58, 3: 3.87}),
    (NEBIUS, "l40s", {2: 4.5688, 4: 9.1376}),
    (NEBIUS_SPOT, "h100-sxm", {8: 10.0}),
    (NEBIUS_SPOT, "h200-sxm", {8: 11.6}),
    (LAMBDA, "rtx-a6000", {2: 2.18}),
)


def gpu_row(name: str, url: str, facts: dict[str, str]) -> dict[str, object]:
    """One row of gpus.csv."""
    link = float(facts["interconnect_gb_s_bidirectional_total"] or 0) * 1e9 / 2
    reported_mib, seen = REPORTED.get(name, (None, ""))

    def flops(column: str) -> str:
        return f"{float(facts[column]) * 1e12:.4g}" if facts[column] else ""

    tdp_w, note = GPU_ALONE.get(name, (facts["tdp_w"], facts["note"]))
    return {
        "gpu": name,
        "vendor": facts["vendor"],
        "architecture": facts["architecture"],
        "compute_capability": compute_capability(name, facts["architecture"]),
        "memory_bytes": reported_mib << 20 if reported_mib else round(float(facts["memory_gb"]) * 1e9),
        "memory_bytes_per_s": f"{float(facts['mem_bandwidth_gb_s']) * 1e9:.5g}",
        "bf16_flops_per_s": flops("bf16_dense_tflops"),
        "fp8_flops_per_s": flops("fp8_dense_tflops"),
        "fp4_flops_per_s": flops("fp4_dense_tflops"),
        "int8_ops_per_s": flops("int8_dense_tops"),
        "tdp_w": tdp_w,
        "link": facts["interconnect"] if link else "PCIe",
        "link_bytes_per_s": f"{link or PCIE_BYTES_PER_S[facts['pcie_gen']]:.4g}",
        "node_gpus": NODE_GPUS.get(name, 8),
        "released": facts["release"],
        "aliases": "; ".join(ALIASES.get(name, ())),
        "note": note,
        "source": facts["source"] + (f"; memory {reported_mib} MiB: {seen}" if reported_mib else ""),
        "source_url": url,
        "as_of": AS_OF,
    }


def price_row(name: str, row: dict[str, str]) -> dict[str, object]:
    """One row of prices.csv, per GPU and hour; a market's average and a model of costs know no machines."""
    by_the_gpu = "per GPU" in row["kind"] or "TCO" in row["provider"]
    return {
        "gpu": name,
        "usd_per_hour": f"{float(row['usd_hr_per_gpu']):.4g}",
        "provider": row["provider"].replace(" (via Prime Intellect)", ""),
        "kind": next(kind for text, kind in KINDS if text in row["kind"]),
        "region": row["region"],
        "gpus_per_instance": "" if by_the_gpu else row["gpu_count"],
        "as_of": row["date"].removesuffix(" (v8 catalog)"),
        "source": row["source"],
    }


def more_sizes() -> list[dict[str, object]]:
    """Rows of prices.csv for MORE_SIZES."""
    return [
        {
            "gpu": name,
            "usd_per_hour": f"{usd / gpus:.4g}",
            "provider": provider,
            "kind": kind,
            "region": "",
            "gpus_per_instance": gpus,
            "as_of": as_of,
            "source": source,
        }
        for (provider, kind, as_of, source), name, sizes in MORE_SIZES
        for gpus, usd in sizes.items()
    ]


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, required=True, help="CSV with one line a GPU")
    parser.add_argument("--prices", type=Path, required=True, help="CSV with one line an offer")
    args = parser.parse_args()
    facts = {row["gpu"]: row for row in csv.DictReader(args.facts.open())}
    write(HERE / "gpus.csv", [gpu_row(name, url, facts[old]) for old, (name, url) in GPUS.items()])
    prices = [row for row in csv.DictReader(args.prices.open()) if row["gpu"] in GPUS]
    write(HERE / "prices.csv", [*(price_row(GPUS[row["gpu"]][0], row) for row in prices), *more_sizes()])


if __name__ == "__main__":
    main()
