"""Commands that collect measurements and learn from them: calibrate, profile, import, fit."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import options
from advisor.cli.output import emit, say
from advisor.errors import AdvisorError, unknown
from advisor.importers import IMPORTERS
from advisor.printable import shown
from advisor.strategies import STRATEGIES

if TYPE_CHECKING:
    from advisor.calibration.calibrate import Progress
    from advisor.profiler.loop import Step
    from advisor.store.workspace import Workspace

EVERY_S = 2.0
"""Seconds between two lines of progress."""


def one_of(names: Iterable[str]) -> str:
    """`a, b or c.`"""
    *others, last = names
    return f"{', '.join(others)} or {last}."


def calibrate(
    model: Annotated[str, typer.Argument(help="A model's name, a Hugging Face id, or a folder.")],
    task: Annotated[
        str,
        typer.Option(
            help="arithmetic, gsm8k, math500, aime24, aime25, hmmt-feb25, gpqa-diamond, or a .jsonl or .parquet file."
        ),
    ],
    strategy: Annotated[str, typer.Option(help=one_of(STRATEGIES))] = "majority",
    samples: Annotated[
        int | None,
        typer.Option(
            help="Answers a question; width of rebase, iterations of mcts, token cap of thinking-budget; default 16."
        ),
    ] = None,
    url: options.Url = None,
    served_model: options.ServedModel = None,
    reward_model: Annotated[
        str | None, typer.Option(help="A process reward model: a name, a Hugging Face id, or a folder.")
    ] = None,
    reward_url: Annotated[
        str | None, typer.Option(help="A vLLM server of the reward model, started with --runner pooling.")
    ] = None,
    step_mark: Annotated[
        str | None,
        typer.Option(help="Token that the reward model rates after a step, e.g. '<extra_0>'; default: the delimiter."),
    ] = None,
    reward: Annotated[
        str, typer.Option(help="Reward of an answer from those of its steps: last, min, mean or product.")
    ] = "last",
    questions: Annotated[int | None, typer.Option(help="Only the first N questions.")] = None,
    answers: Annotated[
        str | None, typer.Option(help="How answers are read: math, choice, number, exact or arithmetic.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="Prompt with {question}.")] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Send the prompt as it is, not under the model's chat template.")
    ] = False,
    force: Annotated[
        str | None,
        typer.Option(help="What opens an answer where thinking is cut, e.g. '\\n</think>\\nFinal answer: '."),
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What ends a step of a tree search.")] = "\\n",
    temperature: Annotated[float | None, typer.Option(help="Sampling temperature; default 1.")] = None,
    top_p: Annotated[float, typer.Option(help="Nucleus sampling.")] = 1.0,
    frequency_penalty: Annotated[float, typer.Option(help="Against repetition loops, e.g. 0.05.")] = 0.0,
    max_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 2048,
    seed: Annotated[int, typer.Option(help="Another seed draws other answers.")] = 0,
    in_flight: Annotated[int, typer.Option(help="Questions in flight.")] = 256,
    engine_option: options.EngineSettings = None,
    usd_per_hour: Annotated[float | None, typer.Option(help="Price of the machine, to show USD spent so far.")] = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Draw answers to a task, check and store them.

    Every answered question is kept: run the same command again to resume an interrupted one.
    """
    from advisor.calibration import calibrate as verb
    from advisor.reports import calibrations
    from advisor.tasks.questions import unescaped

    gc.enable()
    opened = options.open_workspace(workspace)
    try:
        done = verb.calibrate(
            opened,
            model=model,
            task=task,
            strategy=strategy,
            samples=samples,
            url=url,
            served_model=served_model,
            reward_model=reward_model,
            reward_url=reward_url,
            step_mark=step_mark,
            reward=reward,
            questions=questions,
            answers=answers,
            template=None if template is None else unescaped(template),
            plain=plain,
            force=None if force is None else unescaped(force),
            delimiter=unescaped(delimiter),
            temperature=temperature,
            top_p=top_p,
            frequency_penalty=frequency_penalty,
            max_tokens=max_tokens,
            seed=seed,
            in_flight=in_flight,
            engine_option=engine_option,
            usd_per_hour=usd_per_hour,
            progress=_watcher(),
        )
    except KeyboardInterrupt:
        say("every answered question is kept; run the same command to resume")
        raise
    emit(done, calibrations.blocks, as_json)
    if not done.failed:
        _next_step(opened)


