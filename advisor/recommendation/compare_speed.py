"""The verb `compare_speed`: two models, say dense and mixture of experts, side by side over concurrency and context."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.fits.speeds import Speeds
from advisor.performance.crossings import crossings
from advisor.performance.feasibility import Reason, holds, reasons
from advisor.performance.parallelism import Parallelism
from advisor.prices import Price
from advisor.recommendation.estimate import deployment, estimated, gpu_rents, no_start
from advisor.recommendation.estimate_values import Estimate, Origin
from advisor.recommendation.priced import PricedDeployment, priced
from advisor.rents import price_notes
from advisor.store.workspace import Workspace
from advisor.support import SupportTable
from advisor.units import checked_count
from advisor.values import Rows, Value

if TYPE_CHECKING:
    import pandas

CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
CONTEXTS = (1024, 8192, 32768)
GPU_COUNTS = (1, 2, 4, 8, 16)
ROOM = 64
"""Requests at the shortest context that a sensible replica holds."""

NO_PRICE = "no price is known for these GPUs: give --price"
FIGURES = ("tpot_s", "usd_per_million_output_tokens")
"""What is compared: smaller is better."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the two models, on the fewest GPUs that hold it unless a count was given."""

    model: str
    precision: str
    gpu: str
    gpu_count: int
    parallelism: str
    is_moe: bool
    provenance: Origin


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """One model at one load; `total_bytes` per GPU, `spread` the factor of the 90 % interval of times."""

    tpot_s: float
    ttft_s: float
    output_tokens_per_s: float
    usd_per_million_output_tokens: float | None
    total_bytes: float
    spread: float


@dataclass(frozen=True, slots=True)
class Point:
    """Both models at one load; None where one does not fit."""

    context_tokens: int
    concurrency: int
    each: tuple[LoadFigures | None, LoadFigures | None]


@dataclass(frozen=True, slots=True)
class Crossing:
    """The concurrency from which `smaller_from_there` has the smaller figure."""

    context_tokens: int
    figure: str
    concurrency: float
    smaller_from_there: str


@dataclass(frozen=True, slots=True)
class SpeedComparison(Value):
    """Two models over loads, and where one overtakes the other in FIGURES."""

    models: Rows[Contender]
    output_tokens: int
    points: Rows[Point]
    crossings: Rows[Crossing]
    notes: tuple[str, ...]

    def to_frame(self) -> pandas.DataFrame:
        """One line a load."""
        return self.points.to_frame()


@checked_arguments
def compare_speed(
    workspace: Workspace,
    *,
    models: Sequence[str | os.PathLike[str]],
    gpu: str = "h100-sxm",
    gpu_count: int | None = None,
    precision: str | None = None,
    input_tokens: int | Sequence[int] | None = None,
    output_tokens: int = 1024,
    engine: str = "vllm",
    price: str | Price | Sequence[str | Price] | None = None,
    price_kind: str | None = None,
) -> SpeedComparison:
    """Speed, memory and USD of two models over concurrency and context, and where one overtakes the other.

    models         two of them: names, or paths of a config.json
    gpu            name of the GPU that both run on
    gpu_count      GPUs of a replica; None: the fewest that hold each model
    precision      of the weights: bf16, fp8, fp4, int8 or int4; None: each checkpoint's own
    input_tokens   prompt tokens of a request, or a list of such; None: 1024, 8192 and 32768
    output_tokens  generated tokens of a request
    engine         vllm, sglang or trtllm
    price          of one GPU an hour: "h100-sxm=2.10usd/h", the path of a CSV, a Price, or a list of them
    price_kind     on-demand, marketplace, reserved-1yr, reserved-3yr, owned or spot; None: on-demand

    Raises AdvisorError, NoAnswer where one can start on no such GPUs.
    """
    if len(models) != 2:
        raise AdvisorError("takes two models", where="compare", hint="e.g. compare qwen3-30b-a3b qwen3-8b")
    given = input_tokens if isinstance(input_tokens, Sequence) else () if input_tokens is None else (input_tokens,)
    contexts = tuple(checked_count(n, where="--input-tokens") for n in given) or CONTEXTS
    checked_count(output_tokens, where="--output-tokens")
    counts = GPU_COUNTS if gpu_count is None else (checked_count(gpu_count, where="--gpu-count"),)
    speeds, pair = Speeds.read(workspace), []
    rents = gpu_rents(workspace, workspace.gpus.named(gpu).name, price, price_kind)
    for model in models:
        each = [
            priced(workspace, speeds, deployment(workspace, model, gpu, Parallelism(tp=n), precision, engine), rents)
            for n in counts
        ]
        pair.append(_smallest(each, workspace.support, min(contexts), output_tokens))
    if pair[0].deployment.spec.name == pair[1].deployment.spec.name:
        what = f"{pair[0].deployment.spec.name} is compared with itself"
        raise AdvisorError(what, where="compare", hint="name two models")
    points = [
        p for context in contexts for c in CONCURRENCIES if any((p := _point(pair, context, output_tokens, c)).each)
    ]
    return SpeedComparison(
        Rows((_contender(one) for one in pair), Contender),
        output_tokens,
        Rows(points, Point),
        Rows(_crossings(pair, points), Crossing),
        (
            *price_notes([one.rent for one in pair], rents),
            *(() if all(one.rent for one in pair) else (NO_PRICE,)),
        ),
    )


def _smallest(
    each: Sequence[PricedDeployment], support: SupportTable, context: int, output_tokens: int
) -> PricedDeployment:
    """The first (with fewest GPUs) that starts with ROOM requests in flight, else with one. Raises NoAnswer."""

    def why(one: PricedDeployment, in_flight: int) -> list[Reason]:
        found = reasons(one.deployment, support, context, output_tokens, in_flight)
        return [reason for reason in found if reason.rule != "context"]  # loads past it are left out one by one

    for room in (ROOM, 1):
        for one in each:
            if not why(one, room):
                return one
    last = each[-1]
    raise no_start(last.deployment, why(last, 1))


def _point(pair: Sequence[PricedDeployment], context: int, output_tokens: int, concurrency: int) -> Point:
    first, second = (_figures(one, context, output_tokens, concurrency) for one in pair)
    return Point(context, concurrency, (first, second))


def _figures(one: PricedDeployment, context: int, output_tokens: int, concurrency: int) -> LoadFigures | None:
    if not holds(one.deployment.spec, context + output_tokens):
        return None
    e: Estimate = estimated(one, context, output_tokens, concurrency)
    if not e.fits:
        return None
    usd = e.usd_per_million_output_tokens
    return LoadFigures(e.tpot_s, e.ttft_s, e.output_tokens_per_s, usd, e.memory.total_bytes, e.spread)


def _contender(one: PricedDeployment) -> Contender:
    d = one.deployment
    names = (d.spec.name, d.precision, d.gpu.name, d.layout.gpu_count, str(d.layout))
    return Contender(*names, d.spec.is_moe, one.origin)


def _crossings(pair: Sequence[PricedDeployment], points: Sequence[Point]) -> list[Crossing]:
    found = []
    for context in sorted({p.context_tokens for p in points}):
        some = [p for p in points if p.context_tokens == context]
        loads = [float(p.concurrency) for p in some]
        for figure in FIGURES:
            lines = [[getattr(p.each[which], figure, None) for p in some] for which in (0, 1)]
            for at, first in crossings(loads, *lines):
                smaller = pair[0 if first else 1].deployment.spec.name
                found.append(Crossing(context, figure, at, smaller))
    return found
