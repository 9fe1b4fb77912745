"""The question that was meant: licences, exclusions, own lengths and several tasks, each against a hand's count."""

import json

import pytest

import advisor
from advisor.errors import AdvisorError, NoAnswer
from advisor.fits.draws import believed
from advisor.performance.demand import demand
from advisor.provenance import Provenance
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.eligible import eligible, question_notes
from advisor.recommendation.request import checked_request
from advisor.recommendation.waiting import context_tokens
from advisor.work import answer_flops
from tests.known import SHIPPED, spec_of
from tests.recommendation.made import MODEL, point, workspace

GPU, PRICE = "h100-sxm", "h100-sxm=2usd/h"
APACHE, MIT, UNLICENSED = MODEL, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "simplescaling/s1-32B"


def asked(ws, **options):
    return checked_request(ws, **({"task": "mine", "gpu": GPU, "price": PRICE} | options))


def models_of(ws, **options):
    return {each.point.model for each in eligible(ws, asked(ws, **options)).points}


def every_candidate(ws, **options):
    found = candidates(ws, asked(ws, **options)).execute("from candidates")
    return [candidate(row, ws) for row in rows(found)]


def at(found, concurrency, gpu_count=1):
    layout = f"tp{gpu_count}"
    return next(c for c in found if (c.concurrency, c.parallelism) == (concurrency, layout))


# --- licences and exclusions


def test_only_models_under_the_licences_are_left(tmp_path):
    ws = workspace(tmp_path, *(point(model=m) for m in (APACHE, MIT, UNLICENSED)))
    assert models_of(ws, license="apache-2.0") == {APACHE}
    assert models_of(ws, license=["Apache-2.0", "mit"]) == {APACHE, MIT}
    assert models_of(ws) == {APACHE, MIT, UNLICENSED}


def test_unknown_licences_are_left_out_and_said(tmp_path):
    ws = workspace(tmp_path, point(), point(model=UNLICENSED))
    assert eligible(ws, asked(ws, license="apache-2.0")).left_out == (
        f"left out, since the licence is not known: {UNLICENSED}",
    )
    assert eligible(ws, asked(ws)).left_out == ()


def test_the_licence_of_a_reward_model_counts_too(tmp_path):
    scored = {"strategy": "best-of-n", "n_samples": 8, "generated_tokens": 8000.0, "scored_tokens": 9600.0}
    ws = workspace(tmp_path, point(), point(reward_model="google/gemma-2-9b", **scored))
    strategies = {each.point.strategy for each in eligible(ws, asked(ws, license="apache-2.0")).points}
    assert strategies == {"majority"}
    both = eligible(ws, asked(ws, license=["apache-2.0", "gemma"])).points
    assert {each.point.strategy for each in both} == {"majority", "best-of-n"}
    without = eligible(ws, asked(ws, exclude_model="gemma-2-9b")).points
    assert {each.point.strategy for each in without} == {"majority"}


def test_no_model_under_a_licence_names_those_that_are_there(tmp_path):
    ws = workspace(tmp_path, point(), point(model=MIT))
    with pytest.raises(NoAnswer, match=r"no model under gemma has a known accuracy on mine; .* under apache-2.0, mit"):
        eligible(ws, asked(ws, license="gemma"))


def test_every_licence_that_ships_has_a_source():
    for entry in SHIPPED.models.values():
        assert bool(entry.license) == bool(entry.license_source), entry.model
        assert entry.license == entry.license.lower().strip()
    known = [entry for entry in SHIPPED.models.values() if entry.license]
    assert len(known) >= 120
    assert SHIPPED.models["Qwen/Qwen3-8B"].license == "apache-2.0"
    assert SHIPPED.models["Qwen/Qwen2.5-3B"].license == "qwen-research"
    assert SHIPPED.models["meta-llama/Llama-3.3-70B-Instruct"].license == "llama3.3"


def test_excluded_models_and_gpus_are_no_candidates(tmp_path):
    ws = workspace(tmp_path, point(), point(model=MIT))
    assert models_of(ws, exclude_model="qwen3-8b") == {MIT}
    request = checked_request(ws, task="mine", exclude_gpu=["H100-SXM", "l4"])
    gpus = {row["gpu"] for row in rows(candidates(ws, request).execute("select distinct gpu from candidates"))}
    assert "h200-sxm" in gpus
    assert not gpus & {"h100-sxm", "l4"}


