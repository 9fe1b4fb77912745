"""What candidates cost as it is billed, against bills by hand; owned and limited GPUs; kinds and age of prices."""

import json
from dataclasses import replace
from datetime import date

import pytest

import advisor
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.request import checked_request
from tests.recommendation.made import MODEL, machine, point, workspace

GPU, BIG = "h100-sxm", "Qwen/Qwen3-32B"
EIGHTS = (machine(2.0, 8, as_of="2026-11-01"),)
"""Machines of eight GPUs for 16 USD/h and no others."""


def every_candidate(ws, **options):
    request = checked_request(ws, **({"task": "mine"} | options))
    return [candidate(row, ws) for row in rows(candidates(ws, request).execute("from candidates"))]


def at(found, gpu_count, concurrency):
    same = {"gpu_count": gpu_count, "concurrency": concurrency, "parallelism": f"tp{gpu_count}"}
    return next(c for c in found if all(getattr(c, name) == value for name, value in same.items()))


def kept_busy(c):
    """USD per question of one replica that always has its requests in flight."""
    return c.usd_per_hour / 3600 / c.questions_per_s


@pytest.mark.parametrize("gpu_count", [1, 2, 8])
def test_one_replica_pays_for_the_whole_machine(tmp_path, gpu_count):
    ws = workspace(tmp_path, point(), prices=EIGHTS, today=date(2026, 11, 25))
    c = at(every_candidate(ws, gpu=GPU), gpu_count, 8)
    assert (c.usd_per_hour, c.usd_per_month) == (16.0, 16.0 * 730)
    assert c.usd == pytest.approx(kept_busy(c))
    assert c.rent.to_dict() == {
        "provider": "cloud",
        "kind": "on-demand",
        "region": "",
        "gpu": GPU,
        "gpus": 8,
        "instances": 1,
        "gpus_per_instance": 8,
        "usd_per_hour": 16.0,
        "as_of": "2026-11-01",
        "age_days": 24,
    }
    assert c.provenance.price == str(c.rent) == "1 × 8 × h100-sxm at cloud (on-demand), 2026-11-01"


@pytest.mark.parametrize(("replicas", "machines"), [(3, 1), (4, 1), (5, 2)])
def test_at_a_rate_replicas_share_machines(tmp_path, replicas, machines):
    ws = workspace(tmp_path, point(), prices=EIGHTS)
    rate = (replicas - 0.5) * at(every_candidate(ws, gpu=GPU, qps=1.0), 2, 8).questions_per_s
    c = at(every_candidate(ws, gpu=GPU, qps=rate), 2, 8)
    assert (c.replicas, c.rent.instances, c.usd_per_hour) == (replicas, machines, 16.0 * machines)
    assert c.usd == pytest.approx(16.0 * machines / 3600 / rate)


def test_eight_l40s_cost_what_aws_asks_for_its_machine(tmp_path):
    c = at(every_candidate(workspace(tmp_path, point()), gpu="l40s"), 8, 8)
    assert c.usd_per_hour == pytest.approx(8 * 3.766)  # 30.1, and not 8 × 2.242
    assert c.rent.provider == "aws"


def test_what_no_machine_holds_is_offered_only_where_it_was_named(tmp_path):
    ws = workspace(tmp_path, point(), prices=[machine(1.0, 1, "l40"), machine(1.0, 2, "l40")])
    assert {c.gpu_count for c in every_candidate(ws) if c.gpu == "l40"} == {1, 2}
    named = every_candidate(ws, gpu="l40")
    assert {c.gpu_count for c in named if c.rent is None} == {4, 8}
    assert advisor.recommend(ws, task="mine", gpu="l40").recommended.gpu_count <= 2


def test_at_most_so_many_gpus_in_all_replicas_together(tmp_path):
    ws = workspace(tmp_path, point())
    busy = at(every_candidate(ws, gpu=GPU), 1, 64)
    limited = every_candidate(ws, gpu=f"{GPU}:2", qps=1.5 * busy.questions_per_s)
    assert limited
    assert all(c.replicas * c.gpu_count <= 2 for c in limited)
    assert {c.gpu_count for c in every_candidate(ws, gpu=[f"{GPU}:2", "l4"]) if c.gpu == GPU} == {1, 2}


