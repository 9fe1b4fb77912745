"""Commands that measure speed, bring measurements in and learn from them: profile, verify, import, fit."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import options
from advisor.cli.output import emit, say
from advisor.errors import AdvisorError, MissingAbility, NoAnswer, unknown
from advisor.importers import IMPORTERS
from advisor.printable import shown

if TYPE_CHECKING:
    from advisor.profiler.loop import Step
    from advisor.profiler.subject import Subject


def profile(
    model: Annotated[
        list[str],
        typer.Argument(
            help="A model's name, a Hugging Face id, or a folder; with --dummy-weights its config.json is enough."
            " Several with --ray."
        ),
    ],
    url: options.Url = None,
    served_model: options.ServedModel = None,
    gpu: Annotated[
        list[str] | None,
        typer.Option(help="What it runs on; default: this machine's GPU, or its processor. Repeatable with --ray."),
    ] = None,
    parallelism: Annotated[str | None, typer.Option(help="tp8, tp4pp2, …; default tp1.")] = None,
    precision: options.Precision = None,
    kv_precision: options.KvPrecision = "bf16",
    engine: options.Engine = "vllm",
    dummy_weights: Annotated[
        bool, typer.Option("--dummy-weights", help="Random weights: only config.json is needed.")
    ] = False,
    routing: Annotated[
        str | None,
        typer.Option(help="First count the experts that answers to this task use: arithmetic, gsm8k, …, or a file."),
    ] = None,
    time_limit: Annotated[
        str, typer.Option("--time", help="Longest time to measure once the engine runs, e.g. 5min.")
    ] = "5min",
    within: Annotated[
        float,
        typer.Option(
            help="Stop when a measurement of nine tenths of all loads is predicted this closely, 0.1 is ±10 %, by"
            " intervals that held so far."
        ),
    ] = 0.1,
    engine_option: options.EngineSettings = None,
    ray: options.Ray = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure speed, memory and power of a GPU.

    Most informative loads first. Every measured load is kept: run the same command again to resume. On a Ray cluster
    every model is measured on every --gpu, side by side.
    """
    from advisor.profiler import fan_out
    from advisor.profiler import profile as verb
    from advisor.reports import profiles

    def watch(step: Step) -> None:
        print(shown(profiles.step_line(step)), file=sys.stderr, flush=True)

    def watch_one(subject: Subject, step: Step) -> None:
        print(shown(f"{subject.model} on {subject.gpu}: {profiles.step_line(step)}"), file=sys.stderr, flush=True)

    gc.enable()
    opened = options.open_workspace(workspace)
    how: dict[str, Any] = {
        "parallelism": parallelism,
        "precision": precision,
        "kv_precision": kv_precision,
        "engine": engine,
        "dummy_weights": dummy_weights,
        "time": time_limit,
        "within": within,
        "engine_option": engine_option,
    }
    here = {"--url": url, "--served-model": served_model, "--routing": routing}
    _check_profiled(model, gpu, ray, here)
    try:
        if ray is not None:
            done = fan_out.profile_on_ray(opened, models=model, ray=ray, gpus=gpu, progress=watch_one, **how)
            emit(done, profiles.blocks_of_many, as_json)
            if done.failures:
                raise typer.Exit(MissingAbility.exit_code)
        else:
            how |= {"url": url, "served_model": served_model, "gpu": gpu[0] if gpu else None, "routing": routing}
            emit(verb.profile(opened, model=model[0], progress=watch, **how), profiles.blocks, as_json)
    except KeyboardInterrupt:
        say("every measured load is kept; run the same command to resume")
        raise
    options.next_step(opened)


def _check_profiled(model: list[str], gpu: list[str] | None, ray: str | None, here: dict[str, str | None]) -> None:
    """Raises AdvisorError for what only a cluster does, and for what none does."""
    for flag, several in (("MODEL", model), ("--gpu", gpu or [])):
        if ray is None and len(several) > 1:
            raise AdvisorError("several are measured on a Ray cluster alone", where=flag, hint="give --ray too, or one")
    for flag, value in here.items():
        if ray is not None and value is not None:
            raise AdvisorError("does not go with --ray", where=flag, hint="leave one of them out")


