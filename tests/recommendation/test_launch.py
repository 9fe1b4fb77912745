"""The command that deploys a candidate."""

import shlex

import pytest

from advisor.recommendation.serve import command_notes, reward_command, serve_command
from tests.known import SHIPPED, spec_of
from tests.recommendation.made import candidate


def flags(command):
    words = shlex.split(command)
    return dict(zip(words, [*words[1:], ""], strict=True))


def served(**changed):
    return flags(serve_command(candidate(**({"tokens": 1200.0, "generated_tokens": 1000.0} | changed)), SHIPPED))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("tp1", {"--tensor-parallel-size": "1"}),
        ("tp4", {"--tensor-parallel-size": "4"}),
        ("tp4pp2", {"--tensor-parallel-size": "4", "--pipeline-parallel-size": "2"}),
        ("dp8", {"--data-parallel-size": "8"}),
    ],
)
def test_the_layout_is_in_the_flags(layout, expected):
    found = served(parallelism=layout)
    assert {flag: found[flag] for flag in expected} == expected
    assert ("--enable-expert-parallel" in found) == layout.startswith("dp")


def test_data_parallel_groups_share_the_sequences():
    assert served(concurrency=100, parallelism="dp8")["--max-num-seqs"] == "13"
    assert served(concurrency=100, parallelism="tp8")["--max-num-seqs"] == "100"


def test_the_context_is_the_one_that_was_costed():
    assert served(context_tokens=9216)["--max-model-len"] == "9216"


def test_policy_and_reward_model_share_the_memory():
    c = candidate(reward_model="Qwen/Qwen2.5-Math-7B", gpu_count=2, parallelism="tp2", tokens=1200.0)
    policy, reward = flags(serve_command(c, SHIPPED)), flags(reward_command(c, SHIPPED))
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
    assert "--gpu-memory-utilization" not in served()


def test_no_shipped_answer_is_longer_than_the_context_that_serves_it():
    known = [p for p in SHIPPED.fits.points if p.answer_p999_tokens and p.model in SHIPPED.models]
    assert known
    for p in known:
        needed = (p.prompt_tokens or 0) + max(p.answer_p999_tokens, p.token_budget or 0)
        assert needed <= spec_of(p.model).max_context, p


def test_a_command_that_does_not_start_what_was_costed_says_so():
    assert command_notes(candidate(), "vllm", SHIPPED) == ()
    (other,) = command_notes(candidate(), "sglang", SHIPPED)
    assert "for sglang, but the command is vLLM's" in other
    (weights,) = command_notes(candidate(precision="fp8"), "vllm", SHIPPED)
    assert "Qwen/Qwen3-8B is published in bf16: put a checkpoint in fp8" in weights