def test_a_rate_beyond_the_gpus_names_what_they_carry(tmp_path):
    ws = workspace(tmp_path, point())
    with pytest.raises(advisor.NoAnswer, match=r"2 × h100-sxm carry at most .* questions/s of mine, not 10000") as none:
        advisor.recommend(ws, task="mine", gpu=f"{GPU}:2", qps=10_000)
    rate = float(str(none.value).split("--qps ")[1].split(",")[0])
    assert advisor.recommend(ws, task="mine", gpu=f"{GPU}:2", qps=rate).recommended.gpu == GPU
    with pytest.raises(advisor.NoAnswer):
        advisor.recommend(ws, task="mine", gpu=f"{GPU}:2", qps=1.02 * rate)


def test_owned_gpus_are_the_only_ones_and_free(tmp_path):
    ws = workspace(tmp_path, point())
    found = every_candidate(ws, have=f"2x{GPU}")
    assert {(c.gpu, c.usd, c.usd_per_hour, c.usd_per_month) for c in found} == {(GPU, 0.0, 0.0, 0.0)}
    assert max(c.gpu_count for c in found) == 2
    assert {c.gpu for c in every_candidate(ws, have=["1xl4", "2 x l40s", "1xl4"])} == {"l4", "l40s"}


def test_of_owned_gpus_the_one_with_the_least_energy_is_picked(tmp_path):
    ws = workspace(tmp_path, point())
    answer = advisor.recommend(ws, task="mine", have=f"2x{GPU}")
    least = min(every_candidate(ws, have=f"2x{GPU}"), key=lambda c: c.energy_j * c.spread)
    assert (answer.recommended.energy_j, answer.recommended.concurrency) == (least.energy_j, least.concurrency)
    assert answer.reason.endswith("with the least energy (owned GPUs cost nothing by the hour)")
    target = advisor.recommend(ws, task="mine", have=f"2x{GPU}", min_accuracy=0.4)
    assert replace(target.recommended, odds=answer.recommended.odds) == answer.recommended
    assert "the one with the least energy" in target.reason


def test_of_equal_energy_the_faster_is_picked(tmp_path):
    """Both draw the same tokens; the second waits for a longer chain of them."""
    slower = point(strategy="greedy", depth_p95_tokens=3000.0)
    answer = advisor.recommend(workspace(tmp_path, slower, point()), task="mine", have="1xl4")
    assert answer.recommended.strategy == "majority"
    assert not answer.alternatives  # another strategy of the same model on the same GPU is no other choice


def test_runners_up_on_owned_gpus_lose_by_their_energy(tmp_path):
    longer = point(model="Qwen/Qwen2.5-7B-Instruct", generated_tokens=9000.0, depth_tokens=9000.0)
    (other,) = advisor.recommend(workspace(tmp_path, longer, point()), task="mine", have="1xl4").alternatives
    assert other.why_not.endswith(" × the energy")


@pytest.mark.parametrize("rate", [None, 0.2])
def test_energy_is_paid_by_the_kilowatt_hour(tmp_path, rate):
    """0.36 USD/kWh are 1e-7 USD/J."""
    ws = workspace(tmp_path, point())
    c = at(every_candidate(ws, have=f"2x{GPU}", usd_per_kwh=0.36, qps=rate), 2, 8)
    assert c.usd == pytest.approx(c.energy_j * 1e-7)
    assert c.usd_per_hour == pytest.approx(c.energy_j * (rate or c.questions_per_s) * 3600 * 1e-7)
    assert (c.rent.usd_per_hour, c.usd_per_month) == (0.0, pytest.approx(c.usd_per_hour * 730))
    options = {"have": f"2x{GPU}", "usd_per_kwh": 0.36, "price": f"{GPU}=1.25usd/h", "qps": rate}
    rented = at(every_candidate(ws, **options), 2, 8)
    assert rented.usd_per_hour == pytest.approx(2 * 1.25 + c.usd_per_hour)
    assert "at the lowest cost" in advisor.recommend(ws, task="mine", **options).reason