def test_all_models_excluded_is_said(tmp_path):
    ws = workspace(tmp_path, point())
    with pytest.raises(NoAnswer, match=rf"\(without {MODEL}\) is known on mine"):
        eligible(ws, asked(ws, exclude_model=MODEL))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"license": "apache"}, "--license: unknown licence 'apache'; did you mean apache-2.0?"),
        ({"license": "gpl"}, "--license: unknown licence 'gpl'; `advisor models` lists what is known"),
        ({"exclude_model": "qwen9"}, "--exclude-model: unknown model 'qwen9'"),
        ({"exclude_gpu": "h100"}, "--exclude-gpu: unknown GPU 'h100'"),
        ({"model": "qwen3-8b", "exclude_model": "Qwen/Qwen3-8B"}, "Qwen/Qwen3-8B is both named and excluded"),
        ({"gpu": "l4:2", "exclude_gpu": "L4"}, "--exclude-gpu: l4 is both named and excluded"),
        ({"have": "2xl4", "exclude_gpu": "l4"}, "--exclude-gpu: l4 is both named and excluded"),
        ({"task": ["gpqa-diamond", "nonsense"]}, "--task: unknown task 'nonsense'"),
    ],
)
def test_names_that_cannot_be(options, message):
    with pytest.raises(AdvisorError) as caught:
        eligible(SHIPPED, checked_request(SHIPPED, **options))
    assert message in str(caught.value)


# --- own lengths


