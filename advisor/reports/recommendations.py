"""A recommendation for a person, on one screen: the pick, what would change it, the other choices, and what to type."""

from __future__ import annotations

from advisor.performance.power import power_source, power_spread
from advisor.recommendation.at_rates import RATES, PickAtRate
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.recommendation.reasons import best_below
from advisor.recommendation.what_if import Step, Turn
from advisor.reports.baselines import baseline_blocks
from advisor.reports.certainty import (
    evidence_marks,
    marked_accuracy,
    observed_text,
    odds_text,
    sure_text,
    undecided_text,
)
from advisor.reports.costs_unknown import imputed_legend, imputed_mark, left_out_text
from advisor.reports.tasks import accuracy_rows, tokens_origin
from advisor.reports.terminal import Block, Labelled, Verbatim
from advisor.reports.text_tables import Table, table
from advisor.reports.words import (
    candidate_strategy,
    gpus_text,
    layout_text,
    range_text,
    rent_text,
    request_text,
    sampling_text,
    short_strategy,
    strategy_cell,
    within_text,
)
from advisor.units import COSTS, UNIT_NAMES, counted, percent, significant

ENGINE_NAMES = {"vllm": "vLLM", "sglang": "SGLang", "trtllm": "TensorRT-LLM"}
SPEED_FROM = {
    "fitted": "speed fitted to this model on this GPU",
    "pooled": "speed learned from other models, GPUs, engines or layouts, not measured in just this combination",
    "roofline": "speed from the data sheet, nothing measured",
}


def blocks(found: Recommendation) -> list[Block]:
    """What `advisor recommend` prints."""
    pick = found.recommended
    return [
        " · ".join(head(found)),
        f"{result_text(found)} · {money_text(found)} · {seconds_text(found)}",
        Labelled("Why", f"{found.reason} ({found.n_candidates:,} candidates)"),
        Labelled("Sure", sure_text(found)),
        *([Labelled("Undecided", undecided_text(found.undecided))] if found.undecided else []),
        *([Labelled("By task", by_task_text(pick))] if pick.by_task else []),
        Labelled("Costs", costs_text(found)),
        Labelled("Takes", takes_text(found)),
        Labelled("Known from", known_text(found)),
        *([Labelled("Day", day_text(found))] if found.day else []),
        Labelled("Changes if", changes_text(found)),
        *([Labelled("Next up", step_text(found.step_up, found))] if found.step_up else []),
        *([Labelled("Step down", step_text(found.step_down, found))] if found.step_down else []),
        *([Labelled("At rates", at_rates_text(found))] if found.at_rates else []),
        *([other_choices(found)] if found.alternatives else []),
        *([marks] if (marks := marks_text(found)) else []),
        *([Labelled("Left out", left_out_text(found.left_out))] if found.left_out else []),
        *([Labelled("Run", replicas_text(pick))] if pick.replicas > 1 else []),
        *(Verbatim(f"{'' if pick.replicas > 1 else 'Run':<11}{command}") for command in pick.commands),
        Verbatim(f"{'Ask':<11}{request_text(pick)}"),
        Labelled("How", sampling_text(pick)),
        *baseline_blocks(found),
    ]


def head(found: Recommendation) -> list[str]:
    """The pick: model, strategy, GPUs and how it lies on them, precision, engine."""
    c = found.recommended
    layout = layout_text(c)
    where = f"{c.gpu_count} × {c.gpu}" + (f", {layout}" if layout else "")
    return [c.model, candidate_strategy(c), where, c.precision, ENGINE_NAMES[found.request.engine]]


def result_text(found: Recommendation) -> str:
    """`84.9 % of gpqa-diamond right (90 %: 81.5 % – 88.3 %)`."""
    c = found.recommended
    return f"{percent(c.accuracy.value)} of {c.task} right (90 %: {range_text(c.accuracy)}{observed_text(c)})"


def money_text(found: Recommendation) -> str:
    """USD per question, and that the machine is full where no rate says how full it is."""
    full = "" if found.request.qps else " on a machine that is always full"
    return f"{significant(found.recommended.usd)} USD a question{full}"


