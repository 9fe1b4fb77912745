"""What runs today: read from its text, costed as a candidate is, and set beside the pick."""

import math

import pytest

import advisor
from advisor.performance.parallelism import Parallelism
from advisor.provenance import Provenance
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.request import checked_request
from advisor.recommendation.running_setup import parse_running
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, machine, point, workspace

BIG, MOE = "Qwen/Qwen3-32B", "Qwen/Qwen3-30B-A3B"
GPU = "h100-sxm"
ASKED = {"task": "mine", "gpu": GPU, "price": f"{GPU}=2usd/h"}


def running(ws, text, **options):
    return advisor.recommend(ws, **(ASKED | options), running=text).running


def as_candidate(ws, running_candidate, **options):
    """The row of the table of all candidates that has the same configuration."""
    r = running_candidate
    request = checked_request(ws, **(ASKED | options))
    found = [
        candidate(row, ws, engine=request.engine) for row in rows(candidates(ws, request).execute("from candidates"))
    ]
    names = ("model", "strategy", "n_samples", "gpu", "gpu_count", "parallelism", "precision", "concurrency")
    same = [c for c in found if all(getattr(c, name) == getattr(r, name) for name in names)]
    assert len(same) == 1
    return same[0]


@pytest.mark.parametrize(
    ("text", "votes", "gpu", "layout", "concurrency", "precision"),
    [
        ("qwen3-32b on 2xa100-sxm-80gb at 16", 1, "a100-sxm-80gb", Parallelism(tp=2), 16, "bf16"),
        ("Qwen/Qwen3-32B majority of 8 on 4 x H100-SXM in FP8", 8, GPU, Parallelism(tp=4), None, "fp8"),
        ("  qwen3-32b   majority of 3 on 1×l40s at 5 in int4 ", 3, "l40s", Parallelism(), 5, "int4"),
    ],
)
def test_what_runs_is_read_from_its_text(text, votes, gpu, layout, concurrency, precision):
    setup = parse_running(text, SHIPPED)
    assert (setup.given, setup.model, setup.n_samples, setup.gpu) == (text, BIG, votes, gpu)
    assert (setup.layout, setup.concurrency, setup.precision) == (layout, concurrency, precision)


