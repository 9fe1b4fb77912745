"""One load: how many requests are in flight, which of them count, and what is made of their times."""

import asyncio

import numpy as np
import pytest

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import Timing
from advisor.profiler.device import Meter
from advisor.profiler.measure import ROUNDS, UNCOUNTED, measure, times
from advisor.profiler.plan import Load


def test_a_load_keeps_its_places_full():
    class Watched:
        now, seen, lengths = 0, [], []

        async def timed(self, prompt, generated_tokens):
            self.now += 1
            self.lengths.append(generated_tokens)
            try:
                await asyncio.sleep(0.0005 * generated_tokens)
            finally:
                self.seen.append(self.now)
                self.now -= 1
            return Timing(0.1, 0.1 + 0.05 * (generated_tokens - 1), generated_tokens)

    engine = Watched()
    found = asyncio.run(measure(engine, Load(5, 20, 7), 100, Meter(None, 1)))
    assert found["n_requests"] == (ROUNDS - UNCOUNTED) * 7
    assert max(engine.seen) == 7
    assert engine.seen[: ROUNDS * 7].count(7) >= ROUNDS * 7 - 2  # until the last counted one is answered
    assert len(set(engine.lengths)) > 5
    assert (min(engine.lengths), max(engine.lengths)) >= (10, 20)
    assert found["tpot_s"] == pytest.approx(0.05)
    assert found["output_tokens_per_s"] == pytest.approx(7 * 20 / (0.1 + 0.05 * 19))  # the mean length is the load's
    assert found["energy_j"] is None


def test_what_is_compiled_during_the_first_two_rounds_does_not_count():
    class Compiles:
        sent = 0

        async def timed(self, prompt, generated_tokens):
            self.sent += 1
            compiled_s = 1.0 if self.sent <= 2 * 3 else 0.0
            await asyncio.sleep(0)
            return Timing(0.1 + compiled_s, 0.1 + compiled_s + 0.05 * (generated_tokens - 1), generated_tokens)

    found = asyncio.run(measure(Compiles(), Load(5, 20, 3), 100, Meter(None, 1)))
    assert found["ttft_s"] == pytest.approx(0.1)


def test_a_spare_request_that_breaks_when_it_is_cut_off_is_no_failure():
    class Breaks:
        asked = 0

        async def timed(self, prompt, generated_tokens):
            self.asked += 1
            late = self.asked > ROUNDS * 3
            try:
                await asyncio.sleep(60 if late else 0.001)
            except asyncio.CancelledError:
                raise EngineFailure("ReadError: ") from None
            return Timing(0.1, 0.5, generated_tokens)

    assert asyncio.run(measure(Breaks(), Load(5, 9, 3), 100, Meter(None, 1)))["status"] == "ok"


def test_percentiles_only_of_enough_requests():
    timings = [Timing(0.01 * i, 1.0 + 0.01 * i, 11) for i in range(1, 101)]
    found = times(Load(5, 11, 10), timings, 20.0)
    assert found["ttft_p90_s"] == pytest.approx(np.percentile([t.ttft_s for t in timings], 90))
    assert found["request_p99_s"] == pytest.approx(np.percentile([t.request_s for t in timings], 99))
    assert found["output_tokens_per_s"] == pytest.approx(10 * 11 / np.mean([t.request_s for t in timings]))
    few = times(Load(5, 11, 1), timings[:5], 1.0)
    assert "ttft_p50_s" in few
    assert "ttft_p90_s" not in few
    alone = times(Load(5, 1, 1), [Timing(0.1, 0.1, 1)], 1.0)
    assert "tpot_s" not in alone
