"""Profiles of a tiny dense and a tiny mixture-of-experts model on real vLLM; predictions of loads that no fit saw."""

import csv
import statistics
from dataclasses import asdict

import duckdb
import pytest

import advisor
from advisor.errors import AdvisorError, MissingAbility
from advisor.profiler.coverage import load_of
from tests.testbed.conftest import MODELS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("vllm")

ENGINE = {
    "enforce_eager": True,
    "max_model_len": 256,
    "kv_cache_memory_bytes": 64 << 20,
    "block_size": 32,
    "max_num_seqs": 64,
}
OPTIONS = [f"{name}={value}" for name, value in ENGINE.items()]
COLUMNS = ("prompt_tokens", "generated_tokens", "concurrency", "ttft_s", "tpot_s", "request_s", "output_tokens_per_s")
LEAST = 8


@pytest.mark.parametrize("model", ["small", "moe"])
def test_a_profile_predicts_what_it_did_not_see(tmp_path, model):
    everything, part = advisor.Workspace(tmp_path / "all"), advisor.Workspace(tmp_path / "part")
    folder = str(MODELS / model)
    steps = []
    done = advisor.profile(
        everything,
        model=folder,
        dummy_weights=True,
        time="20s",
        within=0.05,
        engine_option=OPTIONS,
        progress=steps.append,
    )
    runs = done.loads
    assert len(runs) == len(steps) >= LEAST
    seen = runs[::2]  # in turns, since a shared machine's speed drifts while they are measured
    known = {load_of(run) for run in seen}
    unseen = [run for run in runs if load_of(run) not in known]
    assert {run.status for run in runs} == {"ok"}
    assert {(run.precision, run.kv_precision) for run in runs} == {("bf16", "bf16")}
    assert 0 < runs[0].kv_cache_bytes <= ENGINE["kv_cache_memory_bytes"]
    assert done.coverage.n_predicted == len({load_of(run) for run in runs})
    assert runs[0].power_w is None  # no GPU here
    assert runs[0].start_s > 0
    assert duckdb.sql(f"select count(*) from '{done.path}'").fetchall() == [(len(runs),)]
    assert bool(done.notes) == (model == "moe")

    (part.own / "profiles").mkdir(parents=True)
    (part.own / "profiles" / "gpus.csv").write_text((everything.own / "profiles" / "gpus.csv").read_text())
    advisor.import_model(part, folder)

    def error():
        """Median over the loads that the second workspace has not seen."""
        return statistics.median(abs(predicted(run) / run.tpot_s - 1) for run in unseen)

    def predicted(run):
        return advisor.estimate(
            part,
            model=model,
            gpu="cpu",
            input_tokens=int(run.prompt_tokens),
            output_tokens=int(run.generated_tokens),
            concurrency=int(run.concurrency),
        ).tpot_s

    before = error()
    with (tmp_path / "seen.csv").open("w", newline="") as out_file:
        writer = csv.DictWriter(out_file, ["model", "gpu", *COLUMNS], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(asdict(run) for run in seen)
    advisor.import_runs(part, tmp_path / "seen.csv")
    advisor.fit(part)
    after = error()
    print(f"{model}: median error {before:.0%} before, {after:.0%} from {len(seen)} of {len(runs)} loads")
    assert after < max(before, done.half_width)  # on a busy machine it is as far off as the profile says
    assert after < max(0.5, done.half_width)


def test_weights_of_32_bit_are_refused(tmp_path):
    options = {"dummy_weights": True, "time": "5s", "engine_option": [*OPTIONS, "dtype=float32"]}
    with pytest.raises(AdvisorError, match=r"--precision: the engine runs weights in float32.*dtype=bfloat16"):
        advisor.profile(advisor.Workspace(tmp_path), model=str(MODELS / "small"), **options)


def test_trained_experts_are_not_used_uniformly(tmp_path):
    ws = advisor.Workspace(tmp_path)
    options = {"routing": "arithmetic", "time": "10s", "within": 1.0, "engine_option": OPTIONS}
    done = advisor.profile(ws, model=str(MODELS / "moe"), **options)
    routing = done.routing
    assert {run.expert_skew for run in done.loads} == {routing.skew}
    fewest = routing.experts_per_token / routing.n_experts
    assert all(fewest <= share <= 1 for _, share in routing.share_by_tokens)
    print(f"skew {routing.skew:.2f}, of {routing.n_experts} experts by tokens in a step: {routing.share_by_tokens}")
    assert routing.skew > 0.1
    for (_, counted), (_, uniform) in zip(routing.share_by_tokens, routing.uniform_share_by_tokens, strict=True):
        assert counted <= uniform + 0.02
    with pytest.raises(AdvisorError, match="no experts"):
        advisor.profile(ws, model=str(MODELS / "small"), **options)


def test_over_http(servers, tmp_path):
    ws = advisor.Workspace(tmp_path)
    options = {"model": str(MODELS / "small"), "url": servers[0].url, "gpu": "l4"}
    done = advisor.profile(ws, **options, served_model="small", time="10s")
    runs = [run for run in done.loads if run.status == "ok"]  # a broken connection costs a load, not the profile
    assert runs
    assert all(run.ttft_s < run.request_s for run in runs)
    assert all(run.prompt_tokens + run.generated_tokens <= 256 for run in runs)
    with pytest.raises(MissingAbility, match="does not serve"):
        advisor.profile(ws, **options, served_model="nobody")
    with pytest.raises(AdvisorError, match="--gpu"):
        advisor.profile(ws, **options | {"gpu": None}, served_model="small")