def test_data_parallel_attention_is_written_as_the_screen_shows_it():
    assert parse_running("qwen3-30b-a3b on 8xh100-sxm (dp8) at 64", SHIPPED).layout == Parallelism(dp=8)
    assert parse_running("qwen3-30b-a3b on 8xh100-sxm at 64", SHIPPED).layout == Parallelism(tp=8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("qwen3-32b", "'qwen3-32b' does not say what runs; accepted: MODEL \\[majority of N\\] \\[with SET-UP\\] on"),
        ("qwen3-32b on h100-sxm", "does not say what runs"),
        ("qwen3-32b on 2xh100-sxm in fp8 at 16", "does not say what runs"),
        ("qwen3-32b on 9999999999xh100-sxm", "does not say what runs"),
        ("qwen3-99b on 1xl4", "--running: unknown model 'qwen3-99b'; did you mean"),
        ("qwen3-32b on 2xh100", "--running: unknown GPU 'h100'; did you mean h100-nvl or h100-pcie or h100-sxm"),
        ("qwen3-32b on 0xl4", "--running, GPUs: 0 is out of range"),
        ("qwen3-32b majority of 0 on 1xl4", "--running, majority of: 0 is out of range"),
        ("qwen3-32b on 1xl4 at 0", "--running, at: 0 is out of range"),
        ("qwen3-32b on 1xl4 in fp9", "--running: unknown precision 'fp9'; did you mean fp8"),
        ("qwen3-32b on 16xh100-sxm", "16 × h100-sxm are no single replica: 8 of them share a link at most"),
        ("qwen3-32b on 8xh100-sxm (dp8)", "\\(dp8\\) is no layout of this model on 8 GPUs; accepted: \\(tp8\\)"),
        ("qwen3-30b-a3b on 1xh100-sxm (dp1)", "accepted: \\(tp1\\)$"),
        ("qwen3-30b-a3b on 8xh100-sxm (dp4)", "accepted: \\(tp8\\) or \\(dp8\\)"),
        ("qwen3-30b-a3b on 8xh100-sxm (dp8) at 7", "7 in flight leave some of the 8 data-parallel groups without"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_accepted_form(text, message):
    with pytest.raises(advisor.AdvisorError, match=message):
        parse_running(text, SHIPPED)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("qwen3-8b on 1xh100-sxm at 16", {}),
        ("qwen3-8b majority of 8 on 2xh100-sxm at 64", {}),
        ("qwen3-8b on 2xh100-sxm at 8", {"qps": 40.0}),
        ("qwen3-8b on 4xh100-sxm at 32 in fp8", {"precision": "fp8", "percentile": 99, "engine": "sglang"}),
        ("qwen3-8b on 1xl4 at 4", {"gpu": None, "price": None}),
        ("qwen3-8b on 1xh200-sxm at 4", {"gpu": None, "price": None, "price_kind": "spot"}),
        ("qwen3-30b-a3b on 8xh100-sxm (dp8) at 64", {}),
        ("qwen3-8b on 2xh100-sxm at 16", {"gpu": None, "price": None, "have": f"2x{GPU}", "usd_per_kwh": 0.3}),
    ],
)
def test_its_numbers_are_those_of_the_candidate_of_the_same_configuration(tmp_path, text, options):
    votes = point(n_samples=8, generated_tokens=8000.0, accuracy=0.6)
    ws = workspace(tmp_path, point(), votes, point(model=MOE))
    found = running(ws, text, **options)
    assert found.candidate == as_candidate(ws, found.candidate, **options)
    assert found.accuracy == found.candidate.accuracy
    assert found.why_not is None


@pytest.mark.parametrize("concurrency", [16, 24])
def test_its_cost_by_hand(tmp_path, concurrency):
    """Three answers a vote of 1,000 tokens to a prompt of 200, on two GPUs for 2 USD/h each."""
    ws = workspace(tmp_path, point(n_samples=3, generated_tokens=3000.0, depth_p95_tokens=1500.0))
    e = advisor.estimate(
        ws, model=MODEL, gpu=GPU, gpu_count=2, concurrency=concurrency, input_tokens=200, output_tokens=1000
    )
    c = running(ws, f"qwen3-8b majority of 3 on 2x{GPU} at {concurrency}").candidate
    assert c.usd_per_hour == 4.0
    assert c.questions_per_s == pytest.approx(concurrency / (3 * e.request_s))
    assert c.usd == pytest.approx(4.0 / 3600 * 3 * e.request_s / concurrency)
    assert c.latency_s == pytest.approx(e.ttft_s + 1500 * e.tpot_s)
    assert c.energy_j == pytest.approx(3 * e.energy_j_per_request)


def test_what_the_pick_changes_by_hand(tmp_path):
    ws = workspace(tmp_path, point(), point(model=BIG, accuracy=0.9, low=0.88, high=0.92))
    answer = advisor.recommend(ws, **ASKED, qps=3, running=f"qwen3-8b on 1x{GPU} at 2")
    pick, today, changes = answer.recommended, answer.running.candidate, answer.running.changes
    assert (pick.model, today.model) == (BIG, MODEL)
    assert changes.accuracy_points == pytest.approx(40.0)
    assert changes.usd_ratio == pytest.approx(pick.usd / today.usd)
    assert changes.latency_ratio == pytest.approx(pick.latency_s / today.latency_s)
    assert changes.energy_ratio == pytest.approx(pick.energy_j / today.energy_j)
    assert today.replicas > 1
    assert changes.usd_per_month == pytest.approx(2 * 730 * (pick.replicas * pick.gpu_count - today.replicas))
    assert advisor.recommend(ws, **ASKED, running=f"qwen3-8b on 1x{GPU} at 2").running.changes.usd_per_month is None


