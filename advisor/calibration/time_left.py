"""The time a run still takes, from when its questions and requests began and ended. Times are passed in, seconds.

Answers live log-normally long: parameters by maximum likelihood, where those still running count with their age, and a
weak prior. What is left is the time by which, as likely as not, the last has ended: those running from their age on,
those to come as slots become free. A run whose questions make all their requests at once is followed by requests, one
whose requests wait for earlier ones by questions, because nobody knows how many requests they will make.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

SEEN = 128
"""Ended ones remembered, evenly spaced over the run."""
POINTS = 32
"""Running ones, and ones to come, that stand for all."""
HALF = 64.0
"""Requests side by side at which each runs at half speed; engines differ, and a factor of two here matters little."""
SPREAD, SPREAD_WEIGHT = 0.5, 6.0
"""Of the logarithm of a life, and the number of observations that this is worth."""
LIMIT_LIVES, LIMIT_POWER = 3.0, 1.5
"""Where no limit has been seen: P(limit > x) = 1 / (1 + (x / (3 median lives))^1.5), of tokens or of rounds."""
ROUNDS = 12
"""Requests one after another that a question is taken to make while none has ended."""
FOLLOWING = 0.05
"""Share of requests begun after their question from which on a run is followed by questions."""
NEAR_LIMIT, AT_LIMIT = 0.97, 0.03


class TimeLeft:
    """Follows a run and says what is left of it.

    In 160 simulated runs apart from those that it was made with (six strategies, 8 to 1 500 questions, 8 to 1 024
    requests served at once, a quarter resumed) 66, 79, 72 and 73 % of the estimates at 10, 25, 50 and 75 % of the time
    were within a factor of two, and 59 % at 92 %; questions left at the pace of those done gave 42, 52, 58, 52 and
    46 %. Where more questions wait than are in flight it is 70, 85, 82, 89 and 79 %; where everything runs side by
    side 15, 52, 59, 48 and 19 %: nobody has yet seen the limit of tokens, or of rounds, that ends such a run.

    `done` questions were found finished. Engines serve first come, first served; no two requests begin at one time.
    """

    def __init__(self, n_questions: int, done: int = 0) -> None:
        self._to_do = n_questions - done
        self._draws, self._questions = _Lives(), _Lives()
        self._draws_s = 0.0
        self._latest_question_s = -math.inf
        self._following = 0

    def draw_begun(self, now_s: float) -> None:
        """A request was sent; the engine may let it wait."""
        self._draws.begin(now_s)
        if now_s - self._latest_question_s > 0.01 * self._mean_draw_s:
            self._following += 1

    def draw_ended(self, begun_s: float, now_s: float) -> None:
        """The request that began at `begun_s` has its answer or has failed."""
        self._draws.end(begun_s, now_s)
        self._draws_s += now_s - begun_s

    def question_begun(self, now_s: float) -> None:
        """A question is being worked on."""
        self._questions.begin(now_s)
        self._latest_question_s = now_s

    def question_ended(self, begun_s: float, now_s: float, draws: int) -> None:
        """The question that began at `begun_s` is done or has failed, after `draws` requests."""
        few = draws < 0.5 * self._draws.begun / self._questions.begun
        if few and now_s - begun_s < 2 * self._mean_draw_s:  # failed at its first request: says nothing of the others
            self._questions.forget(begun_s)
        else:
            self._questions.end(begun_s, now_s)
        self._to_do -= 1

    def left_s(self, now_s: float) -> float | None:
        """Seconds to the end of the run; None until a first request has begun. Takes milliseconds."""
        if self._to_do <= 0:
            return 0.0
        draws, questions = self._draws, self._questions
        if not draws.begun or not questions.begun:
            return None
        not_begun = self._to_do - len(questions.open_s)
        if self._following < FOLLOWING * draws.begun:
            to_come = not_begun * draws.begun / questions.begun
            return _left_s(draws, now_s, to_come, _Engine(draws.slots, HALF))
        side_by_side = max(len(draws.open_s) / max(len(questions.open_s), 1), 1.0)
        engine = _Engine(math.inf, min(HALF, draws.slots) / side_by_side)
        return _left_s(questions, now_s, not_begun, engine, ROUNDS * self._mean_draw_s)

    @property
    def _mean_draw_s(self) -> float:
        return self._draws_s / self._draws.ended if self._draws.ended else math.inf


@dataclass(frozen=True, slots=True)
class _Ended:
    """One that has ended: how many had by then, how many were open, and the place at which it began."""

    begun_s: float
    ended_s: float
    ended: int
    n_open: int
    place: int


@dataclass(slots=True)
class _Lives:
    """Requests or questions, in the order in which they began; `widest` is the furthest place that one ended at."""

    open_s: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    seen: list[_Ended] = field(default_factory=list)
    stride: int = 1
    begun: int = 0
    ended: int = 0
    widest: int = 0
    start_s: float = 0.0

    def begin(self, now_s: float) -> None:
        if not self.begun:
            self.start_s = now_s
        self.open_s.append(now_s)
        self.places.append(self.begun)
        self.begun += 1

    def forget(self, begun_s: float) -> tuple[int, int]:
        """Takes one from the open; its position among them and the place at which it began."""
        at = bisect_left(self.open_s, begun_s)
        del self.open_s[at]
        return at, self.places.pop(at)

    def end(self, begun_s: float, now_s: float) -> None:
        n_open = len(self.open_s)
        at, place = self.forget(begun_s)
        self.widest = max(self.widest, at + 1)
        self.ended += 1
        if self.ended % self.stride == 0:
            self.seen.append(_Ended(begun_s, now_s, self.ended, n_open, place))
        if len(self.seen) == SEEN:
            self.seen, self.stride = self.seen[1::2], 2 * self.stride

    @property
    def slots(self) -> float:
        """How many are served at once: first come, first served, the one that ends is among the oldest so many."""
        return self.widest * (1 + 1 / self.ended) if self.ended else math.inf


@dataclass(frozen=True, slots=True)
class _Engine:
    """Serves `slots` at once; each runs at half speed where `half` run side by side."""

    slots: float
    half: float

    def slowness(self, n: float) -> float:
        return 1 + min(n, self.slots) / self.half


@dataclass(frozen=True, slots=True)
class _Life:
    """Log-normal, cut at `limit`; in seconds that one running alone would take."""

    mu: float
    sigma: float
    limit: float

    def log_survival(self, life: float) -> float:
        return _log_upper((math.log(life) - self.mu) / self.sigma) if life > 0 else 0.0

    @property
    def mean(self) -> float:
        z = (math.log(self.limit) - self.mu) / self.sigma
        below = math.exp(self.mu + self.sigma**2 / 2) * math.exp(_log_upper(self.sigma - z))
        return below + (self.limit * math.exp(_log_upper(z)) if self.limit < math.inf else 0.0)


def _log_upper(z: float) -> float:
    """ln P(Z > z) of a standard normal; by its asymptote where that underflows."""
    if z > 30:
        return -z * z / 2 - math.log(z * math.sqrt(2 * math.pi))
    return math.log(math.erfc(z / math.sqrt(2)) / 2)


def _left_s(lives: _Lives, now_s: float, to_come: float, engine: _Engine, guess_s: float = 0.0) -> float:
    """Time until all open ones and `to_come` more have ended; `guess_s` is a life for want of one that has ended."""
    clock = _clock(lives, now_s, engine)
    started = _starts(lives, engine.slots)
    n_open = len(lives.open_s)
    n_served = n_open if engine.slots >= n_open else math.ceil(engine.slots)
    picked = range(0, n_served, max(math.ceil(n_served / POINTS), 1))
    ages = [clock(now_s) - clock(started(lives.open_s[i], lives.places[i])) for i in picked]
    lived = [clock(one.ended_s) - clock(started(one.begun_s, one.place)) for one in lives.seen]
    weights = (lives.ended / max(len(lived), 1), n_served / max(len(ages), 1))
    if not lived:
        lived, weights = [max([*ages, guess_s / engine.slowness(n_open)])], (1.0, weights[1])
    life = _fit([max(x, 1e-9) for x in lived], [max(x, 1e-9) for x in ages], weights)
    # after two rounds of the slots their pace is known, whatever the law of lives and the number of slots
    each = clock(now_s) / lives.ended if lives.ended >= 2 * n_served > 0 else life.mean / max(n_served, 1)
    waiting = n_open - n_served + to_come
    return _until_all_end(life, ages, (n_served, waiting), waiting * each, engine)


def _clock(lives: _Lives, now_s: float, engine: _Engine) -> Callable[[float], float]:
    """From time to the progress of one that ran all along, slowed by those beside it."""
    times = [lives.start_s, *(one.ended_s for one in lives.seen), now_s]
    beside = [*(one.n_open for one in lives.seen), len(lives.open_s)]
    progress = [0.0]
    for begun_s, ended_s, n in zip(times[:-1], times[1:], beside, strict=True):
        progress.append(progress[-1] + (ended_s - begun_s) / engine.slowness(n))
    return lambda at_s: _between(at_s, times, progress)


def _starts(lives: _Lives, slots: float) -> Callable[[float, int], float]:
    """When the engine took one up: the one at place p as soon as p + 1 − slots had ended."""
    counts = [0.0, *(float(one.ended) for one in lives.seen)]
    times = [lives.start_s, *(one.ended_s for one in lives.seen)]
    return lambda begun_s, place: max(begun_s, _between(place + 1 - slots, counts, times))


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """`ys` at `x`, straight between the `xs` and level outside."""
    i = bisect_left(xs, x)
    if i == 0 or i == len(xs):
        return ys[min(i, len(xs) - 1)]
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])


def _fit(lived: list[float], ages: list[float], weights: tuple[float, float]) -> _Life:
    """Maximum likelihood by expectation and maximization; each of `lived` and of `ages` stands for so many."""
    longest, (each_lived, each_age) = max(lived), weights
    at_limit = sum(x > NEAR_LIMIT * longest for x in lived)
    limited = len(lived) >= 8 and at_limit * each_lived > max(AT_LIMIT * len(lived) * each_lived, 3)
    exact = [math.log(x) for x in lived if not limited or x <= NEAR_LIMIT * longest]
    cut = [(math.log(x), each_age) for x in ages] + [(math.log(longest), each_lived)] * (len(lived) - len(exact))
    n = len(exact) * each_lived + sum(weight for _, weight in cut)
    mu, sigma = sum(map(math.log, lived)) / len(lived), SPREAD
    for _ in range(40):
        first = each_lived * sum(exact)
        second = each_lived * sum(x * x for x in exact)
        for x, weight in cut:
            z = (x - mu) / sigma
            hazard = math.exp(-z * z / 2 - _log_upper(z)) / math.sqrt(2 * math.pi)
            mean = mu + sigma * hazard
            first += weight * mean
            second += weight * (mean * mean + sigma * sigma * (1 + z * hazard - hazard * hazard))
        before, mu = mu, first / n
        squares = max(second - n * mu * mu, 0.0)
        sigma = math.sqrt((squares + SPREAD_WEIGHT * SPREAD**2) / (n + SPREAD_WEIGHT))
        if abs(mu - before) < 1e-3 * sigma:
            break
    return _Life(mu, sigma, longest if limited else math.inf)


def _until_all_end(
    life: _Life, ages: list[float], counts: tuple[float, float], drained: float, engine: _Engine
) -> float:
    """Median of the time until the last of `counts` (served, waiting) has ended, in seconds."""
    served, waiting = counts
    each = (served / max(len(ages), 1), waiting / POINTS)
    later = [(i + 0.5) / POINTS * drained for i in range(POINTS)] if waiting else []
    at_work = [(0.0, age, life.log_survival(age), each[0]) for age in ages]
    at_work += [(begins, 0.0, 0.0, each[1]) for begins in later]
    oldest, scale = max(ages, default=0.0), LIMIT_LIVES * math.exp(life.mu)

    def running(x: float, one: tuple[float, float, float, float]) -> float:
        begins, age, known, _ = one
        lived = x - begins + age
        if x <= begins:
            return 1.0
        return math.exp(life.log_survival(lived) - known) if lived < life.limit else 0.0

    def all_ended(x: float) -> float:
        ended = math.exp(sum(one[3] * math.log1p(-min(running(x, one), 1 - 1e-12)) for one in at_work))
        if life.limit < math.inf or x <= drained:
            return ended
        before, then = oldest / scale, (oldest + x - drained) / scale
        return 1 - (1 - ended) * (1 + math.pow(before, LIMIT_POWER)) / (1 + math.pow(then, LIMIT_POWER))

    high = drained + life.mean
    while all_ended(high) < 0.5:
        high *= 2
    low = 0.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if all_ended(middle) >= 0.5 else (middle, high)
    steps = [(i + 0.5) / POINTS * high for i in range(POINTS)]
    beside = [sum(one[3] * running(x, one) for one in at_work if one[0] <= x) for x in steps]
    return sum(high / POINTS * engine.slowness(n) for n in beside)
