"""The measuring loop on an engine of known speed, which only waits; real engines are in tests/testbed."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from functools import partial

import duckdb
import numpy as np
import pytest

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts, Timing
from advisor.errors import AdvisorError
from advisor.performance.demand import demand
from advisor.performance.groups import sensitivities
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, serving
from advisor.profiler.bench import bench_here
from advisor.profiler.device import Meter
from advisor.profiler.knowledge import Beliefs, _unmeasured, assess
from advisor.profiler.loop import Goal, Rig, measure_loads
from advisor.profiler.plan import Load, loads
from advisor.profiler.subject import Subject
from advisor.provenance import Provenance
from advisor.store.runs import Run
from advisor.tables import columns
from tests.calibration.serving import journaled
from tests.known import SHIPPED, load_gpu, spec_of

SUBJECT = Subject("Qwen/Qwen3-8B", "h100-sxm", "tp1", "bf16", "vllm")
FACTS = EngineFacts("1.0", 4096, 64, 100_000, 1000)
TRUTH = Efficiency(dense=0.4, weights=0.6, kv=0.4, kernel_s=3e-6, step_s=3e-3, prompt_s=4e-3, first_s=0.05)


class Steady:
    """Answers at once and says it took as long as the formulas say at the concurrency it sees."""

    def __init__(self, *, fails=lambda prompt, generated: ""):
        self.fails, self.in_flight = fails, 0

    async def timed(self, prompt, generated_tokens):
        if reason := self.fails(len(prompt), generated_tokens):
            raise EngineFailure(reason)
        self.in_flight += 1
        try:
            await asyncio.sleep(0)
            d = demand(spec_of(SUBJECT.model), "bf16", len(prompt), generated_tokens)
            result = serving(d, hardware(load_gpu(SUBJECT.gpu), Parallelism(), "bf16"), TRUTH, self.in_flight)
            await asyncio.sleep(0)
        finally:
            self.in_flight -= 1
        ttft, tpot = float(result.ttft_s), float(result.tpot_s)
        return Timing(ttft, ttft + tpot * (generated_tokens - 1), generated_tokens)


def run(folder, engine, *, time_s=60.0, within=0.2, watch=lambda _: None):
    """What was measured, and how often the engine was started."""
    starts = []

    @asynccontextmanager
    async def start():
        starts.append(1)
        yield engine, FACTS

    rig = Rig(bench_here(start, Meter(None, 1)), {"source": "test"})
    believe = partial(Beliefs.read, SHIPPED)
    return asyncio.run(measure_loads(SUBJECT, believe, rig, folder, Goal(time_s, within), watch)), len(starts)


def test_it_stops_when_it_knows_enough(tmp_path):
    steps = []
    measured, starts = run(tmp_path, Steady(), watch=steps.append)
    assert starts == 1
    assert measured.half_width == steps[-1].half_width <= 0.2
    assert measured.coverage.n_recent == 10
    assert measured.coverage.n_recent_held >= 8
    assert not any(step.half_width <= 0.2 and step.coverage.is_enough for step in steps[:-1])
    assert len(measured.runs) == len(steps) < 40
    assert [step.run for step in steps] == list(measured.runs)
    counts = [0, *(step.n_measured for step in steps)]  # one that beats the peaks is kept and does not count
    assert set(np.diff(counts).tolist()) <= {0, 1}
    assert counts[-1] >= 0.8 * len(steps)
    found = duckdb.sql(f"from '{measured.path}'")
    assert found.columns == [c.name for c in columns(Run)]
    sealed = duckdb.sql(f"select count(*), min(status), max(run_id) from '{measured.path}'").fetchall()
    assert sealed == [(len(steps), "ok", measured.path.stem)]


def test_predictions_come_closer_to_an_engine_of_another_speed(tmp_path):
    steps = []
    run(tmp_path, Steady(), watch=steps.append)
    predicted = [step.run for step in steps if not step.former]
    errors = [abs(np.log(each.tpot_s / each.predicted_tpot_s)) for each in predicted]
    assert errors[0] > 0.3
    assert np.mean(errors[-4:]) < 0.08
    assert steps[-1].half_width < steps[0].half_width / 3
    assert predicted[0].predicted_half_width > predicted[-1].predicted_half_width
    assert all(step.run.predicted_tpot_s is None for step in steps if step.former)


def test_the_first_load_is_that_with_the_largest_gain_per_second(tmp_path):
    """Against every candidate tried: the covariance after it, for the time that it takes."""
    beliefs = Beliefs.read(SHIPPED, SUBJECT)
    candidates = loads(spec_of(SUBJECT.model), FACTS.max_context, FACTS.kv_cache_tokens, FACTS.max_sequences)
    chosen = next_load(beliefs, [], candidates, 60.0)
    everything = _unmeasured(beliefs, candidates)
    _, _, by_decode, by_ttft = sensitivities(everything, beliefs.efficiency)
    covariance = np.diag(beliefs.prior.variances.sum(axis=0))
    speed = Speed(beliefs.efficiency, 1.0, Provenance.FITTED, "")
    request_s = predict(everything.demand, everything.hardware, speed, everything.concurrency).serving.request_s
    variance = np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode) + beliefs.prior.noise[0]
    cost_s = 3.5 * request_s * np.exp(1.645 * np.sqrt(variance)) + 0.5
    gain = [
        np.trace(by_decode @ (covariance - _after(covariance, row, beliefs.prior.noise[0])) @ by_decode.T)
        + np.trace(by_decode @ (covariance - _after(covariance, late, beliefs.prior.noise[1])) @ by_decode.T)
        for row, late in zip(by_decode, by_ttft, strict=True)
    ]
    worth = dict(zip(candidates, np.array(gain) / cost_s, strict=True))
    assert worth[chosen] > 0.999 * max(worth.values())  # the next best are as near
    assert np.median(list(worth.values())) < 0.9 * max(worth.values())


def next_load(*known):
    place = (found := assess(*known)).next_place
    return None if place is None else found.candidates[place]


def _after(covariance, row, noise):
    return np.linalg.inv(np.linalg.inv(covariance) + np.outer(row, row) / noise)


def test_killed_it_resumes(tmp_path):
    class Killed(Exception):
        pass

    def kill(step):
        if step.n_measured == 2:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, Steady(), watch=kill)
    (journal,) = tmp_path.iterdir()
    kept = [Run(**entry["rows"][0]) for entry in journaled(journal)]
    again = []
    measured, _ = run(tmp_path, Steady(), watch=again.append)
    assert list(measured.runs[:2]) == kept
    assert len(again) == len(measured.runs) - 2
    assert [f.name for f in tmp_path.iterdir()] == [measured.path.name]


def test_an_impossible_load_of_a_journal_is_set_aside_and_measured_again(tmp_path):
    def stop(step):
        if step.n_measured == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Steady(), watch=stop)
    (journal,) = tmp_path.iterdir()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    first = next(place for place, line in enumerate(lines) if "rows" in line)
    lines[first]["rows"][0]["tpot_s"] = -1.0
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    measured, _ = run(tmp_path, Steady())
    assert measured.path.suffix == ".parquet"
    assert min(each.tpot_s or 0.0 for each in measured.runs) >= 0
    assert json.loads((tmp_path / f".{measured.path.stem}.set-aside").read_text()) == lines[first]


def test_it_warms_up_with_prompts_of_all_sizes_that_fit(tmp_path):
    """Two at a time and not the same, before anything is measured."""
    seen = []

    class Watched(Steady):
        async def timed(self, prompt, generated_tokens):
            seen.append((len(prompt), generated_tokens, prompt[0]))
            return await super().timed(prompt, generated_tokens)

    run(tmp_path, Watched())
    sizes = [8, 32, 128, 512, 2048]
    assert [n for n, _, _ in seen[:10]] == [n for n in sizes for _ in range(2)]
    assert {generated for _, generated, _ in seen[:10]} == {4}
    assert all(a[2] != b[2] for a, b in zip(seen[:10:2], seen[1:10:2], strict=True))
    assert max(prompt[2] for prompt in seen[:10]) < FACTS.vocabulary


def test_again_is_another_run(tmp_path):
    first, second = (run(tmp_path, Steady())[0].path for _ in range(2))
    assert second.stem == f"{first.stem}-2"


def test_names_of_profiles_are_held_fixed():
    """Profiles resume by this name: where it changes, raise VERSION in store/identity.py."""
    assert SUBJECT.run_id == "profile-qwen3-8b-h100-sxm-tp1-bf16-cb4792171d12"
    other = replace(SUBJECT, kv_precision="fp8", settings=("a=1", "b=2"), dummy_weights=True)
    assert other.run_id == "profile-qwen3-8b-h100-sxm-tp1-bf16-1af3006284fa"


def test_another_subject_is_another_profile():
    others = {
        "model": "n",
        "gpu": "l4",
        "parallelism": "tp2",
        "precision": "fp8",
        "engine": "sglang",
        "dummy_weights": True,
        "kv_precision": "fp8",
        "settings": ("max_model_len=512",),
    }
    names = {SUBJECT.run_id, *(replace(SUBJECT, **{field: value}).run_id for field, value in others.items())}
    assert set(others) == {f.name for f in fields(Subject)}
    assert len(names) == 1 + len(others)


def test_a_profile_that_version_0_1_began_is_resumed(tmp_path):
    former = "profile-qwen3-8b-h100-sxm-tp1-bf16-bb86e1e3"
    (tmp_path / f".{former}.jsonl").touch()
    assert run(tmp_path, Steady())[0].path.stem == former
    assert run(tmp_path, Steady())[0].path.stem == SUBJECT.run_id


def test_out_of_memory_is_recorded_and_larger_loads_are_left_out(tmp_path):
    engine = Steady(fails=lambda prompt, _: "CUDA out of memory. Tried to allocate" if prompt >= 512 else "")
    measured, starts = run(tmp_path, engine)
    lost = [r for r in measured.runs if r.status == "oom"]
    assert 1 <= len(lost) < len(measured.runs)
    assert starts == 1 + len(lost)
    assert "out of memory" in lost[0].note
    lengths = [(r.prompt_tokens, r.generated_tokens, r.concurrency) for r in measured.runs]
    for bad in lost:
        assert lengths.count((bad.prompt_tokens, bad.generated_tokens, bad.concurrency)) == 1
        later = lengths[measured.runs.index(bad) + 1 :]
        limit = (bad.prompt_tokens, bad.generated_tokens, bad.concurrency)
        assert not any(all(a >= b for a, b in zip(other, limit, strict=True)) for other in later)


def test_what_failed_is_tried_again_and_excludes_nothing_else(tmp_path):
    """A server that went away for a while: the first load fails, and larger ones are measured all the same."""
    calls = []

    def away(prompt, generated):
        calls.append((prompt, generated))
        return "connection refused" if 10 < len(calls) < 13 else ""  # ten warm it up

    class Killed(Exception):
        pass

    failed = []

    def kill(step):
        if step.run.status == "failed":
            failed.append(step)
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, Steady(fails=away), watch=kill)
    assert (failed[0].run.note, failed[0].n_measured) == ("connection refused", 0)
    measured, _ = run(tmp_path, Steady())
    assert failed[0].load in {
        Load(int(r.prompt_tokens), int(r.generated_tokens), int(r.concurrency))
        for r in measured.runs
        if r.status == "ok"
    }
    assert sum(r.status == "ok" for r in measured.runs) > 3
    assert duckdb.sql(f"select count(*) from '{measured.path}'").fetchall() == [(len(measured.runs),)]


def test_loads_that_do_not_fit_into_the_time_are_left_out():
    beliefs = Beliefs.read(SHIPPED, SUBJECT)
    small, large = Load(128, 32, 4), Load(3000, 680, 64)
    measured = Run(**SUBJECT.columns, prompt_tokens=128, generated_tokens=32, concurrency=4, ttft_s=0.02, tpot_s=0.01)
    assert next_load(beliefs, [], [small, large], 10.0) == small
    assert next_load(beliefs, [measured], [small, large], 10.0) is None
    assert next_load(beliefs, [measured], [small, large], 1e4) == large


def test_no_time_is_a_clear_line(tmp_path):
    with pytest.raises(AdvisorError, match=r"--time: no load could be measured in 0\.001 s"):
        run(tmp_path, Steady(), time_s=0.001)


def test_an_engine_that_never_answers(tmp_path):
    with pytest.raises(AdvisorError, match="answers no request"):
        run(tmp_path, Steady(fails=lambda *_: "broken"))
