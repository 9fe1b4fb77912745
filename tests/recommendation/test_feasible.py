"""What is offered can start, and what cannot is refused with a reason and what comes nearest."""

import json

import pytest

import advisor
from advisor.performance.deployment import Deployment
from advisor.performance.feasibility import reasons
from advisor.performance.parallelism import Parallelism
from advisor.recommendation.candidates import candidates
from advisor.recommendation.request import checked_request
from tests.known import SHIPPED
from tests.recommendation.made import point, workspace

KEYS = {
    "fits", "memory", "ttft_s", "tpot_s", "output_tokens_per_s", "usd_per_million_output_tokens", "provenance",
    "interval",
}  # fmt: skip


def against(row):
    """The reasons against a row of the table of candidates."""
    model, gpu, layout, precision, concurrency, engine, prompt, generated = row
    spec, chosen = SHIPPED.models.spec(model), SHIPPED.gpus[gpu]
    d = Deployment(spec, chosen, Parallelism.parse(layout), precision, engine=engine)
    return reasons(d, SHIPPED.support, round(prompt), max(round(generated), 1), concurrency)


@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm"])
def test_every_candidate_of_every_task_can_start(engine):
    counted = {p.task for p in SHIPPED.fits.points if p.generated_tokens is not None and p.model in SHIPPED.models}
    assert len(counted) > 5
    for task in sorted(counted):
        connection = candidates(SHIPPED, checked_request(SHIPPED, task=task, engine=engine))
        offered = connection.execute(
            "select distinct model, gpu, parallelism, precision, concurrency, tokens - generated_tokens as prompt,"
            " generated_tokens / n_samples as generated from candidates"
            " qualify row_number() over (partition by model, gpu, parallelism order by concurrency desc) = 1"
        ).fetchall()
        assert offered
        for *names, prompt, generated in offered:
            assert against((*names, engine, prompt, generated)) == (), names


@pytest.mark.parametrize("gpu", ["t4", "v100-sxm-32gb"])
def test_nothing_in_16_bit_is_offered_on_gpus_without_bf16(gpu):
    with pytest.raises(advisor.NoAnswer, match="can start on these GPUs"):
        advisor.recommend(SHIPPED, task="gpqa-diamond", gpu=gpu, precision="bf16")


def test_answers_past_the_models_context_are_not_offered(tmp_path):
    within = workspace(tmp_path / "within", point(generated_tokens=40_000.0))
    assert advisor.recommend(within, task="mine").recommended.gpu
    past = workspace(tmp_path / "past", point(generated_tokens=41_000.0))
    with pytest.raises(advisor.NoAnswer):
        advisor.recommend(past, task="mine")


def test_a_reward_model_must_start_beside_the_policy(tmp_path):
    # 28 heads of the reward model are not split over 8, which the policy alone would be
    reward = point(reward_model="Qwen/Qwen2.5-Math-7B", scored_tokens=1200.0, strategy="best-of-n", n_samples=4)
    ws = workspace(tmp_path, reward)
    query = "select distinct gpu_count from candidates order by all"
    found = candidates(ws, checked_request(ws, task="mine", gpu="h100-sxm")).execute(query).fetchall()
    assert found == [(1,), (2,), (4,)]


@pytest.mark.parametrize(
    ("arguments", "why", "nearest"),
    [
        (["gpt-oss-20b", "--gpu", "t4"], "fp4 weights on t4", "compute capability 8.0"),
        (["qwen3-0.6b", "--gpu", "t4"], "bf16 weights on t4", "on t4 int8"),
        (["qwen3-32b", "--gpu", "h100-sxm", "--gpu-count", 3], "64 attention heads", "2 or 4 GPUs"),
        (["qwen3-32b", "--gpu", "h200-sxm", "--input-tokens", 200_000], "201,024 tokens", "context up to 40,960"),
        (["qwen3-32b", "--gpu", "l4"], "68.3 GB per GPU", "4 × l4 (tp4)"),
    ],
)
def test_estimate_of_what_cannot_start_prices_nothing(advisor, arguments, why, nearest):
    code, out, err = advisor("estimate", *arguments, "--json")
    answer = json.loads(out)
    assert code == 1
    assert set(answer) >= KEYS
    assert answer["fits"] is False
    assert answer["tpot_s"] is answer["usd_per_million_output_tokens"] is answer["interval"] is None
    assert set(answer["memory"]) >= {"weights_bytes", "kv_cache_bytes", "overhead_bytes", "total_bytes"}
    assert why in err
    assert nearest in err
    assert len(err.splitlines()) == 1
    assert any(why in f"{r['what']} {r['constraint']}" for r in answer["reasons"])
    assert any(nearest in r["nearest"] for r in answer["reasons"])


def test_an_estimate_and_its_refusal_have_the_same_keys(advisor):
    fine, refused = (
        json.loads(advisor("estimate", "qwen3-32b", "--gpu", "h100-sxm", "--gpu-count", n, "--json")[1]) for n in (2, 3)
    )
    assert set(fine) == set(refused)
    assert fine["reasons"] == []


def test_memory_is_shown_where_it_is_the_reason(advisor):
    assert "no: 68.3 GB of 21.7 GB usable per GPU" in advisor("estimate", "qwen3-32b", "--gpu", "l4")[1]
    assert advisor("estimate", "qwen3-32b", "--gpu", "h100-sxm", "--gpu-count", 3)[1] == ""


def test_a_comparison_takes_gpus_that_both_can_start_on():
    pair = ("phi-4", "qwen3-0.6b")  # 10 KV heads: not over 4 or 8 GPUs
    with pytest.raises(advisor.NoAnswer, match="10 KV heads"):
        advisor.compare_speed(SHIPPED, models=pair, gpu_count=4)
    assert [m.gpu_count for m in advisor.compare_speed(SHIPPED, models=pair).models] == [1, 1]
    with pytest.raises(advisor.NoAnswer, match="bf16 weights on t4"):
        advisor.compare_speed(SHIPPED, models=pair, gpu="t4")
