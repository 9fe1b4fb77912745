"""The command that deploys a candidate, for each engine."""

import csv
from pathlib import Path

import pytest

from advisor.performance.deployment import ENGINES
from advisor.recommendation.launch import COMMANDS, flag_notes, launch_command, loading_notes, reward_command
from tests.known import SHIPPED, spec_of
from tests.recommendation.launches import every_command, flags, words
from tests.recommendation.made import candidate

STARTS = {
    "vllm": ["vllm", "serve"],
    "sglang": ["python", "-m", "sglang.launch_server"],
    "trtllm": ["trtllm-serve"],
}
with (Path(__file__).parent / "engine_flags.csv").open(encoding="utf-8", newline="") as table:
    FLAGS = {(row["engine"], row["flag"]): row for row in csv.DictReader(table)}


def served(engine="vllm", **changed):
    return flags(launch_command(candidate(**changed), engine, SHIPPED))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("tp1", {"--tensor-parallel-size": "1"}),
        ("tp4", {"--tensor-parallel-size": "4"}),
        ("tp4pp2", {"--tensor-parallel-size": "4", "--pipeline-parallel-size": "2"}),
        ("dp8", {"--data-parallel-size": "8"}),
    ],
)
def test_the_layout_is_in_the_flags_of_vllm(layout, expected):
    found = served(parallelism=layout)
    assert {flag: found[flag] for flag in expected} == expected
    assert ("--enable-expert-parallel" in found) == layout.startswith("dp")


def test_data_parallel_groups_of_vllm_share_the_sequences():
    assert served(concurrency=100, parallelism="dp8")["--max-num-seqs"] == "13"
    assert served(concurrency=100, parallelism="tp8")["--max-num-seqs"] == "100"


def test_sglang_counts_all_gpus_and_all_sequences():
    found = served("sglang", concurrency=100, parallelism="tp2dp4")
    assert (found["--tp-size"], found["--dp-size"], found["--ep-size"]) == ("8", "4", "8")
    assert "--enable-dp-attention" in found
    assert found["--max-running-requests"] == "100"  # four groups of 25
    assert served("sglang", concurrency=101, parallelism="tp2dp4")["--max-running-requests"] == "104"
    plain = served("sglang", concurrency=100, parallelism="tp4pp2")
    assert (plain["--tp-size"], plain["--pp-size"], "--dp-size" in plain) == ("4", "2", False)


def test_trtllm_counts_all_gpus_and_the_sequences_of_a_group():
    c = candidate(concurrency=100, parallelism="tp2dp4", context_tokens=9216)
    found = served("trtllm", concurrency=100, parallelism="tp2dp4", context_tokens=9216)
    assert (found["--tp_size"], found["--ep_size"], found["--max_batch_size"]) == ("8", "8", "25")
    assert found["--max_seq_len"] == "9216"
    file = found["--extra_llm_api_options"]
    assert launch_command(c, "trtllm", SHIPPED).startswith(
        f"echo '{{enable_chunked_prefill: true, enable_attention_dp: true}}' > {file} && trtllm-serve "
    )
    plain = launch_command(candidate(parallelism="tp8", gpu_count=8), "trtllm", SHIPPED)
    assert plain.startswith("echo '{enable_chunked_prefill: true}' > ")


def test_what_was_costed_is_said_and_not_left_to_a_default():
    found = served(context_tokens=9216)
    assert found["--max-model-len"] == "9216"
    assert (found["--dtype"], found["--kv-cache-dtype"]) == ("bfloat16", "bfloat16")
    assert found["--gpu-memory-utilization"] == "0.90"  # vLLM 0.32 takes 0.92 by itself
    other = served("sglang", context_tokens=9216)
    assert (other["--context-length"], other["--dtype"], other["--kv-cache-dtype"]) == ("9216", "bfloat16", "bf16")


def test_gpus_without_bf16_compute_in_fp16():
    quantised = {"gpu": "t4", "precision": "int4", "model": "Qwen/Qwen2.5-7B-Instruct"}
    found, other = served(**quantised), served("sglang", **quantised)
    assert (found["--dtype"], found["--kv-cache-dtype"]) == ("float16", "float16")
    assert (other["--dtype"], other["--kv-cache-dtype"]) == ("float16", "auto")


@pytest.mark.parametrize(
    ("engine", "model", "precision", "weights", "flag"),
    [
        ("vllm", "Qwen/Qwen3-8B", "bf16", "Qwen/Qwen3-8B", None),
        ("vllm", "Qwen/Qwen3-8B", "fp8", "Qwen/Qwen3-8B-FP8", None),
        ("vllm", "google/gemma-2-9b-it", "fp8", "google/gemma-2-9b-it", ("--quantization", "fp8_per_tensor")),
        ("sglang", "google/gemma-2-9b-it", "fp8", "google/gemma-2-9b-it", ("--quantization", "fp8")),
        ("sglang", "Qwen/Qwen3-32B", "fp4", "nvidia/Qwen3-32B-NVFP4", ("--quantization", "modelopt_fp4")),
        (
            "trtllm",
            "meta-llama/Llama-3.3-70B-Instruct",
            "fp8",
            "nvidia/Llama-3.3-70B-Instruct-FP8",  # the first in the table is compressed-tensors
            None,
        ),
        ("vllm", "openai/gpt-oss-120b", "bf16", "unsloth/gpt-oss-120b-BF16", None),
        ("vllm", "deepseek-ai/DeepSeek-V3.2", "fp8", "deepseek-ai/DeepSeek-V3.2", ("--tokenizer-mode", "deepseek_v32")),
    ],
)
def test_the_weights_have_the_precision_that_was_costed(engine, model, precision, weights, flag):
    command = launch_command(candidate(model=model, precision=precision), engine, SHIPPED)
    assert weights in words(command)
    assert flags(command).get("--quantization" if flag is None else flag[0]) == (flag and flag[1])


