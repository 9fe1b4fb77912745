"""A profile for a person: what each load showed, and what was measured."""

from __future__ import annotations

from advisor.profiler.coverage import Coverage, holds
from advisor.profiler.fan_out import Profiles
from advisor.profiler.loop import Step
from advisor.profiler.profile import Profile
from advisor.profiler.routing import Routing
from advisor.reports.terminal import Block
from advisor.reports.text_tables import Table, table
from advisor.store.runs import Run
from advisor.units import percent, significant


def blocks(done: Profile) -> list[Block]:
    """What `advisor profile` prints at its end."""
    again = done.repeat_half_width
    return [
        _loads(done),
        *([_routing(done.routing)] if done.routing else []),
        f"a measured TPOT of nine tenths of the loads that the engine can hold is predicted "
        f"{within_text(done.half_width)} (90 % intervals): {held_text(done.coverage)}",
        *([f"the same load measured again stays {within_text(again)}: noise of this machine"] if again else []),
        f"kept in {done.path}",
    ]


def blocks_of_many(done: Profiles) -> list[Block]:
    """What `advisor profile --ray` prints at its end: a line a profile, then what there was before and what failed."""
    columns = ["model", "GPU", "loads", "TPOT predicted", "kept in"]
    rows = [
        [first.model, first.gpu, str(len(each.loads)), within_text(each.half_width), each.path]
        for each in done.profiles
        for first in each.loads[:1]
    ]
    return [
        *([table(columns, rows, right=["loads"], names=["model"])] if rows else []),
        *(f"{each.loads[0].model} on {each.loads[0].gpu}: {note}" for each in done.profiles for note in each.notes),
        *(f"{run_id} was finished before; once all are, the same command measures all anew" for run_id in done.found),
        *(f"{each.model} on {each.gpu} failed: {each.reason}" for each in done.failures),
    ]


def held_text(checked: Coverage) -> str:
    """How many intervals held, of all and of the latest where these are fewer."""
    if not checked.n_predicted:
        return "no prediction was checked"
    latest = f", {checked.n_recent_held} of the last {checked.n_recent}"
    held = f"{checked.n_held} of {checked.n_predicted} predictions held"
    return held + (latest if checked.n_recent < checked.n_predicted else "")


def _loads(done: Profile) -> Table:
    columns = ["in flight", "prompt", "generated", "TTFT s", "TPOT ms", "request p90 s", "tokens/s", "W", "status"]
    runs = sorted(done.loads, key=lambda run: (run.concurrency, run.prompt_tokens, run.generated_tokens))
    first = runs[0]
    kind = ", dummy weights" if first.dummy_weights else ""
    title = f"{first.model} ({first.precision}{kind}) on {first.gpu} ({first.parallelism}), {first.engine}"
    optional = ("W", "request p90 s")
    return table(columns, [_load(run) for run in runs], title=title, right=columns[:-1], optional=optional)


def _load(run: Run) -> list[str]:
    return [
        f"{run.concurrency:.0f}",
        f"{run.prompt_tokens:,.0f}",
        f"{run.generated_tokens:,.0f}",
        significant(run.ttft_s),
        significant(run.tpot_s * 1e3) if run.tpot_s else "–",
        significant(run.request_p90_s),
        significant(run.output_tokens_per_s),
        significant(run.power_w),
        run.status,
    ]


def _routing(routing: Routing) -> Table:
    """Experts touched by steps of so many tokens, beside what uniform routing would touch."""
    columns = ["tokens", "counted", "uniform routing"]
    pairs = zip(routing.share_by_tokens, routing.uniform_share_by_tokens, strict=True)
    rows = [[str(tokens), percent(share), percent(uniform)] for (tokens, share), (_, uniform) in pairs]
    title = f"Of {routing.n_experts} experts a layer's step touches; skew {significant(routing.skew)}"
    return table(columns, rows, title=title, right=columns)


def step_line(step: Step) -> str:
    """One load: what was measured, what had been predicted, how closely all loads are predicted now."""
    if step.run.status != "ok":
        return f"{step.load}: {step.run.status} ({step.run.note}); the engine is started again"
    tpot = f"{significant(step.run.tpot_s * 1e3)} ms TPOT" if step.run.tpot_s else "–"
    measured = f"{tpot} ({_compared(step)}), {significant(step.run.ttft_s)} s TTFT"
    end = f", but {held_text(step.coverage)}: going on" if step.goes_on else ""
    times = f" (time {len(step.former) + 1})" if step.former else ""
    return f"{step.n_measured}. {step.load}{times}: {measured}; all loads now {within_text(step.half_width)}{end}"


def _compared(step: Step) -> str:
    """What the measured TPOT is compared with: what was predicted, or the former ones of the same load."""
    if step.former:
        return f"before {', '.join(significant(run.tpot_s * 1e3) if run.tpot_s else '–' for run in step.former)}"
    predicted, half_width = step.run.predicted_tpot_s, step.run.predicted_half_width
    if predicted is None or half_width is None:
        return "not predicted"
    missed = ", missed" if holds(step.run) is False else ""
    return f"predicted {significant(predicted * 1e3)}, {within_text(half_width)}{missed}"


def within_text(half_width: float) -> str:
    """A 90 % interval in words."""
    return f"within ±{percent(half_width, 0)}" if half_width < 1 else f"within a factor {1 + half_width:.1f}"
