"""FLOPs against what PyTorch counts while small real instances of each family run, prefill and decode."""

import copy
import json

import pytest

from advisor.models.families import spec_from_config
from tests.known import config_file

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402  (after the import that may skip)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SMALL = {
    "hidden_size": 256,
    "num_attention_heads": 8,
    "intermediate_size": 512,
    "vocab_size": 1000,
    "num_hidden_layers": 4,
    "max_position_embeddings": 4096,
}
GQA = {"num_key_value_heads": 2, "head_dim": 32}
EXPERTS = {"moe_intermediate_size": 128, "num_experts_per_tok": 2}
LATENT = {
    "kv_lora_rank": 64,
    "q_lora_rank": 96,
    "qk_nope_head_dim": 32,
    "qk_rope_head_dim": 16,
    "v_head_dim": 32,
    "head_dim": 16,
    "num_key_value_heads": 8,
}
FAMILIES = {
    "meta-llama/Llama-2-7b-hf": {"num_key_value_heads": 8, "head_dim": 32},
    "meta-llama/Meta-Llama-3-8B": GQA,
    "mistralai/Mistral-Small-24B-Instruct-2501": GQA,
    "Qwen/Qwen2.5-7B": GQA,
    "Qwen/Qwen3-8B": GQA,
    "google/gemma-2-9b": GQA,
    "google/gemma-3-27b-it": GQA,
    "microsoft/phi-4": {"num_key_value_heads": 2, "pad_token_id": 0},
    "allenai/OLMo-2-1124-7B": {"num_key_value_heads": 8},
    "EleutherAI/pythia-1.4b": {"head_dim": 32},
    "EleutherAI/llemma_7b": {"num_key_value_heads": 8, "head_dim": 32},
    "mistralai/Mixtral-8x7B-v0.1": {**GQA, "num_local_experts": 8, "num_experts_per_tok": 2},
    "Qwen/Qwen1.5-MoE-A2.7B": {
        "num_key_value_heads": 8,
        "num_experts": 8,
        "shared_expert_intermediate_size": 256,
        **EXPERTS,
    },
    "Qwen/Qwen3-30B-A3B": {**GQA, "num_experts": 8, **EXPERTS},
    "deepseek-ai/DeepSeek-V2-Lite": {
        **LATENT,
        "q_lora_rank": None,
        "n_routed_experts": 8,
        "n_group": 1,
        "topk_group": 1,
        "first_k_dense_replace": 1,
        **EXPERTS,
    },
    "deepseek-ai/DeepSeek-V3": {
        **LATENT,
        "n_routed_experts": 8,
        "n_group": 2,
        "topk_group": 1,
        "first_k_dense_replace": 1,
        **EXPERTS,
    },
    "openai/gpt-oss-20b": {
        **GQA,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "experts_per_token": 2,
        "intermediate_size": 256,
    },
    "zai-org/GLM-4.5-Air": {
        **GQA,
        "n_routed_experts": 8,
        "first_k_dense_replace": 1,
        "n_group": 1,
        "topk_group": 1,
        **EXPERTS,
    },
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": {
        **GQA,
        "num_local_experts": 1,
        "intermediate_size_mlp": 512,
        "intermediate_size": 128,
    },
    "MiniMaxAI/MiniMax-M2.5": {
        **GQA,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "intermediate_size": 128,
        "rotary_dim": 16,
    },
    "ByteDance-Seed/Seed-OSS-36B-Instruct": GQA,
    "LGAI-EXAONE/EXAONE-4.0-32B": GQA,
    "swiss-ai/Apertus-8B-Instruct-2509": GQA,
    "zai-org/GLM-4-32B-0414": {**GQA, "pad_token_id": 0},
    "tencent/Hunyuan-7B-Instruct": GQA,
    "arcee-ai/AFM-4.5B": GQA,
    "HuggingFaceTB/SmolLM3-3B": {**GQA, "pad_token_id": 0},
    "baidu/ERNIE-4.5-21B-A3B-Thinking": {
        **GQA,
        "moe_num_experts": 8,
        "moe_k": 2,
        "moe_intermediate_size": 128,
        "moe_layer_end_index": 3,
    },
    "allenai/OLMoE-1B-7B-0125-Instruct": {**GQA, "num_experts": 8, "num_experts_per_tok": 2},
    "tencent/Hy3": {**GQA, "num_experts": 8, **EXPERTS},
    "LGAI-EXAONE/K-EXAONE-236B-A23B": {**GQA, "num_experts": 8, **EXPERTS},
    "arcee-ai/Trinity-Mini": {**GQA, "num_experts": 8, **EXPERTS},
    "poolside/Laguna-XS.2": {
        **GQA,
        "num_experts": 8,
        "num_attention_heads_per_layer": [8, 16, 16, 16],
        "shared_expert_intermediate_size": 128,
        **EXPERTS,
    },
}


