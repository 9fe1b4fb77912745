"""Hosted APIs beside the pick: what a question costs there by the token, and up to which rate that is less.

Counted are the measured tokens of a strategy point: generated ones, reasoning included, as output; the prompt once a
vote, since APIs answer one sample a request, after the first at the price of cached tokens where one is given. Assumed
is that a provider serves the open weights as they were measured, in a precision that does not change the accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from advisor.accuracy.estimators import Interval
from advisor.fits.costs import prompt_of
from advisor.fits.draws import believed
from advisor.prices import age_days
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.eligible import eligible
from advisor.recommendation.evidence import counts
from advisor.recommendation.hosted_prices import HostedPrices, TokenPrice
from advisor.recommendation.own_lengths import PROMPT_ASSUMED, at_lengths, can_be_so_long, prompt_origin
from advisor.recommendation.request import Request
from advisor.recommendation.waiting import typical_spread, waiting
from advisor.rents import OLD_DAYS
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.strategies import STRATEGIES
from advisor.units import JOULES_PER_KWH, SECONDS_PER_MONTH, significant
from advisor.values import Rows, Value

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class HostedOffer(Value):
    """A strategy point at one provider, per question; `usd_per_month` at the request's mean rate, None without one.

    Below `break_even_questions_per_s` it costs less than the machines of the pick; None where it is less accurate,
    the pick has no price, or no rate is too high. `against_pick` says it in words.
    """

    model: str
    provider: str
    task: str
    strategy: str
    n_samples: int
    token_budget: int | None
    accuracy: Interval
    usd: float
    usd_per_month: float | None
    prompt_tokens: float
    generated_tokens: float
    price: TokenPrice
    provenance: str
    break_even_questions_per_s: float | None
    against_pick: str
    setup: str = ""


NO_OFFERS = Rows((), HostedOffer)


@dataclass(frozen=True, slots=True)
class Priced:
    """A strategy point at a price list's row, in USD per question; `prompt` is where its prompt's length is from."""

    point: Point
    prompt: Provenance
    price: TokenPrice
    usd: float


def hosted_offers(workspace: Workspace, request: Request, listed: HostedPrices, pick: Candidate) -> Rows[HostedOffer]:
    """The pick itself where it is hosted, and what no other hosted offer beats on cost and accuracy, nearest first.

    In turns: the cheapest that is at least as accurate, the best of the others, the next cheapest, and so on.
    """
    if not listed.prices:
        return NO_OFFERS
    by_model: dict[str, list[tuple[Point, Provenance]]] = {}
    for p, prompt in _points(workspace, replace(request, models=None)):
        if _can_be_hosted(p):
            by_model.setdefault(p.model, []).append((p, prompt))
    priced = [
        Priced(p, prompt, price, usd_per_question(p, price))
        for price in listed.prices
        for p, prompt in by_model.get(price.model, ())
    ]
    front = _frontier(priced)
    above = [each for each in front if each.point.accuracy >= pick.accuracy.value]
    below = [each for each in reversed(front) if each.point.accuracy < pick.accuracy.value]
    in_turns = [each for pair in zip_longest(above, below) for each in pair if each]
    own = sorted((each for each in priced if _is_of(each.point, pick)), key=lambda each: each.usd)[:1]
    shown = [*own, *(each for each in in_turns if each not in own)]
    return Rows((_offer(each, request, pick) for each in shown), HostedOffer)


def _is_of(p: Point, pick: Candidate) -> bool:
    return (p.model, p.strategy, p.n_samples, p.token_budget, p.setup) == (
        pick.model, pick.strategy, pick.n_samples, pick.token_budget, pick.setup,
    )  # fmt: skip


def _points(workspace: Workspace, request: Request) -> list[tuple[Point, Provenance]]:
    """The points of the tasks at the lengths of the request, and where the length of the prompt comes from.

    Of one task also those of models without a config here.
    """
    if len(request.tasks) > 1:
        return [(mix.point, mix.prompt) for mix in eligible(workspace, request).points]
    typical, lengths = typical_spread(workspace.fits.points), request.lengths
    of_task = [
        believed(p)
        for p in workspace.fits.points
        if p.task == request.task and counts(p, request.evidence) and can_be_so_long(p, lengths)
    ]
    return [(at_lengths(p, waiting(p, typical), lengths)[0], prompt_origin(p, lengths)) for p in of_task]


def _can_be_hosted(p: Point) -> bool:
    """A plain API caps the tokens of an answer; it scores no steps, and does not end or prolong thinking."""
    if p.generated_tokens is None or p.reward_model or p.strategy not in STRATEGIES:
        return False
    prolonged = p.strategy == "thinking-budget" and p.token_budget is None
    return not STRATEGIES[p.strategy].needs_rewards and not prolonged


def usd_per_question(p: Point, price: TokenPrice) -> float:
    """USD of the prompts of all votes and of all generated tokens."""
    prompt = prompt_of(p)
    cached = price.usd_per_million_cached_input_tokens
    again = price.usd_per_million_input_tokens if cached is None else cached
    inputs = prompt * (price.usd_per_million_input_tokens + (p.n_samples - 1) * again)
    return (inputs + (p.generated_tokens or 0.0) * price.usd_per_million_output_tokens) / 1e6


def _frontier(priced: Iterable[Priced]) -> list[Priced]:
    """Cheapest first, each more accurate than all before it."""

    def order(each: Priced) -> tuple[float, float, str, str]:
        return each.usd, -each.point.accuracy, each.price.model, each.price.provider

    front: list[Priced] = []
    for each in sorted(priced, key=order):
        if not front or each.point.accuracy > front[-1].point.accuracy:
            front.append(each)
    return front


def _offer(of: Priced, request: Request, pick: Candidate) -> HostedOffer:
    p = of.point
    rate = break_even(of.usd, pick, request.usd_per_kwh) if p.accuracy >= pick.accuracy.value else None
    return HostedOffer(
        model=p.model,
        provider=of.price.provider,
        task=p.task,
        strategy=p.strategy,
        n_samples=p.n_samples,
        token_budget=p.token_budget,
        accuracy=Interval(p.accuracy, p.low, p.high),
        usd=of.usd,
        usd_per_month=of.usd * request.mean_qps * SECONDS_PER_MONTH if request.mean_qps else None,
        prompt_tokens=prompt_of(p),
        generated_tokens=p.generated_tokens or 0.0,
        price=of.price,
        provenance="; ".join([f"{p.provenance}: {p.runs}", *_imputed(of)]),
        break_even_questions_per_s=rate if rate is not None and math.isfinite(rate) else None,
        against_pick=_against(p.accuracy, rate, pick),
        setup=p.setup,
    )


def _imputed(of: Priced) -> list[str]:
    """What of the lengths nobody counted."""
    spread = f"tokens imputed, within a factor {of.point.tokens_spread:.2f}"
    answers = [spread] if of.point.tokens_from is Provenance.IMPUTED else []
    return [*answers, *([PROMPT_ASSUMED] if of.prompt is Provenance.IMPUTED else [])]


def break_even(usd: float, pick: Candidate, usd_per_kwh: float | None) -> float | None:
    """Questions per second from which on the pick's machines cost less than `usd` a question; infinite: never.

    Rent per second over what a question saves there: the hosted price less the pick's own energy where that has a
    price. None where the pick has no price.
    """
    if pick.rent is None:
        return None
    energy_usd = pick.energy_j / JOULES_PER_KWH * usd_per_kwh if usd_per_kwh else 0.0
    saved = usd - energy_usd
    return pick.rent.usd_per_hour / 3600 / saved if saved > 0 else math.inf


def _against(accuracy: float, rate: float | None, pick: Candidate) -> str:
    points = 100 * (accuracy - pick.accuracy.value)
    if points < 0:
        return f"{-points:.1f} points less accurate"
    more = f"{points:.1f} points more accurate, " if points >= 0.05 else "as accurate, "
    if rate is None:
        return more + "and the pick has no price"
    if rate == 0:
        return more + "dearer: the pick's GPUs cost nothing by the hour"
    if rate > pick.questions_per_s * pick.replicas:
        return more + "cheaper at any rate that the pick's machines carry"
    return more + f"cheaper below {significant(rate)} questions/s"


def hosted_notes(
    listed: HostedPrices, offers: Sequence[HostedOffer], request: Request, workspace: Workspace
) -> tuple[str, ...]:
    """What is to be said of a price list: names that are not known here, old prices, nothing to show."""
    notes = []
    if listed.left_out:
        named = ", ".join(listed.left_out[:MOST_NAMED]) + (", …" if len(listed.left_out) > MOST_NAMED else "")
        notes.append(f"hosted models that are not known here are left out: {named}")
    if request.hosted and not offers:
        notes.append(f"no model of {request.hosted} has a known accuracy with token counts on {request.task}")
    ages = {f"{each.model} at {each.provider}": age_days(each.price.as_of, workspace.today) for each in offers}
    if old := [f"{whose}, {days} days old" for whose, days in ages.items() if days is not None and days > OLD_DAYS]:
        notes.append(f"hosted prices seen more than {OLD_DAYS} days ago: {'; '.join(old)}")
    return tuple(notes)
