"""Bills against sums by hand, and the choice of the offer against every offer tried one by one."""

from datetime import date
from itertools import product
from math import ceil, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.prices import Price
from advisor.rents import Rents, price_notes
from tests.known import SHIPPED

TODAY = date(2026, 11, 25)
GPU = "l40s"


def machine(usd_per_gpu, size, provider="aws", **changed):
    usual = {"gpu": GPU, "kind": "on-demand", "as_of": "2026-09-10"}
    return Price(usd_per_hour=usd_per_gpu, gpus_per_instance=size, provider=provider, **(usual | changed))


def rents(*offers, own=(), **options):
    return Rents.of_kind(offers, own, today=TODAY, **options)


def usd(found):
    return found and pytest.approx(found.usd_per_hour)


AWS = (machine(1.861, 1), machine(2.242, 1), machine(2.623, 4), machine(3.766, 8))
"""The rows of prices.csv for l40s at aws."""


@pytest.mark.parametrize(
    ("gpus", "replicas", "bill", "words"),
    [
        (1, 1, 1.861, "1 × l40s"),
        (2, 1, 4 * 2.623, "1 × 4 × l40s"),  # 10.49: no machine has two
        (4, 1, 4 * 2.623, "1 × 4 × l40s"),
        (8, 1, 8 * 3.766, "1 × 8 × l40s"),  # 30.13, not 8 × 2.242 = 17.94
        (8, 2, 16 * 3.766, "2 × 8 × l40s"),
        (1, 3, 3 * 1.861, "3 × l40s"),  # three small ones for less than a machine of four (10.49)
        (2, 2, 4 * 2.623, "1 × 4 × l40s"),  # two replicas share a machine of four
        (2, 3, 2 * 4 * 2.623, "2 × 4 × l40s"),  # 20.98 in two machines, less than one of eight (30.13)
        (4, 2, 2 * 4 * 2.623, "2 × 4 × l40s"),
        (3, 2, 2 * 4 * 2.623, "2 × 4 × l40s"),  # a replica of three fills a machine of four
    ],
)
def test_whole_machines_are_billed(gpus, replicas, bill, words):
    found = rents(*AWS).rent(GPU, gpus, replicas)
    assert found.usd_per_hour == pytest.approx(bill)
    assert str(found) == f"{words} at aws (on-demand), 2026-09-10"
    assert found.gpus == found.instances * found.gpus_per_instance >= gpus * replicas


def test_the_words_of_the_shipped_table():
    found = Rents.of_kind(SHIPPED.prices.offers, today=TODAY).rent("l40s", 8)
    assert str(found) == "1 × 8 × l40s at aws (on-demand, us-east-1), 2026-09-10"
    assert (round(found.usd_per_hour, 1), found.age_days, found.is_old) == (30.1, 76, False)


def test_three_replicas_of_two_lie_in_one_machine_of_eight():
    only_eights = rents(machine(2.0, 8))
    assert only_eights.rent(GPU, 2, 3).usd_per_hour == only_eights.rent(GPU, 2, 1).usd_per_hour == 16.0
    assert only_eights.rent(GPU, 2, 5).instances == 2


def test_a_replica_that_no_machine_holds_has_no_rent():
    assert rents(machine(1.0, 1), machine(1.0, 4)).rent(GPU, 8) is None
    assert rents(*AWS).rent("a30", 1) is None


def test_a_price_by_the_gpu_takes_any_number():
    found = rents(own=[Price(gpu=GPU, usd_per_hour=2.0)]).rent(GPU, 3, 5)
    assert (found.usd_per_hour, found.gpus, found.instances, found.gpus_per_instance) == (30.0, 15, None, None)
    assert str(found) == "15 × l40s at your price (on-demand)"


def test_the_provider_in_the_middle_is_taken_the_lower_of_two():
    """One GPU at 1, 2 and 9; eight GPUs only at the two that have such machines."""
    three = rents(
        machine(1.0, 1, "a"), machine(2.0, 8, "b"), machine(3.0, 1, "b"), machine(9.0, 8, "c"), machine(9.0, 1, "c")
    )
    assert three.rent(GPU, 1).provider == "b"
    assert three.rent(GPU, 1).usd_per_hour == 3.0
    assert (three.rent(GPU, 8).provider, three.rent(GPU, 8).usd_per_hour) == ("b", 16.0)


def test_a_smaller_deployment_never_costs_more_than_a_larger_one():
    """Of three providers the middle one asks 10 for one GPU; the one that also has two asks 4 for both."""
    found = rents(machine(10.0, 1, "a"), machine(2.0, 1, "b"), machine(2.0, 2, "b"), machine(11.0, 1, "c"))
    assert found.rent(GPU, 2).usd_per_hour == 4.0
    assert found.rent(GPU, 1).usd_per_hour == 4.0


sizes = st.sampled_from([1, 2, 4, 8, None])
machines = st.lists(
    st.builds(machine, st.sampled_from([1.0, 1.5, 2.0, 7.0]), sizes, st.sampled_from(["a", "b", "c", "d"])),
    min_size=1,
    max_size=8,
)