def test_the_pick_itself_changes_nothing(tmp_path):
    ws = workspace(tmp_path, point())
    pick = advisor.recommend(ws, **ASKED, qps=2).recommended
    text = f"qwen3-8b on {pick.gpu_count}x{GPU} at {pick.concurrency}"
    changes = running(ws, text, qps=2).changes
    assert (changes.accuracy_points, changes.usd_per_month) == (0.0, 0.0)
    assert (changes.usd_ratio, changes.latency_ratio, changes.energy_ratio) == (1.0, 1.0, 1.0)


def test_no_limit_of_the_pick_binds_what_runs(tmp_path):
    ws = workspace(tmp_path, point(), point(model=BIG, accuracy=0.6), prices=[machine(1.5, 4, "l40s")])
    text = "qwen3-8b on 4xl40s at 8"
    alone = running(ws, text).candidate
    assert (alone.gpu, alone.usd_per_hour, alone.rent.provider) == ("l40s", 6.0, "cloud")
    for limits in ({"model": BIG}, {"gpu": f"{GPU}:1"}, {"max_ttft": "10s", "budget": "1usd"}, {"precision": "fp8"}):
        assert running(ws, text, **limits).candidate == alone
    owned = {"gpu": None, "price": None, "have": f"2x{GPU}", "usd_per_kwh": 0.3}
    assert running(ws, text, **owned).candidate == alone
    mine = running(ws, f"qwen3-8b on 4x{GPU} at 8", **owned)  # more of them than are owned for the pick
    assert mine.candidate.rent.provider == "yours"
    assert mine.candidate.usd == pytest.approx(mine.candidate.energy_j / 3.6e6 * 0.3)
    assert running(ws, text, price="l40s=3usd/h").candidate.usd == pytest.approx(2 * alone.usd)


def test_owned_gpus_that_cost_nothing_have_no_ratio_of_cost(tmp_path):
    changes = running(workspace(tmp_path, point()), f"qwen3-8b on 1x{GPU} at 8", gpu=None, price=None, have=f"1x{GPU}")
    assert changes.changes.usd_ratio is None
    assert changes.changes.energy_ratio is not None


def test_without_a_price_of_the_kind_another_kind_is_used_and_said(tmp_path):
    ws = workspace(tmp_path, point(), prices=[machine(2.0, 8, "b300-sxm", kind="spot")])
    kinds = {offer.kind for offer in ws.prices.offers if offer.gpu == "b300-sxm"}
    found = running(ws, "qwen3-8b on 1xb300-sxm at 8")
    assert "on-demand" not in kinds
    assert found.candidate.rent.kind != "on-demand"
    assert found.notes[0].startswith("no on-demand price is known for b300-sxm: its ")
    none = running(ws, "qwen3-8b on 1xb300-sxm at 8", price_kind="marketplace")
    assert none.candidate.rent is None
    assert none.changes.usd_ratio is None
    assert none.notes == ("no marketplace price is known for b300-sxm: give --price b300-sxm=…usd/h",)


def test_as_many_requests_as_fit_where_their_number_is_not_given(tmp_path):
    ws = workspace(tmp_path, point())
    found = running(ws, "qwen3-8b on 1xl4")
    request = checked_request(ws, task="mine", gpu="l4")
    most = max(r["concurrency"] for r in rows(candidates(ws, request).execute("from candidates where gpu_count = 1")))
    assert found.candidate.concurrency == most < 512
    assert f"requests in flight were not given: as many as fit are assumed, {most}" in found.notes


