"""Questions over a day: `--traffic FILE`, and what a fleet that follows them costs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.input_files import checked_file
from advisor.printable import shortened
from advisor.recommendation.candidate import Candidate
from advisor.rents import Rents
from advisor.tables import column, read_rows
from advisor.units import HOURS_PER_MONTH, JOULES_PER_KWH, checked_rate
from advisor.values import Rows, Value

HOURS, SHOWN = 24, 80
FORMS = (
    "accepted: a CSV with the columns hour,questions_per_second, a line for each hour from 0 to 23;"
    " or those 24 numbers, with commas between them"
)


_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:\s*,\s*{_NUMBER})+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficRow:
    """One hour of `--traffic`."""

    hour: int = column("0 to 23")
    questions_per_second: float = column("mean over the hour; 0: none")


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """Replicas that an hour needs, at least one, and what they cost."""

    hour: int
    questions_per_s: float
    replicas: int
    usd_per_hour: float | None


@dataclass(frozen=True, slots=True)
class DayOfTraffic(Value):
    """A day of the pick hour by hour, and a month of such days: with the replicas of the peak, or of the hour."""

    hours: Rows[HourOfDay]
    peak_questions_per_s: float
    mean_questions_per_s: float
    usd_per_month_at_peak: float | None
    usd_per_month_by_hour: float | None


def day_of(given: str | Path | Sequence[float]) -> tuple[float, ...]:
    """Questions per second of the 24 hours, from a CSV or as numbers. Raises AdvisorError."""
    if isinstance(given, str) and _NUMBERS.fullmatch(given.strip()):
        given = [float(rate) for rate in given.split(",")]
    rates = _read(Path(given)) if isinstance(given, str | Path) else tuple(float(rate) for rate in given)
    if len(rates) != HOURS:
        raise AdvisorError(f"has {len(rates)} hours, not {HOURS}", where="--traffic", hint=FORMS)
    for hour, rate in enumerate(rates):
        if rate != 0:
            checked_rate(rate, where=f"--traffic, hour {hour}")
    if not any(rates):
        raise AdvisorError("has no question in any hour", where="--traffic", hint=FORMS)
    return rates


def _read(path: Path) -> tuple[float, ...]:
    checked_file(path, where=f"--traffic {shortened(str(path), SHOWN)}", hint=FORMS, missing="is no file")
    by_hour: dict[int, float] = {}
    for row in read_rows(path, TrafficRow, hint=FORMS):
        if not 0 <= row.hour < HOURS or row.hour in by_hour:
            how = "twice" if row.hour in by_hour else "which is none"
            raise AdvisorError(f"has the hour {row.hour} {how}", where=f"--traffic {path}", hint=FORMS)
        by_hour[row.hour] = row.questions_per_second
    if missing := [hour for hour in range(HOURS) if hour not in by_hour]:
        what = f"lacks the hours {', '.join(map(str, missing))}"
        raise AdvisorError(what, where=f"--traffic {path}", hint=FORMS)
    return tuple(by_hour[hour] for hour in range(HOURS))


def day_of_traffic(
    pick: Candidate, rates: Sequence[float], rents: Rents, usd_per_kwh: float | None = None
) -> DayOfTraffic:
    """What a day costs with the pick's deployment, with the energy of the questions where that has a price."""
    energy_usd = pick.energy_j / JOULES_PER_KWH * (usd_per_kwh or 0.0)
    hours = [_hour(pick, hour, rate, rents, energy_usd * rate * 3600) for hour, rate in enumerate(rates)]
    energy_usd_per_hour = energy_usd * 3600 * sum(rates) / HOURS
    highest = max(hours, key=lambda hour: hour.replicas)
    at_peak = (highest.usd_per_hour or 0.0) - energy_usd * highest.questions_per_s * 3600 + energy_usd_per_hour
    bills = [each.usd_per_hour for each in hours if each.usd_per_hour is not None]
    known = len(bills) == HOURS
    return DayOfTraffic(
        hours=Rows(hours, HourOfDay),
        peak_questions_per_s=max(rates),
        mean_questions_per_s=sum(rates) / HOURS,
        usd_per_month_at_peak=at_peak * HOURS_PER_MONTH if known else None,
        usd_per_month_by_hour=sum(bills) / HOURS * HOURS_PER_MONTH if known else None,
    )


def _hour(pick: Candidate, hour: int, rate: float, rents: Rents, energy_usd: float) -> HourOfDay:
    replicas = max(-int(-rate // pick.questions_per_s), 1)
    machines = pick.disaggregated.machines if pick.disaggregated else 1
    rent = rents.rent(pick.gpu, pick.gpu_count // machines, replicas * machines)
    return HourOfDay(hour, rate, replicas, rent.usd_per_hour + energy_usd if rent else None)
