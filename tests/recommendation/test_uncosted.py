"""What could not be considered for want of a cost is listed: models without tokens or config, GPUs without a price."""

import json

import pytest

from advisor import frontier, recommend
from advisor.provenance import Provenance
from tests.recommendation.made import MODEL, point, workspace

BIG, HUGE, STRANGE = "Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B", "me/without-a-config"
NO_TOKENS = {
    "generated_tokens": None,
    "depth_tokens": None,
    "depth_p50_tokens": None,
    "depth_p95_tokens": None,
    "depth_p99_tokens": None,
}
LIMITS = {"task": "mine", "gpu": "h100-sxm", "price": "h100-sxm=2usd/h"}


def left_out(ws, **options):
    found = recommend(ws, **(LIMITS | options))
    assert found.recommended.model == MODEL
    return [(each.model, each.accuracy, each.missing, each.command) for each in found.left_out]


def test_models_without_a_cost_are_listed_the_most_accurate_first(tmp_path):
    ws = workspace(
        tmp_path,
        point(),
        point(model=BIG, accuracy=0.6, **NO_TOKENS),
        point(model=HUGE, accuracy=0.7, **NO_TOKENS),
        point(model=HUGE, accuracy=0.75, n_samples=64, **NO_TOKENS),
        point(model=STRANGE, accuracy=0.9),
        point(model="Qwen/Qwen3-0.6B", accuracy=0.4, cut=0.6, token_budget=64),
        point(model="Qwen/Qwen3-4B", accuracy=0.3, strategy="best-of-n", reward_model="me/judge"),
    )
    assert left_out(ws) == [
        (STRANGE, 0.9, "a config", "advisor import model FOLDER"),
        (HUGE, 0.75, "the length of its answers", f"advisor calibrate {HUGE} --task mine.jsonl"),
        (BIG, 0.6, "the length of its answers", f"advisor calibrate {BIG} --task mine.jsonl"),
        (
            "Qwen/Qwen3-0.6B",
            0.4,
            "answers of which a cap stops less than 50 %",
            "advisor calibrate Qwen/Qwen3-0.6B --task mine.jsonl",
        ),
        (
            "Qwen/Qwen3-4B",
            0.3,
            "the cost of its reward model",
            "advisor calibrate Qwen/Qwen3-4B --task mine.jsonl",
        ),
    ]
    assert left_out(ws, exclude_model=HUGE)[1][0] == BIG
    assert left_out(ws, model=MODEL) == []
    assert STRANGE not in [model for model, *_ in left_out(ws, license="apache-2.0")]
    assert frontier(ws, **LIMITS).left_out == recommend(ws, **LIMITS).left_out


def test_a_model_with_tokens_at_one_of_its_points_is_in_the_choice(tmp_path):
    ws = workspace(tmp_path, point(), point(accuracy=0.9, n_samples=64, **NO_TOKENS))
    assert left_out(ws) == []


def test_over_several_tasks_the_mean_of_those_measured_on_all(tmp_path):
    ws = workspace(
        tmp_path,
        *(point(task=task) for task in ("mine", "yours")),
        point(model=BIG, accuracy=0.6),
        point(model=BIG, accuracy=0.2, task="yours", **NO_TOKENS),
        point(model=HUGE, accuracy=0.9, **NO_TOKENS),
    )
    assert left_out(ws, task=["mine:0.75", "yours:0.25"]) == [
        (BIG, pytest.approx(0.5), "the length of its answers", f"advisor calibrate {BIG} --task yours.jsonl")
    ]


def test_they_are_shown_in_short_and_in_full_as_json(tmp_path, advisor):
    models = (BIG, HUGE, "Qwen/Qwen3-4B", "Qwen/Qwen3-14B", STRANGE)
    more = [point(model=model, accuracy=0.9 - 0.1 * i, **NO_TOKENS) for i, model in enumerate(models)]
    workspace(tmp_path, point(), *more)
    options = ("--workspace", tmp_path, "--task", "mine", "--gpu", "h100-sxm", "--price", "h100-sxm=2usd/h")
    for verb in ("recommend", "frontier"):
        _, out, _ = advisor(verb, *options)
        shown = " ".join(out.split())
        assert f"Left out {BIG} (90.0 % right): the length of its answers is missing; `advisor calibrate" in shown
        assert "2 more in --json" in shown
        assert len(json.loads(advisor(verb, *options, "--json")[1])["left_out"]) == 5
    code, out, _ = advisor("recommend", *options, "--budget", "1e-9usd", "--json")
    assert code == 1
    assert json.loads(out)["left_out"][0]["model"] == BIG


