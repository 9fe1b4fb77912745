"""The whole profile on an engine of known speed, which only waits; real engines are in tests/testbed."""

import asyncio
import json
from contextlib import asynccontextmanager

import duckdb
import numpy as np
import pytest

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts, Timing
from advisor.errors import AdvisorError
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import Efficiency, serving
from advisor.profiler.device import Meter
from advisor.profiler.fit import read_prior
from advisor.profiler.measure import ROUNDS, measure, row
from advisor.profiler.plan import Load
from advisor.profiler.profile import Subject, profile
from tests.known import load_gpu, spec_of

SUBJECT = Subject("Qwen/Qwen3-8B", "h100-sxm", "tp1", "bf16", "vllm")
FACTS = EngineFacts("1.0", 4096, 64, 100_000, 1000)
TRUTH = Efficiency(compute=0.4, weights=0.6, kv=0.4, kernel_s=3e-6, step_s=3e-3, prefill_compute=0.4, ttft_steps=5)


class Steady:
    """Answers at once and says it took as long as the formulas say at the concurrency it sees."""

    def __init__(self, *, fails=lambda prompt, generated: ""):
        self.fails, self.asked = fails, 0

    async def timed(self, prompt, generated_tokens):
        self.asked += 1
        if reason := self.fails(len(prompt), generated_tokens):
            raise EngineFailure(reason)
        await asyncio.sleep(0)
        d = demand(spec_of(SUBJECT.model), "bf16", max(len(prompt), 1), generated_tokens)
        result = serving(d, hardware(load_gpu(SUBJECT.gpu), Parallelism(), "bf16"), TRUTH, 1)
        ttft, tpot = float(result.ttft_s), float(result.tpot_s)
        return Timing(ttft, ttft + tpot * (generated_tokens - 1), generated_tokens)


def run(folder, engine, **options):
    starts = []

    @asynccontextmanager
    async def start():
        starts.append(1)
        yield engine, FACTS

    settings = {"time_s": 60.0, "within": 0.2} | options
    return asyncio.run(
        profile(SUBJECT, read_prior(), start, Meter(None, 1), {"source": "test"}, folder, **settings)
    ), len(starts)


def test_it_stops_when_it_knows_enough(tmp_path):
    steps = []
    (path, rows, known), starts = run(tmp_path, Steady(), watch=steps.append)
    assert starts == 1
    assert known.half_width <= 0.2
    assert len(rows) == len(steps) < 40
    assert steps[-1].after.half_width < steps[0].before.half_width
    sealed = duckdb.execute(
        f"select count(*), count(distinct (prompt_tokens, generated_tokens, concurrency)), min(status) from '{path}'"
    ).fetchone()
    assert sealed == (len(rows), len(rows), "ok")


def test_killed_it_goes_on(tmp_path):
    class Killed(Exception):
        pass

    def kill(step):
        if step.after.n_measured == 2:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, Steady(), watch=kill)
    (journal,) = tmp_path.iterdir()
    kept = [json.loads(line)["rows"][0] for line in journal.read_text().splitlines()]
    (path, rows, _), _ = run(tmp_path, Steady())
    assert rows[:2] == kept
    assert [f.name for f in tmp_path.iterdir()] == [path.name]


def test_again_is_another_run(tmp_path):
    first, second = (run(tmp_path, Steady())[0][0] for _ in range(2))
    assert second.stem == f"{first.stem}-2"


def test_out_of_memory_is_recorded_and_the_run_goes_on(tmp_path):
    engine = Steady(fails=lambda prompt, _: "CUDA out of memory. Tried to allocate" if prompt >= 512 else "")
    (_, rows, _), starts = run(tmp_path, engine)
    lost = [r for r in rows if r["status"] == "oom"]
    assert 1 <= len(lost) < len(rows)
    assert starts == 1 + len(lost)
    assert "out of memory" in lost[0]["note"]
    measured = {(r["prompt_tokens"], r["generated_tokens"], r["concurrency"]) for r in rows}
    assert len(measured) == len(rows)
    for bad in lost:
        later = rows[rows.index(bad) + 1 :]
        assert not any(all(r[k] >= bad[k] for k in ("prompt_tokens", "generated_tokens", "concurrency")) for r in later)


def test_what_failed_is_tried_again_by_the_same_command_and_excludes_nothing_else(tmp_path):
    """A server that went away for a while: the first load fails, and larger ones are measured all the same."""
    calls = []

    def away(prompt, generated):
        calls.append((prompt, generated))
        return "connection refused" if 1 < len(calls) < 4 else ""

    class Killed(Exception):
        pass

    def kill(step):
        if step.row["status"] == "failed":
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, Steady(fails=away), watch=kill)
    (path, rows, _), _ = run(tmp_path, Steady())
    assert {r["status"] for r in rows} <= {"ok", "failed"}
    assert sum(r["status"] == "ok" for r in rows) > 3
    assert duckdb.execute(f"select count(*) from '{path}'").fetchone() == (len(rows),)


def test_no_time_is_a_clear_line(tmp_path):
    with pytest.raises(AdvisorError, match="no load could be measured"):
        run(tmp_path, Steady(), time_s=0.001)


def test_an_engine_that_never_answers(tmp_path):
    with pytest.raises(AdvisorError, match="answers no request"):
        run(tmp_path, Steady(fails=lambda *_: "broken"))


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
    assert found["n_requests"] == (ROUNDS - 1) * 7
    assert max(engine.seen) == 7
    assert engine.seen[: ROUNDS * 7].count(7) >= ROUNDS * 7 - 2  # until the last counted one is answered
    assert len(set(engine.lengths)) > 5
    assert (min(engine.lengths), max(engine.lengths)) >= (10, 20)
    assert found["tpot_s"] == pytest.approx(0.05)
    assert found["output_tokens_per_s"] == pytest.approx(7 * 20 / (0.1 + 0.05 * 19))  # the mean length is the load's
    assert found["energy_j"] is None


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
    found = row(Load(5, 11, 10), timings, 20.0)
    assert found["ttft_p90_s"] == pytest.approx(np.percentile([t.ttft_s for t in timings], 90))
    assert found["request_p99_s"] == pytest.approx(np.percentile([t.request_s for t in timings], 99))
    assert found["output_tokens_per_s"] == pytest.approx(10 * 11 / np.mean([t.request_s for t in timings]))
    few = row(Load(5, 11, 1), timings[:5], 1.0)
    assert "ttft_p50_s" in few
    assert "ttft_p90_s" not in few
    alone = row(Load(5, 1, 1), [Timing(0.1, 0.1, 1)], 1.0)
    assert "tpot_s" not in alone
