"""Budgets and the units of the five costs: usd, flops, s, J, tokens. Parse and print, nothing else."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from advisor.arguments import check_fields
from advisor.errors import AdvisorError, unknown

HOURS_PER_MONTH = 730.0
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600.0
JOULES_PER_KWH = 3.6e6

LONGEST_S = 1e8
LEAST_PER_S, MOST_PER_S = 1e-9, 1e6
MOST = 10**8
"""The longest duration, the lowest and the highest rate and the largest count that an option may have."""

COSTS = ("usd", "flops", "s", "J", "tokens")
UNIT_NAMES = {"usd": "USD", "flops": "FLOPs", "s": "s", "J": "J", "tokens": "tokens"}
"""What is written behind an amount of a cost."""

# spelling -> (cost, factor to the stored unit)
_UNITS = {
    "usd": ("usd", 1.0),
    "$": ("usd", 1.0),
    "cent": ("usd", 0.01),
    "flops": ("flops", 1.0),
    "tflops": ("flops", 1e12),
    "pflops": ("flops", 1e15),
    "s": ("s", 1.0),
    "ms": ("s", 1e-3),
    "min": ("s", 60.0),
    "j": ("J", 1.0),
    "kj": ("J", 1e3),
    "wh": ("J", 3600.0),
    "tokens": ("tokens", 1.0),
    "token": ("tokens", 1.0),
    "ktokens": ("tokens", 1e3),
}

_FORMS = "0.002usd, 5e13flops, 20s, 300J, 4000tokens, 2usd/1000q, 500usd/month (with --qps)"
_BUDGET = re.compile(
    r"\s*(?P<amount>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?nan|[-+]?inf)\s*(?P<unit>[a-z$]+)\s*"
    r"(?:/\s*(?P<per>month|(?P<questions>\d+(?:\.\d+)?(?:e\d+)?)?\s*q))?\s*",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper bound on one cost of one question; a monthly one needs a request rate first.

    Raises AdvisorError for an unknown cost, no sensible amount above zero, or a month of anything but usd.
    """

    amount: float
    cost: str
    monthly: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "cost", parse_cost(self.cost, where="--budget"))
        if fault := _fault(self.amount, self.cost, self.monthly):
            raise _refusal(str(self), fault)

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `0.002usd`, `5e13flops`, `20s`, `2usd/1000q`, `500usd/month`.

        Raises AdvisorError naming the text and the accepted forms.
        """
        match = _BUDGET.fullmatch(text)
        if match is None:
            raise _refusal(text, "is not a number with a unit")
        unit = match["unit"].lower()
        if unit not in _UNITS:
            raise _refusal(text, f"has the unknown unit {match['unit']!r}")
        cost, factor = _UNITS[unit]
        questions = float(match["questions"] or 1)
        if questions <= 0:
            raise _refusal(text, "needs a number of questions above zero")
        amount = float(match["amount"]) * factor / questions
        monthly = (match["per"] or "").lower() == "month"
        if fault := _fault(amount, cost, monthly):
            raise _refusal(text, fault)
        return cls(amount, cost, monthly)

    def per_question(self, qps: float | None) -> Budget:
        """The same budget for one question, at `qps` questions per second when it is monthly."""
        if not self.monthly:
            return self
        if qps is None:
            raise AdvisorError(
                f"{self} needs a rate",
                where="--budget",
                hint="say how many questions per second with --qps, e.g. --qps 0.5",
            )
        return Budget(self.amount / (qps * SECONDS_PER_MONTH), "usd")

    def __str__(self) -> str:
        return f"{self.amount!r}{self.cost}{'/month' if self.monthly else ''}"


def _fault(amount: float, cost: str, monthly: bool) -> str:
    """What is wrong with a budget; empty where nothing is."""
    if not (math.isfinite(amount) and amount > 0):
        return "is not a finite number above zero"
    if not 1e-15 <= amount <= 1e30:
        return "is beyond any sensible budget"
    return "per month is for usd only" if monthly and cost != "usd" else ""


def plain_number(text: str) -> float:
    """A number in the digits 0 to 9. Raises ValueError for any other, and for Python's underscores.

    >>> plain_number("1e3")
    1000.0
    """
    if "_" in text or not text.isascii():
        raise ValueError
    return float(text)


def parse_cost(text: str, *, where: str) -> str:
    """One of COSTS, in any case. Raises AdvisorError."""
    by_folded = {cost.lower(): cost for cost in COSTS}
    if text.lower() not in by_folded:
        raise unknown("cost", text, COSTS, where=where)
    return by_folded[text.lower()]


def parse_duration(given: str | float, *, where: str) -> float:
    """Seconds from `1s`, `50ms`, `2min`, or from a number of seconds. Raises AdvisorError."""
    if isinstance(given, str):
        try:
            budget = Budget.parse(given) if "/" not in given else None
        except AdvisorError:
            budget = None
        seconds = budget.amount if budget and budget.cost == "s" else math.nan
    else:
        seconds = float(given)
    if not 0 < seconds <= LONGEST_S:
        what = f"{given!r} is not a duration above zero, up to {LONGEST_S:,.0f} s"
        raise AdvisorError(what, where=where, hint="accepted: 1s, 50ms, 2min")
    return seconds


def parse_share(text: str, *, where: str) -> float:
    """A share of one. Raises AdvisorError.

    >>> parse_share("70%", where="--target"), parse_share("0.7", where="--target")
    (0.7, 0.7)
    """
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(%?)\s*", text, re.ASCII)
    if found is None:
        raise AdvisorError(f"{text!r} is no share", where=where, hint="accepted: 0.7 or 70%")
    return float(found[1]) / (100 if found[2] else 1)


def checked_rate(rate: float | None, *, where: str) -> float | None:
    """Requests or questions per second, above zero. Raises AdvisorError."""
    if rate is not None and not LEAST_PER_S <= rate <= MOST_PER_S:
        hint = f"give a number per second above zero, up to {MOST_PER_S:,.0f}, e.g. 0.5"
        raise AdvisorError(f"{rate:g} is out of range", where=where, hint=hint)
    return rate


def checked_count(count: int, *, where: str) -> int:
    """A whole number from 1. Raises AdvisorError."""
    if not 1 <= count <= MOST:
        raise AdvisorError(f"{count} is out of range", where=where, hint=f"give a whole number from 1 to {MOST:,}")
    return count


def _refusal(text: str, why: str) -> AdvisorError:
    return AdvisorError(f"{text!r} {why}", where="--budget", hint=f"accepted: {_FORMS}")


def significant(value: float | None, digits: int = 3) -> str:
    """Plain digits for the eye: `0.00214`, `12.3`, `1.53e+15`; `–` for None."""
    if value is None:
        return "–"
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        decimals = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
        return f"{value:,.{max(decimals, 0)}f}"
    return f"{value:.{digits - 1}e}"


def counted(n: float, noun: str) -> str:
    """A whole number of things: `1 run`, `2,431 tokens`.

    >>> counted(1, "run"), counted(12.0, "token")
    ('1 run', '12 tokens')
    """
    number = f"{n:,.0f}"
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Honest rounding: 100 % and 0 % only where they are exact."""
    if fraction is None:
        return "–"
    step = 10.0**-decimals
    value = round(100 * fraction, decimals)
    if value >= 100 and fraction < 1:
        value = 100 - step
    elif value <= 0 and fraction > 0:
        value = step
    return f"{value:.{decimals}f} %"


def bytes_text(n_bytes: float) -> str:
    """Decimal gigabytes, as GPU vendors count them."""
    return f"{n_bytes / 1e9:,.1f} GB"
