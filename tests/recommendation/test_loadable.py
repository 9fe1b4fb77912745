"""Only what an engine loads is offered, and the reason is said where nothing is."""

import pytest

import advisor
from advisor.recommendation.loadable import loadable
from advisor.recommendation.request import checked_request
from tests.known import SHIPPED
from tests.recommendation.made import point, workspace

FP4 = "Qwen/Qwen3-32B"  # of which NVFP4 weights are known, of Qwen3-8B none
REWARDED = {"strategy": "best-of-n", "n_samples": 4, "reward_model": "Qwen/Qwen2.5-Math-7B", "scored_tokens": 4000.0}


def offered(points, **options):
    return [p.model for p in loadable(SHIPPED, points, checked_request(SHIPPED, **options))]


def test_models_without_weights_in_the_precision_are_left_out():
    points = [point(), point(model=FP4)]
    assert offered(points, precision="fp4") == [FP4]
    assert offered(points, precision="fp8") == ["Qwen/Qwen3-8B", FP4]
    assert offered(points) == ["Qwen/Qwen3-8B", FP4]


def test_where_none_is_left_the_answer_names_models_precision_and_engine(tmp_path):
    ws = workspace(tmp_path, point(), point(model="google/gemma-2-9b-it"))
    with pytest.raises(advisor.NoAnswer, match="no weights in fp4 that vllm loads are known of Qwen/Qwen3-8B") as none:
        advisor.recommend(ws, task="mine", precision="fp4")
    assert "google/gemma-2-9b-it" in str(none.value)
    assert "--precision" in none.value.hint


def test_what_is_left_out_is_never_picked_nor_on_the_frontier(tmp_path):
    best = point(accuracy=0.9, low=0.85, high=0.95)
    ws = workspace(tmp_path, best, point(model=FP4))
    assert advisor.recommend(ws, task="mine", gpu="b200-sxm").recommended.model == "Qwen/Qwen3-8B"
    found = advisor.recommend(ws, task="mine", gpu="b200-sxm", precision="fp4")
    models = {c.model for c in (found.recommended, *found.alternatives, *found.frontier)}
    assert models == {FP4}


def test_on_amd_fp4_weights_are_amd_s(tmp_path):
    """NVFP4 is emulated there, and native MXFP4 is what is costed."""
    ws = workspace(tmp_path, point(model="moonshotai/Kimi-K2.5"), point(model="zai-org/GLM-5"))
    price = ["mi355x=3usd/h", "b200-sxm=4usd/h"]
    options = {"task": "mine", "precision": "fp4", "price": price}
    found = advisor.recommend(ws, gpu=["mi355x"], **options)
    assert {c.model for c in (found.recommended, *found.alternatives, *found.frontier)} == {"moonshotai/Kimi-K2.5"}
    assert found.recommended.command.startswith("vllm serve amd/Kimi-K2.5-MXFP4 ")
    assert found.recommended.ask.body.model == "amd/Kimi-K2.5-MXFP4"
    assert found.notes[0].startswith("amd/Kimi-K2.5-MXFP4 is served")
    other = advisor.recommend(ws, gpu=["b200-sxm"], **options)
    served = {c.model: c.command.split()[2] for c in (other.recommended, *other.alternatives)}
    assert served == {"moonshotai/Kimi-K2.5": "nvidia/Kimi-K2.5-NVFP4", "zai-org/GLM-5": "nvidia/GLM-5-NVFP4"}
    notes = advisor.estimate(ws, model="zai-org/GLM-5", gpu="mi355x", gpu_count=8, precision="fp4").notes
    assert any("in fp4 are known that vllm loads on AMD" in note for note in notes)


def test_other_engines_serve_no_reward_models(tmp_path):
    both = [point(), point(**REWARDED)]
    assert len(offered(both)) == 2
    assert len(offered(both, engine="sglang")) == 1
    ws = workspace(tmp_path, point(**REWARDED))
    with pytest.raises(advisor.NoAnswer, match="sglang serves no reward models"):
        advisor.recommend(ws, task="mine", engine="sglang")
    assert advisor.recommend(ws, task="mine").recommended.reward_command.startswith("vllm serve ")


def test_an_estimate_of_what_is_not_offered_says_so():
    one = {"model": "google/gemma-2-9b-it", "gpu": "b200-sxm"}
    assert "is known to quantise" not in " ".join(advisor.estimate(SHIPPED, **one).notes)
    notes = advisor.estimate(SHIPPED, **one, precision="fp4").notes
    assert any("no weights of google/gemma-2-9b-it in fp4 are known that vllm loads" in note for note in notes)
