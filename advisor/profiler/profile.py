"""`profile`: measure an engine on this machine's GPU, or behind a URL."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.engines.connect import Endpoint, check_url, options, run, timed, weights
from advisor.engines.protocol import EngineFailure
from advisor.engines.vllm import CountedPolicy, require_vllm
from advisor.errors import AdvisorError, checked_name, unknown
from advisor.gpus import PRECISIONS
from advisor.importers.own_model import stored_name
from advisor.models.layers import MixtureOfExperts
from advisor.models.spec import ModelSpec
from advisor.performance.demand import KV_BYTES
from advisor.performance.deployment import ENGINES
from advisor.performance.parallelism import Parallelism
from advisor.profiler.bench import bench_here
from advisor.profiler.checkpoint import stored_bytes
from advisor.profiler.coverage import Coverage, repeat_half_width
from advisor.profiler.cpu import measured_cpu
from advisor.profiler.device import Device, Meter, device
from advisor.profiler.knowledge import Beliefs
from advisor.profiler.loop import Goal, Measured, Rig, Step, measure_loads
from advisor.profiler.routing import Routing, count_experts, routing_of
from advisor.profiler.subject import Subject
from advisor.store.doubts import doubtful_notes, doubts_of
from advisor.store.runs import Run
from advisor.store.workspace import Workspace
from advisor.tasks.task import load
from advisor.units import counted as number_of
from advisor.units import parse_duration
from advisor.values import Rows, Value, several

ROUTED_QUESTIONS = 64
OWN_FLAGS = {
    "kv_cache_dtype": "--kv-precision",
    "tensor_parallel_size": "--parallelism",
    "pipeline_parallel_size": "--parallelism",
}
"""Settings of the engine that are columns of a run: given past their flags, the run would be recorded as another."""

AS_GIVEN = "a server does not show the precision of its weights and cache: recorded as given"
RANDOM_ROUTING = (
    "random weights route tokens uniformly over the experts: trained ones touch fewer at small batches, so decoding may"
    " be faster there"
)


@dataclass(frozen=True, slots=True)
class Profile(Value):
    """What was measured: `half_width` is the 90 % interval of a measured TPOT of nine tenths of all loads, as a share.

    `coverage` counts how often such intervals held so far. `repeat_half_width` is that of one load measured again,
    below which no prediction gets: this machine's own noise; None where none was.
    """

    run_id: str
    path: str
    half_width: float
    coverage: Coverage
    repeat_half_width: float | None
    loads: Rows[Run]
    routing: Routing | None
    notes: tuple[str, ...]


@checked_arguments
def profile(
    workspace: Workspace,
    *,
    model: str,
    url: str | None = None,
    served_model: str | None = None,
    gpu: str | None = None,
    parallelism: str | Parallelism | None = None,
    precision: str | None = None,
    kv_precision: str = "bf16",
    engine: str = "vllm",
    dummy_weights: bool = False,
    routing: str | None = None,
    time: str | float = "5min",
    within: float = 0.1,
    engine_option: str | Sequence[str] | None = None,
    progress: Callable[[Step], None] | None = None,
) -> Profile:
    """Measure speed, memory and power, the most informative loads first; the same call resumes an interrupted one.

    Stops when nine tenths of all loads are predicted `within` (0.1: ±10 %), by intervals that held when loads were
    measured, or when the time (seconds, or text like `5min`) is up. `routing` names a task whose answers first count
    the experts that tokens take. `progress` is called after every load. Raises AdvisorError naming the flag,
    MissingAbility where an engine is missing.
    """
    check_url(url, where="--url")
    goal = goal_of(time, within)
    settings: tuple[str, ...] = several(engine_option)
    check_together(url, settings, dummy_weights=dummy_weights, routing=routing)
    name = known_model(workspace, model)
    if not url:
        require_vllm()
    found = None if url else device()
    typed = AsTyped(parallelism, precision, kv_precision, engine, dummy_weights, settings)
    subject = typed.subject(workspace, name, _gpu(workspace, gpu, found, url), served=bool(url))
    served = checked_name(served_model or name, where="--served-model")
    source = Endpoint(url, served) if url else weights(model, name)
    spec = workspace.models.spec(name)
    counted = _routing(routing, spec, source, subject) if routing else None
    start = partial(timed, source, spec, subject.engine_arguments, dummy_weights=dummy_weights)
    meter = Meter(found, Parallelism.parse(subject.parallelism).gpu_count)
    stored = None if dummy_weights else Path(weights(model, name))
    rig = Rig(bench_here(start, meter), run_columns(found, stored, counted))
    folder = workspace.writable / "measurements" / "runs"
    believe = partial(Beliefs.read, workspace)
    measured = run(measure_loads(subject, believe, rig, folder, goal, progress or (lambda _: None)))
    return profile_of(workspace, measured, subject, counted, AS_GIVEN if url else "")


@dataclass(frozen=True, slots=True)
class AsTyped:
    """How a model is to run, as it was typed."""

    parallelism: str | Parallelism | None
    precision: str | None
    kv_precision: str
    engine: str
    dummy_weights: bool
    settings: tuple[str, ...]

    def subject(self, workspace: Workspace, model: str, gpu: str, *, served: bool = False) -> Subject:
        """A model so, on a GPU; `served`: by a server that was started already. Raises AdvisorError."""
        stored = workspace.models.checkpoint_precision(model)
        precision = _known(self.precision or stored, PRECISIONS, "--precision")
        return Subject(
            model=model,
            gpu=gpu,
            parallelism=_layout(self.parallelism, served=served),
            precision=precision,
            engine=_known(self.engine, ENGINES, "--engine"),
            dummy_weights=self.dummy_weights,
            kv_precision=_known(self.kv_precision, KV_BYTES, "--kv-precision"),
            settings=self.settings if served else _quantized(self.settings, precision, stored),
        )


def profile_of(
    workspace: Workspace, measured: Measured, subject: Subject, counted: Routing | None = None, note: str = ""
) -> Profile:
    """What was measured, with everything that is to be said of it."""
    random = RANDOM_ROUTING if subject.dummy_weights and workspace.models.spec(subject.model).is_moe else ""
    resumed = f"{number_of(measured.n_found, 'load')} measured before it was interrupted" if measured.n_found else ""
    return Profile(
        run_id=measured.path.stem,
        path=str(measured.path),
        half_width=measured.half_width,
        coverage=measured.coverage,
        repeat_half_width=repeat_half_width(measured.runs),
        loads=Rows(measured.runs),
        routing=counted,
        notes=(
            *(text for text in (measured.note, note, random, resumed) if text),
            *_doubtful(workspace, measured.runs),
        ),
    )


def _doubtful(workspace: Workspace, runs: Sequence[Run]) -> list[str]:
    """Which loads cannot be what was measured, and why."""
    rows = [asdict(run) for run in runs]
    return doubtful_notes(rows, doubts_of(rows, workspace.models, workspace.gpus))


def goal_of(time: str | float, within: float) -> Goal:
    """When to stop. Raises AdvisorError."""
    return Goal(_seconds(time), _share(within))


def _seconds(given: str | float) -> float:
    return parse_duration(given if isinstance(given, str) else f"{given!r}s", where="--time")


def _share(within: float) -> float:
    if not (math.isfinite(within) and 0.005 <= within <= 1):
        hint = "give a share from 0.005 to 1: 0.1 is ±10 %"
        raise AdvisorError(f"{within:g} is out of range", where="--within", hint=hint)
    return within


def check_together(url: str | None, settings: Sequence[str], *, dummy_weights: bool, routing: str | None) -> None:
    """Options that cannot be combined. Raises AdvisorError."""
    if url and (dummy_weights or settings):
        flag = "--dummy-weights" if dummy_weights else "--engine-option"
        hint = "set it where the server is started"
        raise AdvisorError("is for vLLM in process and cannot be combined with --url", where=flag, hint=hint)
    options(settings)
    for setting in settings:
        if flag := OWN_FLAGS.get(setting.partition("=")[0], ""):
            what = f"{setting} has a flag of its own, which is recorded"
            raise AdvisorError(what, where="--engine-option", hint=f"give {flag} instead")
    if routing and (url or dummy_weights):
        other = "--url" if url else "--dummy-weights"
        what = f"is for vLLM in process with real weights and cannot be combined with {other}"
        raise AdvisorError(what, where="--routing", hint="leave one of them out")


def _quantized(settings: tuple[str, ...], precision: str, stored: str) -> tuple[str, ...]:
    """The engine's settings, sorted, with that which makes the recorded precision true. Raises AdvisorError."""
    if any(setting.partition("=")[0] == "quantization" for setting in settings):
        if precision == stored:
            hint = "give --precision too: fp8 for quantization=fp8"
            raise AdvisorError(f"would be recorded as {stored}", where="--engine-option", hint=hint)
    elif (stored, precision) == ("bf16", "fp8"):
        settings = (*settings, "quantization=fp8")
    elif precision != stored:
        hint = "give the folder of a checkpoint in it, or --engine-option quantization=..."
        raise AdvisorError(f"vLLM does not make {precision} of {stored} weights", where="--precision", hint=hint)
    return tuple(sorted(settings))