def seconds_text(found: Recommendation) -> str:
    """`95 of 100 answers within 1,077 s`."""
    waiting = ", waiting included" if found.request.qps else ""
    return f"{found.request.percentile} of 100 answers within {significant(found.recommended.latency_s)} s{waiting}"


def by_task_text(c: Candidate) -> str:
    """`gsm8k (weight 0.75) 80.1 %, crux (weight 0.25) 36.8 %`."""
    return ", ".join(f"{t.task} (weight {t.weight:.3g}) {percent(t.accuracy.value)}" for t in c.by_task)


def costs_text(found: Recommendation) -> str:
    """The bill, what it carries, and what is rented."""
    c, request = found.recommended, found.request
    bill = f"{significant(c.usd_per_hour)} USD/h, {c.usd_per_month:,.0f} USD a month"
    energy = f", energy at {request.usd_per_kwh:g} USD/kWh" if request.usd_per_kwh else ""
    rented = f"{rent_text(c.rent)}{energy}"
    if request.qps is None:
        return (
            f"{bill} for one replica, always {counted(c.concurrency, 'request')} in flight:"
            f" {significant(c.questions_per_s)} questions/s; fewer questions cost the same machine ({rented})"
        )
    peak = " at the peak" if request.hourly else ""
    return (
        f"{bill}: {counted(c.replicas, 'replica')} for {request.qps:g} questions/s{peak}, each takes up to"
        f" {significant(c.questions_per_s)} coming at random ({rented})"
    )


def takes_text(found: Recommendation) -> str:
    """Time, compute, tokens and energy of a question, and what a right answer costs."""
    c = found.recommended
    right = f"a right answer costs {significant(c.per_correct.usd)} USD" if c.per_correct else "none was correct"
    return "; ".join(
        [
            f"half of the answers within {significant(c.latency.p50_s)} s, 99 of 100 within"
            f" {significant(c.latency.p99_s)} s",
            f"TTFT {significant(c.ttft_s)} s, TPOT {significant(1000 * c.tpot_s)} ms",
            f"{c.tokens:,.0f} tokens, {flops_text(c)} FLOPs, {significant(c.energy_j)} J a question",
            right,
        ]
    )


def known_text(found: Recommendation) -> str:
    """What is measured of the pick, and what is not."""
    c, origin = found.recommended, found.recommended.provenance
    speed_from = SPEED_FROM.get(origin.performance, f"speed {origin.performance}")
    speed = f"{speed_from} ({within_text(c.spread, c.ttft_spread)})"
    accuracy = f"accuracy {origin.accuracy}" if not c.by_task else "accuracy: weighted mean of the tasks"
    tokens = f"tokens {tokens_origin(c, found.request.lengths)}"
    return f"{accuracy} · {tokens}, lengths {origin.lengths} · {speed} · energy: {power_text(c.gpu)}"


def power_text(gpu: str) -> str:
    """Where the power of a GPU comes from."""
    return f"{power_source(gpu)} (within a factor {power_spread(gpu):.2f})"


def day_text(found: Recommendation) -> str:
    """A day of traffic: the bill with and without following the hours, and the replicas by the hour."""
    day = found.day
    if day is None:
        return ""
    fewest, most = (pick(hour.replicas for hour in day.hours) for pick in (min, max))
    if day.usd_per_month_at_peak is None or day.usd_per_month_by_hour is None:
        return "no price known: give --price"
    rates = f"peak {significant(day.peak_questions_per_s)}, mean {significant(day.mean_questions_per_s)} questions/s"
    always = f"{counted(most, 'replica')} all day cost {day.usd_per_month_at_peak:,.0f} USD a month"
    following = f"{fewest} to {most} as each hour needs cost {day.usd_per_month_by_hour:,.0f}"
    return f"{rates}: {always}, {following}; replicas by the hour: {hours_text(found)}"