def test_policy_and_reward_model_share_the_memory():
    c = candidate(reward_model="Qwen/Qwen2.5-Math-7B", gpu_count=2, parallelism="tp2", tokens=1200.0)
    policy, reward = flags(launch_command(c, "vllm", SHIPPED)), flags(reward_command(c, SHIPPED))
    shares = [float(found["--gpu-memory-utilization"]) for found in (policy, reward)]
    assert sum(shares) == pytest.approx(0.90)
    weights = (2 * 7.6e9 / 2 + 2.2e9) / SHIPPED.gpus["h100-sxm"].memory_bytes
    assert shares[1] == pytest.approx(weights, abs=0.012)
    assert reward["serve"] == "Qwen/Qwen2.5-Math-7B"
    assert (reward["--port"], "--port" in policy) == ("8001", False)  # the policy has vLLM's own, 8000
    assert reward["--runner"] == "pooling"
    assert reward["--tensor-parallel-size"] == "2"


def test_without_a_reward_model_there_is_one_command():
    assert reward_command(candidate(), SHIPPED) is None


def test_no_shipped_answer_is_longer_than_the_context_that_serves_it():
    known = [p for p in SHIPPED.fits.points if p.answer_p999_tokens and p.model in SHIPPED.models]
    assert known
    for p in known:
        needed = (p.prompt_tokens or 0) + max(p.answer_p999_tokens, p.token_budget or 0)
        assert needed <= spec_of(p.model).max_context, p


def test_other_weights_than_those_that_were_measured_are_said():
    assert loading_notes(SHIPPED, "vllm", "Qwen/Qwen3-8B", "bf16") == ()
    (other,) = loading_notes(SHIPPED, "vllm", "Qwen/Qwen3-8B", "fp8")
    assert other.startswith("Qwen/Qwen3-8B-FP8 is served: accuracy was measured in bf16")
    (online,) = loading_notes(SHIPPED, "vllm", "google/gemma-2-9b-it", "fp8")
    assert online.startswith("vllm quantises google/gemma-2-9b-it while loading")
    (none,) = loading_notes(SHIPPED, "trtllm", "google/gemma-2-9b-it", "fp8")
    assert "no weights of google/gemma-2-9b-it in fp8 are known that trtllm loads" in none
    _, cache = loading_notes(SHIPPED, "trtllm", "Qwen/Qwen3-32B", "fp4")
    assert "KV cache in the precision that nvidia/Qwen3-32B-NVFP4 names" in cache


def test_every_engine_has_its_command():
    assert set(COMMANDS) == set(STARTS) == set(ENGINES)


def problems(engine, parts):
    """Words after the start of a command that the table of the engine's flags does not accept."""
    found, rest = [], list(parts)
    while rest:
        flag = rest.pop(0)
        row = FLAGS.get((engine, flag))
        if row is None:
            found.append(f"unknown {flag}")
        elif row["accepted"]:
            value = rest.pop(0) if rest else ""
            kinds = {"number": value.isdigit() and int(value) > 0, "text": bool(value) and not value.startswith("--")}
            if not kinds.get(row["accepted"], value in row["accepted"].split()):
                found.append(f"{flag} {value}")
    return found


@pytest.mark.parametrize("engine", ["sglang", "trtllm"])
def test_every_printed_flag_of_the_other_engines_is_one_that_was_seen(engine):
    assert all(row["source"] and row["as_of"] for row in FLAGS.values())
    commands = every_command(engine)
    assert len({c.model for c, _ in commands}) == len(SHIPPED.models)
    for c, parts in commands:
        start = STARTS[engine]
        assert parts[: len(start)] == start
        after = parts[len(start) + (engine == "trtllm") :]  # TensorRT-LLM's model is a bare word
        assert problems(engine, after) == [], (c.model, c.precision, c.parallelism)


def test_unknown_flags_and_bad_values_are_noticed():
    assert problems("sglang", ["--tp", "8"]) == ["unknown --tp", "unknown 8"]
    assert problems("sglang", ["--kv-cache-dtype", "fp8"]) == ["--kv-cache-dtype fp8"]
    assert problems("trtllm", ["--max_seq_len", "long"]) == ["--max_seq_len long"]


def test_flags_that_a_model_alone_needs_are_explained_and_the_believed_ones_said_to_be():
    seen = flag_notes(SHIPPED, "vllm", "moonshotai/Kimi-K2.5")
    assert seen == (
        "the command has --trust-remote-code for moonshotai/Kimi-K2.5: its tokenizer is code in the repository",
    )
    (believed,) = flag_notes(SHIPPED, "sglang", "moonshotai/Kimi-K2.5")
    assert believed.endswith("; believed of sglang, not found in its documentation")
    assert flag_notes(SHIPPED, "vllm", "Qwen/Qwen3-32B") == ()