def _layout(parallelism: str | Parallelism | None, *, served: bool) -> str:
    layout = Parallelism.parse(str(parallelism or "tp1"))
    if layout.dp > 1 and not served:
        what, hint = f"{layout}: vLLM in process runs one data-parallel group", "start a server and give --url"
        raise AdvisorError(what, where="--parallelism", hint=hint)
    return str(layout)


def _known(value: str, known: Collection[str], flag: str) -> str:
    if value not in known:
        raise unknown(flag.removeprefix("--"), value, known, where=flag)
    return value


def known_model(workspace: Workspace, model: str) -> str:
    """Its name, with a config here: predictions need it. Raises AdvisorError."""
    name = stored_name(workspace, model)
    if name not in workspace.models:
        hint = "give its folder, or `advisor import model FOLDER` first"
        raise AdvisorError(f"{model!r} is unknown here", where="MODEL", hint=hint)
    return name


def _gpu(workspace: Workspace, gpu: str | None, found: Device | None, url: str | None) -> str:
    """The name of what it runs on: as given, else this machine's GPU, else its processor. Raises AdvisorError."""
    if gpu:
        return workspace.gpus.named(gpu).name
    if url:
        raise AdvisorError(
            "a server does not report what it runs on", where="--gpu", hint="name its GPU, see `advisor gpus`"
        )
    return (workspace.gpus.of_device(found.name) if found else measured_cpu(workspace)).name


