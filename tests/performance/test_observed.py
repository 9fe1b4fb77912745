"""Measured runs as arrays."""

from dataclasses import fields

import numpy as np
import pytest

from advisor.performance.demand import demand
from advisor.performance.memory import max_sequences
from advisor.performance.roofline import Efficiency, serving
from tests.known import load_gpu, load_model, runs_of

COLUMNS = {
    "model": ["Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "deepseek-ai/DeepSeek-V3"],
    "gpu": ["h100-sxm", "h200-sxm", "l4"],
    "parallelism": ["tp2", "tp4pp2", "dp8"],
    "precision": ["bf16", "fp8", "fp8"],
    "kv_precision": ["bf16", "fp8", "bf16"],
    "engine": ["vllm", "sglang", "vllm"],
    "prompt_tokens": [1000.4, 0.2, 512],
    "generated_tokens": [499.6, 100, 0],
    "concurrency": [8, 16, 32],
    "ttft_s": [0.1, np.nan, 0.3],
    "tpot_s": [0.01, np.nan, 0.03],
    "request_s": [np.nan, np.nan, 9.0],
    "output_tokens_per_s": [500.0, 400.0, 300.0],
}


@pytest.fixture
def runs():
    return runs_of({name: np.array(column) for name, column in COLUMNS.items()})


def test_lengths_are_whole_tokens_and_at_least_one(runs):
    assert runs.demand.prompt_tokens.tolist() == [1000, 1, 512]
    assert runs.demand.generated_tokens.tolist() == [500, 100, 1]
    alone = demand(load_model("Qwen3-32B"), "fp8", 1, 100, "fp8")
    assert [getattr(runs.demand, f.name)[1] for f in fields(alone)] == [getattr(alone, f.name) for f in fields(alone)]


def test_a_request_lasts_by_littles_law_where_it_was_not_timed(runs):
    """Eight in flight at 500 tokens a second: 8 · 499.6/500 s each."""
    assert runs.request_s == pytest.approx([8 * 499.6 / 500, 16 * 100 / 400, 9.0])
    assert runs.decode_s == pytest.approx([0.01, 4.0, 0.03])
    assert len(runs) == 3


def test_room_is_that_of_the_gpus_memory_and_never_none(runs):
    assert runs.max_sequences[2] == 1  # 671 billion weights on eight L4 leave no room
    d, h = runs.where(np.array([True, False, False])).demand, runs.where(np.array([True, False, False])).hardware
    assert runs.max_sequences[0] == pytest.approx(float(max_sequences(d, load_gpu("h100-sxm").memory_bytes, h)[0]))


def test_fp4_has_the_kernels_of_int4_where_the_gpu_widens_it():
    """Of two runs in fp4 one GPU has units for it; fp8 on an L40S and bf16 keep their names."""
    gpus, precisions = ["b200-sxm", "h200-sxm", "l40s", "h100-sxm"], ["fp4", "fp4", "fp8", "bf16"]
    some = {name: np.array(column[:1] * 4) for name, column in COLUMNS.items()}
    runs = runs_of(some | {"gpu": np.array(gpus), "precision": np.array(precisions)})
    assert runs.kernels.tolist() == ["fp4", "int4", "fp8", "bf16"]
    assert [load_gpu(g).kernel_precision(p) for g, p in zip(gpus, precisions, strict=True)] == runs.kernels.tolist()


def test_layouts_names_and_shapes(runs):
    assert runs.hardware.gpu_count.tolist() == [2, 4, 8]
    assert runs.hardware.attention_shards.tolist() == [2, 4, 1]
    assert runs.hardware.stages.tolist() == [1, 2, 1]
    assert runs.shape.tolist() == ["Qwen--Qwen3-8B", "Qwen--Qwen3-32B", "deepseek-ai--DeepSeek-V3"]
    assert (runs.engine.tolist(), runs.precision.tolist()) == (COLUMNS["engine"], COLUMNS["precision"])


def test_a_selection_keeps_everything_of_its_runs(runs):
    kept = runs.where(np.array([False, True, True]))
    assert kept.gpu.tolist() == ["h200-sxm", "l4"]
    assert kept.demand.hidden.tolist() == runs.demand.hidden[1:].tolist()
    assert kept.concurrency.tolist() == [16, 32]


def test_errors_compare_tpot_or_the_whole_request(runs):
    predicted = serving(runs.demand, runs.hardware, Efficiency(), runs.concurrency, runs.max_sequences)
    decode, ttft = runs.log_errors(predicted)
    assert decode[0] == pytest.approx(np.log(0.01 / predicted.tpot_s[0]))
    assert decode[1] == pytest.approx(np.log(4.0 / predicted.request_s[1]))
    assert np.isnan(ttft[1])
    assert ttft[2] == pytest.approx(np.log(0.3 / predicted.ttft_s[2]))