def hours_text(found: Recommendation) -> str:
    """`0–7: 1, 8–19: 4, 20–23: 2`, or nothing without a day."""
    runs: list[tuple[int, int, int]] = []
    for hour in found.day.hours if found.day else ():
        if runs and runs[-1][2] == hour.replicas:
            runs[-1] = (runs[-1][0], hour.hour, hour.replicas)
        else:
            runs.append((hour.hour, hour.hour, hour.replicas))
    return ", ".join(f"{first}–{last}: {n}" if last > first else f"{first}: {n}" for first, last, n in runs)


def changes_text(found: Recommendation) -> str:
    """What has to move until another choice wins."""
    nothing = "nothing that was tried: no price or speed within a factor of 4, nor 15 points of accuracy"
    return " · ".join(turn_text(each, found.recommended) for each in found.turns) or nothing


def turn_text(turn: Turn, pick: Candidate) -> str:
    """One thing that has to move, how far, and what wins then."""
    reach = "within" if turn.interval is not None and turn.factor <= turn.interval else "beyond"
    if turn.kind == "accuracy":
        moved = f"it gets {100 * turn.factor:.1f} points less right ({reach} its interval)"
    elif turn.kind == "speed":
        moved = f"it is {100 * (1 - 1 / turn.factor):.0f} % slower or its answers longer ({reach} its interval)"
    else:
        side = "more" if turn.gpu == pick.gpu else "less"
        change = f"{100 * (turn.factor - 1):+.0f} %".replace("-", "−")
        moved = f"{turn.gpu} cost {side} than {significant(turn.usd_per_gpu_hour)} USD a GPU-hour ({change})"
    return f"{moved}: {_winner_text(turn, pick)}"


def _winner_text(turn: Turn, pick: Candidate) -> str:
    if not turn.model:
        return "nothing is left within the limits"
    where = f"{turn.winner_gpu_count} × {turn.winner_gpu}"
    return f"it moves to {where}" if turn.model == pick.model else f"{_short(turn.model)} on {where}"


def step_text(step: Step, found: Recommendation) -> str:
    """Another candidate: `Kimi-K2.5, one answer, on 8 × b200-sxm: 7.0 points more for 2.10 × the cost (0.02 USD)`."""
    points, ratio = 100 * (step.accuracy - found.recommended.accuracy.value), step.cost_ratio
    gained = f"{abs(points):.1f} points {'more' if points >= 0 else 'less'}"
    price = f"{100 * (ratio - 1):.0f} % more" if 1.005 <= ratio < 1.2 else f"{significant(ratio)} × the cost"
    price = "the same cost" if abs(ratio - 1) < 0.005 else price
    how = short_strategy(step.strategy, step.n_samples, step.token_budget, step.generated_tokens, step.setup)
    where = f"{_short(step.model)}, {how}, on {step.gpu_count} × {step.gpu}"
    return f"{where}: {gained} for {price} ({significant(step.cost)} {UNIT_NAMES[found.request.cost]} a question)"


def replicas_text(c: Candidate) -> str:
    """How several replicas are started."""
    gpus = counted(c.gpu_count, "GPU")
    return (
        f"{c.replicas:,} times, each on {gpus} of its own (CUDA_VISIBLE_DEVICES, another --port on the same machine),"
        " a load balancer before them:"
    )


def at_rates_text(found: Recommendation) -> str:
    """The pick and its price per question at other rates."""
    parts, before = [], ""
    picked = {row.questions_per_s: row for row in found.at_rates}
    for rate in RATES:
        if (row := picked.get(rate)) is None:
            parts.append(f"{rate:g}/s nothing within the limits")
            continue
        how = short_strategy(row.strategy, row.n_samples, row.token_budget, row.generated_tokens, row.setup)
        what = f"{_short(row.model)}, {how}"
        usd = f", {significant(row.usd)} USD" if row.usd else ""
        parts.append(f"{rate:g}/s {'the same' if what == before else what} on {_fleet(row)}{usd}")
        before = what
    a_question = "USD a question; " if any(row.usd for row in found.at_rates) else ""
    return " · ".join(parts) + f" ({a_question}--qps)"


def _fleet(row: PickAtRate) -> str:
    one = f"{row.gpu_count} × {row.gpu}" + (", prefill apart" if row.prefill_engines else "")
    return one if row.replicas == 1 else f"{row.replicas:,} × ({one})"