def verify(
    model: options.Model,
    gpu: options.Gpu,
    metrics: Annotated[
        str | None, typer.Option(help="vLLM's page of metrics, http://host:8000/metrics, read for --window.")
    ] = None,
    window: Annotated[str, typer.Option(help="How long the page is read, e.g. 60s.")] = "60s",
    url: Annotated[
        str | None,
        typer.Option(help="An OpenAI-compatible server, for a short load of our own; with --metrics read meanwhile."),
    ] = None,
    served_model: Annotated[
        str | None, typer.Option(help="The model's name on that server, or on a page that has several.")
    ] = None,
    time_limit: Annotated[str, typer.Option("--time", help="Longest time for the load of our own.")] = "5min",
    gpu_count: options.GpuCount = None,
    parallelism: options.Layout = None,
    precision: options.Precision = None,
    kv_precision: options.KvPrecision = "bf16",
    engine: options.Engine = "vllm",
    input_tokens: Annotated[
        int | None, typer.Option(help="Prompt tokens that were costed; with --url those sent, 1024 by default.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option(help="Generated tokens that were costed; with --url those asked for, default 1024.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Requests in flight that were costed; with --url those sent, 1 by default.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Requests per second that were costed.")] = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Compare a running deployment with its prediction.

    For the load that it has, read off its metrics, or a short one of our own: TTFT, TPOT, tokens/s, requests that run
    and wait, use of the KV cache, and the likeliest reason where one is outside. Exits with 1 where a figure is clearly
    worse than predicted. With --workspace the load is kept, so that `advisor fit` learns from it.
    """
    from advisor.reports import verifications
    from advisor.verification import verify as verb

    gc.enable()
    opened = options.open_workspace(workspace)
    done = verb.verify(
        opened,
        model=model,
        gpu=gpu,
        metrics=metrics,
        window=window,
        url=url,
        served_model=served_model,
        time=time_limit,
        gpu_count=gpu_count,
        parallelism=parallelism,
        precision=precision,
        kv_precision=kv_precision,
        engine=engine,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        concurrency=concurrency,
        rate=rate,
    )
    emit(done, verifications.blocks, as_json)
    if done.run_id:
        options.next_step(opened)
    if not done.as_predicted:
        raise typer.Exit(NoAnswer.exit_code)


def import_(
    kind: Annotated[str, typer.Argument(help=options.one_of(IMPORTERS))],
    path: Annotated[
        str,
        typer.Argument(
            help="The file; of a model its config.json or folder, of a vLLM sweep or evaluations their folder."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Model that was measured, where the file has another name for it; may be one of your own."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="Metric or scorer that says what is right, where an evaluation has several."),
    ] = None,
    no_texts: Annotated[bool, typer.Option("--no-texts", help="Do not keep what the model wrote.")] = False,
    gpu: Annotated[str | None, typer.Option(help="GPU that it was measured on.")] = None,
    parallelism: Annotated[str | None, typer.Option(help="tp8, tp4pp2, dp8, …; default tp1.")] = None,
    precision: options.Precision = None,
    kv_precision: Annotated[
        str | None, typer.Option(help="Of the KV cache: bf16 or fp8; default: not recorded.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="vllm, sglang or trtllm; default vllm.")] = None,
    input_tokens: Annotated[
        int | None, typer.Option(help="Prompt tokens of a request, where the report lacks them.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option(help="Generated tokens of a request, where the report lacks them.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests in flight, where the report lacks them.")] = None,
    license: Annotated[
        str | None, typer.Option(help="Of your own model, e.g. apache-2.0, for `recommend --license`.")
    ] = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Import answers, benchmarks or your own model.

    Importing a file twice changes nothing.
    """
    from advisor.reports import imports

    opened = options.open_workspace(workspace)
    if kind not in IMPORTERS:
        raise unknown("kind of import", kind, IMPORTERS, where="KIND")
    importer = IMPORTERS[kind]
    given = {
        "model": model,
        "metric": metric,
        "texts": False if no_texts else None,
        "gpu": gpu,
        "parallelism": parallelism,
        "precision": precision,
        "kv_precision": kv_precision,
        "engine": engine,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "concurrency": concurrency,
        "license": license,
    }
    options_given = {name: value for name, value in given.items() if value is not None}
    if strange := next((name for name in options_given if name not in importer.takes), None):
        takers = [other for other, known in IMPORTERS.items() if strange in known.takes]
        flag = "--no-texts" if strange == "texts" else f"--{strange.replace('_', '-')}"
        raise AdvisorError(f"is for {', '.join(takers)}, not for {kind}", where=flag, hint="leave it out")
    emit(importer.load()(opened, path, **options_given), imports.BLOCKS[importer.brings], as_json)
    if importer.brings != "model":
        options.next_step(opened)


def fit(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """Derive points, curves and speed from measurements."""
    from advisor.fits import fit as verb
    from advisor.reports import imports

    gc.enable()
    emit(verb.fit(options.open_workspace(workspace)), imports.fit_blocks, as_json)