def _routing(task: str, spec: ModelSpec, source: Endpoint | str, subject: Subject) -> Routing:
    """Experts taken while the model answers the task's questions. Raises AdvisorError, MissingAbility."""
    blocks = (layer.feed_forward for layer in spec.layers)
    mixture = next((block for block in blocks if isinstance(block, MixtureOfExperts)), None)
    if mixture is None:
        raise AdvisorError(f"{subject.model} has no experts", where="--routing", hint="leave it out")
    questions = load(task, n_questions=ROUTED_QUESTIONS).questions
    try:
        steps = run(count_experts(partial(CountedPolicy, str(source), **subject.engine_arguments), questions))
    except EngineFailure as failure:
        hint = "give shorter questions, or a longer max_model_len"
        raise AdvisorError(f"a question was not answered ({failure})", where="--routing", hint=hint) from None
    return routing_of(steps, mixture.n_experts, mixture.experts_per_token)


def run_columns(found: Device | None, checkpoint: Path | None, counted: Routing | None) -> dict[str, object]:
    """Columns of Run that are the same for every load."""
    return {
        "source": "advisor profile",
        "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "driver": found.driver if found else None,
        "clock_hz": found.clock_hz if found else None,
        "weights_bytes": stored_bytes(checkpoint) if checkpoint else None,
        "expert_skew": counted.skew if counted else None,
    }