def test_one_kind_of_price_is_considered(tmp_path):
    ws = workspace(tmp_path, point())
    assert "gh200-96gb" not in {c.gpu for c in every_candidate(ws)}  # the marketplace alone has it
    market = every_candidate(ws, price_kind="marketplace")
    assert {c.rent.kind for c in market} == {"marketplace"}
    assert "gh200-96gb" in {c.gpu for c in market}
    named = advisor.recommend(ws, task="mine", gpu="gh200-96gb")
    assert named.recommended.rent.kind == "marketplace"
    assert "no on-demand price is known for gh200-96gb: its marketplace price is used" in named.notes
    both = advisor.recommend(ws, task="mine", gpu=["gh200-96gb", "l4"])
    assert both.recommended.gpu == "l4"
    assert any(
        note.startswith("gh200-96gb is left out, it has no on-demand price but marketplace") for note in both.notes
    )
    assert {c.rent.kind for c in every_candidate(ws, price_kind="reserved-3y")} == {"reserved-3yr"}


def test_old_prices_are_said_to_be_old(tmp_path):
    for today, notes in ((date(2027, 1, 30), 0), (date(2027, 1, 31), 1)):
        ws = workspace(tmp_path, point(), prices=EIGHTS, today=today)
        answer = advisor.recommend(ws, task="mine", gpu=GPU)
        assert len(answer.notes) == notes
        assert answer.recommended.rent.age_days == 90 + notes
    assert "h100-sxm at cloud, 91 days old" in answer.notes[0]
    assert advisor.frontier(ws, task="mine", gpu=GPU).notes == answer.notes
    assert advisor.estimate(ws, model=MODEL, gpu=GPU).notes == answer.notes


def test_a_missing_price_is_named_as_the_reason(tmp_path):
    ws = workspace(tmp_path, point(), point(model=BIG), prices=[machine(1.0, 1, "a10")])
    for options, message in (
        ({"gpu": "a30"}, "no on-demand price is known for a30: give --price a30=…usd/h"),
        (
            {"gpu": ["a30", "l4"], "min_accuracy": 0.9},
            "nothing known on mine meets all limits; nearest feasible, changing",
        ),
        ({"gpu": "a30", "price_kind": "spot", "budget": "1s"}, "nothing known on mine meets all limits, and changing"),
        ({"gpu": "a10", "model": BIG}, "no on-demand machine is known with 4 × a10: give --price a10=…usd/h"),
        ({"price_kind": "reserved-1y"}, "no reserved-1yr price is known for any GPU"),
    ):
        with pytest.raises(advisor.NoAnswer) as none:
            advisor.recommend(ws, task="mine", **options)
        assert str(none.value).startswith(message)
    assert advisor.recommend(ws, task="mine", gpu="a30", price="a30=1usd/h").recommended.usd_per_hour >= 1.0


def test_a_gpu_without_a_price_does_not_hide_the_limit_at_fault(tmp_path):
    ws = workspace(tmp_path, point())
    with pytest.raises(advisor.NoAnswer) as none:
        advisor.recommend(ws, task="mine", gpu=["a30", "l4"], budget="1e-9usd")
    assert "--budget " in str(none.value)
    assert str(none.value).endswith("no on-demand price is known for a30: give --price a30=…usd/h")


def test_a_monthly_budget_is_answered_by_the_month(tmp_path):
    ws = workspace(tmp_path, point(), prices=EIGHTS)
    options = {"task": "mine", "gpu": GPU, "qps": 0.5}
    with pytest.raises(advisor.NoAnswer) as none:
        advisor.recommend(ws, budget="500usd/month", **options)
    nearest = str(none.value).split("--budget ")[1]
    assert nearest == "11700usd/month"  # 16 USD/h × 730 h = 11 680, rounded up
    answer = advisor.recommend(ws, budget=nearest, **options)
    assert answer.recommended.usd_per_month == 11_680
    assert answer.constraints[0] == "11700.0usd/month"


