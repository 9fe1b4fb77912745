"""What a profile says of itself holds, on machines of known speed; see machine.py."""

import math

import numpy as np
import pytest

from advisor.profiler.coverage import Coverage, repeat_half_width
from advisor.profiler.knowledge import Beliefs, assess
from advisor.profiler.plan import loads
from tests.known import SHIPPED, spec_of
from tests.profiler.machine import FACTS, SUBJECT, Machine, profiled, thirty_percent_off

SEEDS = 4
TIME_S = 40.0
MACHINES = {
    "noise": {"noise": 0.1},
    "another law": {"noise": 0.03, "off": thirty_percent_off},
    "rare stalls": {"noise": 0.05, "stalls": 0.05},
}
LEAST_HELD = {"noise": 0.85, "another law": 0.8, "rare stalls": 0.85}
"""Of 90 % intervals of loads before they are measured; of a law that nothing of the model can follow fewer."""
CANDIDATES = loads(spec_of(SUBJECT.model), FACTS.max_context, FACTS.kv_cache_tokens, FACTS.max_sequences)


def held_elsewhere(machine, done):
    """Of all loads, measured anew, those within what the profile claims at its end."""
    known = assess(Beliefs.read(SHIPPED, SUBJECT), done.runs, CANDIDATES, math.inf)
    measured = [
        machine.factor() * machine.times(load.prompt_tokens, load.generated_tokens, load.concurrency)[1]
        for load in CANDIDATES
    ]
    return np.abs(np.log(measured / known.tpot_s)) <= math.log1p(done.half_width)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MACHINES)
def test_intervals_hold(kind, tmp_path, monkeypatch):
    """While loads are measured, and at the end for all the others."""
    checked, elsewhere = [], []
    for seed in range(SEEDS):
        machine = Machine(seed, **MACHINES[kind])
        done = profiled(machine, tmp_path / str(seed), monkeypatch, time_s=TIME_S)
        checked.append((done.coverage.n_held, done.coverage.n_predicted))
        elsewhere.append(held_elsewhere(machine, done))
        assert machine.now_s < TIME_S * 1.5  # a load that was expected to fit may be the one that stalls
    held, predicted = np.sum(checked, axis=0)
    assert held / predicted >= LEAST_HELD[kind]
    assert np.mean(elsewhere) >= 0.85


def test_it_goes_on_while_intervals_do_not_hold(tmp_path, monkeypatch):
    """However closely it claims to predict, ten checked predictions come first, of which eight held."""
    steps = []
    done = profiled(Machine(0, noise=0.02), tmp_path, monkeypatch, within=0.9, watch=steps.append)
    assert done.coverage.n_predicted == 10
    assert [step.goes_on for step in steps] == [step.half_width <= 0.9 for step in steps[:-1]] + [False]
    assert any(step.goes_on for step in steps)


def test_repeats_are_measured_and_tell_the_noise(tmp_path, monkeypatch):
    steps = []
    done = profiled(Machine(3, noise=0.2), tmp_path, monkeypatch, time_s=120.0, watch=steps.append)
    again = [step for step in steps if step.former]
    assert len(steps) / 10 < len(again) <= len(steps) / 5
    assert all(step.former[0].prompt_tokens == step.run.prompt_tokens for step in again)
    assert repeat_half_width(done.runs) == pytest.approx(math.expm1(1.645 * 0.2), rel=0.5)
    assert done.half_width > math.expm1(1.645 * 0.2) * 0.7


def test_a_resumed_profile_counts_the_predictions_of_both(tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    def kill(step):
        if step.n_measured == 7:
            raise Killed

    with pytest.raises(Killed):
        profiled(Machine(1, noise=0.05), tmp_path, monkeypatch, watch=kill)
    steps = []
    profiled(Machine(1, noise=0.05), tmp_path, monkeypatch, time_s=20.0, watch=steps.append)
    assert steps[0].n_measured == 8
    assert steps[0].coverage.n_predicted >= 6
    assert isinstance(steps[0].coverage, Coverage)