def test_of_the_points_for_one_answer_one_with_tokens_counts_then_one_without_a_cap(tmp_path):
    capped = point(strategy="thinking-budget", token_budget=900, generated_tokens=800.0, accuracy=0.3)
    longer = point(strategy="thinking-budget", token_budget=1800, generated_tokens=1000.0, accuracy=0.4)
    untold = point(generated_tokens=None, accuracy=0.7, provenance=Provenance.PUBLISHED)
    text = f"qwen3-8b on 1x{GPU} at 8"
    assert running(workspace(tmp_path / "a", capped, longer, point()), text).accuracy.value == 0.5
    found = running(workspace(tmp_path / "b", untold, capped, longer), text)
    assert (found.accuracy.value, found.candidate.token_budget) == (0.4, 1800)
    assert found.notes == (
        f"one answer without a cap is not known of {MODEL} on mine: at most 1,800 tokens are counted",
    )


def test_of_points_without_a_cap_that_hold_thinking_the_longest_counts(tmp_path):
    held = [point(strategy="thinking-budget", generated_tokens=t, accuracy=t / 2000) for t in (500.0, 900.0, 700.0)]
    found = running(workspace(tmp_path, *held), f"qwen3-8b on 1x{GPU} at 8")
    assert found.accuracy.value == 0.45
    assert "on mine: about 900 tokens are counted" in found.notes[0]


def test_votes_that_are_not_known_take_the_lengths_of_others(tmp_path):
    ws = workspace(tmp_path, point(), point(n_samples=4, generated_tokens=6000.0, accuracy=0.6))
    found = running(ws, f"qwen3-8b majority of 16 on 1x{GPU} at 8")
    assert (found.accuracy, found.changes.accuracy_points) == (None, None)
    assert found.candidate.generated_tokens == pytest.approx(16 * 1500)
    assert math.isnan(found.candidate.accuracy.value)
    assert found.candidate.per_correct is None
    assert found.candidate.provenance.tokens == Provenance.IMPUTED
    assert found.candidate.provenance.accuracy == "not known"
    assert found.changes.usd_ratio > 0
    assert found.notes == (
        f"no accuracy of {MODEL} with a majority of 16 is known on mine (known: one answer, a majority of 4):"
        " measure it with `advisor calibrate`",
        f"tokens of a majority of 16 are not known of {MODEL} on mine: those of a majority of 4 are taken,"
        " 1,500 generated tokens an answer",
    )


def test_an_unknown_model_takes_the_median_lengths_of_the_task(tmp_path):
    """Of 1,000, 2,000 and 6,000 tokens, to prompts of 100, 300 and 200 (not recorded)."""
    ws = workspace(
        tmp_path,
        point(prompt_tokens=100.0),
        point(model=MOE, generated_tokens=2000.0, prompt_tokens=300.0),
        point(model="Qwen/Qwen3-4B", generated_tokens=6000.0, prompt_tokens=None),
        point(model="Qwen/Qwen3-4B", n_samples=4, generated_tokens=99_000.0),
        point(model="Qwen/Qwen3-4B", strategy="thinking-budget", token_budget=64, generated_tokens=50.0),
    )
    found = running(ws, f"qwen3-32b on 2x{GPU} at 8")
    assert (found.candidate.generated_tokens, found.candidate.tokens) == (2000.0, 2200.0)
    assert found.notes[1].endswith("the median of 3 models is taken, 2,000 generated tokens an answer")
    e = advisor.estimate(ws, model=BIG, gpu=GPU, gpu_count=2, concurrency=8, input_tokens=200, output_tokens=2000)
    assert found.candidate.usd == pytest.approx(4.0 / 3600 * e.request_s / 8)


def test_an_accuracy_without_tokens_is_kept(tmp_path):
    known = {"accuracy": 0.7, "low": 0.66, "high": 0.74, "provenance": Provenance.PUBLISHED}
    published = point(model=BIG, generated_tokens=None, **known)
    found = running(workspace(tmp_path, point(), published), f"qwen3-32b on 2x{GPU} at 8")
    assert found.accuracy.value == found.candidate.accuracy.value == 0.7
    assert found.candidate.provenance.accuracy == "published: made"
    assert found.candidate.provenance.tokens == Provenance.IMPUTED
    assert len(found.notes) == 1
    assert found.changes.accuracy_points == pytest.approx(-20.0)


