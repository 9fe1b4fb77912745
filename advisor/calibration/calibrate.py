"""`calibrate`: run a strategy on an engine, check the answers, store them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.calibration.checks import (
    budgets,
    chat_options,
    check_ray,
    check_rewards,
    check_sampling,
    check_strategy,
    check_used,
    check_whole,
    loaded,
)
from advisor.calibration.counts import Counts
from advisor.calibration.progress import Price, Progress, Times, watcher
from advisor.calibration.reuse import check_questions
from advisor.calibration.run import Engines, How, draw, recorded
from advisor.calibration.sampling_plan import Plan
from advisor.calibration.sharing import counted_for, drawn_alone
from advisor.engines.adaptive import AdaptiveLimit, FixedLimit, Limit
from advisor.engines.cluster import Pool
from advisor.engines.connect import (
    Endpoint,
    Replicated,
    Settings,
    Source,
    check_url,
    options,
    policy,
    rewards,
    run,
    weights,
)
from advisor.engines.open_files import most_connections
from advisor.engines.probe import probed
from advisor.engines.protocol import Sampling
from advisor.engines.rate_limits import Rates
from advisor.engines.rewards import StepMarks
from advisor.engines.vllm import require_vllm
from advisor.errors import AdvisorError, MissingAbility, checked_name
from advisor.importers.own_model import stored_name
from advisor.store.workspace import Workspace
from advisor.tasks.limited import SECONDS, stop_worker
from advisor.tasks.task import Task, examples, load
from advisor.units import counted, percent
from advisor.values import Value, several

TEMPERATURE = 1.0
"""Where no other is given; greedy runs, which have neither, are named by them too."""
MOST_LOOPS = 0.02
MOST_UNREADABLE = 0.05
"""Shares of the answers above which loops and answers that could not be read are mentioned."""
MOST_LINES_NAMED = 3
RECORDED = "recorded in full already, nothing to draw; another --seed draws other answers"
REWARD_KEY = "REWARD_API_KEY"
"""Environment variable with the key of the reward model's server: that of the other never goes there."""


