"""Prompts on GPUs of their own in recommendations: costed as `estimate` does, chosen where they win, with commands."""

import json
from itertools import pairwise

import pytest

import advisor
from advisor.deployments.plan import plan_of
from advisor.errors import AdvisorError
from advisor.fits.speeds import Speeds
from advisor.performance.demand import demand
from advisor.performance.disaggregated import TPOT_SPREAD
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import decode_step_s, prefill_s
from advisor.recommendation.apart_deployments import RATIOS
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.request import checked_request, rents_of
from advisor.recommendation.traffic import day_of_traffic
from advisor.reports.markdown import request_words
from advisor.reports.recommendations import blocks
from tests.known import SHIPPED, load_gpu, spec_of
from tests.recommendation.launches import flags, words
from tests.recommendation.made import MODEL, machine, point, workspace

PROMPT, ANSWER = 16_000, 200
OPTIONS = {"task": "mine", "gpu": "h100-sxm:16", "price": "h100-sxm=2usd/h", "prefill_parallelism": "same"}
MOE = "Qwen/Qwen3-30B-A3B"


def long_prompts(**changed):
    lengths = {"generated_tokens": ANSWER, "depth_tokens": ANSWER, "depth_p50_tokens": ANSWER}
    longer = {"depth_p95_tokens": ANSWER, "depth_p99_tokens": ANSWER, "answer_p999_tokens": ANSWER}
    return point(
        **({"prompt_tokens": float(PROMPT)} | {name: float(n) for name, n in (lengths | longer).items()} | changed)
    )


def all_candidates(ws, **options):
    request = checked_request(ws, **(OPTIONS | options))
    found = rows(candidates(ws, request).execute("from candidates"))
    return [candidate(row, ws, served=request.served) for row in found]


def apart(ws, **options):
    return [c for c in all_candidates(ws, **options) if c.disaggregated]


def ratio(c):
    return c.disaggregated.prefill_replicas, c.disaggregated.replicas


def estimated(ws, c):
    return advisor.estimate(
        ws,
        model=c.model,
        gpu=c.gpu,
        parallelism=c.parallelism,
        prefill_parallelism=c.disaggregated.prefill_parallelism,
        prefill_replicas=c.disaggregated.prefill_replicas,
        replicas=c.disaggregated.replicas,
        concurrency=c.concurrency,
        input_tokens=PROMPT,
        output_tokens=ANSWER,
        price=OPTIONS["price"],
    )


def test_one_request_in_flight_by_hand(tmp_path):
    ws = workspace(tmp_path, long_prompts())
    (c,) = [c for c in apart(ws) if (c.parallelism, ratio(c), c.concurrency) == ("tp1", (1, 1), 1)]
    gpu, spec = load_gpu("h100-sxm"), spec_of(MODEL)
    hw, eff = hardware(gpu, Parallelism(), "bf16"), Speeds.read(ws).efficiency("h100-sxm", "vllm", "bf16")
    d = demand(spec, "bf16", PROMPT, ANSWER)
    sent_s = spec.kv_elements(PROMPT + ANSWER) * 2 * PROMPT / (PROMPT + ANSWER) / gpu.link_bytes_per_s
    ttft_s = float(prefill_s(demand(spec, "bf16", PROMPT, 1), hw, eff)) + eff.first_s + sent_s
    tpot_s = float(decode_step_s(d, hw, eff, 1.0))
    assert c.tpot_s == pytest.approx(tpot_s)
    assert c.ttft_s == pytest.approx(ttft_s)
    assert c.usd == pytest.approx(2 * 2 / 3600 * (ttft_s + (ANSWER - 1) * tpot_s))
    assert (c.gpu_count, c.replicas, c.spread) == (2, 1, TPOT_SPREAD)
    assert (c.provenance.performance, c.rent.gpus) == ("pooled", 2)


