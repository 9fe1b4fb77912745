"""The time left of simulated runs: many questions through an engine that serves some requests at once."""

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from advisor.calibration.time_left import TimeLeft
from advisor.strategies.adaptive import settled

SHARES = (0.1, 0.25, 0.5, 0.75)
TOKENS_PER_S = 100


@dataclass(frozen=True)
class Setting:
    """A run: `slots` requests served at once, each at half speed where `half` run; lengths log-normal, cut at `most`.

    `alike` is the share of the variance of the logarithm that answers to one question have in common.
    """

    strategy: str
    n: int
    done: int = 0
    in_flight: int = 256
    k: int = 1
    slots: int = 256
    half: float = 64.0
    median: float = 400.0
    sigma: float = 0.7
    alike: float = 0.4
    most: float = 2048
    failing: float = 0.0
    seed: int = 0


def drawn_setting(seed: int, most_draws: int = 30_000) -> Setting:
    r = random.Random(seed)
    strategy = r.choice(["greedy", "plain", "plain", "adaptive", "thinking", "rebase", "mcts"])
    n = round(math.exp(r.uniform(math.log(20), math.log(1500))))
    done = round(n * r.uniform(0.1, 0.9)) if r.random() < 0.25 else 0
    in_flight, slots = r.choice([32, 256, 256, 256]), round(2 ** r.uniform(3, 10))
    least, largest = {"plain": (0, 10), "adaptive": (3, 6), "rebase": (2, 6), "mcts": (2, 5)}.get(strategy, (0, 0))
    k = 2 ** r.randint(least, largest)
    draws = {"adaptive": min(8, k), "rebase": 5 * k, "mcts": 4 * k}.get(strategy, k)
    n = max(min(n, most_draws // draws), 8)
    median, most = math.exp(r.uniform(math.log(80), math.log(1500))), r.choice([1024, 2048, 4096])
    sigma, alike, half = r.uniform(0.3, 1.2), r.uniform(0.1, 0.8), 2 ** r.uniform(4, 9)
    failing = r.choice([0, 0, 0.05])
    done = min(done, n - 4)
    return Setting(strategy, n, done, in_flight, k, slots, half, median, sigma, alike, most, failing, seed)


def waves(s: Setting, r: random.Random) -> Iterator[list[float]]:
    """Lengths in tokens of the requests of one question that run side by side, one wave after another."""
    common = math.sqrt(s.alike) * r.gauss(0, 1)

    def length(median: float = s.median, most: float = s.most) -> float:
        return max(min(median * math.exp(s.sigma * (common + math.sqrt(1 - s.alike) * r.gauss(0, 1))), most), 1.0)

    if r.random() < s.failing:
        return iter([[length() / 10]])
    return WAVES[s.strategy](s, r, length)


def sampled(s: Setting, r: random.Random, length: Callable[..., float]) -> Iterator[list[float]]:
    yield [length() for _ in range(s.k)]


def thought(s: Setting, r: random.Random, length: Callable[..., float]) -> Iterator[list[float]]:
    tokens = length()
    yield [tokens]
    if tokens == s.most:
        yield [r.uniform(10, 64)]


def voted(s: Setting, r: random.Random, length: Callable[..., float]) -> Iterator[list[float]]:
    right, votes = r.betavariate(1.2, 1.0), Counter()
    while not settled(votes, s.k - votes.total(), 0.95):
        yield [length()]
        votes["right" if r.random() < right else r.randint(0, 3)] += 1


def balanced(s: Setting, r: random.Random, length: Callable[..., float]) -> Iterator[list[float]]:
    width, steps, depth = s.k, r.uniform(4, 14), 0
    while width and depth < 25:
        depth += 1
        yield [length(60, 256) for _ in range(width)]
        width -= sum(r.random() < (depth / steps) ** 3 for _ in range(width))


def rolled_out(s: Setting, r: random.Random, length: Callable[..., float]) -> Iterator[list[float]]:
    for _ in range(s.k):
        yield [length(60, 256) for _ in range(4)]
        yield [length(s.median / 2, min(s.most, 1024))]


WAVES = {
    "greedy": sampled,
    "plain": sampled,
    "thinking": thought,
    "adaptive": voted,
    "rebase": balanced,
    "mcts": rolled_out,
}


class Search:
    """A question on its way."""

    def __init__(self, begun_s: float, rounds: Iterator[list[float]]) -> None:
        self.begun_s, self.rounds, self.open, self.draws = begun_s, rounds, 0, 0


def take_up(queue: deque, served: list, slots: int, progress: float) -> None:
    """First come, first served, while a slot is free; served ones are ordered by the progress at which they end."""
    while queue and len(served) < slots:
        tokens, begun_s, search = queue.popleft()
        heapq.heappush(served, (progress + tokens, begun_s, search))


def events(s: Setting) -> list[tuple[str, tuple[float, ...]]]:
    """Calls of TimeLeft with their arguments, in order; no two at the same time."""
    r, out, ticks = random.Random(7 * s.seed + 1), [], count(1)
    queue, served, going = deque(), [], []
    left, now_s, progress = s.n - s.done, 0.0, 0.0

    def stamp() -> float:
        return now_s + next(ticks) * 1e-9

    def send(search: Search, lengths: list[float]) -> None:
        search.open = len(lengths)
        search.draws += len(lengths)
        for tokens in lengths:
            begun_s = stamp()
            out.append(("draw_begun", (begun_s,)))
            queue.append((tokens, begun_s, search))

    def fill() -> None:
        nonlocal left
        fresh = []
        while left and len(going) < s.in_flight:
            fresh.append(Search(stamp(), waves(s, random.Random(r.random()))))
            out.append(("question_begun", (fresh[-1].begun_s,)))
            going.append(fresh[-1])
            left -= 1
        for search in fresh:
            send(search, next(search.rounds))

    fill()
    while queue or served:
        take_up(queue, served, s.slots, progress)
        end, begun_s, search = heapq.heappop(served)
        now_s += (end - progress) * (1 + (len(served) + 1) / s.half) / TOKENS_PER_S
        progress = end
        out.append(("draw_ended", (begun_s, stamp())))
        search.open -= 1
        if search.open:
            continue
        if lengths := next(search.rounds, None):
            send(search, lengths)
        else:
            going.remove(search)
            out.append(("question_ended", (search.begun_s, stamp(), search.draws)))
            fill()
    return out


def at_s(event: tuple[str, tuple[float, ...]]) -> float:
    what, arguments = event
    return arguments[0] if what.endswith("begun") else arguments[1]


def ratios(s: Setting, shares: tuple[float, ...] = SHARES) -> list[float | None]:
    """Estimated by true time left at these shares of the whole time."""
    happened = events(s)
    total_s, time_left, i, out = at_s(happened[-1]), TimeLeft(s.n, s.done), 0, []
    for share in shares:
        while at_s(happened[i]) <= share * total_s:
            what, arguments = happened[i]
            getattr(time_left, what)(*arguments)
            i += 1
        left_s = time_left.left_s(share * total_s)
        out.append(None if left_s is None else left_s / (total_s * (1 - share)))
    return out


def test_within_a_factor_of_two_in_most_runs():
    """Shorter runs than those that the figures of TimeLeft come from, and fewer."""
    runs = [ratios(drawn_setting(seed, most_draws=2_000)) for seed in range(5_000, 5_050)]
    within = [sum(0.5 <= ratio <= 2 for ratio in found) / len(runs) for found in zip(*runs, strict=True)]
    assert all(share >= least for share, least in zip(within, (0.66, 0.74, 0.72, 0.66), strict=True)), within


@pytest.mark.parametrize(
    "setting",
    [
        Setting("greedy", 600, slots=16),
        Setting("greedy", 600, slots=16, done=400),
        Setting("greedy", 600, in_flight=32, slots=500),
        Setting("plain", 60, k=64, slots=32),
        Setting("plain", 60, k=64, slots=32, failing=0.1),
        Setting("plain", 8, k=512, slots=128, sigma=1.0),
        Setting("adaptive", 400, in_flight=32, k=16),
        Setting("thinking", 300, in_flight=32, slots=16),
        Setting("rebase", 150, in_flight=16, k=8, slots=64),
        Setting("mcts", 150, in_flight=16, k=4, slots=64),
    ],
)
def test_where_much_waits_for_its_turn_it_is_close(setting):
    for seed in range(3):
        found = ratios(Setting(**{**vars(setting), "seed": seed}), (0.15, 0.3, 0.45, 0.6))
        assert all(0.5 <= ratio <= 2 for ratio in found), found


def served_in_turn(n: int, slots: int, ended: int, to_begin: int = 0) -> TimeLeft:
    """`n` questions of one request each, all sent at once, each served for a second; so many have ended."""
    time_left = TimeLeft(n + to_begin)
    for i in range(n):
        time_left.question_begun(i * 1e-6)
    for i in range(n):
        time_left.draw_begun((n + i) * 1e-6)
    for i in range(ended):
        now_s = 1.0 + i // slots + (i % slots) * 1e-3
        time_left.draw_ended((n + i) * 1e-6, now_s)
        time_left.question_ended(i * 1e-6, now_s, 1)
    return time_left


@pytest.mark.parametrize("slots", [1, 5, 20])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_a_queue_served_in_turn(slots, part):
    ended = int(200 * part)
    left_s = served_in_turn(200, slots, ended).left_s(ended / slots + 0.5)
    assert left_s == pytest.approx((200 - ended) / slots, rel=0.3)


def test_nothing_before_a_request_and_nothing_left_at_the_end():
    time_left = TimeLeft(3, done=1)
    assert time_left.left_s(5.0) is None
    time_left.question_begun(5.0)
    assert time_left.left_s(5.0) is None
    assert served_in_turn(6, 2, 6).left_s(4.0) == 0
    assert TimeLeft(3, done=3).left_s(0.0) == 0


def test_a_clock_in_other_units_gives_the_same_in_those():
    def left(unit: float) -> float:
        time_left = TimeLeft(40)
        for i in range(10):
            time_left.question_begun(unit * (1 + i * 1e-6))
            time_left.draw_begun(unit * (1 + i * 1e-6 + 1e-7))
        for i in range(5):
            time_left.draw_ended(unit * (1 + i * 1e-6 + 1e-7), unit * (2 + i))
            time_left.question_ended(unit * (1 + i * 1e-6), unit * (2 + i), 1)
        return time_left.left_s(7 * unit)

    assert left(60.0) == pytest.approx(60 * left(1.0), rel=1e-6)


def test_the_more_questions_are_left_the_longer_it_takes():
    times_s = [served_in_turn(150, 10, 100, to_begin=n).left_s(10.5) for n in (0, 250, 750, 1750)]
    assert times_s == pytest.approx([5, 30, 80, 180], rel=0.3)