@dataclass(frozen=True, slots=True)
class Calibration(Value):
    """What was drawn: `path` is the sealed file, or the journal where questions failed.

    Tokens are those of the whole run, what was resumed included. `unchecked` answers took too long to compare: they
    count neither as right nor as wrong; in `unreadable` ones no answer was found. `failed_questions` are ids. `others`
    are the runs of smaller budgets that were drawn in the same start. At most `in_flight` requests were at a server.
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
    unreadable: int = 0
    failed_questions: tuple[str, ...] = ()
    in_flight: int | None = None
    others: tuple[Calibration, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """What draws and what rates; no rewards: None. `rates` are those of the server that draws."""

    policy: Source
    rewards: Source | None
    settings: Settings
    rates: Rates

    def on(self, ray: str | None, replicas: int | None) -> Sources:
        """The same with their weights on a Ray cluster, where there is one. Raises AdvisorError, MissingAbility."""
        check_ray(ray, replicas, self.policy)
        if ray is None:
            return self
        there = partial(Replicated, address=ray, replicas=replicas, engines=1 + isinstance(self.rewards, str))
        return replace(
            self,
            policy=there(self.policy) if isinstance(self.policy, str) else self.policy,
            rewards=there(self.rewards) if isinstance(self.rewards, str) else self.rewards,
        )


@checked_arguments
def calibrate(
    workspace: Workspace,
    *,
    model: str,
    task: str,
    strategy: str = "majority",
    samples: int | str | Sequence[int] | None = None,
    url: str | None = None,
    served_model: str | None = None,
    reward_model: str | None = None,
    reward_url: str | None = None,
    reward_served_model: str | None = None,
    step_mark: str | None = None,
    reward: str = "last",
    questions: int | None = None,
    answers: str | None = None,
    template: str | None = None,
    system_prompt: str | None = None,
    few_shot: str | None = None,
    chat_option: str | Sequence[str] | None = None,
    plain: bool = False,
    force: str | None = None,
    delimiter: str = "\n",
    temperature: float | None = None,
    top_p: float = 1.0,
    top_k: int = 0,
    min_p: float = 0.0,
    frequency_penalty: float = 0.0,
    presence_penalty: float = 0.0,
    repetition_penalty: float = 1.0,
    max_tokens: int = 2048,
    seed: int = 0,
    in_flight: int | None = None,
    rate_limit: str | None = None,
    texts: bool = True,
    skip_failed: bool = False,
    engine_option: str | Sequence[str] | None = None,
    ray: str | None = None,
    replicas: int | None = None,
    usd_per_hour: float | None = None,
    usd_per_million_tokens: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Calibration:
    """Draw answers to a task under a strategy, check them, store them; the same call resumes what was interrupted.

    Failed questions stay in the journal and are tried again by the same call, unless `skip_failed` seals the run
    without them. `ray` is the address of a Ray cluster, or `local`: there so many `replicas` of vLLM draw, if none are
    given as many as it has room for; one that dies is started anew, and the others draw for it. `progress` is called
    when the engines are ready and after every question. Raises AdvisorError naming the flag, MissingAbility where an
    engine or rewards are missing, or all questions failed.
    """
    begun_s = time.monotonic()
    check_strategy(strategy)
    sizes = budgets(strategy, samples)
    check_rewards(strategy, reward, reward_model, reward_url, delimiter)
    warmth = TEMPERATURE if temperature is None else temperature
    penalties = (presence_penalty, repetition_penalty)
    sampling = Sampling(warmth, top_p, max_tokens, (), frequency_penalty, seed, top_k, min_p, *penalties)
    given = {
        "--samples": samples,
        "--temperature": temperature,
        "--top-p": None if top_p == 1.0 else top_p,
        "--top-k": top_k or None,
        "--min-p": min_p or None,
        "--force": force,
        "--reward-model": reward_model,
        "--reward": None if reward == "last" else reward,
        "--reward-served-model": reward_served_model,
        "--step-mark": step_mark,
        "--delimiter": None if delimiter == "\n" else delimiter,
        "--chat-option": chat_option if plain else None,
    }
    price = Price.of(usd_per_hour, usd_per_million_tokens)
    rates = _rates(url, in_flight, rate_limit)
    check_url(reward_url, where="--reward-url")
    check_sampling(sampling)
    check_used(strategy, given, rewarded=bool(reward_model))
    settings = options(several(engine_option))
    known_task = load(task, kind=answers, template=template, n_questions=questions, force=force)
    name = stored_name(workspace, model)
    rated_by = stored_name(workspace, reward_model, where="--reward-model") if reward_model else None
    plan = Plan(
        name,
        strategy,
        sizes[-1],
        sampling,
        delimiter,
        rated_by,
        reward,
        step_mark or None,
        plain,
        system_prompt or "",
        examples(Path(few_shot), known_task.template) if few_shot else (),
        chat_options(several(chat_option)),
        force or "",
        loaded(name, served_model if url else None, {} if url else settings),
    )
    sources = Sources(
        Endpoint(url, checked_name(served_model or name, where="--served-model")) if url else weights(model, name),
        _reward_source(reward_model, rated_by, reward_url, reward_served_model),
        settings,
        rates,
    ).on(ray, replicas)
    report = _reporter(workspace, price, progress)
    how = How(in_flight, texts, skip_failed, begun_s)
    plans = [replace(plan, budget=size) for size in sizes]
    try:
        *others, last = _calibrations(plans, known_task, sources, workspace, how, report)
    finally:
        stop_worker()
    return replace(last, others=tuple(others))


Report = Callable[[Plan, Times], Callable[[Counts], None]]
"""From a plan and its times to what is called with its counts."""


Drawn = tuple[dict[Plan, tuple[Path, Counts]], tuple[str, ...], int | None]


def _reporter(workspace: Workspace, price: Price, progress: Callable[[Progress], None] | None) -> Report:
    return lambda plan, times: watcher(workspace.models, plan, price, times, progress)


def _calibrations(
    plans: Sequence[Plan], task: Task, sources: Sources, workspace: Workspace, how: How, report: Report
) -> list[Calibration]:
    """Of each plan; engines are started once, and only where something is missing. Raises MissingAbility."""
    folder = workspace.writable / "measurements"
    found = _recorded(plans, task, folder, how)
    nothing: Drawn = ({}, (), None)
    drawn, notes, most = nothing
    if len(found) < len(plans):
        check_questions(task, folder)
        with drawn_alone(workspace, plans, task) as claims:
            found = _recorded(plans, task, folder, how)  # others may have drawn some of it by now
            if missing := [plan for plan in plans if plan not in found]:
                check_questions(task, folder)

                def claimed(plan: Plan, times: Times) -> Callable[[Counts], None]:
                    return counted_for(claims, report(plan, times))

                drawn, notes, most = run(_run(missing, task, sources, folder, how, claimed))
    results = []
    for plan in plans:
        path, counts = (found | drawn)[plan]
        before = (RECORDED,) if plan in found else notes
        each = _calibration(path, counts, notes=(*before, *_notes(counts, sealed=path.suffix == ".parquet")))
        results.append(each if plan in found else replace(each, in_flight=most))
    return results


def _recorded(plans: Sequence[Plan], task: Task, folder: Path, how: How) -> dict[Plan, tuple[Path, Counts]]:
    """Plans of which nothing is missing."""
    found = {plan: recorded(plan, task, folder, skip_failed=how.skip_failed) for plan in plans}
    return {plan: done for plan, done in found.items() if done}


async def _run(plans: Sequence[Plan], task: Task, sources: Sources, folder: Path, how: How, report: Report) -> Drawn:
    """What each plan came to, what the probe of the engine found, and how many requests were in flight at most."""
    first = plans[0]
    if not isinstance(sources.policy, Endpoint):
        if isinstance(sources.policy, str):
            require_vllm()
        report(first, (how.begun_s, None))(Counts(len(task.questions)))
    limit = _limit(sources.policy, how)
    async with AsyncExitStack() as opened:
        generate = await opened.enter_async_context(
            policy(sources.policy, sources.settings, prompting=first.prompting, limit=limit, rates=sources.rates)
        )
        score = None
        if sources.rewards is not None:
            marks = StepMarks(first.delimiter, first.step_mark)
            score = await opened.enter_async_context(
                rewards(sources.rewards, marks, sources.settings, limit=_limit(sources.rewards, how))
            )
        steps = first.delimiter if first.search in {"rebase", "mcts"} else None
        prompts = [question.prompt for question in task.questions]
        probe = await probed(generate, generate.served, prompts, first.sampling, step_delimiter=steps)
        ready_s = time.monotonic()
        engines = Engines(generate, score, generate.served, probe.max_tokens, limit)
        drawn = {}
        for plan in plans:  # each is paid for from when the one before it ended
            drawn[plan] = await draw(
                plan, task, engines, folder, how, report(plan, (how.begun_s, max(ready_s, how.begun_s)))
            )
            how = replace(how, begun_s=time.monotonic())
        notes = (*probe.notes, *_lost(generate), *_lost(score))
        return drawn, notes, limit.most if limit else None


def _lost(engine: object) -> tuple[str, ...]:
    """What an engine of several replicas says of those that died."""
    return engine.notes if isinstance(engine, Pool) else ()


def _rates(url: str | None, in_flight: int | None, rate_limit: str | None) -> Rates:
    """What a server is given by the minute. Raises AdvisorError where this, its URL or --in-flight is wrong."""
    check_url(url, where="--url")
    if in_flight is not None:
        check_whole("--in-flight", in_flight, 10**5)
    if rate_limit is not None and url is None:
        raise AdvisorError("is of a server", where="--rate-limit", hint="give --url with it")
    return Rates.of(rate_limit)


def _limit(source: Source, how: How) -> Limit | None:
    """Of the requests in flight at a server; None: vLLM, here or on a cluster, has its own."""
    if not isinstance(source, Endpoint):
        return None
    return AdaptiveLimit(highest=most_connections()) if how.in_flight is None else FixedLimit(how.in_flight)


def _reward_source(
    given: str | None, name: str | None, url: str | None, served_model: str | None
) -> Endpoint | str | None:
    if given is None or name is None:
        return None
    served = checked_name(served_model or given, where="--reward-served-model")
    return Endpoint(url, served, REWARD_KEY) if url else weights(given, name)


def _calibration(path: Path, counts: Counts, notes: Sequence[str]) -> Calibration:
    """Raises MissingAbility where every question failed: there is nothing to say of the model then."""
    if counts.failed == counts.n_questions:
        reason = counts.reasons.most_common(1)[0][0]
        what = f"{counted(counts.failed, 'question')} failed, all of them: {reason}"
        raise MissingAbility(what, where=str(path), hint="mend that, then run the same command again")
    return Calibration(
        run_id=path.stem.removeprefix("."),
        path=str(path),
        questions=counts.n_questions,
        failed=counts.failed,
        accuracy=counts.accuracy,
        generated_tokens=counts.work.generated_tokens,
        scored_tokens=counts.work.scored_tokens,
        tokens_per_s=counts.tokens_per_s,
        loops=counts.loops,
        answers=counts.answers,
        most_common_failure=counts.reasons.most_common(1)[0][0] if counts.failed else None,
        notes=tuple(notes),
        unchecked=counts.unchecked,
        unreadable=counts.unreadable,
        failed_questions=tuple(sorted(counts.failures)),
    )


def _notes(counts: Counts, *, sealed: bool) -> list[str]:
    notes = [f"{line}; drawn again" for line in counts.set_aside[:MOST_LINES_NAMED]]
    if len(counts.set_aside) > MOST_LINES_NAMED:
        notes.append(f"{len(counts.set_aside)} lines of the journal were set aside in all")
    if counts.unchecked:
        share = f"{counts.unchecked} of {counted(counts.answers, 'answer')}"
        notes.append(f"{share} not checked: comparing took longer than {SECONDS:g} s; counted neither right nor wrong")
    if counts.loops > MOST_LOOPS * counts.answers:
        share = percent(counts.loops / counts.answers)
        notes.append(f"{share} of the answers repeat themselves to their limit; --frequency-penalty 0.05 may help")
    if counts.unreadable > MOST_UNREADABLE * counts.answers:
        share = percent(counts.unreadable / counts.answers)
        notes.append(f"in {share} of the answers none could be read; see the first one, --template and --answers")
    if counts.failed:
        named = ", ".join(sorted(counts.failures)[:MOST_LINES_NAMED])
        more = f" and {counts.failed - MOST_LINES_NAMED} more" if counts.failed > MOST_LINES_NAMED else ""
        reason, times = counts.reasons.most_common(1)[0]
        notes.append(f"{times} of {counted(counts.failed, 'failure')}: {reason}")
        what = f"{counted(counts.failed, 'question')} failed ({named}{more})"
        again = "without --skip-failed" if sealed else "again"
        without = "" if sealed else ", with --skip-failed to go on without"
        notes.append(f"{what}; run the same command {again} to try once more{without}")
    return notes