def test_without_any_lengths_what_is_missing_is_said(tmp_path):
    ws = workspace(
        tmp_path,
        point(strategy="thinking-budget", token_budget=2000),
        point(model=BIG, accuracy=0.7, generated_tokens=None),
    )
    found = running(ws, f"qwen3-32b on 2x{GPU} at 8")
    assert (found.accuracy.value, found.candidate) == (0.7, None)
    assert found.why_not == "its cost cannot be counted: no lengths of answers without a cap are known on mine"
    assert found.changes.accuracy_points == pytest.approx(-20.0)
    assert found.changes.usd_ratio is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("qwen3-8b on 3xh100-sxm at 8", "3 tensor-parallel GPUs: 32 attention heads"),
        ("qwen3-8b on 1xt4 at 1", "bf16 weights on t4 (compute capability 7.5) under vllm: needs"),
        ("qwen3-8b on 1xl4 at 400", "400 × 1,200 tokens: 21.7 GB per GPU can be used; nearest: up to "),
        ("qwen3-32b on 1xl4", "1 × 1,200 tokens"),
        ("qwen3-8b majority of 4 on 1xl4 at 400", "400 × 1,700 tokens"),
    ],
)
def test_what_cannot_start_says_why(tmp_path, text, why):
    votes = point(n_samples=4, generated_tokens=6000.0)
    found = running(workspace(tmp_path, point(), votes, point(model=BIG, accuracy=0.4)), text)
    assert found.candidate is None
    assert "cannot start under vllm: " in found.why_not
    assert why in found.why_not
    assert found.changes.accuracy_points is not None


def test_a_context_that_does_not_fit_is_the_reason(tmp_path):
    ws = workspace(tmp_path, point(answer_p999_tokens=39_000.0))
    found = running(ws, "qwen3-8b on 1xl4 at 1")
    assert found.candidate is None
    assert "1 × 39,936 tokens" in found.why_not


def test_that_intervals_overlap_is_said(tmp_path):
    """Today's is 42 to 58 %."""
    text = f"qwen3-8b on 1x{GPU} at 8"
    for low, overlaps in ((0.57, True), (0.59, False)):
        ws = workspace(tmp_path, point(), point(model=BIG, accuracy=0.62, low=low, high=0.65))
        found = running(ws, text)
        assert [note.startswith("its 90 % interval and that of the pick overlap") for note in found.notes] == (
            [True] if overlaps else []
        )
    assert running(workspace(tmp_path, point()), text).notes == ()


def test_what_runs_is_bound_by_no_limit_of_the_pick_and_carries_what_keeps_waiting_short(tmp_path):
    ws = workspace(tmp_path, point())
    options = {"task": "mine", "gpu": "h100-sxm", "qps": 0.5, "running": "qwen3-8b on 1xh100-sxm at 16"}
    free, limited = (advisor.recommend(ws, **options, **more).running for more in ({}, {"max_tpot": "8ms"}))
    assert limited.candidate == free.candidate
    assert free.candidate.concurrency == 16
    assert free.candidate.replicas == 1


def test_what_runs_over_several_tasks_is_the_mean_of_them(tmp_path):
    ws = workspace(tmp_path, point(), point(task="other", accuracy=0.9, low=0.85, high=0.95, generated_tokens=3000.0))
    options = {"task": ["mine:0.25", "other:0.75"], "gpu": "h100-sxm"}
    runs = advisor.recommend(ws, **options, running="qwen3-8b on 1xh100-sxm at 16").running
    assert runs.accuracy.value == pytest.approx(0.25 * 0.5 + 0.75 * 0.9)
    assert runs.candidate.generated_tokens == pytest.approx(0.25 * 1000 + 0.75 * 3000)
    longer = advisor.recommend(
        ws, task="mine", gpu="h100-sxm", input_tokens=5000, running="qwen3-8b on 1xh100-sxm at 16"
    ).running
    assert longer.candidate.tokens == pytest.approx(5000 + 1000)
