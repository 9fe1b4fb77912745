"""A recommendation for a person: the pick, why, the runners-up, and what to type."""

from __future__ import annotations

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.reports.baselines import baseline_blocks
from advisor.reports.tasks import accuracy_rows, tokens_origin
from advisor.reports.terminal import Block, Verbatim
from advisor.reports.text_tables import Table, table
from advisor.reports.words import (
    candidate_strategy,
    commands,
    gpus_text,
    rent_text,
    request_text,
    sampling_text,
    strategy_cell,
)
from advisor.units import COSTS, counted, percent, significant


def blocks(found: Recommendation) -> list[Block]:
    """What `advisor recommend` prints."""
    pick = found.recommended
    head = f"{pick.model}, {candidate_strategy(pick)}, on {gpus_text(pick)}, {pick.precision}"
    return [
        f"{head}, {counted(pick.concurrency, 'request')} in flight",
        f"Why:  {found.reason} ({found.n_candidates:,} candidates).",
        facts(found),
        *(Verbatim(f"Deploy:  {command}") for command in commands(pick)),
        Verbatim(f"Ask:  {request_text(pick)}"),
        f"How:  {sampling_text(pick)}",
        *baseline_blocks(found),
        *([runners_up(found)] if found.alternatives else []),
    ]


def facts(found: Recommendation) -> Table:
    """What the pick gives and takes, each with its origin."""
    c, origin = found.recommended, found.recommended.provenance
    speed = f"speed {origin.performance}"
    times = f"TTFT {significant(c.ttft_s)} s, TPOT {significant(1000 * c.tpot_s)} ms"
    seconds = f"{speed}; lengths {origin.lengths}"
    halves = f"{significant(c.latency.p50_s)} s · {significant(c.latency.p99_s)} s"
    summed = [cost for cost in COSTS if cost != "s"]  # seconds at a percentile do not add up over tries
    per_correct = c.per_correct and ", ".join(f"{significant(getattr(c.per_correct, cost))} {cost}" for cost in summed)
    rows = [
        *accuracy_rows(c),
        ["USD per question", significant(c.usd), f"USD per hour; {speed}"],
        ["USD per hour, a month", f"{significant(c.usd_per_hour)}, {c.usd_per_month:,.0f}", _bill(found)],
        [f"{found.request.percentile} % answered within", f"{significant(c.latency_s)} s ({times})", seconds],
        ["half · 99 % answered within", halves, seconds],
        ["FLOPs per question", flops_text(c), "counted from the model's config"],
        ["tokens per question", f"{c.tokens:,.0f}", tokens_origin(c, found.request.lengths)],
        ["energy per question", f"{significant(c.energy_j)} J", "power assumed from the GPU's limit"],
        ["questions per second", significant(c.questions_per_s), speed],
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


def runners_up(found: Recommendation) -> Table:
    """The alternatives with why they lost."""
    rows = [
        [
            c.model,
            strategy_cell(c),
            gpus_text(c),
            percent(c.accuracy.value),
            significant(c.usd),
            significant(c.latency_s),
            c.why_not or "",
        ]
        for c in found.alternatives
    ]
    columns = ["runner-up", "strategy", "GPUs", "accuracy", "USD", "s", "why not"]
    return table(columns, rows, right=columns[3:6], names=columns[:1], optional=("GPUs", "s"))
