"""Commands that draw answers and check them: calibrate, regrade."""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import options
from advisor.cli.output import emit, say
from advisor.errors import MissingAbility
from advisor.printable import shown
from advisor.strategies import STRATEGIES

if TYPE_CHECKING:
    from advisor.calibration.progress import Progress

EVERY_S = 2.0
"""Seconds between two lines of progress."""


def calibrate(
    model: Annotated[str, typer.Argument(help="A model's name, a Hugging Face id, or a folder.")],
    task: Annotated[
        str,
        typer.Option(
            help="arithmetic, gsm8k, math500, aime24, aime25, hmmt-feb25, gpqa-diamond, or a .jsonl or .parquet file."
        ),
    ],
    strategy: Annotated[str, typer.Option(help=options.one_of(STRATEGIES))] = "majority",
    samples: Annotated[
        str | None,
        typer.Option(
            help="Answers a question; width of rebase, iterations of mcts, token cap of thinking-budget; default 16."
            " Several, 4,8,16, are drawn in one start of the engine."
        ),
    ] = None,
    url: options.Url = None,
    served_model: options.ServedModel = None,
    reward_model: Annotated[
        str | None, typer.Option(help="A process reward model: a name, a Hugging Face id, or a folder.")
    ] = None,
    reward_url: Annotated[
        str | None,
        typer.Option(help="A vLLM server of the reward model, started with --runner pooling; key: REWARD_API_KEY."),
    ] = None,
    reward_served_model: Annotated[
        str | None, typer.Option(help="The reward model's name on that server; default: --reward-model.")
    ] = None,
    step_mark: Annotated[
        str | None,
        typer.Option(help="Token that the reward model rates after a step, e.g. '<extra_0>'; default: the delimiter."),
    ] = None,
    reward: Annotated[
        str, typer.Option(help="Reward of an answer from those of its steps: last, min, mean or product.")
    ] = "last",
    questions: Annotated[int | None, typer.Option(help="Only the first N questions.")] = None,
    answers: options.Answers = None,
    template: Annotated[str | None, typer.Option(help="Prompt with {question}; \\n is a line break.")] = None,
    system_prompt: Annotated[str | None, typer.Option(help="System prompt; \\n is a line break.")] = None,
    few_shot: Annotated[
        str | None, typer.Option(help="Examples shown before each question: a file with question and answer.")
    ] = None,
    chat_option: Annotated[
        list[str] | None,
        typer.Option(help="name=value for the chat template: enable_thinking=false, reasoning_effort=low; repeatable."),
    ] = None,
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
    top_k: Annotated[int, typer.Option(help="Most probable tokens to draw from; 0: all.")] = 0,
    min_p: Annotated[float, typer.Option(help="Least probability of a token, as a share of the largest.")] = 0.0,
    frequency_penalty: Annotated[float, typer.Option(help="Against repetition loops, e.g. 0.05.")] = 0.0,
    presence_penalty: Annotated[float, typer.Option(help="Against words that were used.")] = 0.0,
    repetition_penalty: Annotated[float, typer.Option(help="The same as a factor; 1: none.")] = 1.0,
    max_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 2048,
    seed: Annotated[int, typer.Option(help="Another seed draws other answers.")] = 0,
    in_flight: Annotated[
        int | None,
        typer.Option(
            help="Requests in flight at a server; default: as many as raise its throughput. Without --url questions,"
            " default 256."
        ),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            help="With --url: what the server allows and does not say itself, 500requests/minute,200000tokens/minute."
        ),
    ] = None,
    no_texts: Annotated[
        bool, typer.Option("--no-texts", help="Keep answers and counts only, not what the model wrote.")
    ] = False,
    skip_failed: Annotated[
        bool, typer.Option("--skip-failed", help="Finish the run without the questions whose requests fail.")
    ] = False,
    engine_option: options.EngineSettings = None,
    ray: options.Ray = None,
    replicas: options.RayReplicas = None,
    usd_per_hour: Annotated[float | None, typer.Option(help="Price of the machine, to show USD spent so far.")] = None,
    usd_per_million_tokens: Annotated[
        str | None, typer.Option(help="Of a hosted API instead: of prompt and generated tokens, e.g. 0.6,2.4.")
    ] = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Draw answers to a task, check and store them.

    Every completion is kept as it comes: run the same command again to resume an interrupted run.
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
            reward_served_model=reward_served_model,
            step_mark=step_mark,
            reward=reward,
            questions=questions,
            answers=answers,
            template=None if template is None else unescaped(template),
            system_prompt=None if system_prompt is None else unescaped(system_prompt),
            few_shot=few_shot,
            chat_option=chat_option,
            plain=plain,
            force=None if force is None else unescaped(force),
            delimiter=unescaped(delimiter),
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            min_p=min_p,
            frequency_penalty=frequency_penalty,
            presence_penalty=presence_penalty,
            repetition_penalty=repetition_penalty,
            max_tokens=max_tokens,
            seed=seed,
            in_flight=in_flight,
            rate_limit=rate_limit,
            texts=not no_texts,
            skip_failed=skip_failed,
            engine_option=engine_option,
            ray=ray,
            replicas=replicas,
            usd_per_hour=usd_per_hour,
            usd_per_million_tokens=usd_per_million_tokens,
            progress=_watcher(),
        )
    except KeyboardInterrupt:
        say("what was drawn is kept; run the same command to resume")
        raise
    emit(done, calibrations.blocks, as_json)
    if done.failed and not skip_failed:
        raise typer.Exit(MissingAbility.exit_code)  # so that `calibrate … && fit` does not go on without the rest
    options.next_step(opened)


def _watcher() -> Callable[[Progress], None]:
    """A function that prints progress on stderr, every two seconds at most and at the end."""
    from advisor.reports.calibrations import first_lines, progress_line

    begun, last = False, -math.inf

    def watch(progress: Progress) -> None:
        nonlocal begun, last
        now = time.monotonic()
        for line in first_lines(progress, begins=not begun):
            print(shown(line), file=sys.stderr, flush=True)
        if progress.start_s is None:
            return
        begun = True
        if progress.done and (now - last >= EVERY_S or progress.done == progress.questions):
            last = now
            end = "\r" if sys.stderr.isatty() and progress.done < progress.questions else "\n"
            print(shown(progress_line(progress)), file=sys.stderr, end=end, flush=True)

    return watch


def regrade(
    run: Annotated[
        list[str] | None, typer.Option("--run", help="Only this run, see `advisor measurements`; repeatable.")
    ] = None,
    answers: options.Answers = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Read and check stored texts again, without drawing anew.

    After an update that reads answers better, for example. The rows as they were are kept.
    """
    from advisor.calibration import regrade as verb
    from advisor.reports import calibrations

    gc.enable()
    opened = options.known_workspace(workspace)
    done = verb.regrade(opened, run=run, answers=answers)
    emit(done, calibrations.regrading_blocks, as_json)
    if any(each.former for each in done.runs):
        options.next_step(opened)