def _short(model: str) -> str:
    return model.split("/")[-1]


NOT_FITTED = "≈"
"""Mark of a speed that was not measured on the GPU."""


def other_choices(found: Recommendation) -> Table:
    """The runners-up beside the pick, marked where their speed was not measured."""
    pick, cost = found.recommended, found.request.cost
    compared = "usd" if pick.usd else cost
    rows = [
        [
            c.model,
            strategy_cell(c),
            gpus_text(c),
            marked_accuracy(c),
            odds_text(c),
            f"{_speed_mark(c)}{significant(c.usd)}{imputed_mark(c)}",
            f"{_speed_mark(c)}{significant(c.latency_s)}{imputed_mark(c)}",
            f"{significant(c.cost(compared) / pick.cost(compared))} ×",
            significant(best_below(c, found.frontier, pick, cost)),
        ]
        for c in found.alternatives
    ]
    seconds, ratio, below = f"s ({found.request.percentile} %)", UNIT_NAMES[compared], f"best below, {UNIT_NAMES[cost]}"
    columns = ["instead", "strategy", "GPUs", "right", "likely best"]
    columns += ["USD", seconds, f"{ratio} / pick's", below]
    return table(columns, rows, right=columns[3:], names=columns[:1], optional=(columns[7], below, seconds, "strategy"))


def marks_text(found: Recommendation) -> str:
    """What the marks of the table of other choices mean, those that it has."""
    others = found.alternatives
    speed = (
        [f"{NOT_FITTED} speed not measured for this model on this GPU in this layout"]
        if any(map(_speed_mark, others))
        else []
    )
    return "; ".join([*evidence_marks(others), *speed, *imputed_legend(others)])


def _speed_mark(c: Candidate) -> str:
    return "" if c.provenance.performance == "fitted" else NOT_FITTED


def facts(found: Recommendation) -> Table:
    """What the pick gives and takes, each with its origin, for the report."""
    c, origin = found.recommended, found.recommended.provenance
    speed = f"speed {origin.performance}"
    times = f"TTFT {significant(c.ttft_s)} s, TPOT {significant(1000 * c.tpot_s)} ms"
    seconds = f"{speed}; lengths {origin.lengths}"
    halves = f"{significant(c.latency.p50_s)} s · {significant(c.latency.p99_s)} s"
    summed = [cost for cost in COSTS if cost != "s"]  # seconds at a percentile do not add up over tries
    per_correct = c.per_correct and ", ".join(f"{significant(getattr(c.per_correct, cost))} {cost}" for cost in summed)
    carried = "coming at random, within the limits" if found.request.qps else "always full"
    rows = [
        *accuracy_rows(c),
        ["USD per question", significant(c.usd), f"USD per hour; {speed}"],
        ["USD per hour, a month", f"{significant(c.usd_per_hour)}, {c.usd_per_month:,.0f}", _bill(found)],
        [f"{found.request.percentile} % answered within", f"{significant(c.latency_s)} s ({times})", seconds],
        ["half · 99 % answered within", halves, seconds],
        ["FLOPs per question", flops_text(c), "counted from the model's config"],
        ["tokens per question", f"{c.tokens:,.0f}", tokens_origin(c, found.request.lengths)],
        ["energy per question", f"{significant(c.energy_j)} J", power_text(c.gpu)],
        ["questions per second of a replica", f"{significant(c.questions_per_s)} {carried}", speed],
        ["per correct answer", per_correct or "none was correct", "cost / accuracy"],
    ]
    if found.request.qps:
        rows.append(["replicas", str(c.replicas), f"for {found.request.qps:g} questions/s"])
    return table(["", "", "from"], rows)


def _bill(found: Recommendation) -> str:
    energy = found.request.usd_per_kwh
    return rent_text(found.recommended.rent) + (f", energy at {energy:g} USD/kWh" if energy else "")


def flops_text(c: Candidate) -> str:
    """All FLOPs of a question, and those of the policy where a reward model adds to them."""
    alone = f" ({significant(c.policy_flops)} of the policy alone)" if c.reward_model else ""
    return significant(c.flops) + alone