def by_hand(offers, gpus, replicas):
    """The median provider's bill for this deployment or for a larger one, every offer tried one by one."""

    def median(size):
        cheapest = {}
        for offer in offers:
            held = (offer.gpus_per_instance or size) // size
            each = (offer.gpus_per_instance or size) * offer.usd_per_hour
            bill = ceil(replicas / held) * each if held else inf
            cheapest[offer.provider] = min(bill, cheapest.get(offer.provider, inf))
        bills = sorted(bill for bill in cheapest.values() if bill < inf)
        return bills[(len(bills) - 1) // 2] if bills else inf

    return min(median(size) for size in range(gpus, 32))


@given(machines, st.integers(1, 9), st.integers(1, 20))
@settings(max_examples=300)
def test_the_bill_is_that_of_every_offer_tried(offers, gpus, replicas):
    found = rents(*offers).rent(GPU, gpus, replicas)
    assert (found.usd_per_hour if found else inf) == pytest.approx(by_hand(offers, gpus, replicas))


@given(machines)
@settings(max_examples=60)
def test_the_bill_rises_with_gpus_and_replicas_and_is_never_below_the_price_by_the_gpu(offers):
    found = rents(*offers)
    bill = {at: found.rent(GPU, *at) for at in product(range(1, 10), range(1, 12))}
    for (gpus, replicas), rent in bill.items():
        more = [bill.get((gpus + 1, replicas)), bill.get((gpus, replicas + 1))]
        assert all(other is None or rent.usd_per_hour <= other.usd_per_hour + 1e-9 for other in more)
        if rent:
            assert rent.usd_per_hour >= gpus * replicas * min(o.usd_per_hour for o in offers) - 1e-9
            assert rent.gpus >= gpus * replicas


def test_kinds_are_not_mixed():
    offers = (machine(2.0, 1), machine(1.0, 1, kind="spot"), machine(0.5, 1, kind="reserved-3yr"))
    assert rents(*offers).rent(GPU, 1).usd_per_hour == 2.0
    assert rents(*offers, kind="spot").rent(GPU, 1).usd_per_hour == 1.0
    assert rents(*offers, kind="marketplace").rent(GPU, 1) is None


def test_a_gpu_with_another_kind_of_price_only_must_be_named():
    only_spot = machine(1.0, 1, kind="spot")
    assert rents(only_spot).rent(GPU, 1) is None
    named = rents(only_spot, named=[GPU])
    assert named.rent(GPU, 1).kind == "spot"
    assert price_notes([named.rent(GPU, 1)], named) == ("no on-demand price is known for l40s: its spot price is used",)
    assert rents(only_spot, named=[GPU], kind="on-demand").rent(GPU, 1) is None


def test_own_prices_stand_over_all_offers_the_cheapest_first():
    own = [Price(gpu=GPU, usd_per_hour=8.0), Price(gpu=GPU, usd_per_hour=7.0, provider="us", gpus_per_instance=4)]
    assert rents(machine(1.0, 1), own=own).rent(GPU, 1).usd_per_hour == 8.0
    assert rents(machine(1.0, 1), own=own).rent(GPU, 4).usd_per_hour == 28.0
    assert rents(own=own, kind="spot").rent(GPU, 1).kind == "spot"
    assert price_notes([None], rents(own=own)) == ()


def test_own_prices_of_another_kind_are_said_not_to_count():
    spot = [Price(gpu=GPU, usd_per_hour=0.5, kind="spot")]
    found = rents(machine(1.0, 1), own=spot)
    assert found.rent(GPU, 1).usd_per_hour == 1.0
    assert "--price of l40s is of another kind than on-demand" in price_notes([found.rent(GPU, 1)], found)[0]


def test_owned_gpus_are_free_or_cost_what_is_said():
    free = Rents.of_owned({GPU: 2}, today=TODAY)
    assert (free.rent(GPU, 2).usd_per_hour, str(free.rent(GPU, 2))) == (0.0, "2 × l40s of yours (owned)")
    own = [Price(gpu=GPU, usd_per_hour=0.4, kind="spot", gpus_per_instance=8), Price(gpu="l4", usd_per_hour=0.1)]
    paid = Rents.of_owned({GPU: 2}, own, today=TODAY)
    assert paid.rent(GPU, 1).usd_per_hour == 0.4  # what is used, by the GPU
    assert (paid.rent(GPU, 2).usd_per_hour, paid.rent(GPU, 2).kind, paid.rent("l4", 1)) == (0.8, "owned", None)


def test_the_rate_of_a_gpu_is_the_machine_that_is_rented_for_one_alone():
    found = rents(*AWS, machine(1.0, 2, "other", gpu="a30"))
    assert {gpu: (p.usd_per_hour, p.gpus_per_instance) for gpu, p in found.rates.items()} == {
        "l40s": (1.861, 1),
        "a30": (1.0, 2),
    }


@pytest.mark.parametrize(
    ("as_of", "age", "is_old", "text"),
    [
        ("2026-11-25", 0, False, "0 days old"),
        ("2026-08-27", 90, False, "90 days old"),
        ("2026-08-26", 91, True, "91 days old"),
        ("2025-H2", 329, True, "at least 329 days old"),  # since the last day of 2025
        ("2026-10", 25, False, "at least 25 days old"),
        ("2026", None, False, ""),  # the year is not over
        ("", None, False, ""),
        ("yesterday", None, False, ""),
        ("2026-13-40", None, False, ""),
    ],
)
def test_a_price_older_than_ninety_days_is_old(as_of, age, is_old, text):
    found = rents(machine(1.0, 1, as_of=as_of))
    rent = found.rent(GPU, 1)
    assert (rent.age_days, rent.is_old, rent.age_text) == (age, is_old, text)
    assert bool(price_notes([rent], found)) == is_old
    assert not is_old or f"l40s at aws, {text}" in price_notes([rent], found)[0]
