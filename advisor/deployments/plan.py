"""What the files of a deployment say: the costed candidate, its commands, image, machines and load."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import partial

from advisor.deployments.images import Image, image_of, measured_start_s, releases
from advisor.deployments.load import Load, load_of
from advisor.deployments.machines import RESOURCES, gpus_per_machine, product_labels, skypilot_name
from advisor.deployments.quoting import checked_weights, checked_words, label
from advisor.errors import AdvisorError
from advisor.gpus import GpuSpec
from advisor.performance.demand import demand
from advisor.performance.parallelism import Parallelism
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.launch import (
    REWARD_ENGINE,
    TRTLLM_FILE,
    launch_words,
    reward_words,
    served_weights,
    trtllm_text,
)
from advisor.recommendation.pick import Recommendation
from advisor.recommendation.request import Request
from advisor.store.workspace import Workspace

PORT, REWARD_PORT = 8000, 8001
DOWNLOAD_BYTES_PER_S = 1e8
"""Assumed of the network that weights come over: slow, since a container that is stopped too early begins again."""
START_S = 60.0
"""An engine's start without its weights, where none was measured: about the longest of those that were."""
DISK_SHARE, DISK_BYTES = 1.2, 50e9
"""Room for the weights and for what an engine compiles, beside the image."""
GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`policy` and `reward` are the words of their commands without host and port; requests name the model `served`.

    A replica takes `gpus_each` GPUs of each of `machines`; `replicas_together` of them share one machine that is
    rented. `weights_folder` holds the weights of an own model, None where they are downloaded.
    """

    name: str
    candidate: Candidate
    request: Request
    load: Load
    image: Image
    reward_image: Image
    policy: tuple[str, ...]
    reward: tuple[str, ...]
    served: str
    weights_folder: str | None
    resource: str
    vendor: str
    product_labels: tuple[str, ...]
    skypilot: str
    machines: int
    gpus_each: int
    replicas_together: int
    engine_start_s: int
    start_from: str
    start_limit_s: int
    disk_gib: int

    @property
    def engine(self) -> str:
        """The serving software of the policy."""
        return self.request.engine

    @property
    def layout(self) -> Parallelism:
        """How one replica lies on its GPUs."""
        return Parallelism.parse(self.candidate.parallelism)

    @property
    def trtllm_text(self) -> str:
        """Of the file that the command reads, empty where it reads none."""
        return trtllm_text(self.layout) if TRTLLM_FILE in self.policy else ""

    @property
    def one_image(self) -> bool:
        """Whether one container can run everything that shares the GPUs."""
        return not self.reward or self.engine == REWARD_ENGINE

    @property
    def is_spot(self) -> bool:
        """Whether it was costed at the price of machines that may be taken away."""
        return self.candidate.rent is not None and self.candidate.rent.kind == "spot"


def plan_of(workspace: Workspace, found: Recommendation, c: Candidate) -> Plan:
    """Everything that the files of a candidate say. Raises AdvisorError for one that no file can start."""
    if c.disaggregated:
        what = "no file is known that starts engines with prefill apart"
        hint = "type the commands of `advisor recommend`, or leave the option out"
        raise AdvisorError(what, where="--prefill-parallelism", hint=hint)
    engine, gpu = found.request.engine, workspace.gpus[c.gpu]
    measured = releases(workspace, engine)
    machines = _machines(c, gpu, engine)
    weights_bytes = _weights_bytes(c, workspace)
    measured_s = measured_start_s(measured)
    start_s = START_S if measured_s is None else measured_s
    served = checked_weights(served_weights(c, engine, workspace))
    image = partial(image_of, c, workspace=workspace)
    return Plan(
        name=label(c.model),
        candidate=c,
        request=found.request,
        load=load_of(c, found.request),
        image=image(engine, measured=measured),
        reward_image=image(REWARD_ENGINE, measured=releases(workspace, REWARD_ENGINE)),
        policy=checked_words([*launch_words(c, engine, workspace), *(["--enable-metrics"] * (engine == "sglang"))]),
        reward=checked_words(reward_words(c, workspace)),
        served=served,
        weights_folder=served if os.path.isabs(served) else None,
        resource=RESOURCES.get(gpu.vendor, RESOURCES["NVIDIA"]),
        vendor=gpu.vendor,
        product_labels=product_labels(gpu),
        skypilot=skypilot_name(c.gpu),
        machines=machines,
        gpus_each=c.gpu_count // machines,
        replicas_together=_together(c) if machines == 1 else 1,
        engine_start_s=round(start_s),
        start_from="assumed" if measured_s is None else "the longest that was measured",
        start_limit_s=60 * math.ceil((start_s + weights_bytes / DOWNLOAD_BYTES_PER_S) / 60),
        disk_gib=math.ceil((DISK_SHARE * weights_bytes + DISK_BYTES) / GIB),
    )


def _machines(c: Candidate, gpu: GpuSpec, engine: str) -> int:
    """Machines that one replica lies in. Raises AdvisorError for a layout that cannot be started over several."""
    each, layout = gpus_per_machine(gpu), Parallelism.parse(c.parallelism)
    machines = math.ceil(c.gpu_count / each)
    if machines == 1:
        return 1
    where = f"{c.gpu_count} × {c.gpu}"
    if engine == "trtllm" or c.reward_model:
        what = "trtllm" if engine == "trtllm" else "a reward model beside its policy"
        hint = f"take another engine, or at most {each} GPUs a replica: --gpu {c.gpu}:{each}"
        raise AdvisorError(f"no file is known that starts {what} over {machines} machines", where=where, hint=hint)
    if layout.dp > 1 and (layout.dp % machines or layout.tp * layout.pp > each):
        what = f"{layout} does not divide over {machines} machines of {each} GPUs"
        raise AdvisorError(what, where=where, hint=f"take at most {each} GPUs a replica: --gpu {c.gpu}:{each}")
    return machines


def _together(c: Candidate) -> int:
    """Replicas that share a machine as it is billed."""
    size = c.rent.gpus_per_instance if c.rent else None
    return max(min((size or c.gpu_count) // c.gpu_count, c.replicas), 1)


def _weights_bytes(c: Candidate, workspace: Workspace) -> float:
    """Of the policy and of its reward model."""
    models = [(c.model, c.precision), *([(c.reward_model, "bf16")] if c.reward_model else [])]
    return sum(float(demand(workspace.models.spec(m), p, 1, 1).resident_weight_bytes) for m, p in models)
