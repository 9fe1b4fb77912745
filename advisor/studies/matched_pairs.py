"""Mixtures and dense models of equal accuracy or size, and how far the advantage of one goes with length and load."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.errors import NoAnswer
from advisor.fits.costs import TYPICAL_PROMPT_TOKENS
from advisor.models.spec import ModelSpec
from advisor.performance.feasibility import holds
from advisor.recommendation.compare_speed import LoadFigures, SpeedComparison, compare_speed
from advisor.store.workspace import Workspace
from advisor.studies.adjusted import interval
from advisor.studies.kinds_observed import Observed

LENGTHS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536)
"""Generated tokens of an answer, after a prompt of typical length."""
HELD = 8192
"""Generated tokens of the requests that the GPUs of a pair have to hold."""
SHORT, LONG = 1024, 32_768
"""Those between which the loss of the advantage is counted."""
SIZES = 2.5
"""Factor between the total sizes of a pair of one publisher."""
FEW, MANY, MOST = 1, 64, 512
"""Requests in flight between which its loss is counted, and with which it may be won back."""
CLOSE = 0.5
"""Most that accuracies of a pair differ by, in log odds: 12 points in the middle."""


@dataclass(frozen=True, slots=True)
class MatchedPair:
    """A mixture and the dense model whose accuracy is closest on the tasks that both were measured on.

    `difference`: the mixture's accuracy less the dense model's, mean over `tasks`. `flops`, `usd`: the mixture's over
    the dense model's on these tasks, geometric means (None: not known).
    """

    moe: str
    dense: str
    tasks: int
    difference: Interval
    flops: float
    usd: float | None


@dataclass(frozen=True, slots=True)
class Advantage:
    """How many times more the dense model of a pair takes than the mixture on the same GPUs; above 1 the mixture leads.

    `alike`: what the pair was chosen for. `flops` are of a whole answer. Intervals are those of both predicted speeds,
    taken as independent; None where one of the two does not fit, or no price is known.
    """

    alike: str
    moe: str
    dense: str
    gpu: str
    gpu_count: int
    answer_tokens: int
    concurrency: int
    flops: float
    tpot: Interval | None
    usd: Interval | None


def matched_pairs(points: Sequence[Observed]) -> list[MatchedPair]:
    """For every mixture the dense model of closest accuracy, where one lies within CLOSE."""
    of_model = defaultdict[str, dict[str, Observed]](dict)
    for point in points:
        of_model[point.model][point.task] = point
    kinds = {point.model: point.is_moe for point in points}
    dense = [model for model in sorted(kinds, key=str.lower) if not kinds[model]]
    found = []
    for moe in sorted((model for model in kinds if kinds[model]), key=str.lower):
        gaps = {d: _gap(of_model[moe], of_model[d]) for d in dense if of_model[moe].keys() & of_model[d].keys()}
        closest = min(gaps, key=lambda d: (gaps[d], d), default=None)
        if closest is not None and gaps[closest] <= CLOSE:
            found.append(_pair(of_model[moe], of_model[closest]))
    return found


def _gap(one: dict[str, Observed], other: dict[str, Observed]) -> float:
    """How far apart in log odds over the shared tasks, the mean over draws: few questions or tasks count against it."""
    shared = sorted(one.keys() & other.keys())
    apart = np.mean([one[task].logits - other[task].logits for task in shared], axis=0)
    return float(np.abs(apart[1:]).mean())


def _pair(moe: dict[str, Observed], dense: dict[str, Observed]) -> MatchedPair:
    shared = sorted(moe.keys() & dense.keys())
    one, other = moe[shared[0]], dense[shared[0]]
    accuracy = [_accuracies(moe[task]) - _accuracies(dense[task]) for task in shared]

    def ratio(cost: str) -> float:
        logs = [math.log(moe[task].costs[cost] / dense[task].costs[cost]) for task in shared]
        return math.exp(float(np.mean(logs)))

    usd = ratio("usd")
    return MatchedPair(
        one.model,
        other.model,
        len(shared),
        interval(np.asarray(np.mean(accuracy, axis=0))),
        ratio("flops"),
        None if math.isnan(usd) else usd,
    )


def _accuracies(point: Observed) -> Array:
    return np.concatenate([[point.answer.point.accuracy], point.answer.draws])


def siblings(workspace: Workspace) -> list[tuple[str, str]]:
    """For every mixture the dense model of closest total size, up to SIZES times it or a part of it, from its publisher
    and month of release; once a shape."""
    models = workspace.models
    specs = {model: models.spec(model) for model in sorted(models, key=str.lower)}
    dense = defaultdict[tuple[str, str], list[str]](list)
    for model, spec in specs.items():
        if not spec.is_moe:
            dense[_born(model, models[model].released)].append(model)
    found: dict[tuple[object, ...], tuple[str, str]] = {}
    for model, spec in specs.items():
        born = dense[_born(model, models[model].released)] if spec.is_moe and models[model].released else []
        if near := [each for each in born if _apart(spec, specs[each]) <= math.log(SIZES)]:
            other = min(near, key=lambda each: (_apart(spec, specs[each]), each))
            found.setdefault((spec.layers, specs[other].layers), (model, other))
    return list(found.values())


def _born(model: str, released: str) -> tuple[str, str]:
    return model.split("/")[0], released


def _apart(one: ModelSpec, other: ModelSpec) -> float:
    """How far total sizes lie apart, in logs."""
    return abs(math.log(one.total_parameters / other.total_parameters))


def usual_gpu(workspace: Workspace) -> str | None:
    """The GPU with a price of which most models' speed was measured; None: no GPU has a price."""
    measured = Counter(gpu for _, gpu in {(row.shape, row.gpu) for row in workspace.fits.corrections})
    priced = sorted({offer.gpu for offer in workspace.prices.offers} & set(workspace.gpus))
    return max(priced, key=lambda gpu: measured[gpu], default=None)


