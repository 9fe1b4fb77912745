"""Whether mixtures of experts dominate accuracy per FLOP: the claim, and the rule that its verdict follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.accuracy.estimators import Interval
from advisor.studies.kinds_claims import PAPER, times
from advisor.studies.kinds_tables import ALL_TASKS, Difference
from advisor.studies.study import Claim, Verdict, surely_above, surely_below

ARCHITECTURES_NEEDED = 5
"""Of each kind, for counted lengths to bear out what all lengths say: models of one architecture are tuned from the
same weights, and say no more than one."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Points of accuracy that mixtures have more at equal FLOPs and release date, of all lengths and of counted ones
    alone; None: too few models."""

    every: Difference | None
    counted: Difference | None


def dominance_claim(found: Sequence[Difference], counted: Difference | None, without_one: Sequence[Compared]) -> Claim:
    """By accuracy at equal FLOPs and release date, of all lengths and of `counted` ones alone.

    without_one  the same with each architecture left out
    """
    claim = "Mixtures of experts dominate accuracy per FLOP"
    over = {(row.equal, row.figure, row.dated): row for row in found if row.task == ALL_TASKS}
    plain, dated = (over.get(("FLOPs", "accuracy", at_date)) for at_date in (False, True))
    if plain is None:
        return Claim(claim, PAPER, "no task has two architectures of each kind", Verdict.OPEN)
    if dated is None:
        ours = f"at equal FLOPs {_points(plain.value)} more right; no task has two dated architectures of each kind"
        return Claim(claim, PAPER, ours, Verdict.OPEN)
    alone = dominance(Compared(dated, counted))
    holding = sum(dominance(each, ARCHITECTURES_NEEDED - 1) is alone for each in without_one)
    parts = [f"at equal FLOPs and release date {_points(dated.value)} more right"]
    parts += [f"with counted lengths alone {_counted(counted)}"] if dated.imputed else []
    parts += [f"at any date {_points(plain.value)}"]
    for cost, name in (("flops", "FLOPs"), ("usd", "USD")):
        row = over.get(("accuracy", cost, True))
        parts += [f"at equal accuracy and date {times(row.value)} of the {name}"] if row else []
    left_out = f"; {alone} with {holding} of {len(without_one)} architectures left out in turn" if without_one else ""
    imputed = f", {dated.imputed} of {dated.points} lengths imputed" if dated.imputed else ""
    ours = f"{', '.join(parts)} ({_models(dated)}{imputed}){left_out}"
    return Claim(claim, PAPER, ours, robust(alone, holding == len(without_one)))


def dominance(found: Compared, needed: int = ARCHITECTURES_NEEDED) -> Verdict:
    """Confirmed where accuracy is surely higher and counted lengths alone say so too, contradicted where both are
    surely lower; refined where it is surely higher and counted lengths are not sure of it, or fewer than `needed`
    architectures of a kind have them. Open where it is not sure, where no task has counted lengths of both kinds, and
    where they say the opposite.
    """
    sign = _sign(found.every.value) if found.every else 0
    if not sign or found.counted is None or sign * found.counted.value.value <= 0:
        return Verdict.OPEN
    if _fewest(found.counted) >= needed and _sign(found.counted.value) == sign:
        return Verdict.CONFIRMED if sign > 0 else Verdict.CONTRADICTED
    return Verdict.REFINED if sign > 0 else Verdict.OPEN


def _fewest(row: Difference) -> int:
    """Architectures of the kind that has fewer."""
    return min(row.moe_architectures, row.dense_architectures)


def robust(found: Verdict, whichever_is_left_out: bool) -> Verdict:
    """What is left of a verdict that hangs on one architecture."""
    decided = found in (Verdict.CONFIRMED, Verdict.CONTRADICTED)
    return Verdict.REFINED if decided and not whichever_is_left_out else found


def _counted(row: Difference | None) -> str:
    if row is None:
        return "too few models to say"
    if _fewest(row) < ARCHITECTURES_NEEDED:
        sure = f"too few to bear it out, which takes {ARCHITECTURES_NEEDED} architectures of each"
    else:
        sure = "which bears out its sign" if _sign(row.value) else "which alone is not sure of its sign"
    return f"{_points(row.value)} ({_models(row)}), {sure}"


def _models(row: Difference) -> str:
    """`5 mixtures of 2 architectures, 16 dense models of 9`."""
    mixtures = f"{row.moe} mixtures of {row.moe_architectures} architectures"
    return f"{mixtures}, {row.dense} dense models of {row.dense_architectures}"


def _sign(found: Interval) -> int:
    """1 or −1 where the interval surely excludes zero, else 0."""
    return int(surely_above(found, 0)) - int(surely_below(found, 0))


def _points(found: Interval) -> str:
    return f"{found.value:+.1f} points (90 %: {found.low:+.1f} – {found.high:+.1f})"
