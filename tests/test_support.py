import dataclasses

import pytest

from advisor.errors import AdvisorError
from advisor.gpus import PRECISIONS
from advisor.performance.deployment import ENGINES
from advisor.store.workspace import Workspace
from advisor.support import FamilyRow, Part, Support, SupportRow, SupportTable, version
from tests.known import SHIPPED, load_gpu

WEIGHTS, CACHE = Part.WEIGHTS, Part.KV_CACHE


def support(engine, precision, gpu, *, part=WEIGHTS, family="llama"):
    row = SHIPPED.support.row(engine, part, precision, load_gpu(gpu), family)
    return row.support.value if row else None


@pytest.mark.parametrize(
    ("engine", "precision", "gpu", "known"),
    [
        ("vllm", "bf16", "t4", "refused"),
        ("vllm", "bf16", "a10g", "native"),
        ("vllm", "fp8", "t4", "emulated"),
        ("vllm", "fp8", "a100-sxm-80gb", "emulated"),
        ("vllm", "fp8", "l4", "native"),
        ("vllm", "fp8", "mi250", "refused"),
        ("vllm", "fp8", "mi300x", "native"),
        ("vllm", "fp4", "h100-sxm", "emulated"),
        ("vllm", "fp4", "b200-sxm", "native"),
        ("vllm", "fp4", "b300-sxm", "native"),
        ("vllm", "fp4", "mi355x", "native"),
        ("vllm", "int8", "t4", "native"),
        ("vllm", "int8", "b200-sxm", "refused"),
        ("vllm", "int4", "v100-sxm-32gb", "refused"),
        ("vllm", "int4", "t4", "emulated"),
        ("sglang", "fp4", "h100-sxm", "refused"),
        ("sglang", "fp4", "b200-sxm", "native"),
        ("trtllm", "bf16", "t4", None),
        ("trtllm", "bf16", "mi300x", "refused"),
        ("trtllm", "fp8", "a100-sxm-80gb", "refused"),
        ("trtllm", "int4", "h100-sxm", "emulated"),
        ("trtllm", "int4", "b200-sxm", "refused"),
    ],
)
def test_known_pairs_of_precision_and_gpu(engine, precision, gpu, known):
    assert support(engine, precision, gpu) == known


@pytest.mark.parametrize(
    ("engine", "gpu", "known"),
    [
        ("vllm", "t4", "refused"),  # NVFP4 of other models runs there
        ("vllm", "rtx-3090", "emulated"),
        ("vllm", "rtx-5090", "emulated"),
        ("vllm", "mi250", "emulated"),
        ("trtllm", "a100-sxm-80gb", "refused"),
        ("trtllm", "h200-sxm", "emulated"),
        ("trtllm", "mi300x", "refused"),  # by the rows of all models
    ],
)
def test_mxfp4_of_gpt_oss_has_rows_of_its_own(engine, gpu, known):
    assert support(engine, "fp4", gpu, family="gpt_oss") == known


def test_a_cache_in_eight_bit():
    kinds = [support("vllm", "fp8", gpu, part=CACHE) for gpu in ("t4", "a10g", "l4", "mi250", "mi300x")]
    assert kinds == ["refused", "emulated", "native", "refused", "native"]


def test_sparse_attention_needs_hopper_and_some_families_no_engine_runs():
    assert SHIPPED.support.family("vllm", load_gpu("a100-sxm-80gb"), "deepseek_v32")
    assert SHIPPED.support.family("vllm", load_gpu("mi250"), "deepseek_v32")
    assert not SHIPPED.support.family("vllm", load_gpu("h100-sxm"), "deepseek_v32")
    assert not SHIPPED.support.family("vllm", load_gpu("mi355x"), "deepseek_v32")
    assert not SHIPPED.support.family("vllm", load_gpu("a100-sxm-80gb"), "deepseek_v3")
    assert SHIPPED.support.family("trtllm", load_gpu("b200-sxm"), "gpt_neox")


def test_every_gpu_engine_and_precision_is_told_with_a_source():
    rows = [row for folder in SHIPPED.profiles for row in SupportTable.read([folder]).rows]
    assert all(row.source and row.as_of for row in rows)
    for gpu in SHIPPED.gpus.values():
        assert version(gpu.compute_capability) or gpu.compute_capability.startswith("gfx")
        for engine in ENGINES:
            ran = [p for p in PRECISIONS if SHIPPED.support.runs(engine, WEIGHTS, p, gpu, "llama")]
            assert bool(ran) == (not (gpu.architecture == "Volta" or (engine == "trtllm" and gpu.name in OLD_OR_AMD)))


OLD_OR_AMD = {"t4", "mi250", "mi250x", "mi300x", "mi325x", "mi355x"}


def test_newer_gpus_follow_the_row_of_the_generation_below():
    row = SupportRow(
        engine="vllm", part=WEIGHTS, precision="fp8", compute_capability="8.9", support=Support.NATIVE, source="here"
    )
    older = dataclasses.replace(row, compute_capability="7.5", support=Support.EMULATED)
    table = SupportTable([row, older])
    got = [
        table.row("vllm", WEIGHTS, "fp8", load_gpu(gpu), "llama") for gpu in ("h100-sxm", "rtx-5090", "a100-sxm-40gb")
    ]
    assert got == [row, row, older]
    assert table.row("vllm", WEIGHTS, "fp8", load_gpu("v100-sxm-16gb"), "llama") is None
    assert table.needed("vllm", WEIGHTS, "fp8", load_gpu("v100-sxm-16gb"), "llama") == ("7.5",)
    assert table.needed("vllm", WEIGHTS, "fp8", load_gpu("mi300x"), "llama") == ("7.5",)  # none of AMD's runs it


def test_of_a_gpu_without_a_known_capability_nothing_is_refused():
    own = dataclasses.replace(load_gpu("t4"), compute_capability="")
    assert SHIPPED.support.runs("vllm", WEIGHTS, "bf16", own, "llama")
    assert SHIPPED.support.family("vllm", own, "deepseek_v32") is None


def test_rows_of_a_workspace_come_before_what_ships(tmp_path):
    (tmp_path / "profiles").mkdir()
    table = tmp_path / "profiles" / "support.csv"
    table.write_text("engine,part,precision,compute_capability,support,source\nvllm,weights,bf16,7.0,native,a patch\n")
    own = Workspace(tmp_path).support
    assert own.runs("vllm", WEIGHTS, "bf16", load_gpu("t4"), "llama")
    assert own.runs("vllm", WEIGHTS, "int8", load_gpu("t4"), "llama")
    (tmp_path / "profiles" / "families.csv").write_text(
        "engine,family,compute_capability,source\nvllm,llama,9.0,mine\n"
    )
    assert Workspace(tmp_path).support.family("vllm", load_gpu("l4"), "llama").source == "mine"


@pytest.mark.parametrize(
    ("cells", "named"),
    [("vllm,weights,bf16,Turing,native,x", "line 2"), ("vllm,weights,bf16,7.5,maybe,x", "support is 'maybe'")],
)
def test_damaged_rows_are_named(tmp_path, cells, named):
    (tmp_path / "support.csv").write_text(f"engine,part,precision,compute_capability,support,source\n{cells}\n")
    with pytest.raises(AdvisorError, match=named):
        SupportTable.read([tmp_path])


def test_a_family_without_any_gpu_runs_nowhere():
    row = FamilyRow(engine="trtllm", family="mimo", source="here")
    assert not row.runs(load_gpu("b200-sxm"))
    assert not row.runs(load_gpu("mi300x"))
