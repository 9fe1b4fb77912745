"""`calibrate`: run a strategy on an engine, check the answers, store them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.calibration.checks import (
    check_price,
    check_rewards,
    check_strategy,
    check_used,
    check_whole,
    checked_sampling,
)
from advisor.calibration.counts import Counts
from advisor.calibration.run import draw, recorded
from advisor.calibration.sampling_plan import Plan
from advisor.engines.connect import Endpoint, check_url, options, policy, rewards, run, weights
from advisor.engines.protocol import Generate, Score
from advisor.engines.rewards import StepMarks
from advisor.errors import checked_name
from advisor.importers.own_model import stored_name
from advisor.models.catalog import Catalog
from advisor.store.workspace import Workspace
from advisor.tasks.limited import SECONDS, stop_worker
from advisor.tasks.task import Task, load
from advisor.units import counted, percent
from advisor.values import Value, several
from advisor.work import simple_flops

SAMPLES = 16
TEMPERATURE = 1.0
"""Where no other is given; greedy runs, which have neither, are named by them too."""
LOOPS_TO_MENTION = 0.02
MOST_LINES_NAMED = 3
RECORDED = "recorded in full already, nothing to draw; another --seed draws other answers"


@dataclass(frozen=True, slots=True)
class Progress:
    """A run so far. Tokens and costs are those of this command, not of what it resumed; None: not known.

    accuracy   share of right answers, every question weighing the same
    flops      2·parameters·tokens of policy and reward model, where the catalog has them
    usd        where the price of the machine was given
    left_s     at the pace so far
    """

    questions: int
    done: int
    failed: int
    accuracy: float | None
    answers: int
    loops: int
    tokens_per_s: float
    generated_tokens: int
    scored_tokens: int
    flops: float | None
    usd: float | None
    left_s: float | None


@dataclass(frozen=True, slots=True)
class Calibration(Value):
    """What was drawn: `path` is the sealed file, or the journal where questions failed. Tokens as in Progress.

    `unchecked` answers took too long to compare: they count neither as right nor as wrong.
    """

    run_id: str
    path: str
    questions: int
    failed: int
    accuracy: float | None
    generated_tokens: int
    scored_tokens: int
    tokens_per_s: float
    loops: int
    answers: int
    most_common_failure: str | None
    notes: tuple[str, ...]
    unchecked: int = 0


@dataclass(frozen=True, slots=True)
class Engines:
    """What draws and what rates: a server, or weights for vLLM in this process; no rewards: None."""

    policy: Endpoint | str
    rewards: Endpoint | str | None
    settings: dict[str, object]
    in_flight: int


@checked_arguments
def calibrate(
    workspace: Workspace,
    *,
    model: str,
    task: str,
    strategy: str = "majority",
    samples: int | None = None,
    url: str | None = None,
    served_model: str | None = None,
    reward_model: str | None = None,
    reward_url: str | None = None,
    step_mark: str | None = None,
    reward: str = "last",
    questions: int | None = None,
    answers: str | None = None,
    template: str | None = None,
    plain: bool = False,
    force: str | None = None,
    delimiter: str = "\n",
    temperature: float | None = None,
    top_p: float = 1.0,
    frequency_penalty: float = 0.0,
    max_tokens: int = 2048,
    seed: int = 0,
    in_flight: int = 256,
    engine_option: str | Sequence[str] | None = None,
    usd_per_hour: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Calibration:
    """Draw answers to a task under a strategy, check them, store them; the same call resumes what was interrupted.

    Failed questions stay in the journal and are tried again by the same call. `progress` is called after every
    question. Raises AdvisorError naming the flag, MissingAbility where an engine or rewards are missing.
    """
    budget = SAMPLES if samples is None else samples
    check_strategy(strategy, budget)
    check_rewards(strategy, reward, reward_model, reward_url, delimiter)
    given = {
        "--samples": samples,
        "--temperature": temperature,
        "--top-p": None if top_p == 1.0 else top_p,
        "--force": force,
        "--reward-model": reward_model,
        "--reward": None if reward == "last" else reward,
        "--step-mark": step_mark,
        "--delimiter": None if delimiter == "\n" else delimiter,
    }
    check_whole("--in-flight", in_flight, 10**5)
    check_price(usd_per_hour)
    check_url(url, where="--url")
    check_url(reward_url, where="--reward-url")
    sampling = checked_sampling(
        TEMPERATURE if temperature is None else temperature, top_p, frequency_penalty, max_tokens, seed
    )
    check_used(strategy, given, rewarded=bool(reward_model))
    settings = options(several(engine_option))
    known_task = load(task, kind=answers, template=template, n_questions=questions, force=force)
    name = stored_name(workspace, model)
    rated_by = stored_name(workspace, reward_model, where="--reward-model") if reward_model else None
    plan = Plan(name, strategy, budget, sampling, delimiter, rated_by, reward, step_mark or None, plain)
    folder = workspace.writable / "measurements" / "samples"
    if sealed := recorded(plan, known_task, folder):
        return _calibration(*sealed, notes=(RECORDED, *_notes(sealed[1])))
    engines = Engines(
        Endpoint(url, checked_name(served_model or name, where="--served-model")) if url else weights(model, name),
        _reward_source(reward_model, rated_by, reward_url),
        settings,
        in_flight,
    )
    watch = _watcher(workspace.models, plan, usd_per_hour, progress)
    try:
        path, counts = run(_run(plan, known_task, engines, folder, watch))
    finally:
        stop_worker()
    return _calibration(path, counts, notes=_notes(counts))


async def _run(
    plan: Plan, task: Task, engines: Engines, folder: Path, watch: Callable[[Counts], None]
) -> tuple[Path, Counts]:
    marks = StepMarks(plan.delimiter, plan.step_mark)
    async with AsyncExitStack() as opened:
        generate: Generate = await opened.enter_async_context(
            policy(engines.policy, engines.settings, plain=plan.plain, in_flight=engines.in_flight)
        )
        score: Score | None = None
        if engines.rewards is not None:
            score = await opened.enter_async_context(
                rewards(engines.rewards, marks, engines.settings, in_flight=engines.in_flight)
            )
        return await draw(plan, task, (generate, score), folder, in_flight=engines.in_flight, watch=watch)


def _watcher(
    models: Catalog, plan: Plan, usd_per_hour: float | None, progress: Callable[[Progress], None] | None
) -> Callable[[Counts], None]:
    """A function that reports counts as Progress; the machine is paid for from now on."""
    started = time.monotonic()

    def watch(counts: Counts) -> None:
        if progress:
            hours = (time.monotonic() - started) / 3600
            usd = None if usd_per_hour is None else usd_per_hour * hours
            progress(_progress(counts, _flops(models, plan, counts), usd))

    return watch


def _reward_source(given: str | None, name: str | None, url: str | None) -> Endpoint | str | None:
    if given is None or name is None:
        return None
    return Endpoint(url, given) if url else weights(given, name)


def _progress(counts: Counts, flops: float | None, usd: float | None) -> Progress:
    return Progress(
        questions=counts.n_questions,
        done=counts.done,
        failed=counts.failed,
        accuracy=counts.accuracy,
        answers=counts.answers,
        loops=counts.loops,
        tokens_per_s=counts.tokens_per_s,
        generated_tokens=counts.work.generated_tokens,
        scored_tokens=counts.work.scored_tokens,
        flops=flops,
        usd=usd,
        left_s=counts.left_s,
    )


def _flops(models: Catalog, plan: Plan, counts: Counts) -> float | None:
    """Of the policy, and of the reward model where the catalog has it."""
    if plan.model not in models:
        return None
    flops = simple_flops(models.spec(plan.model), counts.work.generated_tokens)
    if plan.reward_model in models:
        flops += simple_flops(models.spec(str(plan.reward_model)), counts.work.scored_tokens)
    return float(flops)


def _calibration(path: Path, counts: Counts, notes: Sequence[str]) -> Calibration:
    return Calibration(
        run_id=path.stem.removeprefix("."),
        path=str(path),
        questions=counts.done,
        failed=counts.failed,
        accuracy=counts.accuracy,
        generated_tokens=counts.work.generated_tokens,
        scored_tokens=counts.work.scored_tokens,
        tokens_per_s=counts.tokens_per_s,
        loops=counts.loops,
        answers=counts.answers,
        most_common_failure=counts.reasons.most_common(1)[0][0] if counts.reasons else None,
        notes=tuple(notes),
        unchecked=counts.unchecked,
    )


def _notes(counts: Counts) -> list[str]:
    notes = [f"{line}; drawn again" for line in counts.set_aside[:MOST_LINES_NAMED]]
    if len(counts.set_aside) > MOST_LINES_NAMED:
        notes.append(f"{len(counts.set_aside)} lines of the journal were set aside in all")
    if counts.unchecked:
        share = f"{counts.unchecked} of {counted(counts.answers, 'answer')}"
        notes.append(f"{share} not checked: comparing took longer than {SECONDS:g} s; counted neither right nor wrong")
    if counts.loops > LOOPS_TO_MENTION * counts.answers:
        share = percent(counts.loops / counts.answers)
        notes.append(f"{share} of the answers repeat themselves to their limit; --frequency-penalty 0.05 may help")
    if counts.failed:
        reason, times = counts.reasons.most_common(1)[0]
        notes.append(f"{times} of {counted(counts.failed, 'failure')}: {reason}")
        notes.append(f"{counted(counts.failed, 'question')} failed; run the same command again to try once more")
    return notes
