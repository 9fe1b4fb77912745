"""Whether a better GPU, or fewer bits, is ever predicted to be slower, more load ever faster, or anything faster than
its peaks allow.

    python benchmarks/order.py [LOADS]

Random loads on random pairs of deployments, with and without what measured models add; prints how many break a rule,
and the worst of each.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import TypeVar

import numpy as np

from advisor.fits.speeds import Speeds
from advisor.gpus import GpuSpec
from advisor.performance.deployment import ENGINES, Deployment
from advisor.performance.families import at_least
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.plausible import LEAST_EVEN
from advisor.performance.predict import predict
from advisor.performance.roofline import Serving, at_peak, decode_step_s, prefill_s
from advisor.store.workspace import Workspace

T = TypeVar("T")
LOADS = 10_000
TOLERANCE = 1e-6
"""Of the logarithm of a time: rows of the tables have six digits."""
PRECISIONS = ("bf16", "fp8", "fp4")
PROMPTS, ANSWERS, IN_FLIGHT = (16, 128, 1024, 8192, 32768), (16, 64, 256, 1024, 8192), (1, 2, 4, 8, 32, 128, 512)
LAYOUTS = tuple(
    Parallelism.parse(text) for text in ("tp1", "tp2", "tp4", "tp8", "tp4pp2", "dp4", "dp8", "tp8ep", "tp16", "dp16")
)
PARTS, WHOLE = ("tpot_s", "ttft_s", "request_s"), ("request_s",)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a load breaks, by how much of the time, and where."""

    rule: str
    excess: float
    where: str


@dataclass(frozen=True, slots=True)
class OnGpu:
    """Predicted times, the least that peaks allow, and the sequences that fit at once."""

    times: Serving
    peaks: Serving
    room: float


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of one model on one layout and engine."""

    model: str
    layout: Parallelism
    engine: str
    prompt_tokens: int
    generated_tokens: int
    in_flight: int

    def on(self, workspace: Workspace, speeds: Speeds, gpu: GpuSpec, precision: str) -> OnGpu:
        """How it runs there."""
        spec = workspace.models.spec(self.model)
        at = Deployment(spec, gpu, self.layout, precision, engine=self.engine)
        d, hw = at.demand(self.prompt_tokens, self.generated_tokens), at.hardware
        shape, dp = workspace.models.shape(self.model), self.layout.dp > 1
        speed = speeds.of(gpu.name, self.engine, precision, shape, data_parallel=dp)
        room = float(max_sequences(d, gpu.memory_bytes, hw))
        held = max(room, 1.0)
        times = predict(d, hw, speed, self.in_flight, held).serving
        batch = max(min(self.in_flight, held) / self.layout.pp, 1.0)
        perfect = at_peak(LEAST_EVEN)
        step, prompt = float(decode_step_s(d, hw, perfect, batch)), float(prefill_s(d, hw, perfect))
        least = replace(times, tpot_s=step, ttft_s=prompt, request_s=prompt + step * (self.generated_tokens - 1))
        return OnGpu(times, least, room)


def broken(workspace: Workspace, n_loads: int, seed: int = 0) -> Iterator[Broken]:
    """What random loads break."""
    rng, speeds = np.random.default_rng(seed), Speeds.read(workspace)
    measured = sorted({row.shape for row in workspace.fits.corrections})
    models = [name for name, entry in workspace.models.items() if entry.shape in measured]
    others = list(workspace.models)
    pairs = [(a, b) for a, b in permutations(workspace.gpus.values(), 2) if any(at_least(a, b, p) for p in PRECISIONS)]
    known = {gpu for (_, gpu, _, _) in speeds.by_shape}
    first = [pair for pair in pairs if known & {pair[0].name, pair[1].name}]
    for _ in range(n_loads):
        load = _random(rng, workspace, models if rng.random() < 0.7 else others)
        better, worse = _one(rng, first if rng.random() < 0.7 else pairs)
        yield from _of(load, workspace, speeds, (better, worse), rng)


def _random(rng: np.random.Generator, workspace: Workspace, models: list[str]) -> Load:
    model = _one(rng, models)
    spec = workspace.models.spec(model)
    layouts = [layout for layout in LAYOUTS if spec.is_moe or not layout.expert_parallel]
    prompt, answer, in_flight = (_one(rng, choice) for choice in (PROMPTS, ANSWERS, IN_FLIGHT))
    return Load(model, _one(rng, layouts), _one(rng, ENGINES), prompt, answer, in_flight)


def _one(rng: np.random.Generator, choice: Sequence[T]) -> T:
    return choice[rng.integers(len(choice))]


def _of(
    load: Load, workspace: Workspace, speeds: Speeds, pair: tuple[GpuSpec, GpuSpec], rng: np.random.Generator
) -> Iterator[Broken]:
    better, worse = pair
    precision = _one(rng, PRECISIONS)
    fast, slow = (load.on(workspace, speeds, gpu, precision) for gpu in pair)
    if at_least(better, worse, precision) and slow.room >= 1:  # else it cannot run there
        parts = PARTS if slow.room >= load.in_flight else WHOLE  # fewer at once are faster, but others wait
        yield from _compared("GPU", fast.times, slow.times, f"{better.name} {worse.name} {precision} {load}", parts)
    yield from _compared("peaks", fast.peaks, fast.times, f"{better.name} {precision} {load}", PARTS)
    for wide, narrow in (("bf16", "fp8"), ("fp8", "fp4"), ("bf16", "fp4")):
        if {wide, narrow} <= set(better.peak_flops_per_s):
            few, many = (load.on(workspace, speeds, better, p) for p in (narrow, wide))
            if many.room >= 1:
                parts = PARTS if many.room >= load.in_flight else WHOLE
                yield from _compared("bits", few.times, many.times, f"{better.name} {wide} {narrow} {load}", parts)
    # where several answers end with each step their prompts share it, and answers twice as long may take less
    by_length = ("generated_tokens",) if load.in_flight <= load.generated_tokens else ()
    for name in ("prompt_tokens", "in_flight", *by_length):
        busier = replace(load, **{name: 2 * getattr(load, name)}).on(workspace, speeds, better, precision)
        yield from _compared(name, fast.times, busier.times, f"{better.name} {precision} {load}", WHOLE)


def _compared(rule: str, shorter: Serving, longer: Serving, where: str, names: tuple[str, ...]) -> Iterator[Broken]:
    for name in names:
        excess = float(np.log(getattr(shorter, name) / getattr(longer, name)))
        if excess > TOLERANCE:
            yield Broken(f"{rule} {name}", excess, where)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loads", nargs="?", type=int, default=LOADS, help="how many (default: %(default)s)")
    n_loads = parser.parse_args().loads
    found = list(broken(Workspace(), n_loads))
    print(f"{len(found)} broken in {n_loads} loads")
    for rule in sorted({each.rule for each in found}):
        of_rule = [each for each in found if each.rule == rule]
        worst = max(of_rule, key=lambda each: each.excess)
        print(f"{rule}: {len(of_rule)}, at worst {np.expm1(worst.excess):.1%} at {worst.where}")


if __name__ == "__main__":
    main()
