"""Limits by the minute: what servers say of theirs in headers, and those that a user states.

Retry-After is HTTP's, x-ratelimit-* OpenAI's, which gateways such as LiteLLM hand on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from advisor.errors import AdvisorError

LONGEST_STATED_S = 86400.0
"""A server that says more is not believed."""
LONGEST_PAUSE_S = 600.0
"""After which a server is tried again, whatever it says."""
MINUTE_S = 60.0
BURST = 0.1
"""Share of a minute's limit that may be sent at once."""
MOST_A_MINUTE = 10**12
UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(?:\d{1,15}(?:\.\d{1,15})?(?:ms|s|m|h|d))+", re.ASCII)
FORMS = "give 500requests/minute, 200000tokens/minute, or both with a comma between"
STATED = re.compile(r"(\d{1,12})\s*(requests|tokens)\s*/\s*min(?:ute)?", re.ASCII)


def stated_wait_s(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds after which a refused request may be sent again, 0 where a server does not say or says nonsense."""
    after = headers.get("retry-after", "")
    waits = (_number(headers.get("retry-after-ms", "")) / 1000, _number(after), _until(after, now), spent_s(headers))
    return min(next((wait for wait in waits if wait > 0), 0.0), LONGEST_PAUSE_S)


def spent_s(headers: Mapping[str, str]) -> float:
    """Seconds, from when it took a request, for which a server will take no other; 0 where something is left."""
    waits = [
        _duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}", "").strip() == "0"
    ]
    return min(max(waits, default=0.0), LONGEST_PAUSE_S)


def _believed(wait_s: float) -> float:
    return wait_s if 0 < wait_s <= LONGEST_STATED_S else 0.0


def _number(text: str) -> float:
    try:
        return 0.0 if "_" in text else _believed(float(text))
    except ValueError:
        return 0.0


def _duration(text: str) -> float:
    """`6m0s`, `120ms` or a number of seconds."""
    text = text.strip()
    if not DURATION.fullmatch(text):
        return _number(text)
    parts = re.findall(r"([\d.]+)(ms|s|m|h|d)", text)
    return _believed(sum(float(number) * UNITS_S[unit] for number, unit in parts))


def _until(text: str, now: datetime | None) -> float:
    """Seconds until an HTTP date."""
    try:
        date = parsedate_to_datetime(text[:64])
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return _believed((date - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError):
        return 0.0


@dataclass(slots=True)
class Bucket:
    """No more than `a_minute` in any minute, of which a tenth, and one at least, at once."""

    a_minute: float
    _left: float = field(init=False)
    _latest_s: float | None = None

    def __post_init__(self) -> None:
        self._left = self.burst

    @property
    def burst(self) -> float:
        """What may be taken at once."""
        return max(BURST * self.a_minute, 1.0)

    @property
    def a_second(self) -> float:
        """What comes back; with the burst it is no more than the limit in any minute."""
        return (self.a_minute - self.burst or self.a_minute) / MINUTE_S

    def wait_s(self, now_s: float, amount: float) -> float:
        """Until so much may be taken; more than a burst is taken when the bucket is full, and owed."""
        self._fill(now_s)
        return max(min(amount, self.burst) - self._left, 0.0) / self.a_second

    def take(self, now_s: float, amount: float) -> None:
        """Take so much, or give it back where it is negative."""
        self._fill(now_s)
        self._left -= amount

    def _fill(self, now_s: float) -> None:
        if self._latest_s is not None:
            self._left = min(self._left + (now_s - self._latest_s) * self.a_second, self.burst)
        self._latest_s = now_s


@dataclass(slots=True)
class Rates:
    """Limits of requests and of tokens by the minute. A request's tokens are not known before it is answered: it takes
    what those before it had on average, and the rest when it ends."""

    requests: Bucket
    tokens: Bucket
    _answers: int = 0
    _tokens: float = 0.0

    @classmethod
    def of(cls, text: str | None, *, where: str = "--rate-limit") -> Rates:
        """From `500requests/minute,200000tokens/minute`; None: no limits. Raises AdvisorError."""
        limits = {"requests": math.inf, "tokens": math.inf}
        for part in text.split(",") if text is not None else ():
            found = STATED.fullmatch(part.strip())
            if not found or not int(found[1]) or limits[found[2]] < math.inf:
                raise AdvisorError(f"{text!r} is no limit by the minute", where=where, hint=FORMS)
            limits[found[2]] = float(found[1])
        return cls(Bucket(limits["requests"]), Bucket(limits["tokens"]))

    def expected_tokens(self, most: int) -> float:
        """Of a request that may generate so many."""
        return self._tokens / self._answers if self._answers else float(most)

    def wait_s(self, now_s: float, tokens: float) -> float:
        """Until a request of so many tokens may be sent."""
        return max(_wait_s(self.requests, now_s, 1), _wait_s(self.tokens, now_s, tokens))

    def begun(self, now_s: float, tokens: float) -> None:
        """It is sent."""
        _take(self.requests, now_s, 1)
        _take(self.tokens, now_s, tokens)

    def answered(self, now_s: float, expected: float, tokens: int) -> None:
        """It took so many tokens, prompt and answer."""
        self._answers += 1
        self._tokens += tokens
        _take(self.tokens, now_s, tokens - expected)


def _wait_s(bucket: Bucket, now_s: float, amount: float) -> float:
    return bucket.wait_s(now_s, amount) if bucket.a_minute < math.inf else 0.0


def _take(bucket: Bucket, now_s: float, amount: float) -> None:
    if bucket.a_minute < math.inf:
        bucket.take(now_s, amount)