def test_the_tighter_of_two_usd_budgets_is_named_in_its_own_unit(tmp_path):
    ws = workspace(tmp_path, point(), prices=EIGHTS)
    for budgets, unit in ((["500usd/month", "1usd"], "usd/month"), (["5000000usd/month", "1e-6usd"], "usd")):
        with pytest.raises(advisor.NoAnswer) as none:
            advisor.recommend(ws, task="mine", gpu=GPU, qps=0.5, budget=budgets)
        assert str(none.value).split("--budget ")[1].lstrip("0123456789.e-") == unit


def test_estimates_are_billed_alike(tmp_path):
    ws = workspace(tmp_path, point(), prices=EIGHTS)
    options = {"model": MODEL, "gpu": GPU, "input_tokens": 200, "output_tokens": 1000, "concurrency": 8}
    e = advisor.estimate(ws, gpu_count=2, **options)
    assert e.usd_per_hour == e.rent.usd_per_hour == 16.0
    assert e.usd_per_million_output_tokens == pytest.approx(16.0 / 3600 / e.output_tokens_per_s * 1e6)
    stages = advisor.estimate(ws, parallelism="tp8pp2", **options).rent
    assert (stages.instances, stages.gpus_per_instance) == (2, 8)  # a stage lies in one machine, stages need not
    assert advisor.estimate(ws, parallelism="tp4pp2", **options).rent.instances == 1
    spread = advisor.estimate(ws, parallelism="tp2dp8", **options | {"model": "qwen3-30b-a3b"}).rent
    assert spread.instances == 2
    none = advisor.estimate(ws, gpu_count=16, **options)  # no machine holds sixteen
    assert (none.rent, none.usd_per_hour, none.usd_per_million_output_tokens) == (None, None, None)
    assert none.notes == ("no on-demand machine is known with 16 × h100-sxm: give --price h100-sxm=…usd/h",)
    assert advisor.estimate(ws, price_kind="reserved-3y", **options).rent.kind == "reserved-3yr"


def test_every_verb_takes_what_applies(tmp_path):
    ws = workspace(tmp_path, point(), point(model="Qwen/Qwen3-4B"))
    owned = advisor.frontier(ws, task="mine", have=f"2x{GPU}")
    assert (owned.cost, {c.gpu for c in owned.frontier}) == ("J", {GPU})
    assert advisor.frontier(ws, task="mine", have=f"2x{GPU}", usd_per_kwh=0.3).cost == "usd"
    assert {c.rent.kind for c in advisor.frontier(ws, task="mine", price_kind="spot").frontier} == {"spot"}
    duel = advisor.compare(ws, models=("qwen3-8b", "qwen3-4b"), task="mine", have=f"2x{GPU}")
    assert duel.cost == "J"
    kinds = [
        m.provenance.price for m in advisor.compare_speed(ws, models=("qwen3-8b", "qwen3-4b"), price_kind="spot").models
    ]
    assert all("(spot)" in kind for kind in kinds)


def test_the_command_line_says_what_is_rented(tmp_path, advisor):
    workspace(tmp_path, point(), prices=EIGHTS)
    code, out, _ = advisor("recommend", "--task", "mine", "--gpu", GPU, "--workspace", tmp_path)
    said = " ".join(out.split())
    assert (code, "1 × 8 × h100-sxm at cloud" in said, "16.0 USD/h, 11,680 USD a month" in said) == (0, True, True)
    code, out, err = advisor("recommend", "--task", "mine", "--have", f"2x{GPU}", "--workspace", tmp_path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["recommended"]["rent"]["kind"] == "owned"
    code, out, _ = advisor("frontier", "--task", "mine", "--have", f"2x{GPU}", "--cost", "usd", "--workspace", tmp_path)
    assert (code, "GPUs" in out) == (0, True)


def test_usd_without_a_price_is_no_frontier_and_says_so(tmp_path):
    ws = workspace(tmp_path, point(), point(model=BIG), prices=[machine(1.0, 1, "a10")])
    for verb, options in ((advisor.frontier, {}), (advisor.compare, {"models": (MODEL, BIG)})):
        with pytest.raises(advisor.NoAnswer, match=r"no on-demand price is known for a30: give --price a30="):
            verb(ws, task="mine", gpu="a30", cost="usd", **options)
    assert advisor.frontier(ws, task="mine", gpu="a30", cost="s").frontier
