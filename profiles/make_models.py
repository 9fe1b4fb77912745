"""Write profiles/models.csv and profiles/models/<name>/config.json from collected sources.

    python profiles/make_models.py --configs FOLDER --architectures model_architectures.csv

FOLDER holds real config files named <org>--<name>_config.json; where a model has none there, its config
is written from the row of facts in the architectures table, with `model_type` and the checkpoint's
padded vocabulary from CORRECTED below. Keys that describe no shape (token ids, quantisation lists but MXFP4's name) are
dropped.

Neither input is in the repository: both are collected by hand from the public places that the column `source` of
models.csv names. A single model is added as a config.json and a row, without this script; rows and configs of models
that are not in its inputs stay as they are. Columns of the table:

    always          model (Hugging Face id), release (YYYY-MM), checkpoint_quant (fp8, mxfp4 or other), source,
                    params_total_published_b, params_active_published_b
    without config  hidden_size, num_layers, num_heads, num_kv_heads, head_dim, intermediate_size,
                    dense_intermediate_size, vocab_size, max_position, tie_embeddings, sliding_window, num_experts,
                    experts_per_token, moe_intermediate_size, n_shared_experts, shared_expert_intermediate_size,
                    first_k_dense, kv_lora_rank, q_lora_rank, qk_nope_head_dim, qk_rope_head_dim, v_head_dim
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

HERE = Path(__file__).parent
AS_OF = "2026-11-21"
FACTS = "model_architectures (public collection of config files)"

# config written from facts: model_type and what the table rounds away (padded vocabulary, ties, biases)
LLAMA, QWEN2, QWEN3, NEOX, PHI3, OLMO2 = "llama", "qwen2", "qwen3", "gpt_neox", "phi3", "olmo2"
CORRECTED: dict[str, tuple[str, dict[str, object]]] = {
    "meta-llama/Llama-3.2-1B": (LLAMA, {"vocab_size": 128256, "tie_word_embeddings": True}),
    "meta-llama/Llama-3.2-3B": (LLAMA, {"vocab_size": 128256, "tie_word_embeddings": True}),
    "meta-llama/Meta-Llama-3-8B": (LLAMA, {"vocab_size": 128256}),
    "meta-llama/Meta-Llama-3-70B": (LLAMA, {"vocab_size": 128256}),
    "meta-llama/Llama-2-7b-hf": (LLAMA, {}),
    "meta-llama/Llama-2-13b-hf": (LLAMA, {}),
    "meta-llama/Llama-2-70b-hf": (LLAMA, {}),
    "google/gemma-2-2b": ("gemma2", {"vocab_size": 256000}),
    "google/gemma-2-9b": ("gemma2", {"vocab_size": 256000}),
    "google/gemma-2-27b": ("gemma2", {"vocab_size": 256000}),
    "google/gemma-3-1b-it": ("gemma3_text", {"vocab_size": 262144, "sliding_window_pattern": 6}),
    "google/gemma-3-4b-it": ("gemma3_text", {"vocab_size": 262208, "sliding_window_pattern": 6}),
    "google/gemma-3-12b-it": ("gemma3_text", {"vocab_size": 262208, "sliding_window_pattern": 6}),
    "google/gemma-3-27b-it": ("gemma3_text", {"vocab_size": 262208, "sliding_window_pattern": 6}),
    "microsoft/phi-4": (PHI3, {"vocab_size": 100352}),
    "microsoft/Phi-4-mini-instruct": (PHI3, {"vocab_size": 200064, "tie_word_embeddings": True}),
    "allenai/OLMo-2-1124-7B": (OLMO2, {"vocab_size": 100352}),
    "allenai/OLMo-2-1124-13B": (OLMO2, {"vocab_size": 100352}),
    "allenai/OLMo-2-0325-32B": (OLMO2, {"vocab_size": 100352}),
    "mistralai/Mistral-7B-v0.1": (
        "mistral",
        {"vocab_size": 32000, "sliding_window": 4096, "max_position_embeddings": 32768},
    ),
    "mistralai/Mistral-Large-Instruct-2411": ("mistral", {"vocab_size": 32768}),
    "mistralai/Mistral-Small-24B-Instruct-2501": ("mistral", {}),
    "Qwen/Qwen2.5-0.5B": (QWEN2, {"vocab_size": 151936}),
    "Qwen/Qwen2.5-1.5B": (QWEN2, {"vocab_size": 151936}),
    "Qwen/Qwen2.5-3B": (QWEN2, {"vocab_size": 151936}),
    "Qwen/Qwen2.5-7B": (QWEN2, {"vocab_size": 152064}),
    "Qwen/Qwen2.5-14B": (QWEN2, {"vocab_size": 152064}),
    "Qwen/Qwen2.5-32B": (QWEN2, {"vocab_size": 152064}),
    "Qwen/Qwen2.5-72B": (QWEN2, {"vocab_size": 152064}),
    "Qwen/Qwen2.5-Math-1.5B": (QWEN2, {"vocab_size": 151936}),
    "Qwen/Qwen2.5-Math-7B": (QWEN2, {"vocab_size": 152064}),
    "Qwen/QwQ-32B": (QWEN2, {"vocab_size": 152064}),
    "Qwen/Qwen3-4B": (QWEN3, {"vocab_size": 151936, "tie_word_embeddings": True}),
    "Qwen/Qwen3-14B": (QWEN3, {"vocab_size": 151936}),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": (
        QWEN2,
        {"vocab_size": 151936, "tie_word_embeddings": False, "max_position_embeddings": 131072},
    ),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": (
        QWEN2,
        {"vocab_size": 152064, "tie_word_embeddings": False, "max_position_embeddings": 131072},
    ),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": (QWEN2, {"vocab_size": 152064, "max_position_embeddings": 131072}),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": (QWEN2, {"vocab_size": 152064, "max_position_embeddings": 131072}),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": (LLAMA, {"vocab_size": 128256, "max_position_embeddings": 131072}),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": (LLAMA, {"vocab_size": 128256, "max_position_embeddings": 131072}),
    "EleutherAI/pythia-70m": (NEOX, {"vocab_size": 50304}),
    "EleutherAI/pythia-160m": (NEOX, {"vocab_size": 50304}),
    "EleutherAI/pythia-410m": (NEOX, {"vocab_size": 50304}),
    "EleutherAI/pythia-1b": (NEOX, {"vocab_size": 50304}),
    "EleutherAI/pythia-1.4b": (NEOX, {"vocab_size": 50304}),
    "EleutherAI/pythia-2.8b": (NEOX, {"vocab_size": 50304}),
    "EleutherAI/pythia-6.9b": (NEOX, {"vocab_size": 50432}),
    "EleutherAI/pythia-12b": (NEOX, {"vocab_size": 50688}),
    "EleutherAI/llemma_7b": (LLAMA, {"vocab_size": 32016}),
    "EleutherAI/llemma_34b": (LLAMA, {"vocab_size": 32000}),
    "deepseek-ai/DeepSeek-V2": ("deepseek_v2", {}),
    "deepseek-ai/DeepSeek-V2-Lite": ("deepseek_v2", {}),
    "zai-org/GLM-4.5-Air": ("glm4_moe", {"attention_bias": True}),
    "zai-org/GLM-4.7-FP8": ("glm4_moe", {"attention_bias": True, "use_qk_norm": True}),
    "zai-org/GLM-4.7-Flash": ("glm4_moe_lite", {}),
    "Qwen/Qwen1.5-MoE-A2.7B": ("qwen2_moe", {}),
    "Qwen/Qwen2-57B-A14B-Instruct": ("qwen2_moe", {}),
    "Qwen/Qwen3-Next-80B-A3B-Thinking": (
        "qwen3_next",
        {
            "linear_num_key_heads": 16,
            "linear_key_head_dim": 128,
            "linear_num_value_heads": 32,
            "linear_value_head_dim": 128,
            "linear_conv_kernel_dim": 4,
            "full_attention_interval": 4,
        },
    ),
    "Qwen/Qwen1.5-0.5B-Chat": (QWEN2, {}),
    "Qwen/Qwen1.5-1.8B-Chat": (QWEN2, {}),
    "Qwen/Qwen1.5-4B-Chat": (QWEN2, {}),
    "Qwen/Qwen1.5-7B-Chat": (QWEN2, {}),
    "Qwen/Qwen1.5-14B-Chat": (QWEN2, {}),
    "Qwen/Qwen1.5-32B-Chat": (QWEN2, {}),
    "Qwen/Qwen1.5-72B-Chat": (QWEN2, {}),
}

# same shape as another model's: id, whose config, release month, checkpoint precision
SAME_SHAPE = [
    ("meta-llama/Meta-Llama-3-70B-Instruct", "meta-llama/Meta-Llama-3-70B", "2024-04"),
    ("meta-llama/Meta-Llama-3-8B-Instruct", "meta-llama/Meta-Llama-3-8B", "2024-04"),
    ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Meta-Llama-3.1-8B", "2024-07"),
    ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Meta-Llama-3.1-70B", "2024-07"),
    ("meta-llama/Llama-3.3-70B-Instruct", "meta-llama/Meta-Llama-3.1-70B", "2024-12"),
    ("meta-llama/Llama-2-70b-chat-hf", "meta-llama/Llama-2-70b-hf", "2023-07"),
    ("allenai/Llama-3.1-Tulu-3-70B-DPO", "meta-llama/Meta-Llama-3.1-70B", "2024-11"),
    ("google/gemma-2-9b-it", "google/gemma-2-9b", "2024-06"),
    ("google/gemma-2-27b-it", "google/gemma-2-27b", "2024-06"),
    ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B", "2024-09"),
    ("Qwen/Qwen2.5-32B-Instruct", "Qwen/Qwen2.5-32B", "2024-09"),
    ("Qwen/Qwen2.5-72B-Instruct", "Qwen/Qwen2.5-72B", "2024-09"),
    ("simplescaling/s1-32B", "Qwen/Qwen2.5-32B", "2025-01"),
    ("Qwen/Qwen3-4B-Thinking-2507", "Qwen/Qwen3-4B", "2025-08"),
    ("Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B", "2025-08"),
    ("Qwen/Qwen3-30B-A3B-Thinking-2507", "Qwen/Qwen3-30B-A3B", "2025-07"),
    ("Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen/Qwen3-30B-A3B", "2025-07"),
    ("Qwen/Qwen3-235B-A22B-Thinking-2507", "Qwen/Qwen3-235B-A22B", "2025-07"),
    ("deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-V3", "2025-01"),
    ("deepseek-ai/DeepSeek-R1-0528", "deepseek-ai/DeepSeek-V3", "2025-05"),
    ("deepseek-ai/DeepSeek-V3-0324", "deepseek-ai/DeepSeek-V3", "2025-03"),
    ("deepseek-ai/DeepSeek-V3.1", "deepseek-ai/DeepSeek-V3", "2025-08"),
    ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "Qwen/Qwen3-8B", "2025-05"),
    ("moonshotai/Kimi-K2-Thinking", "moonshotai/Kimi-K2-Instruct", "2025-11"),
    ("zai-org/GLM-4.5", "zai-org/GLM-4.7-FP8", "2025-07"),
    ("zai-org/GLM-4.6", "zai-org/GLM-4.7-FP8", "2025-09"),
    ("mistralai/Magistral-Small-2506", "mistralai/Mistral-Small-24B-Instruct-2501", "2025-06"),
    ("mistralai/Mistral-Large-Instruct-2407", "mistralai/Mistral-Large-Instruct-2411", "2024-07"),
    ("microsoft/Phi-4-reasoning-plus", "microsoft/phi-4", "2025-04"),
    ("meta-llama/Llama-3.1-405B-Instruct", "meta-llama/Meta-Llama-3.1-405B", "2024-07"),
    ("google/gemma-2-2b-it", "google/gemma-2-2b", "2024-07"),
    ("Qwen/Qwen2.5-3B-Instruct", "Qwen/Qwen2.5-3B", "2024-09"),
    ("Qwen/Qwen2-72B-Instruct", "Qwen/Qwen2.5-72B", "2024-06"),
    ("Qwen/Qwen2-7B-Instruct", "Qwen/Qwen2.5-7B", "2024-06"),
    ("Qwen/Qwen2-1.5B-Instruct", "Qwen/Qwen2.5-1.5B", "2024-06"),
    ("Qwen/QwQ-32B-Preview", "Qwen/QwQ-32B", "2024-11"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistralai/Mixtral-8x7B-v0.1", "2023-12"),
    ("deepseek-ai/DeepSeek-V2-Chat-0628", "deepseek-ai/DeepSeek-V2", "2024-06"),
    ("deepseek-ai/DeepSeek-V2.5", "deepseek-ai/DeepSeek-V2", "2024-09"),
    ("deepseek-ai/DeepSeek-Coder-V2-Instruct", "deepseek-ai/DeepSeek-V2", "2024-06"),
    ("deepseek-ai/DeepSeek-Coder-V2-Instruct-0724", "deepseek-ai/DeepSeek-V2", "2024-07"),
    ("microsoft/Phi-4-mini-reasoning", "microsoft/Phi-4-mini-instruct", "2025-04"),
]

FROM_FILES = {
    "Qwen/Qwen3.5-27B": "2026-02",
    "Qwen/Qwen3.5-35B-A3B": "2026-02",
    "Qwen/Qwen3.5-122B-A10B": "2026-02",
    "XiaomiMiMo/MiMo-7B-Base": "2025-04",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": "2025-12",
    "nvidia/Nemotron-H-56B-Base-8K": "2025-03",
    "google/gemma-4-26B-A4B": "2026-04",
    "zai-org/GLM-4.7-Flash": "2026-01",
}  # release month where the facts table has none

CHECKPOINT_PRECISION = {"fp8": "fp8", "mxfp4": "fp4"}
PREFIXES_FP8 = (
    "deepseek-ai/DeepSeek-V3",
    "deepseek-ai/DeepSeek-R1",
    "moonshotai/Kimi-K2-Instruct",
    "zai-org/GLM-4.7-FP8",
)
PREFIXES_INT4 = ("moonshotai/Kimi-K2-Thinking", "moonshotai/Kimi-K2.5")  # their checkpoints are natively INT4
NOISE = (
    "quantization_config",
    "vision_config",
    "audio_config",
    "auto_map",
    "transformers_version",
    "rope_scaling",
    "rope_parameters",
    "rope_theta",
    "id2label",
    "label2id",
    "bad_words_ids",
    "initializer_range",
    "use_cache",
    "_name_or_path",
)
TOKEN_KEYS = ("_token_id", "_token_index", "_placeholder", "token_index")


def trimmed(keys: dict) -> dict:
    """The config without keys that say nothing of its shape."""
    kept = {k: v for k, v in keys.items() if k not in NOISE and v is not None and not k.endswith(TOKEN_KEYS)}
    if isinstance(kept.get("text_config"), dict):
        kept["text_config"] = {k: v for k, v in trimmed(kept["text_config"]).items() if k not in GENERATION}
    kept.pop("time_step_limit", None)  # Infinity is not JSON
    if (keys.get("quantization_config") or {}).get("quant_method") == "mxfp4":  # its scales take half of NVFP4's bytes
        kept["quantization_config"] = {"quant_method": "mxfp4"}
    return kept


GENERATION = (
    "add_cross_attention",
    "begin_suppress_tokens",
    "chunk_size_feed_forward",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "is_decoder",
    "is_encoder_decoder",
    "length_penalty",
    "max_length",
    "min_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "prefix",
    "problem_type",
    "pruned_heads",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torchscript",
    "typical_p",
    "use_bfloat16",
)


def from_facts(row: dict[str, str], family: str, corrections: dict[str, object]) -> dict:
    """A config.json with the keys `transformers` gives that family."""

    def number(name: str) -> int | None:
        return int(float(row[name])) if row[name] else None

    keys = {
        "model_type": family,
        "hidden_size": number("hidden_size"),
        "num_hidden_layers": number("num_layers"),
        "num_attention_heads": number("num_heads"),
        "num_key_value_heads": number("num_kv_heads"),
        "head_dim": number("head_dim"),
        "intermediate_size": number("dense_intermediate_size") or number("intermediate_size"),
        "vocab_size": number("vocab_size"),
        "max_position_embeddings": number("max_position"),
        "tie_word_embeddings": row["tie_embeddings"] == "True",
        "sliding_window": number("sliding_window") if family.startswith("gemma") else None,
    }
    if number("num_experts"):
        routed = "num_experts" if family.startswith("qwen") else "n_routed_experts"
        keys |= {
            routed: number("num_experts"),
            "num_experts_per_tok": number("experts_per_token"),
            "moe_intermediate_size": number("moe_intermediate_size"),
            "n_shared_experts": number("n_shared_experts"),
            "shared_expert_intermediate_size": number("shared_expert_intermediate_size"),
            "first_k_dense_replace": number("first_k_dense"),
        }
    for name in ("kv_lora_rank", "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"):
        keys[name] = number(name)
    if keys["kv_lora_rank"]:
        keys["head_dim"] = None
    if family == NEOX:
        keys |= {"attention_bias": True, "hidden_act": "gelu", "num_key_value_heads": None}
    # transformers reads an absent q_lora_rank as 1536 and null as none
    return {
        k: v for k, v in (keys | corrections).items() if v is not None or (k == "q_lora_rank" and keys["kv_lora_rank"])
    }


def write_config(folder: str, keys: dict) -> None:
    """profiles/models/<folder>/config.json"""
    path = HERE / "models" / folder / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(keys, indent=1, allow_nan=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=Path, required=True, help="folder of config files")
    parser.add_argument("--architectures", type=Path, required=True, help="CSV, one line a model")
    args = parser.parse_args()
    facts = {row["model"]: row for row in csv.DictReader(args.architectures.open())}
    rows = []
    for name, row in facts.items():
        file = args.configs / (name.replace("/", "--") + "_config.json")
        if file.exists():
            write_config(name.replace("/", "--"), trimmed(json.loads(file.read_text())))
        elif name in CORRECTED:
            write_config(name.replace("/", "--"), from_facts(row, *CORRECTED[name]))
        else:
            continue
        rows.append(catalog_row(name, name, row, row["release"] or FROM_FILES[name], row["source"]))
    written = {row["model"] for row in rows}
    for name, shape, released in SAME_SHAPE:
        if name not in written:
            rows.append(
                catalog_row(
                    name,
                    shape,
                    facts.get(name) or facts[shape],
                    released,
                    f"same shape as {shape}: {facts[shape]['source']}",
                )
            )
    rows += keep_what_was_typed(rows)
    with (HERE / "models.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda r: r["model"].lower()))


def keep_what_was_typed(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Licences and other ids are typed into models.csv itself, and so are models that the inputs lack:
    both stay. The rows of the latter are returned.
    """
    with (HERE / "models.csv").open(newline="") as table:
        known = {row["model"]: row for row in csv.DictReader(table)}
    for row in rows:
        before = known.pop(row["model"], {})
        for name in ("aliases", "license", "license_source"):
            row[name] = before.get(name, "")
    return list(known.values())


