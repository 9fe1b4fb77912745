"""`advisor calibrate`: run a strategy on an engine, show how it goes, store what was drawn."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from advisor.calibration.run import Plan, Progress, calibrate, refuse_recorded
from advisor.engines.protocol import Generate, Sampling, Score
from advisor.engines.rewards import StepMarks
from advisor.errors import AdvisorError, unknown
from advisor.models.catalog import catalog, spec_of
from advisor.report.engines import named, options, weights
from advisor.report.tables import to_json
from advisor.store.workspace import Workspace
from advisor.strategies import STRATEGIES
from advisor.strategies.selection import REWARDS
from advisor.tasks.answers import stop
from advisor.tasks.task import Task, load
from advisor.units import percent, significant
from advisor.work import simple_flops

EVERY_S = 2.0
LOOPS_TO_MENTION = 0.02


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    model: str
    task: str
    strategy: str
    samples: int
    url: str | None
    served_model: str | None
    reward_model: str | None
    reward_url: str | None
    step_mark: str
    reward: str
    questions: int | None
    answers: str | None
    template: str | None
    plain: bool
    force: str | None
    delimiter: str
    temperature: float
    top_p: float
    frequency_penalty: float
    max_tokens: int
    seed: int
    in_flight: int
    engine_options: tuple[str, ...]
    usd_per_hour: float | None


def show(asked: Asked, workspace: str | None, as_json: bool) -> None:
    """Run and print. Raises AdvisorError, MissingAbility."""
    check(asked)
    ws = Workspace.open(workspace)
    task = load(
        asked.task, kind=asked.answers, template=asked.template, n_questions=asked.questions, force=typed(asked.force)
    )
    model = named(asked.model, ws)
    reward_model = named(asked.reward_model, ws) if asked.reward_model else ""
    sampling = Sampling(asked.temperature, asked.top_p, asked.max_tokens, (), asked.frequency_penalty, asked.seed)
    delimiter = typed(asked.delimiter) or ""
    plan = Plan(model, asked.strategy, asked.samples, sampling, delimiter, reward_model, asked.reward, asked.plain)
    folder = ws.writable_root / "measurements" / "samples"
    refuse_recorded(plan, task, folder)
    gc.enable()
    try:
        path, progress = asyncio.run(_run(asked, plan, task, folder, watcher(plan, asked.usd_per_hour)))
    except KeyboardInterrupt:
        print("advisor: every answered question is kept; the same command goes on", file=sys.stderr)
        raise
    finally:
        stop()
    if as_json:
        print(
            to_json(
                {
                    "run_id": plan.run_id(task),
                    "path": str(path),
                    "questions": progress.done,
                    "failed": progress.failed,
                    "accuracy": progress.right / max(progress.done - progress.failed, 1),
                    "generated_tokens": progress.work.generated_tokens,
                    "scored_tokens": progress.work.scored_tokens,
                    "tokens_per_s": progress.tokens_per_s,
                    "loops": progress.loops,
                    "answers": progress.answers,
                }
            )
        )
        return
    print(line(progress))
    if progress.loops > LOOPS_TO_MENTION * progress.answers:
        print(
            f"{percent(progress.loops / progress.answers)} of the answers repeat themselves to their limit; --frequency-penalty 0.05 may help"
        )
    if progress.failed:
        reason, times = progress.reasons.most_common(1)[0]
        print(f"{times} of {progress.failed} failures: {reason}")
        print(
            f"{progress.failed} questions failed and are tried again by the same command; {progress.done - progress.failed} are kept in {path}"
        )
    else:
        print(f"{path}. Next: advisor fit")


def check(asked: Asked) -> None:
    """Refuse what cannot be meant. Raises AdvisorError."""
    if asked.strategy not in STRATEGIES:
        raise unknown("strategy", asked.strategy, STRATEGIES, where="--strategy")
    if asked.reward not in REWARDS:
        raise unknown("reward of a trace", asked.reward, REWARDS, where="--reward")
    if asked.questions is not None and asked.questions < 1:
        raise AdvisorError(f"{asked.questions} is out of range", where="--questions", hint="give a whole number from 1")
    if asked.reward_url and not asked.reward_model:
        raise AdvisorError(
            "the server's reward model needs a name",
            where="--reward-url",
            hint="name it as it is served, --reward-model NAME",
        )
    if not asked.delimiter:
        raise AdvisorError("is empty", where="--delimiter", hint="give the text that ends a step, e.g. '\\n\\n'")
    _check_numbers(asked)


def _check_numbers(asked: Asked) -> None:
    for flag, value, top in (
        ("--samples", asked.samples, 10**6),
        ("--max-tokens", asked.max_tokens, 10**7),
        ("--in-flight", asked.in_flight, 10**5),
    ):
        if not 1 <= value <= top:
            raise AdvisorError(f"{value} is out of range", where=flag, hint="give a whole number from 1")
    if asked.usd_per_hour is not None and not (math.isfinite(asked.usd_per_hour) and asked.usd_per_hour >= 0):
        raise AdvisorError(
            f"{asked.usd_per_hour:g} is no price", where="--usd-per-hour", hint="give USD an hour, e.g. 2.1"
        )
    if not (math.isfinite(asked.temperature) and 0 <= asked.temperature <= 5):
        raise AdvisorError(
            f"{asked.temperature:g} is no temperature", where="--temperature", hint="give a number from 0 to 5"
        )
    if not 0 < asked.top_p <= 1:
        raise AdvisorError(f"{asked.top_p:g} is out of range", where="--top-p", hint="give a number above 0, up to 1")


async def _run(
    asked: Asked, plan: Plan, task: Task, folder: Path, watch: Callable[[Progress], None]
) -> tuple[Path, Progress]:
    async with AsyncExitStack() as engines:
        generate, score = await _engines(asked, plan, engines)
        return await calibrate(plan, task, generate, score, folder, in_flight=asked.in_flight, watch=watch)


async def _engines(asked: Asked, plan: Plan, engines: AsyncExitStack) -> tuple[Generate, Score | None]:
    """The policy, and the reward model where one is named: each over HTTP where its URL is given, else vLLM in process."""
    key = os.environ.get("OPENAI_API_KEY")
    generate: Generate
    if asked.url:
        from advisor.engines.openai import Client

        client = await engines.enter_async_context(
            Client(asked.url, asked.served_model or plan.model, concurrency=asked.in_flight, api_key=key)
        )
        await client.check()
        client.chat = not asked.plain and await client.prefers_chat()
        generate = client
    else:
        from advisor.engines.vllm import Policy

        generate = await engines.enter_async_context(
            Policy(weights(asked.model, plan.model), plain=asked.plain, **options(asked.engine_options))
        )
    marks = StepMarks(plan.delimiter, asked.step_mark)
    if asked.reward_url:
        from advisor.engines.pooling import RewardClient

        rewards = await engines.enter_async_context(
            RewardClient(asked.reward_url, asked.reward_model or "", concurrency=asked.in_flight, api_key=key)
        )
        await rewards.check()
        await rewards.prepare(marks)
        return generate, rewards
    if not asked.reward_model:
        return generate, None
    from advisor.engines.vllm import RewardModel

    own = weights(asked.reward_model, plan.reward_model)
    return generate, await engines.enter_async_context(RewardModel(own, marks, **options(asked.engine_options)))


def typed(text: str | None) -> str | None:
    """Text from the command line with its line breaks, which are typed as a backslash and an n."""
    return text.replace("\\n", "\n") if text is not None else None


def watcher(plan: Plan, usd_per_hour: float | None) -> Callable[[Progress], None]:
    """A function that prints progress and cost so far on stderr, every two seconds at most."""
    last, started = 0.0, time.monotonic()

    def watch(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY_S or progress.done == progress.n_questions:
            last = now
            left = (now - started) / max(progress.done - progress.resumed, 1) * (progress.n_questions - progress.done)
            spent = ", ".join(cost_so_far(plan, progress, now - started, usd_per_hour))
            print(
                f"{line(progress)}, {left:,.0f} s left; so far {spent}",
                file=sys.stderr,
                end="\r" if sys.stderr.isatty() else "\n",
                flush=True,
            )

    return watch


def cost_so_far(plan: Plan, progress: Progress, seconds: float, usd_per_hour: float | None) -> list[str]:
    """Tokens, FLOPs of the models that are known here, and USD where the price of the machine was told."""
    costs = [f"{significant(progress.work.generated_tokens)} tokens"]
    if plan.model in catalog():
        flops = simple_flops(spec_of(plan.model), progress.work.generated_tokens)
        if plan.reward_model in catalog():
            flops += simple_flops(spec_of(plan.reward_model), progress.work.scored_tokens)
        costs.append(f"{significant(flops)} FLOPs")
    return costs + ([f"{significant(usd_per_hour * seconds / 3600)} USD"] if usd_per_hour is not None else [])


def line(progress: Progress) -> str:
    """`120 of 200 questions, 61.2 % right, 2,431 tokens/s, 0 loops, 1 failed`."""
    accuracy = percent(progress.right / max(progress.done - progress.failed, 1))
    return (
        f"{progress.done} of {progress.n_questions} questions, {accuracy} right, {progress.tokens_per_s:,.0f} tokens/s, "
        f"{progress.loops} of {progress.answers} answers loop, {progress.failed} failed"
    )
