"""What is published on counting FLOPs, beside our counts; every verdict follows from them by the rule stated here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.models.spec import ModelSpec
from advisor.studies.counted_twice import Counted, FrontChange
from advisor.studies.model_resampling import FEWEST, median, over_models
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from advisor.units import percent
from advisor.work import answer_flops, simple_flops

MATTERS = 0.1
"""Difference of two counts, as a share, from which it is one that matters."""
SHORT_TOKENS = 1024
"""The longest answers of arXiv 2408.00724, whose count is the simple one."""


LONG_TOKENS = 8192
"""Answers beyond are long, as reasoning makes them."""


def claims_of(points: Sequence[Counted], fronts: Sequence[FrontChange]) -> list[Claim]:
    """One each; without enough models they say so."""
    return [_by_component(points, fronts), _two_a_weight(points), _draft(points)]


def draft_flops(spec: ModelSpec, prompt_tokens: int, generated_tokens: int) -> float:
    """FLOPs of an answer of a dense model as the first author's released draft of arXiv 2512.24776 counts them.

    L·(8·P·d² + 2·P²·d) for the prompt, L·(8·G·d² + 4·d·(G·P + G·(G − 1)/2)) for the answer, and N·(P + G): attention
    as if every head had keys of its own, all that is left with one FLOP a weight.
    """
    p, g, d = prompt_tokens, generated_tokens, spec.hidden
    prompt = 8 * p * d**2 + 2 * p**2 * d
    answer = 8 * g * d**2 + 4 * d * (g * p + g * (g - 1) / 2)
    return float(spec.n_layers * (prompt + answer) + spec.total_parameters * (p + g))


def _by_component(points: Sequence[Counted], fronts: Sequence[FrontChange]) -> Claim:
    """Confirmed where the median model's count differs by more than MATTERS, refined where only some models' does, or a
    front changes; contradicted where none does. Without long answers it cannot tell: the cache grows with them."""
    claim = "FLOPs of an answer have to be counted by component, with the growing KV cache: 2·N·tokens misleads"
    source = "arXiv 2512.24776 counts so (abstract and excerpts read; its printed formula not seen)"
    factors = [each.count.factor for each in points]
    found = over_models(factors, _architectures(points), median, seed="count by component")
    if found is None:
        return Claim(claim, source, _too_few(points), Verdict.OPEN)
    beyond = [factor for factor in factors if abs(factor - 1) > MATTERS]
    long = [each for each in points if each.answer.generated_tokens > LONG_TOKENS]
    of_long = over_models([each.count.factor for each in long], _architectures(long), median, seed="long answers")
    if of_long is None:
        verdict = Verdict.OPEN
    elif surely_above(found, 1 + MATTERS) or surely_below(found, 1 - MATTERS):
        verdict = Verdict.CONFIRMED
    else:
        verdict = Verdict.REFINED if beyond or fronts else Verdict.CONTRADICTED
    moved, beyond_tokens = _reordered(points), f"beyond {LONG_TOKENS:,} tokens"
    longer = (
        f" (of {len(long)} answers {beyond_tokens} {_times(of_long)})"
        if of_long
        else f" ({_too_few(long)} with answers {beyond_tokens})"
    )
    pairs = f"; {_percent(moved)} of a model's pairs change their order" if moved else ""
    ours = (
        f"full over simple count: median {_times(found)}{longer}, from {min(factors):.2f} to {max(factors):.2f},"
        f" {len(beyond)} of {len(factors)} points off by more than {percent(MATTERS, 0)}; {len(fronts)} points enter or"
        f" leave a front{pairs} ({_behind(points)})"
    )
    return Claim(claim, source, ours, verdict)


def _two_a_weight(points: Sequence[Counted]) -> Claim:
    """Confirmed where the interval of the median lies within MATTERS of 1, contradicted where it lies outside."""
    claim = "A generated token costs about 2·N FLOPs"
    source = "arXiv 2408.00724 counts so (at second hand, and in its released code), answers up to 1,024 tokens"
    short = [each for each in points if each.answer.generated_tokens <= SHORT_TOKENS]
    found = over_models([_a_token(each) for each in short], _architectures(short), median, seed="two a weight")
    if found is None:
        return Claim(claim, source, f"{_too_few(short)} with answers up to 1,024 tokens", Verdict.OPEN)
    if surely_above(found, 1 - MATTERS) and surely_below(found, 1 + MATTERS):
        verdict = Verdict.CONFIRMED
    else:
        outside = surely_above(found, 1 + MATTERS) or surely_below(found, 1 - MATTERS)
        verdict = Verdict.CONTRADICTED if outside else Verdict.REFINED
    longer = [_a_token(each) for each in points if each.answer.generated_tokens > SHORT_TOKENS]
    rest = f"; of longer answers {float(np.median(longer)):.2f}, up to {max(longer):.2f}" if longer else ""
    ours = f"FLOPs a generated token over 2·N: median {_times(found)} of short answers{rest} ({_behind(short)})"
    return Claim(claim, source, ours, verdict)


def _a_token(each: Counted) -> float:
    """What the generated tokens alone cost, over the simple count of them."""
    a = each.answer
    prompt = answer_flops(a.spec, a.prompt_tokens, 0)
    return (each.count.parts.total - prompt) / simple_flops(a.spec, a.generated_tokens)


def _draft(points: Sequence[Counted]) -> Claim:
    """Confirmed where the interval of the median lies within MATTERS of 1, contradicted where it leaves a factor of 2,
    else refined."""
    claim = "An answer of a dense model takes L·(8Pd² + 2P²d) + L·(8Gd² + 4d(GP + G(G−1)/2)) + N·(P + G) FLOPs"
    source = "released code of a draft of arXiv 2512.24776 (read there; the paper's own formula was not seen)"
    dense = [each for each in points if not each.answer.spec.is_moe]
    ratios = [
        each.count.parts.total / draft_flops(a.spec, a.prompt_tokens, a.generated_tokens)
        for each in dense
        for a in (each.answer,)
    ]
    found = over_models(ratios, _architectures(dense), median, seed="draft")
    if found is None:
        return Claim(claim, source, f"{_too_few(dense)} that are dense", Verdict.OPEN)
    if surely_above(found, 1 - MATTERS) and surely_below(found, 1 + MATTERS):
        verdict = Verdict.CONFIRMED
    else:
        verdict = Verdict.CONTRADICTED if surely_above(found, 2) or surely_below(found, 0.5) else Verdict.REFINED
    ours = (
        f"our count over that: median {_times(found)}, from {min(ratios):.2f} to {max(ratios):.2f} ({_behind(dense)})"
    )
    return Claim(claim, source, ours, verdict)


def _reordered(points: Sequence[Counted]) -> Interval | None:
    """The share of a model's pairs on a task of which the two counts make the other one cheaper."""
    by_task = defaultdict[str, list[Counted]](list)
    for each in points:
        by_task[each.answer.point.task].append(each)
    shares, architectures = [], []
    for some in by_task.values():
        if len(some) < 2:
            continue
        full, simple = (np.array(c) for c in zip(*((e.count.parts.total, e.count.simple) for e in some), strict=True))
        other = (full[:, None] < full) & (simple[:, None] > simple)
        shares += list((other | other.T).sum(axis=1) / (len(some) - 1))
        architectures += _architectures(some)
    return over_models(shares, architectures, lambda values: float(values.mean()), seed="reordered")


def _architectures(points: Sequence[Counted]) -> list[str]:
    """What is resampled: by architecture."""
    return [each.answer.architecture for each in points]


def _n_models(points: Sequence[Counted]) -> int:
    return len({each.answer.point.model for each in points})


def _behind(points: Sequence[Counted]) -> str:
    imputed = sum(not each.is_counted for each in points)
    lengths = f", {imputed} of {len(points)} lengths imputed" if imputed else ""
    return f"{_n_models(points)} models{lengths}"


def _too_few(points: Sequence[Counted]) -> str:
    return f"takes models of {FEWEST} architectures, here are {len(set(_architectures(points)))}"


def _times(found: Interval) -> str:
    return f"{found.value:.2f} (90 %: {found.low:.2f} – {found.high:.2f})"


def _percent(found: Interval) -> str:
    return f"{100 * found.value:.1f} % (90 %: {100 * found.low:.1f} – {100 * found.high:.1f} %)"
