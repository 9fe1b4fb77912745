"""Which files a deployment has, what each is for, how it was checked, and why one is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from advisor.deployments.alerts import METRICS
from advisor.deployments.plan import Plan
from advisor.recommendation.launch import REWARD_ENGINE
from advisor.values import Value

VLLM_PARSED = "its command parsed by vLLM 0.32's own parser, not started on GPUs"
FLAGS_DOCUMENTED = "the flags of its command are those of the engine's documentation; not started on GPUs"


@dataclass(frozen=True, slots=True)
class DeployedFile(Value):
    """A file that was written; `checked`: how files like it were."""

    name: str
    what: str
    checked: str


@dataclass(frozen=True, slots=True)
class FileKind:
    """`why_not` says why a plan has no such file, in a text that is empty where it has one; None: it is not missed."""

    name: str
    what: str
    checked: str
    why_not: Callable[[Plan], str | None] = lambda plan: ""


def of(kind: FileKind, plan: Plan) -> DeployedFile:
    """The file of a plan."""
    how = VLLM_PARSED if plan.engine == "vllm" else FLAGS_DOCUMENTED
    return DeployedFile(kind.name, kind.what, f"{kind.checked}; {how}" if kind.name == "serve.sh" else kind.checked)


def _in_containers(plan: Plan) -> str:
    """Why no container can be made."""
    return "" if plan.image.name else plan.image.why


def _on_one_machine(plan: Plan) -> str:
    return f"one replica lies in {plan.machines} machines" if plan.machines > 1 else _in_containers(plan)


def _in_one_container(plan: Plan) -> str:
    shared = f"{plan.engine} and {REWARD_ENGINE} share the GPUs and no image holds both: compose.yaml starts them"
    return _on_one_machine(plan) or ("" if plan.one_image else shared)


def _over_machines(plan: Plan) -> str | None:
    return _in_containers(plan) if plan.machines > 1 else None


def _by_kserve(plan: Plan) -> str:
    if plan.engine != "vllm":
        return "KServe's LLMInferenceService starts vLLM"
    if plan.reward:
        return "KServe's LLMInferenceService has no place for a reward model on the same GPUs"
    if plan.weights_folder:
        return "the weights are in a folder of yours, which KServe does not read"
    return _on_one_machine(plan)


def _by_skypilot(plan: Plan) -> str:
    unknown = "" if plan.skypilot else f"SkyPilot's name of {plan.candidate.gpu} is not known"
    return _in_one_container(plan) or unknown


def _alerted(plan: Plan) -> str:
    return "" if plan.engine in METRICS else f"the metrics of {plan.engine} are not known here"


FILES = (
    FileKind("serve.sh", "starts one replica on this machine", "bash and ShellCheck"),
    FileKind(
        "compose.yaml",
        "starts the replicas of one machine with Docker",
        "field names and types of the Compose specification, by a schema of our own; not started",
        _on_one_machine,
    ),
    FileKind(
        "kubernetes.yaml",
        "Deployment and Service",
        "Kubernetes' own schema (1.37, strict); not applied to a cluster",
        _in_one_container,
    ),
    FileKind(
        "leaderworkerset.yaml",
        "LeaderWorkerSet and Service: a replica over several machines",
        "its pods by Kubernetes' own schema; the rest is unvalidated, fields as in the v1 API's documentation",
        _over_machines,
    ),
    FileKind(
        "kserve.yaml",
        "LLMInferenceService",
        "its pod by Kubernetes' own schema; the rest is unvalidated, fields as in the v1alpha1 API's documentation",
        _by_kserve,
    ),
    FileKind(
        "sky.yaml",
        "SkyPilot service, on any cloud",
        "SkyPilot 0.14's own task and service schema; not launched",
        _by_skypilot,
    ),
    FileKind(
        "smoke_test.sh",
        "the load that was costed, sent to one replica and judged",
        "bash and ShellCheck; its command parsed by vLLM 0.32's own parser",
    ),
    FileKind("alerts.yaml", "Prometheus rules from what was predicted", "promtool 2.42", _alerted),
)
README = FileKind("README.md", "the order of commands, and where each figure comes from", "")