def alike_pairs(workspace: Workspace, points: Sequence[Observed], pairs: Sequence[MatchedPair]) -> list[AlikePair]:
    """Pairs by what they are alike in, closest first: accuracy, total size of models with known accuracy, and origin.

    Only of models that hold answers of LONG tokens, each pair once, for the first of these; of none where no accuracy
    is known. Of origin are all models of the catalogue, and where own answers count alone those that have some.
    """
    specs = {point.model: point.answer.spec for point in points}
    by_gap = sorted(pairs, key=lambda pair: (abs(pair.difference.value), pair.moe))
    sized = [(moe, dense) for moe, dense in product(specs, specs) if specs[moe].is_moe and not specs[dense].is_moe]
    sized = [pair for pair in sized if _both_hold(specs[pair[0]], specs[pair[1]])]
    size = sorted(sized, key=lambda pair: (_apart(specs[pair[0]], specs[pair[1]]), pair))[:1]
    models = workspace.models
    own = bool(workspace.alone)
    of_origin = [pair for pair in siblings(workspace) if specs.keys() >= set(pair) or not own] if specs else []
    born = sorted(of_origin, key=lambda pair: (_apart(models.spec(pair[0]), models.spec(pair[1])), pair))
    named = [(ACCURACY, (pair.moe, pair.dense)) for pair in by_gap]
    named += [(SIZE, pair) for pair in size] + [(ORIGIN, pair) for pair in born]
    first: dict[tuple[str, str], str] = {}
    for alike, pair in named:
        first.setdefault(pair, alike)
    return [
        AlikePair(alike, *pair)
        for pair, alike in first.items()
        if _both_hold(models.spec(pair[0]), models.spec(pair[1]))
    ]


ACCURACY, SIZE, ORIGIN = "accuracy", "total size", "publisher and month"


