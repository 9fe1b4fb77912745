"""The image is that of the release whose speed was measured."""

import pytest

from advisor.deployments.images import Release, image_of, measured_start_s, releases
from advisor.deployments.machines import gpus_per_machine, product_labels, skypilot_name
from tests.deployments.made import plan
from tests.known import SHIPPED, load_gpu
from tests.recommendation.made import MODEL, candidate

OTHER, NEW = "Qwen/Qwen3-32B", "moonshotai/Kimi-K2.5"  # out 2025-04, 2026-01


def image(*measured, model=MODEL, gpu="h100-sxm", engine="vllm"):
    found = [Release(version, of, on, at, None) for version, of, on, at in measured]
    return image_of(candidate(model=model, gpu=gpu), engine, SHIPPED, found)


def test_this_model_on_this_gpu_comes_before_others():
    here, gpu, any_ = ("0.9.0", MODEL, "h100-sxm"), ("0.10.1", OTHER, "h100-sxm"), ("0.12.0", OTHER, "l4")
    all_three = [(*each, "2026-04-01") for each in (here, gpu, any_)]
    assert image(*all_three).name == "vllm/vllm-openai:v0.9.0"
    assert image(*all_three[1:]).name == "vllm/vllm-openai:v0.10.1"
    assert image(*all_three[2:]).name == "vllm/vllm-openai:v0.12.0"
    assert image(*all_three).why == "the newest vllm that speed was measured with on this model on h100-sxm"


def test_of_several_the_newest_by_number():
    both = [(version, MODEL, "h100-sxm", None) for version in ("0.9.2", "0.10.0", "0.9.10")]
    assert image(*both).version == "0.10.0"


def test_a_release_that_was_gone_before_the_model_came_is_not_taken():
    old, new = ("0.11.0", OTHER, "h100-sxm", "2025-11"), ("0.19.0", OTHER, "l4", "2026-04-22")
    assert image(old, new, model=NEW).version == "0.19.0"
    assert image(old, model=NEW).name == "vllm/vllm-openai:latest"
    assert "no vllm release was measured that is newer than the model" in image(old, model=NEW).why


def test_tags_are_those_of_each_engine():
    measured = ("1.3.0rc5", MODEL, "h100-sxm", None)
    assert image(measured, engine="trtllm").name == "nvcr.io/nvidia/tensorrt-llm/release:1.3.0rc5"
    assert image(measured, engine="sglang").name == "lmsysorg/sglang:v1.3.0rc5"
    assert image(measured, gpu="mi300x").name == "vllm/vllm-openai-rocm:v1.3.0rc5"
    none = image(measured, gpu="mi300x", engine="sglang")
    assert (none.name, none.why) == ("", "no image of sglang is known for AMD's GPUs")


def test_development_builds_are_left_out():
    versions = {release.version for release in releases(SHIPPED, "sglang")}
    assert "0.5.9" in versions
    assert not any(version.startswith(("nightly", "glm")) for version in versions)


def test_the_start_is_the_longest_that_was_measured():
    slow = Release("1", MODEL, "l4", None, 41.0)
    assert measured_start_s([slow, Release("1", MODEL, "l4", None, None)]) == 41.0
    assert measured_start_s([]) is None
    assert 20 < measured_start_s(releases(SHIPPED, "vllm")) < 300
    assert plan().start_from == "the longest that was measured"
    assert plan({"engine": "sglang"}).start_from == "assumed"


@pytest.mark.parametrize(
    ("gpu", "sky", "labels", "machine"),
    [
        ("h100-sxm", "H100", ("NVIDIA-H100-80GB-HBM3",), 8),
        ("a100-sxm-80gb", "A100-80GB", ("NVIDIA-A100-SXM4-80GB", "A100-SXM4-80GB"), 8),
        ("t4", "T4", ("Tesla-T4", "NVIDIA-T4"), 8),
        ("gb200", "GB200", ("NVIDIA-GB200",), 4),
        ("mi300x", "", (), 8),
    ],
)
def test_what_schedulers_call_a_gpu(gpu, sky, labels, machine):
    assert skypilot_name(gpu) == sky
    assert product_labels(load_gpu(gpu)) == labels
    assert gpus_per_machine(load_gpu(gpu)) == machine


def test_every_name_is_of_a_gpu_that_ships():
    from advisor.deployments.machines import _rows

    assert set(_rows()) <= set(SHIPPED.gpus)
