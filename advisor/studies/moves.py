"""Who enters and who leaves the frontier when FLOPs become dollars, seconds or joules, and why in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.studies.cheapest import Deployed
from advisor.units import UNIT_NAMES, bytes_text, percent, significant


@dataclass(frozen=True, slots=True)
class Move:
    """A model that is on the frontier in one unit and not in FLOPs, or the other way round.

    rival         of the models that beat it where it is beaten, the most accurate
    flops_ratio   FLOPs of the model over those of the rival, `cost_ratio` the same in `unit`
    chance_flops  share of the draws in which it is on the frontier in FLOPs, `chance` in `unit`
    why           the figures behind it
    """

    unit: str
    model: str
    setup: str
    enters: bool
    rival: str
    flops_ratio: float
    cost_ratio: float
    chance_flops: float
    chance: float
    why: str


def rival_of(deployed: Sequence[Deployed], at: int, unit: str) -> int | None:
    """Of those that are as cheap and as accurate the most accurate, then the cheapest; None for none."""
    own = deployed[at]

    def beats(other: Deployed) -> bool:
        accuracy, cost = other.answer.accuracy.value, other.cost(unit)
        as_good = accuracy >= own.answer.accuracy.value and cost <= own.cost(unit)
        return as_good and (accuracy > own.answer.accuracy.value or cost < own.cost(unit))

    found = [i for i, other in enumerate(deployed) if beats(other)]
    return max(found, key=lambda i: (deployed[i].answer.accuracy.value, -deployed[i].cost(unit)), default=None)


def moved(deployed: Sequence[Deployed], at: int, unit: str, *, enters: bool, chances: tuple[float, float]) -> Move:
    """The move of a model: `chances` of being on the frontier in FLOPs and in `unit`."""
    own, beaten_in = deployed[at], "flops" if enters else unit
    number = rival_of(deployed, at, beaten_in)
    if number is None:
        raise ValueError("nothing beats it")
    rival = deployed[number]
    return Move(
        unit=unit,
        model=own.answer.model,
        setup=own.answer.setup,
        enters=enters,
        rival=rival.answer.model,
        flops_ratio=own.flops / rival.flops,
        cost_ratio=own.cost(unit) / rival.cost(unit),
        chance_flops=chances[0],
        chance=chances[1],
        why=why(own, rival, unit),
    )


def why(own: Deployed, rival: Deployed, unit: str) -> str:
    """`0.8 × the FLOPs and 3.1 × the USD of B (75 % right to its 73 %): 1.2e+17 FLOPs a USD to its 4.6e+17; …`."""
    name = rival.answer.model.split("/")[-1]
    ratios = [own.flops / rival.flops, own.cost(unit) / rival.cost(unit)]
    right = f"{percent(own.answer.accuracy.value)} right to its {percent(rival.answer.accuracy.value)}"
    cost, each = ("time", "second") if unit == "s" else (UNIT_NAMES[unit], UNIT_NAMES[unit])
    rates = [side.flops / side.cost(unit) for side in (own, rival)]
    return (
        f"{significant(ratios[0])} × the FLOPs and {significant(ratios[1])} × the {cost} of {name} ({right}):"
        f" {significant(rates[0])} FLOPs per {each} to its {significant(rates[1])}; {_setting(own)},"
        f" to {_setting(rival)}"
    )


def _setting(d: Deployed) -> str:
    """What it lies on: `60.1 GB of weights on 2 × h100-sxm in bf16, 128 in flight with 1.2 GB of cache each`."""
    return (
        f"{bytes_text(d.weights_bytes)} of weights on {d.gpu_count} × {d.gpu} in {d.precision},"
        f" {d.concurrency} in flight with {bytes_text(d.cache_bytes)} of cache each"
    )