# longest contexts of models that share another's shape, from their own pages
CONTEXTS = {
    "Qwen/Qwen3-4B-Thinking-2507": 262144,
    "Qwen/Qwen3-4B-Instruct-2507": 262144,
    "Qwen/Qwen3-30B-A3B-Thinking-2507": 262144,
    "Qwen/Qwen3-30B-A3B-Instruct-2507": 262144,
    "Qwen/Qwen3-235B-A22B-Thinking-2507": 262144,
    "moonshotai/Kimi-K2-Thinking": 262144,
    "zai-org/GLM-4.5": 131072,
}


def catalog_row(name: str, shape: str, row: dict[str, str], released: str, source: str) -> dict[str, str]:
    """One row of models.csv."""
    precision = CHECKPOINT_PRECISION.get(row["checkpoint_quant"], "bf16")
    if name.startswith(PREFIXES_FP8) and "Distill" not in name and "Qwen3-8B" not in name:
        precision = "fp8"
    elif name.startswith(PREFIXES_INT4):
        precision = "int4"
    return {
        "model": name,
        "config": shape.replace("/", "--"),
        "released": released,
        "checkpoint_precision": precision,
        "aliases": "",
        "max_context": str(CONTEXTS.get(name, "")),
        "license": "",
        "license_source": "",
        "published_parameters_b": row["params_total_published_b"],
        "published_active_parameters_b": row["params_active_published_b"],
        "source": f"{source}; context: the model's page" if name in CONTEXTS else source,
        "source_url": f"https://huggingface.co/{name}",
        "as_of": AS_OF,
    }


if __name__ == "__main__":
    main()
