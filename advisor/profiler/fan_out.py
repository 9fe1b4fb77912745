"""`profile_on_ray`: many models on many kinds of GPU, each pair on a node of a Ray cluster, side by side.

The loop that chooses loads and the journals are in the process that was started, so that a node can be lost at any
moment and that process be killed: what was measured is in the workspace.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from advisor.arguments import checked_arguments
from advisor.engines.cluster import Actor, connected, nodes, one_alone, require_ray
from advisor.engines.connect import run, weights
from advisor.engines.placement import Node, alone, gpus_of
from advisor.engines.replicas import Replicas
from advisor.errors import AdvisorError, MissingAbility
from advisor.performance.parallelism import Parallelism
from advisor.profiler import cpu
from advisor.profiler.device import Device
from advisor.profiler.knowledge import Beliefs
from advisor.profiler.loop import Goal, Measured, Rig, Step, measure_loads
from advisor.profiler.profile import AsTyped, Profile, check_together, goal_of, known_model, profile_of, run_columns
from advisor.profiler.station import Setup, bench_there, station
from advisor.profiler.subject import Subject
from advisor.store.workspace import Workspace
from advisor.values import Rows, Value, several

Watch = Callable[[Subject, Step], None]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A model that could not be profiled on a GPU, and why."""

    model: str
    gpu: str
    reason: str


@dataclass(frozen=True, slots=True)
class Profiles(Value):
    """What was measured, and what could not be; `found` are runs that an earlier, interrupted call had finished."""

    profiles: tuple[Profile, ...]
    failures: Rows[Unmeasured]
    found: tuple[str, ...]


@checked_arguments
def profile_on_ray(
    workspace: Workspace,
    *,
    models: str | Sequence[str],
    ray: str,
    gpus: str | Sequence[str] | None = None,
    parallelism: str | Parallelism | None = None,
    precision: str | None = None,
    kv_precision: str = "bf16",
    engine: str = "vllm",
    dummy_weights: bool = False,
    time: str | float = "5min",
    within: float = 0.1,
    engine_option: str | Sequence[str] | None = None,
    progress: Watch | None = None,
) -> Profiles:
    """Profile every model on every one of `gpus`, as `profile` does, on a Ray cluster; pairs wait for room there.

    On a cluster without GPUs, and only there, `gpus` is left out. The same call resumes an interrupted one: loads that
    were measured are kept, and pairs that have more profiles than others are left until the others have as many.
    `progress` is called after every load. What fails for one pair is in `failures` and stops no other. Raises
    AdvisorError naming the flag, MissingAbility where there is no Ray or no cluster, or every pair failed.
    """
    require_ray()
    goal, settings = goal_of(time, within), several(engine_option)
    check_together(None, settings, dummy_weights=dummy_weights, routing=None)
    typed = AsTyped(parallelism, precision, kv_precision, engine, dummy_weights, settings)
    named = {known_model(workspace, model): model for model in several(models)}
    kinds = list(dict.fromkeys(workspace.gpus.named(gpu).name for gpu in several(gpus))) or [cpu.NAME]
    folder = workspace.writable / "measurements" / "runs"
    pairs = [
        Pair(typed.subject(workspace, name, gpu), _source(given, name))
        for (name, given), gpu in itertools.product(named.items(), kinds)
    ]
    n_sealed = {pair: pair.subject.n_sealed(folder) for pair in pairs}
    least = min(n_sealed.values())
    missing = [pair for pair in pairs if n_sealed[pair] == least]
    work = Work(workspace, folder, goal, progress or (lambda *_: None))
    done = run(_all(work, missing, ray))
    failures = [each for each in done if isinstance(each, Unmeasured)]
    if len(failures) == len(done):
        hint = "mend that, then run the same command again"
        raise MissingAbility(f"nothing could be profiled: {failures[0].reason}", where="--ray", hint=hint)
    return Profiles(
        profiles=tuple(each for each in done if isinstance(each, Profile)),
        failures=Rows(failures, Unmeasured),
        found=tuple(pair.subject.run_id for pair in pairs if n_sealed[pair] > least),
    )


def _source(given: str, model: str) -> str:
    """What vLLM loads; a folder has to be on every node under the same path."""
    found = weights(given, model)
    return os.path.abspath(found) if os.path.isdir(found) else found


@dataclass(frozen=True, slots=True)
class Pair:
    """A model on a GPU, and where its weights are."""

    subject: Subject
    weights: str


@dataclass(frozen=True, slots=True)
class Work:
    """What all pairs have in common."""

    workspace: Workspace
    folder: Path
    goal: Goal
    watch: Watch


async def _all(work: Work, pairs: Sequence[Pair], address: str) -> list[Profile | Unmeasured]:
    async with connected(address) as ray:
        there = nodes(ray)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_one(work, pair, ray, there)) for pair in pairs]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]


async def _one(work: Work, pair: Pair, ray: Any, there: Sequence[Node]) -> Profile | Unmeasured:
    subject = pair.subject
    try:
        bundles = alone(subject.engine_arguments, there, None if subject.gpu == cpu.NAME else subject.gpu)
        check = partial(_check_gpu, work.workspace, subject)
        async with one_alone(ray, bundles, station, check) as (replicas, found):
            measured = await _measured(work, pair, replicas, found)
        return profile_of(work.workspace, measured, subject)
    except AdvisorError as error:
        return Unmeasured(subject.model, subject.gpu, str(error))


def _check_gpu(workspace: Workspace, subject: Subject, found: Device | None) -> None:
    """Raises AdvisorError where the node has another GPU: Ray does not tell those of a generation apart."""
    if found and (name := workspace.gpus.of_device(found.name).name) != subject.gpu:
        raise AdvisorError(f"the node has an {name}", where=f"--gpu {subject.gpu}", hint=f"give --gpu {name}")


async def _measured(work: Work, pair: Pair, replicas: Replicas[Actor], found: Device | None) -> Measured:
    subject, workspace = pair.subject, work.workspace
    if subject.gpu == cpu.NAME and cpu.NAME not in workspace.gpus:
        cpu.kept(workspace, await replicas.ask(lambda actor: actor.call("processor")))
    arguments = subject.engine_arguments
    setup = Setup(
        pair.weights, workspace.models.spec(subject.model), arguments, subject.dummy_weights, gpus_of(arguments)
    )
    stored = None if subject.dummy_weights else Path(pair.weights)
    rig = Rig(bench_there(replicas, setup), run_columns(found, stored, None))
    watch = partial(work.watch, subject)
    return await measure_loads(subject, partial(Beliefs.read, workspace), rig, work.folder, work.goal, watch)
