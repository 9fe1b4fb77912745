"""How much of a cluster one replica takes, and how many fit: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from advisor.engines.connect import Settings
from advisor.errors import AdvisorError, MissingAbility
from advisor.units import counted

Bundles = tuple[Mapping[str, float], ...]
"""What one replica takes, a part on one node each: {"GPU": 2, "CPU": 1}."""
KIND = "accelerator_type:"


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster: its processors, its GPUs, and what Ray calls these (empty: not known)."""

    cpus: float
    gpus: float = 0.0
    kind: str = ""

    @classmethod
    def of(cls, resources: Mapping[str, float]) -> Self:
        """From the resources that Ray lists.

        >>> Node.of({"CPU": 16.0, "GPU": 8.0, "accelerator_type:H100": 1.0, "memory": 1e12})
        Node(cpus=16.0, gpus=8.0, kind='H100')
        """
        kind = next((name.removeprefix(KIND) for name in resources if name.startswith(KIND)), "")
        return cls(resources.get("CPU", 0.0), resources.get("GPU", 0.0), kind)


@dataclass(frozen=True, slots=True)
class Placement:
    """`n_replicas` of `bundles` each; `settings` are what the engine needs to run so."""

    n_replicas: int
    bundles: Bundles
    settings: dict[str, Any]


def gpus_of(settings: Settings) -> int:
    """GPUs of one replica: tensor times pipeline parallel. Raises AdvisorError."""
    return _whole(settings, "tensor_parallel_size") * _whole(settings, "pipeline_parallel_size")


def _whole(settings: Settings, name: str) -> int:
    value = settings.get(name, 1)
    if not (isinstance(value, int) and value >= 1):
        raise AdvisorError(f"{name}={value} is no number of GPUs", where="--engine-option", hint="give a whole number")
    return value


def _part(settings: Settings) -> float:
    value = settings.get("gpu_memory_utilization", 1.0)
    if not (isinstance(value, int | float) and 0 < value <= 1):
        what, hint = f"gpu_memory_utilization={value} is no share of a GPU", "give a number up to 1"
        raise AdvisorError(what, where="--engine-option", hint=hint)
    return float(value)


def placed(settings: Settings, nodes: Sequence[Node], replicas: int | None, engines: int = 1) -> Placement:
    """Where replicas go, on GPUs where the cluster has any; `engines` kinds of them share the cluster.

    A replica on one GPU takes the part of it that `gpu_memory_utilization` says where it is given; one on several takes
    them on one node where a node has so many, else over nodes by vLLM's workers on Ray. On processors alone there is
    one replica a node, unless another number is given. Raises MissingAbility where there is no room, AdvisorError
    for settings that are none.
    """
    n, own = gpus_of(settings), dict[str, Any]()
    if not any(node.gpus for node in nodes):
        return _on_processors(nodes, replicas, engines)
    bundles: Bundles
    if n == 1:
        part = _part(settings)
        most, bundles = sum(int(node.gpus) * int(1 / part) for node in nodes), ({"GPU": part, "CPU": 1.0},)
    elif most := sum(int(node.gpus // n) for node in nodes):
        bundles, own = ({"GPU": float(n), "CPU": 1.0},), {"distributed_executor_backend": "mp"}
    else:
        most, bundles = int(sum(node.gpus for node in nodes) // n), ({"GPU": 1.0, "CPU": 1.0},) * n
        own = {"distributed_executor_backend": "ray"}
    wanted = replicas or max(1, most // engines)
    if wanted * engines > most:
        raise _no_room(wanted, engines, most, f"{counted(n, 'GPU')} each")
    return Placement(wanted, bundles, own)


def alone(settings: Settings, nodes: Sequence[Node], gpu: str | None) -> Bundles:
    """What an engine takes that is measured: whole GPUs called `gpu`, or a node's processors where there are no GPUs.

    Raises MissingAbility where the cluster has none such, or too few; AdvisorError for settings that are none.
    """
    if not any(node.gpus for node in nodes):
        return placed({}, nodes, None).bundles
    kinds = sorted({node.kind for node in nodes if node.kind})
    kind = next((kind for kind in kinds if gpu is not None and is_called(gpu, kind)), None)
    listed = f"Ray lists {', '.join(kinds)}" if kinds else "Ray does not know what GPUs its nodes have"
    if gpu is None:
        raise MissingAbility(f"the cluster has GPUs ({listed})", where="--gpu", hint="name those to measure on")
    if kind is None:
        hint = """a node says so with `ray start --resources '{"accelerator_type:H100": 1}'`"""
        raise MissingAbility(f"the cluster has no {gpu} ({listed})", where="--gpu", hint=hint)
    whole = {name: value for name, value in settings.items() if name != "gpu_memory_utilization"}
    bundles = placed(whole, [node for node in nodes if node.kind == kind], 1).bundles
    return tuple({**bundle, f"{KIND}{kind}": 0.001} for bundle in bundles)


def is_called(gpu: str, kind: str) -> bool:
    """Whether Ray calls a GPU so.

    >>> is_called("h100-sxm", "H100"), is_called("a100-sxm-80gb", "A100-80G"), is_called("l40s", "L4")
    (True, True, False)
    """
    parts = gpu.casefold().split("-")
    named = [part for part in kind.casefold().split("-") if part not in {"nvidia", "geforce"}]
    return all(part in parts or f"{part}b" in parts for part in named)


def _on_processors(nodes: Sequence[Node], replicas: int | None, engines: int) -> Placement:
    """Each takes its even share of a node's processors: with fewer, Ray would give it fewer threads."""
    usable = [node.cpus for node in nodes if node.cpus >= 1]
    wanted = replicas or max(1, len(usable))
    most = int(sum(usable))
    a_node = math.ceil(wanted * engines / max(1, len(usable)))
    share = math.floor(min(usable, default=0) / a_node)
    if wanted * engines > most:
        raise _no_room(wanted, engines, most, "a processor each, for want of GPUs")
    return Placement(wanted, ({"CPU": float(max(1, share))},), {})


def _no_room(wanted: int, engines: int, most: int, of: str) -> MissingAbility:
    beside = " and as many of the reward model" if engines > 1 else ""
    what = f"no room for {counted(wanted, 'replica')}{beside} ({of}): the cluster has it for {most} in all"
    return MissingAbility(what, where="--replicas", hint="ask for fewer, or add nodes")
