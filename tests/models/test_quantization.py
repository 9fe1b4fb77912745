"""Which precision a config's weights are in, by the forms that publishers write."""

import json

import pytest

from advisor.errors import AdvisorError
from advisor.importers.own_model import import_model
from advisor.models.families import read_config
from advisor.models.quantization import UNKNOWN, checkpoint_precision, four_bit_bytes, known_precision
from advisor.recommendation.estimate import estimate
from advisor.store.workspace import Workspace
from tests.known import config_file


def group(bits, kind="int"):
    return {"config_groups": {"group_0": {"weights": {"num_bits": bits, "type": kind}}}}


FORMS = {
    "fp8 in blocks (DeepSeek-V3)": ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8"),
    "fbgemm (Llama-3.1-405B-FP8)": ({"quant_method": "fbgemm_fp8"}, "fp8"),
    "awq": ({"quant_method": "awq", "bits": 4, "group_size": 128}, "int4"),
    "gptq": ({"quant_method": "gptq", "bits": 4}, "int4"),
    "gptq of 8 bits": ({"quant_method": "gptq", "bits": 8}, "int8"),
    "gptq of 3 bits": ({"quant_method": "gptq", "bits": 3}, UNKNOWN),
    "auto-round": ({"quant_method": "auto-round", "bits": 4, "data_type": "int"}, "int4"),
    "auto-round of floats": ({"quant_method": "auto-round", "bits": 4, "data_type": "nv_fp"}, "fp4"),
    "compressed-tensors fp8": ({"quant_method": "compressed-tensors", **group(8, "float")}, "fp8"),
    "compressed-tensors w8a8": ({"quant_method": "compressed-tensors", **group(8)}, "int8"),
    "compressed-tensors w4a16": ({"quant_method": "compressed-tensors", **group(4)}, "int4"),
    "compressed-tensors nvfp4": ({"quant_method": "compressed-tensors", **group(4, "float")}, "fp4"),
    "compressed-tensors, the cache alone": (
        {"quant_method": "compressed-tensors", "config_groups": {}, "kv_cache_scheme": {"num_bits": 8}},
        "bf16",
    ),
    "modelopt fp8": ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
    "modelopt nvfp4": ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "fp4"),
    "modelopt awq": ({"quant_method": "modelopt", "quant_algo": "W4A8_AWQ"}, "int4"),
    "modelopt_fp4": ({"quant_method": "modelopt_fp4"}, "fp4"),
    "mxfp4 (gpt-oss)": ({"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, "fp4"),
    "bitsandbytes nf4": ({"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False}, "int4"),
    "bitsandbytes int8": ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8"),
    "quark": (
        {"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4"}, "output": {"dtype": "fp8_e4m3"}}},
        "fp4",
    ),
    "torchao": ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnlyConfig"}}}, "fp8"),
    "hqq": ({"quant_method": "hqq", "nbits": 4}, "int4"),
    "nothing known": ({"quant_method": "aqlm", "in_group_size": 8}, UNKNOWN),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_publishers_write(form):
    written, precision = FORMS[form]
    assert checkpoint_precision({"quantization_config": written}) == precision


def test_the_group_with_the_fewest_bits_counts():
    groups = {f"group_{i}": {"weights": {"num_bits": b, "type": "float"}} for i, b in enumerate((8, 4))}
    assert checkpoint_precision({"quantization_config": {"quant_method": "x", "config_groups": groups}}) == "fp4"


@pytest.mark.parametrize("config", [{}, {"quantization_config": None}, {"quantization_config": "awq"}])
def test_weights_without_a_quantisation_are_16_bit(config):
    assert checkpoint_precision(config) == "bf16"


def test_it_may_stand_in_the_text_part():
    """Kimi-K2.5's does."""
    quantised = {"quantization_config": {"quant_method": "compressed-tensors", **group(4)}}
    assert checkpoint_precision({"model_type": "kimi_k25", "text_config": quantised}) == "int4"


WIDTHS = {
    "16 bit": ({}, 0.5625),
    "NVFP4": ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, 0.5625),
    "MXFP4": ({"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, 0.53125),
    "MXFP4 of compressed-tensors": ({"quant_method": "compressed-tensors", "format": "mxfp4-pack-quantized"}, 0.53125),
    "AWQ": ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, 0.5 + 20 / 128 / 8),
    "GPTQ": ({"quant_method": "gptq", "bits": 4, "group_size": 64, "sym": True}, 0.5 + 16 / 64 / 8),
    "GPTQ with zero points": ({"quant_method": "gptq", "bits": 4, "group_size": 64, "sym": False}, 0.5 + 20 / 64 / 8),
    "compressed-tensors": (
        {"config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 32}}}},
        0.5 + 16 / 32 / 8,
    ),
    "one scale a channel": ({"quant_method": "gptq", "bits": 4, "group_size": -1}, 0.5 + 16 / 4096 / 8),
    "no group": ({"quant_method": "gptq", "bits": 4, "group_size": True}, 0.5625),
    "eight bits": ({"quant_method": "gptq", "bits": 8, "group_size": 128}, 0.5625),
}


def test_of_mixed_precisions_the_fewest_bits_count():
    for algorithm, precision in (("MIXED_PRECISION_FP4_FP8", "fp4"), ("MIXED_PRECISION", "fp8")):
        found = {"quant_method": "modelopt", "quant_algo": algorithm}
        assert checkpoint_precision({"quantization_config": found}) == precision


def test_experts_in_four_bits_count_whatever_the_others_are_in():
    """DeepSeek-V4's checkpoint names FP8, and for its experts FP4."""
    config = {"expert_dtype": "fp4", "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
    assert checkpoint_precision(config) == "fp4"


@pytest.mark.parametrize("form", WIDTHS)
def test_four_bits_come_with_the_scales_of_their_group(form):
    written, width = WIDTHS[form]
    assert four_bit_bytes({"quantization_config": written}) == width


def test_an_unknown_format_is_named_where_a_cost_is_needed():
    assert known_precision("fp8", where="x") == "fp8"
    with pytest.raises(AdvisorError, match=r"x: the format of its weights .* --precision"):
        known_precision(UNKNOWN, where="x")


# --- as a user meets it ---


@pytest.fixture
def quantised(tmp_path):
    """A folder with Qwen3-8B's config, quantised as given."""

    def folder(**written):
        keys = json.loads(config_file("Qwen/Qwen3-8B").read_text()) | {"quantization_config": written}
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / "config.json").write_text(json.dumps(keys))
        return tmp_path / "own"

    return folder


def one(model, **options):
    return estimate(Workspace(), model=model, gpu="h100-sxm", **options)


def test_a_config_is_costed_in_its_own_precision(quantised):
    found = one(quantised(quant_method="awq", bits=4))
    assert found.precision == "int4"
    assert found.memory.weights_bytes == pytest.approx(
        one("Qwen/Qwen3-8B", precision="int4").memory.weights_bytes, rel=1e-9
    )
    assert not [note for note in found.notes if "quantis" in note]


def test_larger_groups_take_less_memory(quantised):
    """Weights of 36 layers: attention of 4096 · (4096 + 2 · 1024 + 4096), three matrices of 4096 · 12288."""
    shared = {"quant_method": "awq", "bits": 4}
    small, large = (one(quantised(**shared, group_size=n)).memory.weights_bytes for n in (32, 128))
    body = 36 * 4096 * (2 * 4096 + 2 * 1024 + 3 * 12288)
    assert small - large == pytest.approx(body * 2 * (1 / 32 - 1 / 128), rel=1e-4)


def test_another_precision_is_costed_and_said_to_be_another_checkpoint(quantised):
    found = one(quantised(quant_method="awq", bits=4), precision="fp8")
    assert found.precision == "fp8"
    assert "its weights are in int4: fp8 takes a checkpoint quantised anew, whose answers may differ" in found.notes


def test_16_bit_weights_may_be_quantised_while_loading(tmp_path):
    (tmp_path / "config.json").write_text(config_file("Qwen/Qwen3-8B").read_text())
    assert any("vllm quantises" in note and "while loading" in note for note in one(tmp_path, precision="fp8").notes)


def test_a_format_without_a_known_cost_asks_for_a_precision(quantised):
    folder = quantised(quant_method="gptq", bits=3)
    with pytest.raises(AdvisorError, match="none whose cost is known"):
        one(folder)
    assert one(folder, precision="int4").precision == "int4"
    assert read_config(folder).checkpoint_precision == UNKNOWN


def test_an_imported_checkpoint_keeps_its_precision(quantised, tmp_path):
    workspace = Workspace(tmp_path / "workspace")
    import_model(workspace, quantised(quant_method="modelopt", quant_algo="NVFP4"))
    assert workspace.models["own"].checkpoint_precision == "fp4"
    assert workspace.models.spec("own").checkpoint_precision == "fp4"
    with pytest.raises(AdvisorError, match="none whose cost is known"):
        import_model(workspace, quantised(quant_method="gptq", bits=2))
