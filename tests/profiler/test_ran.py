"""A profile is recorded as what ran."""

from dataclasses import replace

import pytest

from advisor.engines.timing import EngineFacts
from advisor.errors import AdvisorError
from advisor.profiler.ran import as_ran
from advisor.profiler.subject import Subject

ASKED = Subject("m", "cpu", "tp1", "bf16", "vllm")
FACTS = EngineFacts("0.32", 512, 64, 1000, 100, dtype="bfloat16", kv_dtype="auto")


@pytest.mark.parametrize(
    ("asked", "facts", "precision", "kv_precision", "note"),
    [
        ({}, {}, "bf16", "bf16", ""),
        ({}, {"dtype": "float16", "kv_dtype": "float16"}, "bf16", "bf16", ""),
        ({"precision": "fp8"}, {"quantization": "fp8"}, "fp8", "bf16", ""),
        ({}, {"quantization": "fp8"}, "fp8", "bf16", "weights asked for in bf16, the engine runs fp8"),
        ({"precision": "fp8"}, {}, "bf16", "bf16", "weights asked for in fp8, the engine runs bf16"),
        ({"precision": "int4"}, {"quantization": "gptq_marlin"}, "int4", "bf16", ""),
        ({"precision": "int8"}, {"quantization": "modelopt_fp4"}, "fp4", "bf16", "weights asked for in int8"),
        ({}, {"kv_dtype": "fp8_e4m3"}, "bf16", "fp8", "KV cache asked for in bf16, the engine runs fp8"),
        ({"kv_precision": "fp8"}, {"kv_dtype": "fp8"}, "bf16", "fp8", ""),
        ({"precision": "fp8", "kv_precision": "fp8"}, {"dtype": None}, "fp8", "fp8", ""),
    ],
)
def test_what_ran(asked, facts, precision, kv_precision, note):
    ran, found = as_ran(replace(ASKED, **asked), replace(FACTS, **facts))
    assert ran == replace(ASKED, precision=precision, kv_precision=kv_precision)
    assert found.startswith(note)
    assert bool(found) == bool(note)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"dtype": "float32"},
            "--precision: the engine runs weights in float32, which is none of bf16, .*dtype=bfloat16",
        ),
        (
            {"quantization": "compressed-tensors"},
            "--precision: .*quantised by compressed-tensors; say what they are: fp8",
        ),
        ({"kv_dtype": "int8_per_token"}, "--kv-precision: the engine keeps its KV cache in int8_per_token; give"),
    ],
)
def test_what_no_precision_stands_for_is_refused(facts, message):
    with pytest.raises(AdvisorError, match=message):
        as_ran(ASKED, replace(FACTS, **facts))
