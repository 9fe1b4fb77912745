"""What a deployment costs by the hour, as it is billed: whole machines of one offer, of one kind of price.

rents = Rents.of_kind(ws.prices.offers, own, kind="on-demand", today=ws.today)
rents.rent("l40s", gpus=8)          # one replica on eight GPUs: 1 × 8 × l40s at aws (on-demand, us-east-1), 2026-09-10
rents.rent("l40s", gpus=2, units=3) # three replicas on two GPUs each, of which several may share a machine
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter

from advisor.prices import KINDS, YOURS, Price, age_days
from advisor.values import Value

OLD_DAYS = 90
"""A price that was seen longer ago is said to be old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rent(Value):
    """What is rented: `instances` machines with `gpus_per_instance` GPUs, both None where GPUs are billed one by one.

    `gpus` and `usd_per_hour` are of all of them; `age_days` is None where the date is not known.
    """

    provider: str
    kind: str
    region: str
    gpu: str
    gpus: int
    instances: int | None
    gpus_per_instance: int | None
    usd_per_hour: float
    as_of: str
    age_days: int | None

    @property
    def is_old(self) -> bool:
        """Whether the price was seen more than OLD_DAYS ago."""
        return self.age_days is not None and self.age_days > OLD_DAYS

    @property
    def age_text(self) -> str:
        """`76 days old`, `at least 329 days old` where only the half-year is known, empty where nothing is."""
        least = "" if len(self.as_of) >= len("2026-09-10") else "at least "
        return "" if self.age_days is None else f"{least}{self.age_days} days old"

    def __str__(self) -> str:
        whole = f"{self.instances} × {self.gpus_per_instance}" if (self.gpus_per_instance or 1) > 1 else f"{self.gpus}"
        whose = "at your price" if self.usd_per_hour else "of yours"
        where = ", ".join(part for part in (self.kind, self.region) if part)
        at = whose if self.provider == YOURS else f"at {self.provider}"
        return f"{whole} × {self.gpu} {at} ({where})" + (f", {self.as_of}" if self.as_of else "")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as units of `gpus` GPUs fill it: how many it holds, and its rent."""

    offer: Price
    gpus: int
    units: int
    usd_per_hour: float

    def bill(self, units: int) -> tuple[float, int, Machine]:
        """USD per hour and the number of machines for so many units."""
        machines = -(-units // self.units)
        return machines * self.usd_per_hour, machines, self


class Rents:
    """Bills by GPU. `offers`: of each GPU the machines of one kind, a sequence a provider; `kind`: the one that is
    wanted; `most`: the GPUs that may be used at once, where limited; `left_out`: those with own prices of other kinds;
    `instead_of`: the usual kind, where none of the named GPUs has it; `unpriced`: named ones with another kind alone.
    """

    def __init__(
        self,
        offers: Mapping[str, Sequence[Sequence[Price]]],
        *,
        kind: str,
        today: date,
        most: Mapping[str, int] | None = None,
        left_out: Sequence[str] = (),
        instead_of: str | None = None,
        unpriced: Mapping[str, str] | None = None,
    ) -> None:
        self.offers, self.kind, self.today, self.most, self.left_out = offers, kind, today, most or {}, left_out
        self.instead_of, self.unpriced = instead_of, unpriced or {}
        self._ways: dict[tuple[str, int], list[list[list[Machine]]]] = {}

    @classmethod
    def of_kind(
        cls,
        offers: Iterable[Price],
        own: Sequence[Price] = (),
        *,
        today: date,
        kind: str | None = None,
        named: Iterable[str] = (),
        most: Mapping[str, int] | None = None,
    ) -> Rents:
        """What is offered at one kind of price (None: on-demand), the user's own prices before all others.

        Where no GPU of those that are `named` has an on-demand price, the first of KINDS that any of them has is
        taken, unless a kind was given. Kinds are never mixed.
        """
        offered, chosen = tuple(offers), set(named)
        of_named = {price.kind or KINDS[0] for price in (*offered, *own) if price.gpu in chosen}
        wanted = kind or next((k for k in KINDS if k in of_named), KINDS[0])

        def of_kind_wanted(prices: Iterable[Price]) -> dict[str, list[Price]]:
            by_gpu: dict[str, list[Price]] = {}
            for price in prices:
                if (price.kind or wanted) == wanted:
                    by_gpu.setdefault(price.gpu, []).append(price)
            return by_gpu

        market = {gpu: _by_provider(machines) for gpu, machines in of_kind_wanted(offered).items()}
        mine = of_kind_wanted(replace(price, kind=price.kind or wanted) for price in own)
        return cls(
            market | {gpu: [machines] for gpu, machines in mine.items()},
            kind=wanted,
            today=today,
            most=most,
            left_out=sorted({price.gpu for price in own} - set(mine)),
            instead_of=KINDS[0] if kind is None and wanted != KINDS[0] else None,
            unpriced={
                gpu: next(k for k in KINDS if any(p.gpu == gpu and p.kind == k for p in offered))
                for gpu in sorted(chosen - set(market) - set(mine))
                if any(p.gpu == gpu for p in offered)
            },
        )

    @classmethod
    def of_owned(cls, have: Mapping[str, int], own: Sequence[Price] = (), *, today: date) -> Rents:
        """Owned GPUs: free, or at the user's own price."""
        prices: dict[str, list[Price]] = {gpu: [] for gpu in have}
        for price in own:
            prices.setdefault(price.gpu, []).append(replace(price, kind="owned", gpus_per_instance=None))
        free = {gpu: [Price(gpu=gpu, usd_per_hour=0.0, kind="owned")] for gpu in have}
        return cls({gpu: [prices[gpu] or free[gpu]] for gpu in have}, kind="owned", today=today, most=have)

    def rent(self, gpu: str, gpus: int, units: int = 1) -> Rent | None:
        """The rent of `units` times `gpus` GPUs that must lie in one machine each; None where nothing holds them.

        Of each provider the machines that hold them for the least; of the providers the one in the middle, of an even
        number the lower of the two. It never costs more than a larger deployment, which would hold it too.
        """
        best = self._best(gpu, gpus, units)
        return self._rent(*best) if best else None

    def missing(self, gpu: str, gpus: int) -> str:
        """Why there is no rent of so many GPUs in one machine, and what would help."""
        if gpu in self.offers:
            return f"no {self.kind} machine is known with {gpus} × {gpu}: give --price {gpu}=…usd/h"
        return f"no {self.kind} price is known for {gpu}: give --price {gpu}=…usd/h"

    @property
    def rates(self) -> dict[str, Price]:
        """The machine that is rented for one GPU alone, by GPU."""
        best = {gpu: self._best(gpu, 1, 1) for gpu in self.offers}
        return {gpu: found[2].offer for gpu, found in best.items() if found}

    def _best(self, gpu: str, gpus: int, units: int) -> tuple[float, int, Machine] | None:
        """USD per hour, the number of machines, and the machine."""
        middle: list[tuple[float, int, Machine]] = []
        for providers in self._ways_of(gpu, gpus):
            bills = [min([m.bill(units) for m in machines], key=_usd) for machines in providers]
            middle.append(sorted(bills, key=_usd)[(len(bills) - 1) // 2])
        return min(middle, key=_usd, default=None)

    def _ways_of(self, gpu: str, gpus: int) -> list[list[list[Machine]]]:
        """The providers' machines for units of `gpus` GPUs, and for larger units wherever fewer providers hold them.

        Between those the bill only rises.
        """
        if (gpu, gpus) not in self._ways:
            offers = self.offers.get(gpu, ())
            ways: list[list[list[Machine]]] = []
            largest = max((offer.gpus_per_instance or 0 for machines in offers for offer in machines), default=0)
            for size in range(gpus, max(largest, gpus) + 2):
                way = _filled(offers, size)
                if way and (not ways or len(way) < len(ways[-1])):
                    ways.append(way)
            self._ways[gpu, gpus] = ways
        return self._ways[gpu, gpus]

    def _rent(self, usd_per_hour: float, count: int, machine: Machine) -> Rent:
        offer, size = machine.offer, machine.offer.gpus_per_instance
        return Rent(
            provider=offer.provider,
            kind=offer.kind,
            region=offer.region,
            gpu=offer.gpu,
            gpus=count * (size or machine.gpus),
            instances=count if size else None,
            gpus_per_instance=size,
            usd_per_hour=usd_per_hour,
            as_of=offer.as_of,
            age_days=age_days(offer.as_of, self.today),
        )


_usd = itemgetter(0)


def _by_provider(machines: Iterable[Price]) -> list[list[Price]]:
    providers: dict[str, list[Price]] = {}
    for machine in machines:
        providers.setdefault(machine.provider, []).append(machine)
    return [providers[name] for name in sorted(providers)]


def _filled(offers: Sequence[Sequence[Price]], gpus: int) -> list[list[Machine]]:
    """The machines that hold units of `gpus` GPUs, of the providers that have any."""
    providers = [[m for offer in machines if (m := _machine(offer, gpus)).units] for machines in offers]
    return [machines for machines in providers if machines]


def _machine(offer: Price, gpus: int) -> Machine:
    """An offer as units of `gpus` GPUs fill it; billed by the GPU it is as large as one unit."""
    size = offer.gpus_per_instance or gpus
    return Machine(offer, gpus, size // gpus, size * offer.usd_per_hour)


def price_notes(rented: Iterable[Rent | None], rents: Rents) -> tuple[str, ...]:
    """What to say of the prices behind an answer: old ones, of another kind than usual, those that do not count."""
    billed = tuple(rented)
    notes = [
        f"no {rents.instead_of} price is known for {gpu}: its {rents.kind} price is used"
        for gpu in (sorted(rents.offers) if rents.instead_of else ())
        if any(rent and rent.gpu == gpu for rent in billed)
    ]
    notes += [
        f"{gpu} is left out, it has no {rents.kind} price but {other}: give --price {gpu}=…usd/h, or --price-kind"
        for gpu, other in rents.unpriced.items()
    ]
    known = {(rent.gpu, rent.provider): rent for rent in billed if rent}
    if old := [f"{r.gpu} at {r.provider}, {r.age_text}" for r in known.values() if r.is_old]:
        how = "give today's with --price GPU=…usd/h, or fetch them with `advisor gpus --refresh`"
        notes.append(f"prices seen more than {OLD_DAYS} days ago ({'; '.join(old)}): {how}")
    if rents.left_out:
        own = ", ".join(rents.left_out)
        notes.append(
            f"--price of {own} is of another kind than {rents.kind} and not counted; ask for it with --price-kind"
        )
    return tuple(notes)