def small(name: str) -> dict:
    """The family's own config with its sizes cut down."""
    keys = json.loads(config_file(name).read_text())
    keys = copy.deepcopy(keys.get("text_config", keys)) | SMALL
    keys |= FAMILIES.get(name, {})
    layers = keys["num_hidden_layers"]
    for per_layer in ("layer_types", "no_rope_layers", "moe_layers", "mlp_layer_types", "attn_type_list"):
        if per_layer in keys:
            keys[per_layer] = (
                keys[per_layer][:layers] if per_layer != "moe_layers" else [i for i in keys[per_layer] if i < layers]
            )
    return keys


@pytest.mark.parametrize("name", FAMILIES)
def test_flops_within_a_hundredth_of_what_pytorch_counts(name):
    keys = small(name)
    spec = spec_from_config(keys, name=name, where=name)
    config = transformers.AutoConfig.for_model(**keys)
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    assert sum({id(p): p.numel() for p in model.parameters()}.values()) == spec.total_parameters
    prompt = torch.randint(0, 1000, (1, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        with FlopCounterMode(display=False) as prefill:
            cache = model(prompt, use_cache=True, logits_to_keep=1).past_key_values
        with FlopCounterMode(display=False) as decode:
            model(prompt[:, :1], past_key_values=cache, use_cache=True)
    every_token_sees_all = 96 * spec.attention_flops(96, 96) - spec.attention_flops(
        1, 96
    )  # eager attention multiplies what it masks
    assert prefill.get_total_flops() == pytest.approx(spec.prefill_flops(96) + every_token_sees_all, rel=0.01)
    assert decode.get_total_flops() == pytest.approx(spec.decode_flops(97) + expanded_again(keys, 96), rel=0.01)


def expanded_again(keys: dict, cached: int) -> int:
    """transformers keeps the latent cache of MLA and expands it again at every step; engines absorb the expansion."""
    if "kv_lora_rank" not in keys:
        return 0
    width = keys["num_attention_heads"] * (keys["qk_nope_head_dim"] + keys["v_head_dim"])
    return keys["num_hidden_layers"] * cached * 2 * keys["kv_lora_rank"] * width


HYBRIDS = {
    "ibm-granite/granite-4.0-h-tiny": {
        **GQA,
        "layer_types": ["mamba", "attention", "mamba", "mamba"],
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "shared_intermediate_size": 128,
        "mamba_n_heads": 8,
        "mamba_d_head": 64,
        "mamba_d_state": 32,
    },
    "LiquidAI/LFM2-2.6B": GQA,
    "Qwen/Qwen3-Next-80B-A3B-Thinking": {
        **GQA,
        "num_experts": 8,
        "shared_expert_intermediate_size": 128,
        "linear_num_key_heads": 4,
        "linear_key_head_dim": 32,
        "linear_num_value_heads": 8,
        "linear_value_head_dim": 32,
        **EXPERTS,
    },
    "nvidia/Nemotron-H-56B-Base-8K": {
        **GQA,
        "hybrid_override_pattern": "M-M*-M",
        "mamba_num_heads": 8,
        "mamba_head_dim": 32,
        "n_groups": 2,
        "ssm_state_size": 32,
    },
}


@pytest.mark.parametrize("name", HYBRIDS)
def test_decode_flops_of_hybrids(name):
    """PyTorch counts products of matrices only, and the state update is element-wise in part: the truth is between."""
    keys = small(name) | HYBRIDS[name]
    if "hybrid_override_pattern" in keys:
        keys["num_hidden_layers"] = len(keys["hybrid_override_pattern"])
    spec = spec_from_config(keys, name=name, where=name)
    config = transformers.AutoConfig.for_model(
        **{k: v for k, v in keys.items() if k != "num_hidden_layers" or "hybrid_override_pattern" not in keys}
    )
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    assert sum({id(p): p.numel() for p in model.parameters()}.values()) == spec.total_parameters
    prompt = torch.randint(0, 1000, (1, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        cache = model(prompt, use_cache=True).past_key_values
        with FlopCounterMode(display=False) as decode:
            model(prompt[:, :1], past_key_values=cache, use_cache=True)
    updates = sum(layer.count * layer.mixer.extra_flops_per_token for layer in spec.layers if layer.mixer)
    assert 0.99 * (spec.decode_flops(97) - updates) <= decode.get_total_flops() <= 1.01 * spec.decode_flops(97)
    assert updates < 0.05 * spec.decode_flops(97)
