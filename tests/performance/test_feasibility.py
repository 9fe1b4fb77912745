"""Each rule on a case whose answer follows by hand from the model's config and the table."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.performance.deployment import Deployment
from advisor.performance.feasibility import Reason, divides, holds, reasons, runs, startable
from advisor.performance.parallelism import Parallelism
from tests.known import SHIPPED, load_gpu, load_model

MODELS = (
    "qwen3-32b",  # 64 heads, 8 KV heads, 64 layers, context 40,960
    "qwen3-30b-a3b",  # 32 heads, 4 KV heads, 128 experts
    "phi-4",  # 40 heads, 10 KV heads
    "gpt-oss-20b",  # 64 heads, 8 KV heads, 32 experts, MXFP4
    "deepseek-v3.2",  # sparse latent attention, 128 heads
    "Nemotron-H-56B-Base-8K",  # 256 Mamba heads in 8 groups
    "qwen3.5-27b",  # 24 heads, 4 KV heads; 16 key heads of linear attention
    "gemma-4-26b-a4b",  # 8 KV heads under a window, 2 without
)


def why(model, gpu="h200-sxm", layout="tp8", precision="bf16", prompt=1000, generated=1000, concurrency=1, **changed):
    d = Deployment(load_model(model), load_gpu(gpu), Parallelism.parse(layout), precision, **changed)
    return reasons(d, SHIPPED.support, prompt, generated, concurrency)


def only(found) -> Reason:
    (reason,) = found
    return reason


def test_what_can_start_has_no_reason_against_it():
    assert why("qwen3-32b") == ()


@pytest.mark.parametrize(
    ("model", "layout", "constraint", "nearest"),
    [
        ("qwen3-32b", "tp3", "64 attention heads", "2 or 4 GPUs"),
        ("qwen3-32b", "tp3pp2", "64 attention heads", "2 or 4 tensor-parallel GPUs"),
        ("phi-4", "tp4", "10 KV heads", "2 or 5 GPUs"),
        ("phi-4", "tp20", "", ""),  # each of 10 KV heads twice, 2 heads each
        ("qwen3.5-27b", "tp12", "16 linear-attention key heads", "8 GPUs"),
        ("Nemotron-H-56B-Base-8K", "tp16", "8 Mamba groups", "8 GPUs"),
        ("deepseek-v3.2", "tp7", "128 attention heads", "4 or 8 GPUs"),
    ],
)
def test_heads_are_split_evenly(model, layout, constraint, nearest):
    found = [r for r in why(model, "gb300", layout, "fp8") if r.rule == "heads"]
    if not constraint:
        assert found == []
        return
    assert constraint in only(found).constraint
    assert only(found).nearest == nearest


def test_pipeline_stages_are_no_more_than_layers():
    reason = only(why("qwen3-32b", layout="pp65"))
    assert (reason.rule, reason.nearest) == ("stages", "up to 64 stages")
    assert why("qwen3-32b", layout="pp64") == ()


def test_experts_are_split_evenly_where_the_engine_needs_it():
    sixty = "Qwen1.5-MoE-A2.7B"
    assert why(sixty, layout="dp8", engine="vllm") == ()
    reason = only(why(sixty, layout="dp8", engine="sglang"))
    assert (reason.rule, reason.nearest) == ("experts", "6 or 10 GPUs")
    reason = only(why("mixtral-8x7b-v0.1", layout="dp16"))
    assert (reason.rule, reason.nearest) == ("experts", "8 GPUs")  # 8 experts leave some of 16 GPUs without one


def test_prompt_and_answer_are_within_the_models_context():
    assert why("qwen3-32b", prompt=40_000, generated=960) == ()
    reason = only(why("qwen3-32b", prompt=40_000, generated=961))
    assert (reason.rule, reason.nearest) == ("context", "context up to 40,960")
    assert "40,961 tokens" in reason.what
    assert holds(load_model("qwen3-32b"), 40_960)


def test_memory_names_what_would_hold_it():
    reason = only(why("qwen3-32b", "l4", "tp1"))  # 65.5 GB of weights on 24.2 GB a GPU
    assert (reason.rule, reason.nearest) == ("memory", "4 × l4 (tp4)")
    assert "21.7 GB per GPU" in reason.constraint
    crowded = only(why("qwen3-8b", "h100-sxm", "tp1", prompt=10_000, concurrency=100))
    assert crowded.nearest.startswith("up to 35 in flight or 4 × h100-sxm")
    hopeless = only(why("deepseek-v3", "l4", "tp8", "fp8"))
    assert "more memory" in hopeless.nearest


@pytest.mark.parametrize(
    ("model", "gpu", "precision", "nearest"),
    [
        ("qwen3-0.6b", "t4", "bf16", "on t4 int8"),
        ("gpt-oss-20b", "t4", "fp4", "compute capability 8.0 or newer"),
        ("qwen3-0.6b", "mi250", "fp8", "a GPU of gfx942 or gfx950"),
        ("qwen3-0.6b", "v100-sxm-16gb", "int4", "compute capability 7.5 or newer"),
    ],
)
def test_precisions_that_the_gpu_does_not_run(model, gpu, precision, nearest):
    reason = next(r for r in why(model, gpu, "tp1", precision) if r.rule == "precision")
    assert nearest in reason.nearest
    assert reason.source
    assert gpu in reason.what


def test_a_t4_is_said_to_run_fp16_which_is_not_offered():
    assert "fp16" in only(why("qwen3-0.6b", "t4", "tp1")).constraint


def test_a_cache_in_eight_bit_needs_a_gpu_that_reads_it():
    reason = only(why("qwen3-0.6b", "t4", "tp1", "int8", kv_precision="fp8"))
    assert reason.rule == "kv_precision"
    assert reason.nearest.startswith("a KV cache in 16 bit")
    assert why("qwen3-0.6b", "a10g", "tp1", kv_precision="fp8") == ()


def test_families_that_an_engine_does_not_run():
    reason = only(why("deepseek-v3.2", "a100-sxm-80gb", "tp16", "fp8"))
    assert (reason.rule, reason.nearest) == ("family", "a GPU of compute capability 9.0 or newer or gfx942 or gfx950")
    assert only(why("pythia-1b", layout="tp1", engine="trtllm")).nearest == "another --engine"


def test_every_reason_is_named_at_once():
    found = why("gpt-oss-20b", "t4", "tp3", "fp4", prompt=200_000, concurrency=100)
    assert [r.rule for r in found] == ["precision", "heads", "context", "memory"]


layouts = st.builds(Parallelism, tp=st.sampled_from((1, 2, 3, 4, 5, 6, 8, 16)), dp=st.sampled_from((1, 2, 3, 8)))


@settings(deadline=None, max_examples=200)
@given(
    model=st.sampled_from(MODELS),
    gpu=st.sampled_from(sorted(SHIPPED.gpus)),
    layout=layouts,
    precision=st.sampled_from(("bf16", "fp8", "fp4", "int8", "int4")),
    engine=st.sampled_from(("vllm", "sglang", "trtllm")),
)
def test_the_cheap_form_agrees_with_the_reasons(model, gpu, layout, precision, engine):
    spec, chosen = load_model(model), load_gpu(gpu)
    layout = layout if spec.is_moe else dataclasses.replace(layout, dp=1)
    found = reasons(Deployment(spec, chosen, layout, precision, engine=engine), SHIPPED.support, 100, 100)
    can = not [r for r in found if r.rule not in {"memory", "context"}]
    assert startable(spec, [(chosen, layout)], engine, precision, SHIPPED.support) == [can]
    assert can == (runs(spec, chosen, engine, precision, SHIPPED.support) and divides(spec, layout, engine))


def test_everything_that_was_measured_can_start():
    """The table and the rules refuse nothing that someone ran."""
    columns = "model, gpu, parallelism, precision, engine"
    with SHIPPED.runs.connect() as connection:
        sound = "parallelism is not null and prefill_parallelism is null and doubt is null"
        measured = connection.execute(f"select distinct {columns} from runs where {sound}").fetchall()
    assert len(measured) > 100
    for model, gpu, parallelism, precision, engine in measured:
        spec, layout = load_model(model), Parallelism.parse(parallelism)
        assert runs(spec, load_gpu(gpu), engine, precision, SHIPPED.support), (model, gpu, precision, engine)
        assert divides(spec, layout, engine), (model, parallelism, engine)
