"""Waiting at random arrivals: known formulas, and the step-by-step simulation."""

import math

import numpy as np
import pytest

from advisor.performance.queueing import PLANNED_RATE, WEIGHTS, Lengths, Objective, Queue, Station
from advisor.performance.simulation import StepTimes, poisson, simulate
from advisor.performance.steady_states import Figures, SteadyStates


def one(*values):
    return tuple(np.array([float(value)]) for value in values)


def erlang_c(servers, load):
    """Chance of waiting in M/M/m, by the recursion of Erlang's B."""
    offered, blocked = servers * load, 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


@pytest.mark.parametrize("servers", [1, 2, 8, 64, 512])
@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_the_chance_of_waiting_is_never_below_erlangs(servers, load):
    queue = Queue(*one(servers, 10, 1))
    (chance,) = queue.at(load * queue.most_per_s).chance
    exact = erlang_c(servers, load)
    assert exact - 1e-12 <= chance <= exact + 0.09


def test_one_place_and_exponential_times_are_the_textbook_queue():
    """M/M/1: ρ·exp(−(μ−λ)t) wait longer than t."""
    wait = Queue(*one(1, 2, 1)).at(np.array([0.4]))
    assert wait.beyond(np.array([3.0])) == pytest.approx(0.8 * math.exp(-0.1 * 3))
    assert wait.within(0.95) == pytest.approx(math.log(0.8 / 0.05) / 0.1)
    assert wait.beyond(wait.within(0.95)) == pytest.approx(0.05)
    assert wait.beyond(np.array([-1.0])) == 1.0
    assert wait.within(0.1) == 0.0


def test_equal_answers_halve_the_wait_and_it_lasts_at_least_the_rest_of_one():
    even, spread = (Queue(*one(4, 2, cv2)).at(np.array([1.6])) for cv2 in (0, 1))
    assert even.ends_per_s == pytest.approx(2 * spread.ends_per_s)
    assert even.beyond(np.array([1.0])) < spread.beyond(np.array([1.0]))
    rare = Queue(*one(1, 2, 0)).at(np.array([0.1]))
    assert rare.beyond(np.array([0.5])) == pytest.approx(0.2 * 0.75)  # a quarter of an answer has passed


def test_with_every_place_taken_the_wait_has_no_end():
    queue = Queue(*one(2, 2, 1))
    assert queue.most_per_s == pytest.approx(1.0)
    assert math.isinf(queue.at(np.array([1.0])).within(0.95)[0])


def test_lengths_go_through_what_is_known():
    lengths = Lengths(*one(100, 400, 700))
    assert [lengths.at(p)[0] for p in (0.5, 0.95, 0.99)] == pytest.approx([100, 400, 700])
    assert lengths.at(0.05)[0] == pytest.approx(100**2 / 400)
    assert lengths.at(0.97)[0] < 700 < lengths.at(0.995)[0]
    assert Lengths(*one(5, 5, 5)).cv2 == pytest.approx(0)
    normal = np.random.default_rng(0).lognormal(0, 0.5, 400_000)
    sampled = Lengths(*(np.array([q]) for q in np.quantile(normal, (0.5, 0.95, 0.99))))
    assert sampled.cv2[0] == pytest.approx(normal.var() / normal.mean() ** 2, rel=0.1)


def station(levels=(1, 2, 4, 8, 16), n_samples=1, lengths=(100, 250, 350), flat_s=0.01, each_s=0.001):
    """Steps of flat_s + each_s·n seconds; answers of about 120 tokens on average."""
    n = np.array(levels, dtype=float)
    mean = float((WEIGHTS @ Lengths(*one(*lengths)).parts)[0])
    tpot_s = flat_s + each_s * n
    figures = Figures(tpot_s, tpot_s, mean * tpot_s, 100 * n)
    return Station(
        SteadyStates.of(np.zeros(len(n), dtype=int), n, figures),
        np.full(len(n), float(n_samples)),
        np.ceil(n_samples / n),
        np.zeros(len(n)),
        Lengths(*(np.full(len(n), float(length)) for length in lengths)),
    )


