"""What a run says of itself while it goes: counts, tokens, costs and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from advisor.calibration.counts import Counts, Transcript
from advisor.calibration.sampling_plan import Plan
from advisor.errors import AdvisorError
from advisor.models.catalog import Catalog
from advisor.work import Work, simple_flops

MILLION = 1e6
MOST_USD = 10**6
"""An hour, or a million tokens."""
FORMS = "give USD for a million prompt and a million generated tokens, e.g. 0.6,2.4"


@dataclass(frozen=True, slots=True)
class Progress:
    """A run so far. Tokens and costs are those of the whole run, what was resumed included; None: not known.

    start_s     seconds until the engines were ready, in none of the figures of speed; None: they are starting
    accuracy    share of the questions that the strategy answers right: by its vote, its best answer, …
    unreadable  answers in which none was found
    flops       2·parameters·tokens of policy and reward model, where the catalog has them
    usd         where the price of the machine or of tokens was given
    transcript  the first answer that was drawn, once
    """

    start_s: float | None
    questions: int
    done: int
    failed: int
    accuracy: float | None
    answers: int
    unreadable: int
    loops: int
    tokens_per_s: float
    generated_tokens: int
    scored_tokens: int
    flops: float | None
    usd: float | None
    left_s: float | None
    transcript: Transcript | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What drawing costs: a machine by the hour, or an API by its tokens. Both None: not known."""

    usd_per_hour: float | None = None
    usd_per_million_tokens: tuple[float, float] | None = None

    @classmethod
    def of(cls, usd_per_hour: float | None, usd_per_million_tokens: str | None) -> Price:
        """From options. Raises AdvisorError naming the flag."""
        if usd_per_hour is not None and not 0 <= usd_per_hour <= MOST_USD:
            hint = "give USD an hour, e.g. 2.1"
            raise AdvisorError(f"{usd_per_hour:g} is no price", where="--usd-per-hour", hint=hint)
        if usd_per_million_tokens is None:
            return cls(usd_per_hour)
        where = "--usd-per-million-tokens"
        if usd_per_hour is not None:
            raise AdvisorError("does not go with --usd-per-hour", where=where, hint="give one of them")
        return cls(None, _two_prices(usd_per_million_tokens, where))

    def usd(self, spent_s: float, work: Work) -> float | None:
        """Of a run; a prompt from a prefix cache is charged in full, since APIs differ in what they take off."""
        if self.usd_per_million_tokens is not None:
            of_prompt, of_generated = self.usd_per_million_tokens
            read = work.prompt_tokens + work.cached_tokens
            return (read * of_prompt + work.generated_tokens * of_generated) / MILLION
        return None if self.usd_per_hour is None else self.usd_per_hour * spent_s / 3600


def _two_prices(text: str, where: str) -> tuple[float, float]:
    try:
        of_prompt, of_generated = (float(part) for part in text.split(",") if part.isascii() and "_" not in part)
    except ValueError:
        raise AdvisorError(f"{text!r} are no two prices", where=where, hint=FORMS) from None
    if not (0 <= of_prompt <= MOST_USD and 0 <= of_generated <= MOST_USD):
        raise AdvisorError(f"{text!r} are no two prices", where=where, hint=FORMS)
    return of_prompt, of_generated


Times = tuple[float, float | None]
"""When the command began, from when on the machine is paid for, and when its engines were ready (None: not yet)."""


def watcher(
    models: Catalog, plan: Plan, price: Price, times: Times, report: Callable[[Progress], None] | None
) -> Callable[[Counts], None]:
    """A function that reports counts as Progress."""
    begun_s, ready_s = times
    shown: list[Transcript] = []

    def watch(counts: Counts) -> None:
        if report is None:
            return
        first = counts.transcript if not shown else None
        shown.extend([first] if first else [])
        report(
            Progress(
                start_s=None if ready_s is None else ready_s - begun_s,
                questions=counts.n_questions,
                done=counts.done,
                failed=counts.failed,
                accuracy=counts.accuracy,
                answers=counts.answers,
                unreadable=counts.unreadable,
                loops=counts.loops,
                tokens_per_s=counts.tokens_per_s,
                generated_tokens=counts.work.generated_tokens,
                scored_tokens=counts.work.scored_tokens,
                flops=_flops(models, plan, counts),
                usd=price.usd(counts.earlier_s + time.monotonic() - begun_s, counts.work),
                left_s=counts.left_s,
                transcript=first,
            )
        )

    return watch


def _flops(models: Catalog, plan: Plan, counts: Counts) -> float | None:
    """Of the policy, and of the reward model where the catalog has it."""
    if plan.model not in models:
        return None
    flops = simple_flops(models.spec(plan.model), counts.work.generated_tokens)
    if plan.reward_model in models:
        flops += simple_flops(models.spec(str(plan.reward_model)), counts.work.scored_tokens)
    return float(flops)