def test_a_named_gpu_without_a_price_is_said(tmp_path):
    ws = workspace(tmp_path, point())

    def notes(**options):
        return [note for note in recommend(ws, **(LIMITS | options)).notes if "left out" in note]

    (note,) = notes(gpu=["h100-sxm", "rtx-4090"])
    assert note == "left out: no on-demand price is known for rtx-4090: give --price rtx-4090=…usd/h"
    assert notes(gpu=["h100-sxm", "rtx-4090"], price=["h100-sxm=2usd/h", "rtx-4090=0.4usd/h"]) == []
    assert notes(gpu=None, price=None, have="2xh100-sxm") == []


IMPUTED = {"tokens_provenance": Provenance.IMPUTED, "tokens_spread": 2.0}


def pick(ws, **options):
    return recommend(ws, **(LIMITS | options)).recommended


def test_a_budget_holds_at_the_upper_end_of_imputed_tokens(tmp_path):
    """Kept busy a model with imputed tokens costs as one with counted ones, and twice that has to be affordable."""
    other = point(model="Qwen/Qwen3-4B", accuracy=0.45, low=0.37, high=0.53, generated_tokens=10.0, depth_tokens=10.0)
    counted = workspace(tmp_path / "counted", point(accuracy=0.9, low=0.85, high=0.95), other)
    unsure = workspace(tmp_path / "imputed", point(accuracy=0.9, low=0.85, high=0.95, **IMPUTED), other)
    fields = {"usd": "usd", "s": "latency_s", "J": "energy_j", "tokens": "tokens", "flops": "flops"}
    for unit, field in fields.items():
        cost = getattr(pick(counted), field)
        for c in (pick(counted, budget=f"{1.5 * cost}{unit}"), pick(unsure, budget=f"{2.01 * cost}{unit}")):
            assert c.model == MODEL
        below = pick(unsure, budget=f"{1.5 * cost}{unit}")
        assert below.model != MODEL or 2 * getattr(below, field) <= 1.5 * cost * 1.001


def test_cheaper_is_judged_at_the_upper_end_and_the_answer_says_so(tmp_path, advisor):
    same = {"accuracy": 0.9, "low": 0.85, "high": 0.95}
    ws = workspace(
        tmp_path,
        point(**same, setup="counted", generated_tokens=1200.0, depth_tokens=1200.0),
        point(**same, setup="imputed", **IMPUTED),
    )
    assert pick(ws).setup == "counted"  # 1,200 tokens for certain before 1,000, perhaps 2,000
    alone = workspace(tmp_path / "alone", point(**same, **IMPUTED))
    chosen = pick(alone)
    assert (chosen.provenance.tokens, chosen.tokens_spread) == (Provenance.IMPUTED, 2.0)
    assert chosen.spread > 2
    code, out, err = advisor("recommend", "--workspace", tmp_path / "alone", "--task", "mine", "--gpu", "h100-sxm")
    assert code == 0
    assert "tokens imputed (within a factor 2.00)" in " ".join(out.split())
    assert "is imputed from how wordy models are, within a factor 2.00 in nine of ten cases" in err


def test_at_a_rate_replicas_are_planned_for_the_upper_end(tmp_path):
    counted, unsure = (
        workspace(tmp_path / name, point(**more)) for name, more in (("counted", {}), ("imputed", IMPUTED))
    )
    sure, wide = (pick(ws, qps=200, gpu="h100-sxm") for ws in (counted, unsure))
    assert wide.questions_per_s <= 0.51 * max(sure.questions_per_s, wide.questions_per_s * 2)
    assert wide.usd == pytest.approx(2 * sure.usd, rel=0.1)


def test_given_lengths_take_the_place_of_imputed_ones(tmp_path):
    ws = workspace(tmp_path, point(**IMPUTED))
    c = pick(ws, output_tokens=700)
    assert (c.tokens_spread, c.provenance.tokens) == (1.0, Provenance.MEASURED)


def test_over_several_tasks_the_upper_ends_add_up(tmp_path):
    ws = workspace(tmp_path, point(**IMPUTED), point(task="yours", generated_tokens=3000.0))
    c = pick(ws, task=["mine", "yours"])
    assert c.tokens_spread == pytest.approx((2 * 1000 + 3000) / 4000)
    assert c.provenance.tokens is Provenance.IMPUTED