@pytest.mark.parametrize(("model", "prefill"), [(MODEL, "same"), (MOE, "same"), (MOE, "tp2")])
def test_every_rung_of_the_ladder_is_what_estimate_says(tmp_path, model, prefill):
    ws = workspace(tmp_path, long_prompts(model=model))
    found = apart(ws, prefill_parallelism=prefill)
    layouts = ["tp1", "tp2", "tp4", "tp8"] + (["dp2", "dp4", "dp8"] if model == MOE else [])
    layouts = [layout for layout in layouts if prefill == "same" or layout.endswith("2")]
    rungs = {
        (layout, of)
        for layout in layouts
        for of in RATIOS
        if (n := int(layout[2:])) * sum(of) <= (16 if n == 8 else 8)  # one machine, or engines that fill one each
    }
    assert {(c.parallelism, ratio(c)) for c in found} == rungs
    for c in found[:: max(len(found) // 12, 1)]:
        e = estimated(ws, c)
        assert (c.ttft_s, c.tpot_s, c.energy_j) == pytest.approx((e.ttft_s, e.tpot_s, e.energy_j_per_request), rel=0.01)
        assert c.usd == pytest.approx(e.usd_per_hour / 3600 * ANSWER / e.output_tokens_per_s, rel=0.01)
        assert c.gpu_count == e.gpu_count == int(c.parallelism[2:]) * sum(ratio(c))


def test_it_is_chosen_where_it_is_the_cheapest_within_the_limits(tmp_path):
    ws, limits = workspace(tmp_path, long_prompts()), {"max_tpot": "7ms", "max_ttft": "2s"}
    within = [c for c in all_candidates(ws) if c.tpot_s <= 0.007 and c.ttft_s <= 2]
    cheapest = min(within, key=lambda c: c.usd * c.spread)
    found = advisor.recommend(ws, **OPTIONS, **limits)
    pick = found.recommended
    assert pick.usd == pytest.approx(cheapest.usd)
    assert pick.disaggregated is not None
    assert (pick.parallelism, ratio(pick)) == (cheapest.parallelism, ratio(cheapest))
    assert any("nine in ten within 13" in note for note in found.notes)
    assert advisor.recommend(ws, **OPTIONS).recommended.disaggregated is None
    alone = advisor.recommend(ws, **(OPTIONS | {"prefill_parallelism": None}), **limits).recommended
    assert alone.disaggregated is None
    assert alone.usd > pick.usd
    shown = " ".join(str(block) for block in blocks(found))
    assert f"prefill {ratio(pick)[0]} × {pick.parallelism}, decoding {ratio(pick)[1]} × {pick.parallelism}" in shown
    with pytest.raises(AdvisorError, match="no file is known"):
        plan_of(ws, found, pick)


def test_the_commands_start_what_was_costed(tmp_path):
    found = apart(workspace(tmp_path, long_prompts()), max_num_batched_tokens=4096)
    assert {c.disaggregated.machines for c in found} == {1, 2}
    for c in found:
        engines, (first, second, proxy) = c.disaggregated, c.commands
        prefill, decode, routed = flags(first), flags(second), words(proxy)
        for command, role in ((prefill, "kv_producer"), (decode, "kv_consumer")):
            assert command["serve"] == MODEL
            assert command["--tensor-parallel-size"] == c.parallelism[2:]
            assert command["--max-num-batched-tokens"] == "4096"
            assert json.loads(command["--kv-transfer-config"]) == {"kv_connector": "NixlConnector", "kv_role": role}
        assert int(decode["--max-num-seqs"]) * engines.replicas == c.concurrency
        assert int(prefill["--max-num-seqs"]) == min(c.concurrency, 1024)
        ports = [routed[routed.index(f"--{kind}-ports") + 1 :] for kind in ("prefiller", "decoder")]
        assert (len(ports[0]) - len(ports[1]) - 2 - engines.replicas, len(ports[1])) == (ratio(c)[0], ratio(c)[1])
        assert (prefill["--port"], decode["--port"]) == (ports[0][0], ports[1][0])
        if engines.machines == 1:
            used = ",".join(word.partition("=")[2] for word in (words(first)[0], words(second)[0])).split(",")
            assert len(set(used)) == len(used) == 2 * int(c.parallelism[2:])
        else:
            assert c.rent.gpus == c.gpu_count == 8 * engines.machines


def test_at_a_rate_whole_deployments_are_paid(tmp_path):
    ws = workspace(tmp_path, long_prompts())
    for c in apart(ws, gpu="h100-sxm", qps=20)[::7]:
        assert c.replicas == -(-20 // c.questions_per_s)
        assert c.usd_per_hour == pytest.approx(2 * c.gpu_count * c.replicas)
    few = apart(ws, gpu="h100-sxm:4", qps=0.1, max_num_seqs=8)
    assert {c.concurrency for c in few} == {8, 16, 24}
    assert all(c.gpu_count * c.replicas <= 4 for c in few)


def test_engines_that_fill_a_machine_each_are_billed_so(tmp_path):
    ws = workspace(tmp_path, long_prompts(), prices=[machine(2.0, 8)])
    options = {"price": None, "gpu": "h100-sxm"}
    two = next(c for c in apart(ws, **options, qps=1) if c.disaggregated.machines == 2)
    assert (two.gpu_count, two.rent.instances, two.usd_per_hour) == (16, 2 * two.replicas, 32 * two.replicas)
    between = estimated(ws, two).disaggregated.transfer_s
    one = advisor.estimate(ws, model=MODEL, gpu="h100-sxm", parallelism="tp4", prefill_parallelism="same")
    per_token = (between / PROMPT) / (one.disaggregated.transfer_s / one.input_tokens)
    assert per_token == pytest.approx(450e9 / 50e9 * 4 / 8, rel=0.01)  # eight adapters, four of NVLink
    day = day_of_traffic(two, [0.01] * 24, rents_of(ws, checked_request(ws, **(OPTIONS | options))))
    assert {hour.usd_per_hour for hour in day.hours} == {32}


@pytest.mark.parametrize(
    "changed",
    [{"n_samples": 4}, {"model": "allenai/Olmo-Hybrid-7B"}, {"reward_model": MODEL, "scored_tokens": 100.0}],
)
def test_what_cannot_be_sent_is_not_offered_and_that_is_said(tmp_path, changed):
    ws = workspace(tmp_path, point(**changed))
    assert apart(ws) == []
    assert any("no deployment with prefill apart" in note for note in advisor.recommend(ws, **OPTIONS).notes)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"prefill_parallelism": "tp3"}, "unknown layout"),
        ({"engine": "sglang"}, "no command of sglang"),
        ({"speculative_tokens": 2, "acceptance": 0.5}, "drafted tokens"),
        ({"input_tokens": 100, "cached_prompt_tokens": 50}, "prefix cache"),
    ],
)
def test_what_has_no_command_or_no_cost_is_refused(options, why):
    with pytest.raises(AdvisorError, match=why) as error:
        checked_request(SHIPPED, **({"prefill_parallelism": "same"} | options))
    assert error.value.where == "--prefill-parallelism"


def test_the_option_is_stated_again_and_means_the_same_in_estimate():
    assert ("--prefill-parallelism", "same") in set(
        pairwise(request_words(checked_request(SHIPPED, prefill_parallelism="same")))
    )
    load = {"model": MODEL, "gpu": "h100-sxm", "parallelism": "tp2", "concurrency": 8}
    same, stated = (advisor.estimate(SHIPPED, **load, prefill_parallelism=p) for p in ("same", "tp2"))
    assert (same.ttft_s, same.disaggregated) == (stated.ttft_s, stated.disaggregated)
