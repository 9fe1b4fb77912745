"""What the pick is measured against: what runs today, and hosted APIs."""

from __future__ import annotations

import math
from collections.abc import Callable

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.recommendation.running import Running
from advisor.reports.markdown_text import bullets, heading, paragraph, to_markdown
from advisor.reports.tasks import origin_text
from advisor.reports.terminal import Block
from advisor.reports.text_tables import Table, table
from advisor.reports.words import (
    candidate_strategy,
    gpus_text,
    interval_cell,
    interval_text,
    rent_text,
    short_strategy,
    strategy_text,
)
from advisor.units import counted, percent, significant

MOST_HOSTED = 3
HOSTED_ASSUMPTIONS = (
    "Hosted APIs: every vote is a request that pays for its prompt (after the first at the cached price where one is"
    " given), reasoning is billed as output, and the provider's weights answer as accurately as those measured.",
    "Hosted APIs: their speed and limits are not known; below the break-even rate they cost less than the pick's"
    " machines, busy or not.",
)


def baseline_blocks(found: Recommendation) -> list[Block]:
    """What `advisor recommend` prints of them."""
    blocks: list[Block] = []
    if found.running:
        blocks += [f"Running:  {running_head(found.running)}"]
        if found.running.candidate:
            blocks += [running_table(found), f"From:  {origins_text(found.running.candidate)}"]
        blocks += [f"Note:  {note}" for note in running_notes(found)]
    if found.hosted:
        blocks += ["Hosted:  APIs by the token, never picked; their speed is not known.", hosted_table(found)]
    return blocks


def baseline_sections(found: Recommendation) -> list[str]:
    """What the report says of them, in Markdown."""
    sections: list[str] = []
    if found.running:
        sections += [heading("What runs today"), paragraph(f"{running_head(found.running)}.")]
        if found.running.candidate:
            sections += [to_markdown(running_table(found))]
            sections += [paragraph(f"From: {origins_text(found.running.candidate)}.")]
        notes = running_notes(found)
        sections += [bullets(notes)] if notes else []
    if found.hosted:
        sections += [heading("Hosted APIs, which are never picked"), to_markdown(hosted_table(found))]
        sections.append(bullets(hosted_sources(found)))
    return sections


def baseline_assumptions(found: Recommendation) -> tuple[str, ...]:
    """What the comparison with hosted APIs rests on."""
    return HOSTED_ASSUMPTIONS if found.hosted else ()


def running_head(running: Running) -> str:
    """What runs, in words."""
    c, setup = running.candidate, running.setup
    if c:
        what = f"{c.model}, {candidate_strategy(c)}, on {gpus_text(c)}, {c.precision}"
        return f"{what}, {counted(c.concurrency, 'request')} in flight"
    votes = strategy_text("majority", setup.n_samples, None, None)
    accuracy = f", {interval_text(running.accuracy)}" if running.accuracy else ""
    return f"{setup.model}, {votes}, on {setup.layout.gpu_count} × {setup.gpu}, {setup.precision}{accuracy}"


def running_notes(found: Recommendation) -> tuple[str, ...]:
    """Doubts about it that are not said of the pick already, and why it is not costed."""
    running = found.running
    if running is None:
        return ()
    notes = [note for note in running.notes if note not in found.notes]
    return (*notes, running.why_not) if running.why_not else tuple(notes)


def origins_text(c: Candidate) -> str:
    """Where the numbers of what runs come from."""
    origin = c.provenance
    tokens = origin_text(origin.tokens, origin.prompt)
    return f"accuracy {origin.accuracy}; tokens {tokens}; lengths {origin.lengths}; speed {origin.performance}"


def hosted_sources(found: Recommendation) -> tuple[str, ...]:
    """Of every offer that is shown where its price and its accuracy come from."""
    return tuple(
        dict.fromkeys(
            f"{each.model} at {each.provider}: price of {each.price.as_of or 'an unknown date'}, {each.price.source};"
            f" accuracy {each.provenance}"
            for each in found.hosted[:MOST_HOSTED]
        )
    )


def running_table(found: Recommendation) -> Table:
    """What runs today and the pick side by side, and what the pick changes."""
    running, pick = found.running, found.recommended
    if running is None or running.candidate is None:
        return table([], [])
    today, changes = running.candidate, running.changes
    accuracy = interval_cell(running.accuracy) if running.accuracy else "not known"
    points = f"{changes.accuracy_points:+.1f} points" if changes.accuracy_points is not None else "–"

    def side_by_side(name: str, of: Callable[[Candidate], str], change: str) -> list[str]:
        return [name, of(today), of(pick), change]

    month = f"{changes.usd_per_month:+,.0f} USD a month" if changes.usd_per_month is not None else "–"
    rows = [
        ["accuracy (90 %)", accuracy, interval_cell(pick.accuracy), points],
        side_by_side("USD per question", lambda c: _known(c.usd), _times(changes.usd_ratio)),
        side_by_side("USD per hour", lambda c: _known(c.usd_per_hour), "–"),
        side_by_side("USD a month", _monthly, month),
        side_by_side(
            f"{found.request.percentile} % answered within, s",
            lambda c: _known(c.latency_s),
            _times(changes.latency_ratio),
        ),
        side_by_side("energy per question, J", lambda c: _known(c.energy_j), _times(changes.energy_ratio)),
        side_by_side("questions/s of a replica", lambda c: significant(c.questions_per_s), "–"),
    ]
    if found.request.qps:
        rows.append(side_by_side(f"replicas for {found.request.qps:g}/s", lambda c: str(c.replicas), "–"))
    rows.append(side_by_side("rented", lambda c: rent_text(c.rent), ""))
    return table(["", "running", "the pick", "the pick changes"], rows)


def _known(value: float) -> str:
    return significant(value) if math.isfinite(value) else "not known"


def _monthly(c: Candidate) -> str:
    return f"{c.usd_per_month:,.0f}" if math.isfinite(c.usd_per_month) else "not known"


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{significant(ratio)} ×"


def hosted_table(found: Recommendation) -> Table:
    """The hosted offers that come nearest to the pick, at most MOST_HOSTED."""
    shown = found.hosted[:MOST_HOSTED]
    rows = [
        [
            each.model,
            each.provider,
            short_strategy(each.strategy, each.n_samples, each.token_budget, each.generated_tokens, each.setup),
            percent(each.accuracy.value),
            significant(each.usd),
            *([f"{each.usd_per_month:,.0f}"] if each.usd_per_month is not None else []),
            each.against_pick,
        ]
        for each in shown
    ]
    monthly = ["USD a month"] if found.request.qps else []
    columns = ["hosted", "at", "strategy", "accuracy", "USD", *monthly, "beside the pick"]
    right = ["accuracy", "USD", *monthly]
    return table(columns, rows, right=right, names=columns[:1])
