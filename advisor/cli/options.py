"""Every option that several commands share, stated once, and how a workspace is opened from one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli.output import say

if TYPE_CHECKING:
    from advisor.store.workspace import Workspace


def one_of(names: Iterable[str]) -> str:
    """`a, b or c.`"""
    *others, last = names
    return f"{', '.join(others)} or {last}."


_shared: list[Workspace] = []
"""Those at a URL that this command opened: what it records is made there when it ends."""


def open_workspace(folder: str | None) -> Workspace:
    """The workspace of `--workspace` or ADVISOR_WORKSPACE; without either, what ships. Raises AdvisorError."""
    from advisor.store.workspace import Workspace

    opened = Workspace(folder)
    if opened.shared:
        _shared.append(opened)
        _say_notes(opened)
    return opened


def push_shared() -> None:
    """Make in the stores that were opened what was recorded. Raises MissingAbility where that fails, or did before."""
    while _shared:
        opened = _shared.pop()
        try:
            if opened.shared and opened.shared.unpushed:
                raise opened.shared.unpushed
            if opened.shared and opened.shared.is_behind:
                opened.push()
        finally:
            _say_notes(opened)


def next_step(opened: Workspace) -> None:
    """Where measurements went, and the command that derives points and curves from them.

    A shared store is named once all is there; else the copy of it, and `push_shared` says what is not there, and why.
    """
    shared, place = opened.shared, opened.name or opened.writable
    if shared:
        if shared.is_behind and not shared.unpushed:
            shared.push()
        _say_notes(opened)
        place = shared.url if shared.is_whole else shared.folder
    say(f"kept in {place}; next: {opened.fit_command}")


def _say_notes(opened: Workspace) -> None:
    while opened.shared and opened.shared.notes:
        say(opened.shared.notes.pop(0))


def known_workspace(folder: str | None) -> Workspace:
    """The same for a command that only reads, which says so where the folder is not there."""
    opened = open_workspace(folder)
    if opened.is_new:
        say(f"{'nothing in' if opened.shared else 'no folder'} {opened.name} yet; only what ships is known")
    return opened


def _models(incomplete: str) -> list[str]:
    known = open_workspace(None).models
    names = [*known, *(model.split("/")[-1] for model in known)]
    return [name for name in names if name.casefold().startswith(incomplete.casefold())]


def _licenses(incomplete: str) -> list[str]:
    licenses = {entry.license for entry in open_workspace(None).models.values() if entry.license}
    return sorted(name for name in licenses if name.startswith(incomplete.casefold()))


def _gpus(incomplete: str) -> list[str]:
    return [name for name in open_workspace(None).gpus if name.startswith(incomplete.casefold())]


def _tasks(incomplete: str) -> list[str]:
    tasks = {point.task for point in open_workspace(None).fits.points}
    return sorted(task for task in tasks if task.startswith(incomplete.casefold()))


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
WorkspaceFolder = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        envvar="ADVISOR_WORKSPACE",
        show_envvar=True,
        help="Folder with your measurements, or the URL of a store that several share: s3://, gs://, az://.",
    ),
]
PriceList = Annotated[
    list[str] | None,
    typer.Option("--price", help="Your own price: h200-sxm=2.10usd/h, or a CSV with gpu,usd_per_hour; repeatable."),
]
BudgetList = Annotated[
    list[str] | None,
    typer.Option(
        "--budget",
        help="Most to spend: 0.002usd, 5e13flops, 20s, 300J, 4000tokens, 2usd/1000q, 500usd/month; repeatable.",
    ),
]
Task = Annotated[
    str,
    typer.Option(
        "--task", autocompletion=_tasks, help="Benchmark task whose accuracy is compared, see `advisor tasks`."
    ),
]
TaskList = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        autocompletion=_tasks,
        help="Benchmark task, see `advisor tasks` (default gpqa-diamond); repeatable, with weights: gpqa-diamond:0.7.",
    ),
]
PriceKind = Annotated[
    str | None,
    typer.Option(
        "--price-kind",
        help="on-demand (default), spot, reserved-1y, reserved-3y, owned or marketplace: kinds are not mixed.",
    ),
]
GpuList = Annotated[
    list[str] | None,
    typer.Option(
        "--gpu",
        autocompletion=_gpus,
        help="Only this GPU, h100-sxm:2 at most so many of it in all replicas together; repeatable.",
    ),
]
Have = Annotated[
    list[str] | None,
    typer.Option("--have", help="Owned GPUs, e.g. 2xh100-sxm: only those, free or at their --price; repeatable."),
]
UsdPerKwh = Annotated[
    float | None, typer.Option("--usd-per-kwh", help="With --have: what a kilowatt-hour costs, e.g. 0.3.")
]
Running = Annotated[
    str | None,
    typer.Option(
        "--running",
        help="What runs today, shown beside the pick: 'qwen3-32b majority of 8 on 2xa100-sxm-80gb at 16 in fp8'.",
    ),
]
Hosted = Annotated[
    str | None,
    typer.Option(
        "--hosted", help="Token prices of hosted APIs, shown beside the pick: a CSV (docs/formats.md), or genai-prices."
    ),
]
ModelList = Annotated[
    list[str] | None, typer.Option("--model", autocompletion=_models, help="Only this model; repeatable.")
]
LicenseList = Annotated[
    list[str] | None,
    typer.Option(
        "--license", autocompletion=_licenses, help="Only models under this licence, e.g. apache-2.0; repeatable."
    ),
]
ExcludedModels = Annotated[
    list[str] | None, typer.Option("--exclude-model", autocompletion=_models, help="Not this model; repeatable.")
]
ExcludedGpus = Annotated[
    list[str] | None, typer.Option("--exclude-gpu", autocompletion=_gpus, help="Not this GPU; repeatable.")
]
InputTokens = Annotated[
    int | None, typer.Option("--input-tokens", help="Tokens of your own prompts, in place of the task's.")
]
OutputTokens = Annotated[
    int | None, typer.Option("--output-tokens", help="Mean tokens of one answer, in place of each model's on the task.")
]
CachedPromptTokens = Annotated[
    int | None,
    typer.Option("--cached-prompt-tokens", help="Of --input-tokens, those that the prefix cache holds already."),
]
Gpu = Annotated[str, typer.Option("--gpu", autocompletion=_gpus, help="GPU name, see `advisor gpus`.")]
Model = Annotated[str, typer.Argument(autocompletion=_models, help="A model's name, or the path of its config.json.")]
Cost = Annotated[
    str | None, typer.Option("--cost", help="usd (default; J of owned GPUs), flops, s, J or tokens, per question.")
]
Precision = Annotated[
    str | None,
    typer.Option("--precision", help="Of the weights: bf16, fp8, fp4, int8 or int4; default: the checkpoint's own."),
]
KvPrecision = Annotated[str, typer.Option("--kv-precision", help="Of the KV cache: bf16 or fp8.")]
MinAccuracy = Annotated[
    float | None, typer.Option("--min-accuracy", help="Take the cheapest that reaches this accuracy, e.g. 0.8.")
]
Confidence = Annotated[
    float, typer.Option("--confidence", help="Probability with which --min-accuracy has to be reached, 0.5 to 0.99.")
]
Evidence = Annotated[
    str,
    typer.Option(
        "--evidence",
        metavar="measured|published|any",
        help="Accuracies that count: whose answers were seen; also what sources report; also weak ones, read off"
        " charts, at second hand or from drafts.",
    ),
]
Qps = Annotated[
    float | None, typer.Option("--qps", help="Questions per second to carry; whole replicas are counted and paid.")
]
Traffic = Annotated[
    str | None,
    typer.Option(
        "--traffic",
        help="Instead of --qps a day: a CSV with hour,questions_per_second for hours 0 to 23, or 24 numbers.",
    ),
]
MaxWait = Annotated[
    str | None,
    typer.Option("--max-wait", help="Longest wait for a free place, e.g. 2s; default a tenth of an answer's time."),
]
MaxTtft = Annotated[str | None, typer.Option("--max-ttft", help="Longest time to first token, e.g. 1s.")]
MaxTpot = Annotated[str | None, typer.Option("--max-tpot", help="Longest time per output token, e.g. 50ms.")]
Percentile = Annotated[
    int, typer.Option("--percentile", help="Seconds are those that so many % of the questions stay within: 50, 95, 99.")
]
Engine = Annotated[str, typer.Option("--engine", help="Serving software: vllm, sglang or trtllm.")]
GpuCount = Annotated[int | None, typer.Option("--gpu-count", help="GPUs of one replica.")]
Layout = Annotated[
    str | None,
    typer.Option(
        "--parallelism",
        help="tp8 (tensor), tp4pp2 (with pipeline stages), dp8 (data-parallel attention, experts shared), …;"
        " default: tensor parallelism over all GPUs.",
    ),
]
MaxNumSeqs = Annotated[
    int | None,
    typer.Option("--max-num-seqs", help="Sequences that the engine runs at once at most; others wait. Default: any."),
]
MaxNumBatchedTokens = Annotated[
    int | None,
    typer.Option("--max-num-batched-tokens", help="Prompt tokens of one step at most; default 8192."),
]
SpeculativeTokens = Annotated[
    int | None,
    typer.Option("--speculative-tokens", help="Tokens drafted before each step, by the model's own MTP head."),
]
Acceptance = Annotated[
    float | None,
    typer.Option("--acceptance", help="Chance that a drafted token is accepted, those before it being so, e.g. 0.7."),
]
DraftModel = Annotated[
    str | None,
    typer.Option("--draft-model", autocompletion=_models, help="Dense model that drafts, instead of an MTP head."),
]
DiskGbPerS = Annotated[
    float | None, typer.Option("--disk-gb-per-s", help="At which weights are read at the start; default 1, assumed.")
]
Replicas = Annotated[
    int | None, typer.Option("--replicas", help="With --prefill-parallelism: engines that decode; default 1.")
]
PrefillLayout = Annotated[
    str | None,
    typer.Option(
        "--prefill-parallelism",
        help="Prompts on GPUs of their own, in engines of this layout, or same; --concurrency is of all engines.",
    ),
]
PrefillLayouts = Annotated[
    str | None,
    typer.Option(
        "--prefill-parallelism",
        help="Consider prompts on GPUs of their own too, in engines of this layout, or same as those that decode.",
    ),
]
PrefillReplicas = Annotated[int | None, typer.Option("--prefill-replicas", help="How many of these; default 1.")]
Url = Annotated[str | None, typer.Option("--url", help="An OpenAI-compatible server; default: vLLM in this process.")]
ServedModel = Annotated[str | None, typer.Option("--served-model", help="The model's name on that server.")]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        help="vLLM on a Ray cluster: its address (auto, host:6379, ray://host:10001), or local for this machine alone.",
    ),
]
RayReplicas = Annotated[
    int | None,
    typer.Option("--replicas", help="With --ray: how many engines; default: as many as the cluster has room for."),
]
EngineSettings = Annotated[
    list[str] | None,
    typer.Option("--engine-option", help="name=value for vLLM in this process, e.g. max_model_len=8192; repeatable."),
]
Answers = Annotated[
    str | None,
    typer.Option(
        "--answers", help="How answers are read: math, choice, number, exact (default of a file) or arithmetic."
    ),
]