def test_own_prompts_are_costed_as_estimate_costs_them(tmp_path):
    """30,000 tokens of prompt and the recorded answers of 1,000."""
    ws = workspace(tmp_path, point())
    c = at(every_candidate(ws, input_tokens=30_000), 4)
    e = advisor.estimate(
        ws, model=MODEL, gpu=GPU, gpu_count=1, concurrency=4, input_tokens=30_000, output_tokens=1000, price=PRICE
    )
    assert c.usd == pytest.approx(2 / 3600 * e.request_s / 4)
    assert (c.ttft_s, c.tpot_s) == pytest.approx((e.ttft_s, e.tpot_s))
    assert c.latency_s == pytest.approx(e.ttft_s + 2000 * e.tpot_s)
    assert c.tokens == 31_000
    assert c.flops == answer_flops(spec_of(MODEL), 30_000, 1000)
    assert c.context_tokens == 1024 * -(-34_000 // 1024)
    assert c.accuracy.value == 0.5
    for longer, prompt_tokens in (({"input_tokens": 30_000}, 30_000), ({}, 200)):
        most = max(k.concurrency for k in every_candidate(ws, **longer) if k.gpu_count == 1)
        lengths = {"input_tokens": prompt_tokens, "output_tokens": 1000}
        assert most == int(advisor.estimate(ws, model=MODEL, gpu=GPU, gpu_count=1, **lengths).memory.max_sequences)


def test_own_answers_are_costed_for_every_model_alike(tmp_path):
    ws = workspace(tmp_path, point(), point(model=MIT, generated_tokens=4000.0, depth_tokens=4000.0))
    found = every_candidate(ws, output_tokens=500)
    assert {c.tokens for c in found} == {700}
    mine = at([c for c in found if c.model == MODEL], 8)
    e = advisor.estimate(
        ws, model=MODEL, gpu=GPU, gpu_count=1, concurrency=8, input_tokens=200, output_tokens=500, price=PRICE
    )
    assert mine.usd == pytest.approx(2 / 3600 * e.request_s / 8)
    assert mine.latency.p99_s == pytest.approx(e.ttft_s + 1500 * e.tpot_s)
    assert mine.longest_answer_tokens == pytest.approx(2000)
    assert mine.provenance.lengths is Provenance.IMPUTED


def test_cached_prompt_tokens_need_no_compute_but_their_memory(tmp_path):
    ws = workspace(tmp_path, point())
    whole, cached = (at(every_candidate(ws, input_tokens=30_000, cached_prompt_tokens=n), 8) for n in (0, 29_000))
    spec = spec_of(MODEL)
    new = spec.prefill_flops(30_000, 29_000) / spec.prefill_flops(30_000)
    assert cached.flops == pytest.approx(whole.flops - spec.prefill_flops(29_000) + 2 * spec.head_matmul_parameters)
    assert cached.ttft_s < 0.5 * whole.ttft_s
    assert cached.tpot_s < whole.tpot_s  # prompts of others take less of the steps
    assert (cached.tokens, cached.context_tokens) == (whole.tokens, whole.context_tokens)
    d = [demand(spec, "bf16", 30_000, 1000, cached_tokens=n) for n in (0, 29_000)]
    assert d[0].kv_sequence_bytes == d[1].kv_sequence_bytes
    assert d[0].kv_read_bytes == d[1].kv_read_bytes
    by_hand = spec.attention_flops(29_001, 30_000)
    assert d[1].prefill_core_flops == by_hand < d[0].prefill_core_flops
    assert 1 / 30 < new < 0.1  # a thirtieth of the weights' products, more of the attention's
    layouts = {(c.parallelism, c.concurrency) for c in every_candidate(ws, input_tokens=30_000)}
    same = every_candidate(ws, input_tokens=30_000, cached_prompt_tokens=29_000)
    assert {(c.parallelism, c.concurrency) for c in same} == layouts


def test_models_whose_context_is_too_short_are_not_offered(tmp_path):
    small = "google/gemma-2-9b-it"
    ws = workspace(tmp_path, point(), point(model=small))
    assert models_of(ws, input_tokens=7000) == {MODEL, small}
    assert models_of(ws, input_tokens=7193) == {MODEL}  # with 1,000 of the answer one more than 8,192
    assert models_of(ws, input_tokens=7192) == {MODEL, small}
    (said,) = eligible(ws, asked(ws, input_tokens=30_000)).left_out
    assert said == (
        "context too short for prompts of 30,000 tokens, 31,000 tokens together at least: google/gemma-2-9b-it (8,192)"
    )


def test_a_context_that_is_too_short_is_the_reason_where_nothing_is_left(tmp_path):
    ws = workspace(tmp_path, point(model="google/gemma-2-9b-it"))
    with pytest.raises(NoAnswer, match=r"context too short for prompts of 30,000 tokens.*gemma-2-9b-it \(8,192\)"):
        eligible(ws, asked(ws, input_tokens=30_000))


def test_what_was_left_out_is_said_where_nothing_meets_the_limits(advisor, tmp_path):
    workspace(tmp_path, point(), point(model="google/gemma-2-9b-it", accuracy=0.9, low=0.8, high=0.95))
    arguments = [
        "--workspace",
        tmp_path,
        "--task",
        "mine",
        "--min-accuracy",
        "0.8",
        "--confidence",
        "0.5",
        "--input-tokens",
        "30000",
    ]
    code, _, err = advisor("recommend", *arguments)
    assert code == 1
    assert "--min-accuracy 0.5; context too short for prompts of 30,000 tokens" in err


def test_answers_longer_than_every_cap_have_no_strategy(tmp_path):
    ws = workspace(tmp_path, point(token_budget=1000))
    with pytest.raises(NoAnswer, match="no strategy known on mine has answers of 2,000 tokens"):
        eligible(ws, asked(ws, output_tokens=2000))


def test_that_accuracy_stays_the_tasks_is_said(tmp_path):
    ws = workspace(tmp_path, point())
    (note,) = question_notes(ws, asked(ws, input_tokens=3000, output_tokens=500))
    assert note.startswith("accuracy is that on mine, at the lengths recorded there;")
    assert note.endswith("prompts of 3,000 tokens and answers of 500 tokens")
    assert question_notes(ws, asked(ws)) == ()


def test_accuracies_of_far_longer_answers_are_not_carried_over(tmp_path):
    other = point(model="Qwen/Qwen2.5-7B-Instruct", generated_tokens=300.0, accuracy=0.4)
    ws = workspace(tmp_path, point(), other)
    points = eligible(ws, asked(ws, output_tokens=499))
    assert {each.point.model for each in points.points} == {"Qwen/Qwen2.5-7B-Instruct"}
    assert "accuracy not known at answers of 499 tokens" in points.left_out[0]
    assert f"{MODEL} (1,000)" in points.left_out[0]
    assert len(eligible(ws, asked(ws, output_tokens=500)).points) == 2
    with pytest.raises(NoAnswer, match=r"has answers of 50 tokens; its accuracies are of answers from 300 tokens"):
        eligible(ws, asked(ws, output_tokens=50))


def test_a_cap_that_stops_most_answers_is_no_way_to_serve(tmp_path):
    capped = {"strategy": "thinking-budget", "generated_tokens": 480.0}
    points = (point(token_budget=500, cut=0.51, **capped), point(token_budget=900, cut=0.5, **capped))
    ws = workspace(tmp_path, point(), *points)
    assert {each.point.token_budget for each in eligible(ws, asked(ws)).points} == {None, 900}


# --- several tasks

THREE = ("gsm8k", "crux", "mmlu-redux")


def shipped(model, task):
    (found,) = [
        p for p in SHIPPED.fits.points if (p.model, p.task, p.n_samples) == (model, task, 1) and not p.token_budget
    ]
    return found


def test_the_mean_of_three_tasks_is_that_of_the_points():
    model = "meta-llama/Llama-3.1-70B-Instruct"
    parts = [believed(shipped(model, task)) for task in THREE]
    request = checked_request(SHIPPED, task=THREE, model=model, gpu=GPU, price=PRICE)
    found = [candidate(row, SHIPPED) for row in rows(candidates(SHIPPED, request).execute("from candidates"))]
    c = at(found, 64, gpu_count=4)
    assert c.task == request.task == "gsm8k:0.333+crux:0.333+mmlu-redux:0.333"
    assert c.accuracy.value == pytest.approx(sum(p.accuracy for p in parts) / 3)
    half = sum(((p.accuracy - p.low) / 3) ** 2 for p in parts) ** 0.5
    assert c.accuracy.low == pytest.approx(c.accuracy.value - half)
    answers = sum(p.generated_tokens for p in parts) / 3
    assert c.tokens == pytest.approx(200 + answers)
    flops = [answer_flops(spec_of(model), 200, round(p.generated_tokens)) for p in parts]
    assert c.flops == pytest.approx(sum(flops) / 3)
    e = advisor.estimate(
        SHIPPED,
        model=model,
        gpu=GPU,
        gpu_count=4,
        concurrency=64,
        input_tokens=200,
        output_tokens=round(answers),
        price=PRICE,
    )
    assert c.usd == pytest.approx(4 * 2 / 3600 * e.request_s / 64)
    assert [t.task for t in c.by_task] == list(THREE)
    assert [t.accuracy.value for t in c.by_task] == [p.accuracy for p in parts]
    assert [t.weight for t in c.by_task] == pytest.approx([1 / 3] * 3)


def two(tmp_path, **hard):
    """Half of the questions as in `mine`, the others four times as long."""
    usual = {"task": "hard", "accuracy": 0.1, "low": 0.05, "high": 0.15, "prompt_tokens": 2000.0}
    usual |= {"generated_tokens": 4000.0, "depth_tokens": 4000.0, "depth_p50_tokens": 3200.0}
    usual |= {"depth_p95_tokens": 8000.0, "depth_p99_tokens": 12_000.0, "answer_p999_tokens": 16_000.0}
    return workspace(tmp_path, point(), point(**(usual | hard)))


def test_a_weight_moves_the_mean(tmp_path):
    ws = two(tmp_path)
    for weight in (0.2, 0.7):
        c = at(every_candidate(ws, task=[f"mine:{1 - weight}", f"hard:{weight}"]), 8)
        assert c.accuracy.value == pytest.approx((1 - weight) * 0.5 + weight * 0.1)
        assert c.tokens == pytest.approx((1 - weight) * 1200 + weight * 6000)


def test_the_deployment_holds_the_longest_of_all_tasks(tmp_path):
    c = at(every_candidate(two(tmp_path), task=["mine", "hard"]), 8)
    assert c.longest_answer_tokens == 16_000
    assert c.context_tokens == context_tokens(2000, 16_000, 10**6) == 18 * 1024
    assert c.latency.p50_s < c.latency.p95_s < c.latency.p99_s
    assert c.latency.p95_s == c.latency_s


def test_seconds_are_those_of_the_mixed_questions(tmp_path):
    c = at(every_candidate(two(tmp_path), task=["mine", "hard"]), 8)
    alone = [at(every_candidate(two(tmp_path), task=[task]), 8) for task in ("mine", "hard")]
    tokens = (c.latency.p95_s - c.ttft_s) / c.tpot_s
    assert 2000 < tokens < 8000
    assert alone[0].by_task == ()


def test_a_task_on_which_a_model_would_not_fit_leaves_it_out(tmp_path):
    ws = two(tmp_path, generated_tokens=50_000.0)
    with pytest.raises(NoAnswer, match=r"context too short for prompts and answers.*Qwen/Qwen3-8B \(40,960\)"):
        eligible(ws, asked(ws, task=["mine", "hard"]))


def test_models_without_one_of_the_tasks_are_counted_and_named():
    request = checked_request(SHIPPED, task=["gpqa-diamond", "otis-mock-aime"])
    found = eligible(SHIPPED, request)
    assert len({each.point.model for each in found.points}) == 31
    (said,) = found.left_out
    assert said.startswith("13 of 44 models left out (without gpqa-diamond: allenai/Llama-3.1-Tulu-3-70B-DPO; without")
    assert said.endswith("Qwen/Qwen3-235B-A22B and 7 more)")


def test_no_model_on_all_tasks_names_what_each_lacks():
    request = checked_request(SHIPPED, task=["simpleqa", "math500"])
    with pytest.raises(NoAnswer) as caught:
        eligible(SHIPPED, request)
    said = str(caught.value)
    assert said.startswith("no model is measured the same way on all of simpleqa:0.5+math500:0.5; 11 of 11 models")
    assert "without math500: Qwen/Qwen3-14B, Qwen/Qwen3-8B, openai/gpt-oss-20b" in said
    assert "never measured the same way on all: deepseek-ai/DeepSeek-R1-Distill-Llama-8B" in said


def test_the_answer_has_the_tasks_and_their_weights(advisor):
    arguments = ["--task", "gpqa-diamond:0.7", "--task", "otis-mock-aime:0.3", "--budget", "0.01usd"]
    code, out, err = advisor("recommend", *arguments, "--json")
    answer = json.loads(out)
    assert code == 0
    assert "13 of 44 models left out" in err
    assert answer["task"] == answer["recommended"]["task"] == "gpqa-diamond:0.7+otis-mock-aime:0.3"
    assert answer["tasks"] == [
        {"task": "gpqa-diamond", "weight": pytest.approx(0.7)},
        {"task": "otis-mock-aime", "weight": pytest.approx(0.3)},
    ]
    parts = answer["recommended"]["by_task"]
    mean = 0.7 * parts[0]["accuracy"]["value"] + 0.3 * parts[1]["accuracy"]["value"]
    assert answer["recommended"]["accuracy"]["value"] == pytest.approx(mean)
    joined = json.loads(advisor("recommend", "--task", answer["task"], "--budget", "0.01usd", "--json")[1])
    assert joined["recommended"] == answer["recommended"]


def test_each_task_has_a_line_of_its_own(advisor):
    code, out, _ = advisor("recommend", "--task", "gsm8k:3", "--task", "crux:1")
    assert code == 0
    assert "By task" in out
    assert "gsm8k (weight 0.75)" in out
    assert "crux (weight 0.25)" in out


def test_no_answer_has_the_tasks_too(advisor):
    code, out, _ = advisor("recommend", "--task", "gsm8k", "--task", "crux", "--budget", "1e-12usd", "--json")
    assert code == 1
    assert [each["task"] for each in json.loads(out)["tasks"]] == ["gsm8k", "crux"]


def test_a_frontier_takes_the_same_question(advisor):
    arguments = ["--task", "gsm8k", "--task", "crux", "--license", "llama3.1", "--exclude-gpu", "h100-pcie", "--json"]
    code, out, err = advisor("frontier", *arguments)
    found = json.loads(out)
    assert code == 0
    assert found["task"] == "gsm8k:0.5+crux:0.5"
    assert {c["model"].split("-")[1] for c in found["frontier"]} == {"llama/Llama"}
    assert "h100-pcie" not in {c["gpu"] for c in found["frontier"]}
    assert any("means over the tasks" in note for note in found["notes"])
    longer = json.loads(advisor("frontier", *arguments, "--input-tokens", "30000", "--output-tokens", "400")[1])
    assert {c["tokens"] for c in longer["frontier"]} == {30_400}
    assert err


def test_no_gpu_that_is_not_excluded_has_a_price(tmp_path):
    every = list(SHIPPED.gpus)
    with pytest.raises(NoAnswer, match="no spot price is known for any GPU that is not excluded"):
        candidates(SHIPPED, checked_request(SHIPPED, price_kind="spot", exclude_gpu=every))


def test_long_prompts_before_long_answers_are_said_to_cut_them(advisor):
    _, _, err = advisor("recommend", "--task", "gpqa-diamond", "--model", "gpt-oss-120b", "--input-tokens", "100000")
    assert "131,072 tokens, does not hold the longest answers after prompts of 100,000: they are cut" in err