@dataclass(frozen=True, slots=True)
class AlikePair:
    """A mixture and a dense model, and what they are alike in."""

    alike: str
    moe: str
    dense: str


def _both_hold(one: ModelSpec, other: ModelSpec, tokens: int = LONG) -> bool:
    return all(holds(spec, TYPICAL_PROMPT_TOKENS + tokens) for spec in (one, other))


def flops_advantage(moe: ModelSpec, dense: ModelSpec, tokens: int) -> float:
    """FLOPs of the dense model's answer over the mixture's."""
    return dense.trace_flops(TYPICAL_PROMPT_TOKENS, tokens) / moe.trace_flops(TYPICAL_PROMPT_TOKENS, tokens)


@dataclass(frozen=True, slots=True)
class Loss:
    """How far the advantage of a mixture goes: FLOPs of answers of SHORT and LONG tokens, and USD at FEW, MANY and MOST
    requests in flight with short ones, each the dense model's over the mixture's. USD None: not on these GPUs."""

    alike: str
    moe: str
    dense: str
    flops_short: float
    flops_long: float
    usd_few: float | None
    usd_many: float | None
    usd_most: float | None


def loss(workspace: Workspace, pair: AlikePair, gpu: str | None) -> Loss:
    """That of a pair on a GPU; None: no GPU has a price."""
    moe, dense = workspace.models.spec(pair.moe), workspace.models.spec(pair.dense)
    at = {row.concurrency: row.usd for row in (advantages(workspace, pair, gpu, (SHORT,)) if gpu else ())}
    few, many, most = (None if (usd := at.get(load)) is None else usd.value for load in (FEW, MANY, MOST))
    return Loss(
        pair.alike,
        pair.moe,
        pair.dense,
        flops_advantage(moe, dense, SHORT),
        flops_advantage(moe, dense, LONG),
        few,
        many,
        most,
    )


def advantages(workspace: Workspace, pair: AlikePair, gpu: str, lengths: Sequence[int]) -> list[Advantage]:
    """Over lengths and requests in flight, both on the fewest GPUs that hold either with answers of HELD tokens.

    Nothing where one of the two can start on no such GPUs, or holds no answer of that length.
    """
    moe, dense = workspace.models.spec(pair.moe), workspace.models.spec(pair.dense)
    held = [tokens for tokens in lengths if _both_hold(moe, dense, tokens)]
    if not held:
        return []
    try:
        fewest = _compared(workspace, pair, gpu, HELD, None)
        count = max(each.gpu_count for each in fewest.models)
        loads = [(tokens, _compared(workspace, pair, gpu, tokens, count)) for tokens in held]
    except NoAnswer:  # no number of these GPUs starts it
        return []
    return [
        Advantage(
            pair.alike,
            pair.moe,
            pair.dense,
            gpu,
            count,
            tokens,
            point.concurrency,
            flops_advantage(moe, dense, tokens),
            _times(point.each, "tpot_s"),
            _times(point.each, "usd_per_million_output_tokens"),
        )
        for tokens, compared in loads
        for point in compared.points
    ]


def _compared(workspace: Workspace, pair: AlikePair, gpu: str, tokens: int, count: int | None) -> SpeedComparison:
    models, prompt = (pair.moe, pair.dense), TYPICAL_PROMPT_TOKENS
    return compare_speed(workspace, models=models, gpu=gpu, gpu_count=count, input_tokens=prompt, output_tokens=tokens)


def _times(each: tuple[LoadFigures | None, LoadFigures | None], figure: str) -> Interval | None:
    moe, dense = each
    if moe is None or dense is None or getattr(moe, figure) is None or getattr(dense, figure) is None:
        return None
    value = float(getattr(dense, figure) / getattr(moe, figure))
    spread = math.exp(math.hypot(math.log(moe.spread), math.log(dense.spread)))
    return Interval(value, value / spread, value * spread)
