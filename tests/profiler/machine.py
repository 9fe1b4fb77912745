"""A machine with a clock of its own: how long it takes is a law, times what strays from load to load."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial

import numpy as np

from advisor.engines.timing import EngineFacts, Timing
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import Efficiency, serving
from advisor.profiler import loop
from advisor.profiler.bench import bench_here
from advisor.profiler.device import Meter
from advisor.profiler.knowledge import Beliefs
from advisor.profiler.loop import Goal, Rig, measure_loads
from advisor.profiler.subject import Subject
from tests.known import SHIPPED, load_gpu, spec_of

SUBJECT = Subject("Qwen/Qwen3-8B", "h100-sxm", "tp1", "bf16", "vllm")
FACTS = EngineFacts("1.0", 2048, 64, 60_000, 1000)
TRUTH = Efficiency(dense=0.4, grouped=0.3, weights=0.6, kv=0.4, kernel_s=3e-6, step_s=3e-3, ttft_steps=5)


def as_modelled(prompt_tokens, concurrency):
    return 1.0


def thirty_percent_off(prompt_tokens, concurrency):
    """As when another kernel is chosen: in steps, which nothing of the model can follow."""
    return (1.3 if 4 <= concurrency < 32 else 1.0) * (1 / 1.3 if prompt_tokens >= 512 else 1.0)


class Machine:
    """Answers at once and says it took what the formulas say, times `off` (a function of prompt and concurrency).

    One draw strays a whole load: by `noise`, the deviation of the logarithm, and by a factor of three with the
    probability `stalls`.
    """

    def __init__(self, seed, off=as_modelled, noise=0.0, stalls=0.0):
        self.draw, self.off, self.noise, self.stalls = np.random.default_rng(seed), off, noise, stalls
        self.now_s, self.in_flight, self.load = 0.0, 0, None

    def monotonic(self):
        return self.now_s

    perf_counter = monotonic

    def factor(self):
        return float(np.exp(self.noise * self.draw.standard_normal())) * (3 if self.draw.random() < self.stalls else 1)

    def times(self, prompt_tokens, generated_tokens, concurrency):
        """TTFT and TPOT by the law alone."""
        d = demand(spec_of(SUBJECT.model), "bf16", prompt_tokens, generated_tokens)
        found = serving(d, hardware(load_gpu(SUBJECT.gpu), Parallelism(), "bf16"), TRUTH, concurrency)
        off = self.off(prompt_tokens, concurrency)
        return off * float(found.ttft_s), off * float(found.tpot_s)

    async def timed(self, prompt, generated_tokens):
        if not self.in_flight:
            self.load = self.factor()
        self.in_flight += 1
        try:
            await asyncio.sleep(0)
            ttft_s, tpot_s = (self.load * t for t in self.times(len(prompt), generated_tokens, self.in_flight))
            await asyncio.sleep(0)
            request_s = ttft_s + tpot_s * (generated_tokens - 1)
            self.now_s += request_s / self.in_flight
        finally:
            self.in_flight -= 1
        return Timing(ttft_s, request_s, generated_tokens)


def profiled(machine, folder, monkeypatch, *, time_s=60.0, within=0.05, watch=lambda _: None):
    """What the profiler measured of it, by the machine's clock."""

    @asynccontextmanager
    async def start():
        yield machine, FACTS

    monkeypatch.setattr(loop, "time", machine)
    rig = Rig(bench_here(start, Meter(None, 1)), {"source": "test"})
    believe = partial(Beliefs.read, SHIPPED)
    return asyncio.run(measure_loads(SUBJECT, believe, rig, folder, Goal(time_s, within), watch))
