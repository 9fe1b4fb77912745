"""What could not be considered for want of a cost is said: models without tokens, GPUs without a price."""

import advisor
from tests.recommendation.made import MODEL, point, workspace

BIG, HUGE = "Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B"
NO_TOKENS = {
    "generated_tokens": None,
    "depth_tokens": None,
    "depth_p50_tokens": None,
    "depth_p95_tokens": None,
    "depth_p99_tokens": None,
}


def notes(ws, **options):
    found = advisor.recommend(ws, **({"task": "mine", "gpu": "h100-sxm", "price": "h100-sxm=2usd/h"} | options))
    assert found.recommended.model == MODEL
    return [note for note in found.notes if "left out" in note]


def test_more_accurate_models_without_token_counts_are_named_the_most_accurate_first(tmp_path):
    ws = workspace(
        tmp_path,
        point(),
        point(model=BIG, accuracy=0.6, **NO_TOKENS),
        point(model=HUGE, accuracy=0.7, **NO_TOKENS),
        point(model=HUGE, accuracy=0.75, n_samples=64, **NO_TOKENS),
        point(model="Qwen/Qwen3-0.6B", accuracy=0.4, **NO_TOKENS),
    )
    assert notes(ws) == [
        "more accurate on mine, but left out, since their token counts are not known and so no cost is:"
        f" {HUGE} (75.0 %), {BIG} (60.0 %); measure one with `advisor calibrate`"
    ]
    assert f": {BIG} (60.0 %);" in notes(ws, exclude_model=HUGE)[0]
    assert notes(ws, model=MODEL) == []
    assert notes(ws, license="apache-2.0") == notes(ws)


def test_nothing_is_said_where_the_pick_is_the_most_accurate_known(tmp_path):
    ws = workspace(tmp_path, point(), point(model=BIG, accuracy=0.45, **NO_TOKENS))
    assert notes(ws) == []


def test_a_model_with_tokens_at_one_of_its_points_is_in_the_choice(tmp_path):
    ws = workspace(tmp_path, point(), point(accuracy=0.9, n_samples=64, **NO_TOKENS))
    assert notes(ws) == []


def test_a_named_gpu_without_a_price_is_said(tmp_path):
    ws = workspace(tmp_path, point())
    (note,) = notes(ws, gpu=["h100-sxm", "rtx-4090"])
    assert note == "left out: no on-demand price is known for rtx-4090: give --price rtx-4090=…usd/h"
    assert notes(ws, gpu=["h100-sxm", "rtx-4090"], price=["h100-sxm=2usd/h", "rtx-4090=0.4usd/h"]) == []
    assert notes(ws, gpu=None, price=None, have="2xh100-sxm") == []
