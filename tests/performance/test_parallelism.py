import json

import pytest

from advisor.errors import AdvisorError
from advisor.performance.parallelism import Parallelism


@pytest.mark.parametrize(
    ("text", "gpus", "flags"),
    [
        ("tp1", 1, "--tensor-parallel-size 1"),
        ("tp8", 8, "--tensor-parallel-size 8"),
        ("tp4pp2", 8, "--tensor-parallel-size 4 --pipeline-parallel-size 2"),
        ("dp8", 8, "--data-parallel-size 8 --enable-expert-parallel"),
        ("tp8ep", 8, "--tensor-parallel-size 8 --enable-expert-parallel"),
        ("tp4pp2ep", 8, "--tensor-parallel-size 4 --pipeline-parallel-size 2 --enable-expert-parallel"),
        ("tp2dp4", 8, "--tensor-parallel-size 2 --data-parallel-size 4 --enable-expert-parallel"),
    ],
)
def test_forms(text, gpus, flags):
    layout = Parallelism.parse(text)
    assert (layout.gpu_count, " ".join(layout.serve_flags), str(layout)) == (gpus, flags, text)


@pytest.mark.parametrize("text", ["8", "tp0", "tp", "tp2tp4", "ep8", "ep", "tp8epep", "tp8x", ""])
def test_other_forms_are_refused(text):
    with pytest.raises(AdvisorError, match="accepted: tp8"):
        Parallelism.parse(text)


def test_expert_parallelism_is_said_once():
    """Data-parallel groups always share the experts, and one GPU has all of them."""
    assert [str(Parallelism.parse(text)) for text in ("dp8ep", "tp1ep", "TP2EP")] == ["dp8", "tp1", "tp2ep"]


def test_estimate_with_a_layout(advisor):
    code, out, _ = advisor(
        "estimate", "deepseek-v3", "--gpu", "h200-sxm", "--parallelism", "dp8", "--concurrency", 256, "--json"
    )
    answer = json.loads(out)
    assert (code, answer["gpu_count"], answer["parallelism"]) == (0, 8, "dp8")
    assert advisor("estimate", "qwen3-8b", "--gpu", "h200-sxm", "--parallelism", "dp8")[0] == 2
    assert advisor("estimate", "qwen3-8b", "--gpu", "h200-sxm", "--parallelism", "tp8ep")[0] == 2
    assert advisor("estimate", "qwen3-8b", "--gpu", "h200-sxm", "--parallelism", "tp8", "--gpu-count", 4)[0] == 2