def simulated(rate, places=16, n_samples=1, lengths=(100, 250, 350), questions=8000):
    """Seconds to the whole answer, and until a first place, of the questions."""
    shape = Lengths(*one(*lengths))
    levels = np.random.default_rng(1).uniform(0.0005, 0.9995, questions * n_samples)
    generated = np.maximum(np.round([shape.at(level)[0] for level in levels]), 1).astype(int)
    times = StepTimes(np.concatenate([[0.0], 0.01 + 0.001 * np.arange(1, places + 1)]), 0.0, 0.0)
    found = simulate(times, np.repeat(poisson(rate, questions), n_samples), 0, 1, generated, len(generated))
    by_question = (questions, n_samples)
    return found.request_s.reshape(by_question).max(axis=1), found.place_s.reshape(by_question).min(axis=1)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.85])
def test_seconds_are_those_of_the_simulation(load):
    s = station()
    rate = load * s.queue.most_per_s[-1]
    answers, _ = simulated(rate)
    for share, rel in ((0.5, 0.2), (0.95, 0.12)):
        assert s.answer_s(np.full(5, rate), share)[-1] == pytest.approx(np.quantile(answers, share), rel=rel)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_rare_wait_moves_no_percentile_of_the_answers(share):
    """One in thousands waits: the percentile is that of the lengths, not that of a whole part of them beyond it."""
    s = station(levels=(1, 2, 4, 8, 16))
    rate = np.full(5, 0.25 * s.queue.most_per_s[-1])
    assert 1e-6 < s.queue.at(rate).chance[-1] < 2e-3
    alone = s.crowding(rate, share) * s.service_s(s.state(rate), s.lengths.at(share))
    assert alone[-1] < s.answer_s(rate, share)[-1] < 1.01 * alone[-1]


@pytest.mark.parametrize("objective", [Objective(wait_s=0.3), Objective(answer_s=6.0), Objective(answer_s=12.0)])
def test_the_simulation_keeps_the_limits_at_the_planned_rate(objective):
    rate = station().largest_rate(objective)[-1]
    answers, waits = simulated(rate)
    assert np.quantile(answers, 0.95) <= objective.answer_s
    assert np.quantile(waits, 0.95) <= objective.wait_s
    assert rate > 0.4 * station().queue.most_per_s[-1]


def test_the_planned_rate_is_a_part_of_the_largest_that_holds():
    s, objective = station(), Objective(answer_s=6.0)
    most = s.largest_rate(objective) / PLANNED_RATE
    assert s.holds(objective, 0.995 * most).all()
    assert not s.holds(objective, 1.005 * most).any()


def test_an_answer_that_takes_too_long_alone_is_carried_at_no_rate():
    s = station()
    alone = s.service_s(s.state(np.full(5, 1e-9)), s.lengths.at(0.95))
    assert s.largest_rate(Objective(answer_s=0.99 * alone[0])) == pytest.approx(0)
    assert (s.largest_rate(Objective(answer_s=1.1 * alone[0])) > 0).all()


def test_ttft_and_tpot_hold_for_the_crowd_that_is_rarely_exceeded():
    s = station()
    tight = s.largest_rate(Objective(tpot_s=0.018))[-1]
    crowd = s.crowded(np.full(5, tight / PLANNED_RATE), 0.95)
    assert crowd.tpot_s[-1] == pytest.approx(0.018, rel=0.01)
    assert s.largest_rate(Objective(tpot_s=0.0105)) == pytest.approx(0)  # even one alone takes 11 ms
    first = s.largest_rate(Objective(ttft_s=0.018))[-1]
    assert 0 < first <= tight * 1.001


def test_votes_that_come_together_need_room_together():
    four = station(n_samples=4)
    assert four.queue.servers == pytest.approx([1, 1, 1, 2, 4])
    assert four.queue.most_per_s == pytest.approx(station().queue.most_per_s / 4)
    rate = 0.6 * four.queue.most_per_s[-1]
    answers, _ = simulated(rate, n_samples=4)
    lone = station().answer_s(np.full(5, 0.6 * station().queue.most_per_s[-1]), 0.95)[-1]
    found = four.answer_s(np.full(5, rate), 0.95)[-1]
    assert found > lone
    assert np.quantile(answers, 0.5) < found  # a vote waits for its longest answer, which the lengths of a vote say


def test_more_questions_never_are_answered_sooner():
    s = station()
    rates = np.linspace(0.05, 0.95, 10) * s.queue.most_per_s[-1]
    seconds = [s.answer_s(np.full(5, rate), 0.95)[-1] for rate in rates]
    assert seconds == sorted(seconds)