def _watcher() -> Callable[[Progress], None]:
    """A function that prints progress on stderr, every two seconds at most and at the end."""
    from advisor.reports.calibrations import progress_line

    last = 0.0

    def watch(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY_S or progress.done == progress.questions:
            last = now
            end = "\r" if sys.stderr.isatty() else "\n"
            print(shown(progress_line(progress)), file=sys.stderr, end=end, flush=True)

    return watch


def profile(
    model: Annotated[
        str,
        typer.Argument(
            help="A model's name, a Hugging Face id, or a folder; with --dummy-weights its config.json is enough."
        ),
    ],
    url: options.Url = None,
    served_model: options.ServedModel = None,
    gpu: Annotated[
        str | None, typer.Option(help="What it runs on; default: this machine's GPU, or its processor.")
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
        float, typer.Option(help="Stop when nine tenths of all loads are predicted this closely: 0.1 is ±10 %.")
    ] = 0.1,
    engine_option: options.EngineSettings = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure speed, memory and power of a GPU.

    Most informative loads first. Every measured load is kept: run the same command again to resume.
    """
    from advisor.profiler import profile as verb
    from advisor.reports import profiles

    def watch(step: Step) -> None:
        print(shown(profiles.step_line(step)), file=sys.stderr, flush=True)

    gc.enable()
    opened = options.open_workspace(workspace)
    try:
        done = verb.profile(
            opened,
            model=model,
            url=url,
            served_model=served_model,
            gpu=gpu,
            parallelism=parallelism,
            precision=precision,
            kv_precision=kv_precision,
            engine=engine,
            dummy_weights=dummy_weights,
            routing=routing,
            time=time_limit,
            within=within,
            engine_option=engine_option,
            progress=watch,
        )
    except KeyboardInterrupt:
        say("every measured load is kept; run the same command to resume")
        raise
    emit(done, profiles.blocks, as_json)
    _next_step(opened)


def _next_step(workspace: Workspace) -> None:
    say(f"kept in {workspace.writable}; next: {workspace.fit_command}")


def import_(
    kind: Annotated[str, typer.Argument(help=one_of(IMPORTERS))],
    path: Annotated[
        str, typer.Argument(help="The file; of a model its config.json or folder, of a vLLM sweep its folder.")
    ],
    model: Annotated[
        str | None, typer.Option(help="Model that was measured, where the report has another name for it.")
    ] = None,
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
    if license is not None and kind != "model":
        raise AdvisorError(f"is for model, not for {kind}", where="--license", hint="leave it out")
    given = {
        "model": model,
        "gpu": gpu,
        "parallelism": parallelism,
        "precision": precision,
        "kv_precision": kv_precision,
        "engine": engine,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "concurrency": concurrency,
    }
    if importer.brings == "loads":
        emit(importer.load()(opened, path, **given), imports.BLOCKS[importer.brings], as_json)
        _next_step(opened)
        return
    if names := [name for name, value in given.items() if value is not None]:
        of_loads = [other for other, known in IMPORTERS.items() if known.brings == "loads"]
        what = f"is for {', '.join(of_loads)}, not for {kind}"
        raise AdvisorError(what, where=f"--{names[0].replace('_', '-')}", hint="leave it out")
    own = {"license": license} if kind == "model" else {}
    emit(importer.load()(opened, path, **own), imports.BLOCKS[importer.brings], as_json)
    if importer.brings == "answers":
        _next_step(opened)


def fit(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """Derive points, curves and speed from measurements."""
    from advisor.fits import fit as verb
    from advisor.reports import imports

    gc.enable()
    emit(verb.fit(options.open_workspace(workspace)), imports.fit_blocks, as_json)
