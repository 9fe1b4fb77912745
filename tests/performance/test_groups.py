"""A few runs of a model move what differs between models, and the intervals say how far to trust it."""

from dataclasses import fields, replace

import numpy as np
import pytest

from advisor.performance.corrections import TERMS, Correction, loads
from advisor.performance.groups import (
    COEFFICIENTS,
    LEVELS,
    N_EFFICIENCIES,
    OF_PRECISION,
    Alike,
    Origin,
    Prior,
    blocks_of,
    bounded,
    corrections,
    efficiencies_alone,
    estimate_prior,
    learn,
    level_of,
    linearised,
    on_unmeasured_gpu,
    sensitivities,
    variance,
)
from advisor.performance.observed import Runs
from advisor.performance.ordered import OfShape
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, serving, shifted
from advisor.provenance import Provenance
from tests.known import runs_of

BASE = Efficiency()
KEY = ("vllm", "h100-sxm", "bf16")
LOADS = [(i, o, c) for i, o in ((512, 512), (4096, 512), (1024, 2048)) for c in (1, 2, 4, 8, 16, 32, 64, 128)]
PRIOR = Prior(np.full((len(LEVELS), len(COEFFICIENTS)), 0.05), np.array([0.03**2, 0.03**2]))


def made(truth, *, model="Qwen/Qwen3-30B-A3B", noise=0.03, seed=0, loads=LOADS, engine="vllm", timed=True):
    columns = dict(
        zip(("prompt_tokens", "generated_tokens", "concurrency"), map(np.array, zip(*loads, strict=True)), strict=True)
    )
    text = {
        "model": model,
        "gpu": "h100-sxm",
        "parallelism": "tp2",
        "precision": "bf16",
        "kv_precision": "bf16",
        "engine": engine,
    }
    columns |= {name: np.full(len(loads), value) for name, value in text.items()}
    unknown = np.full(len(loads), np.nan)
    asked = runs_of(columns | dict.fromkeys(("ttft_s", "tpot_s", "request_s", "output_tokens_per_s"), unknown))
    result = serving(asked.demand, asked.hardware, truth, asked.concurrency, asked.max_sequences)
    factor = np.exp(np.random.default_rng(seed).normal(0, noise, (2, len(loads))))
    times = {"tpot_s": result.tpot_s * factor[0], "ttft_s": result.ttft_s * factor[1] if timed else unknown}
    return runs_of(columns | times | dict.fromkeys(("request_s", "output_tokens_per_s"), unknown))


def own_correction(runs, prior=PRIOR):
    """That of the one GPU, engine and precision."""
    found = corrections(
        runs, as_arrays(runs), prior, Origin(np.full(len(runs), "here"), np.zeros(len(runs), dtype=bool))
    )
    return next(correction for (_, gpu, _, precision), correction in found.items() if gpu and precision)


def strayed(**shifts):
    """The base with some efficiencies moved."""
    return shifted(BASE, [shifts.get(name, 0) for name in COEFFICIENTS[:N_EFFICIENCIES]])


def as_arrays(runs, efficiency=BASE):
    return Efficiency(*(np.full(len(runs), float(getattr(efficiency, name))) for name in COEFFICIENTS[:N_EFFICIENCIES]))


def predicted(runs, correction, spread=1.6):
    speed = Speed(BASE, spread, Provenance.FITTED, "test", OfShape(correction, np.asarray(True), ()))
    return predict(runs.demand, runs.hardware, speed, runs.concurrency, runs.max_sequences)


def test_sensitivities_are_the_slopes_of_the_predictions():
    runs = made(BASE, noise=0)
    decode, ttft, by_decode, by_ttft = sensitivities(runs, as_arrays(runs))
    assert np.abs(decode).max() < 1e-9
    assert np.abs(ttft).max() < 1e-9
    step = 1e-3
    for i in range(N_EFFICIENCIES):
        shift = np.zeros(N_EFFICIENCIES)
        shift[i] = step
        moved = serving(runs.demand, runs.hardware, shifted(BASE, shift), runs.concurrency, runs.max_sequences)
        assert np.log(moved.tpot_s / runs.tpot_s) / step == pytest.approx(by_decode[:, i], abs=2e-3)
        assert np.log(moved.ttft_s / runs.ttft_s) / step == pytest.approx(by_ttft[:, i], abs=2e-2)
    assert (by_decode[:, N_EFFICIENCIES : N_EFFICIENCIES + len(TERMS)] == by_ttft[:, -len(TERMS) :]).all()


def test_no_evidence_no_change():
    runs = made(BASE, noise=0)
    posterior = learn(runs, as_arrays(runs), PRIOR)
    assert np.abs(posterior.mean).max() < 1e-6


def test_many_runs_of_one_load_count_as_many():
    """As do runs of loads that differ in the last digits, none of which stands for another."""
    loads = [LOADS[i] for i in (0, 3, 3, 9, 3, 0, 14, 14)]
    same = made(strayed(weights=0.3), loads=loads, noise=0.2)
    same.ttft_s[[1, 6]] = np.nan
    apart = replace(same, concurrency=same.concurrency * (1 + 1e-11 * np.arange(len(loads))))
    one, other = (learn(runs, as_arrays(runs), PRIOR) for runs in (same, apart))
    assert Alike.of(same, as_arrays(same)).first.tolist() == [True, True, True, True, False, False, True, True]
    assert Alike.of(apart, as_arrays(apart)).first.all()
    assert one.mean == pytest.approx(other.mean, abs=1e-6)
    assert one.covariance == pytest.approx(other.covariance, abs=1e-6)
    assert one.excess == pytest.approx(other.excess, rel=1e-6)
    assert one.excess > 1


def test_one_round_is_the_textbook_posterior():
    """Against the formula of Bayesian linear regression, with errors small enough that no weight falls."""
    runs = made(shifted(BASE, np.full(N_EFFICIENCIES, 0.002)), noise=1e-4)
    blocks = blocks_of([KEY])
    line = linearised(runs, as_arrays(runs), blocks, np.zeros(len(blocks) * len(COEFFICIENTS)))
    variances = np.concatenate([PRIOR.variances[LEVELS.index(level_of(block))] for block in blocks])
    k = line.x @ np.diag(variances) @ line.x.T + np.eye(len(line.y)) * PRIOR.noise[0]
    expected = np.diag(variances) @ line.x.T @ np.linalg.solve(k, line.y)
    assert learn(runs, as_arrays(runs), PRIOR).mean == pytest.approx(expected, abs=2e-4)


def test_uncertainty_is_that_of_the_textbook():
    """Against Gaussian process regression: prior variance of each prediction less what the runs explain."""
    runs = made(BASE, noise=0, timed=False)
    posterior = learn(runs, as_arrays(runs), PRIOR)
    blocks = blocks_of([KEY])
    line = linearised(runs, as_arrays(runs), blocks, np.zeros(len(blocks) * len(COEFFICIENTS)))
    prior = line.x @ (0.05 * line.x.T)
    # where errors are nil, Student's weights are (4 + 1)/4 of the normal distribution's
    noise = PRIOR.noise[0] * 4 / 5 * np.eye(len(line.y))
    expected = np.diag(prior - prior @ np.linalg.solve(prior + noise, prior))
    found = variance(posterior, runs, BASE, KEY)
    assert found == pytest.approx(expected, rel=0.02)
    correction = own_correction(runs)
    assert np.log(correction.spread) == pytest.approx(1.6449 * np.sqrt(expected.mean() + PRIOR.noise[0]), rel=0.01)


def test_each_engine_and_precision_has_a_correction_of_its_own():
    """Two engines of one model: what both have in common, and what only one of them has."""
    slow, fast = (
        made(strayed(weights=s), model="Qwen/Qwen3-32B", engine=e, noise=0.01)
        for s, e in ((-0.8, "vllm"), (0.8, "sglang"))
    )
    both = joined([slow, fast])
    origin = Origin(np.array(["a"] * 24 + ["b"] * 20 + ["c"] * 4), np.arange(48) >= 44)
    found = corrections(both, as_arrays(both), PRIOR, origin)
    everywhere = ((gpu, precision) for gpu in ("", "h100-sxm") for precision in ("", "bf16"))
    assert set(found) == {("Qwen--Qwen3-32B", g, e, p) for g, p in everywhere for e in ("vllm", "sglang")}
    own = {key[2]: correction for key, correction in found.items() if key[1] and key[3]}
    weights = COEFFICIENTS.index("weights")
    assert own["vllm"].shifts[weights] < 0 < own["sglang"].shifts[weights]
    assert (own["vllm"].source, own["sglang"].source) == ("a", "b; c")
    assert (own["vllm"].n_runs, own["sglang"].n_runs) == (24, 24)
    assert (own["vllm"].n_own, own["sglang"].n_own) == (0, 4)
    assert own["vllm"].low.tolist() == loads_of(slow).min(axis=0).tolist()
    assert own["vllm"].high.tolist() == loads_of(slow).max(axis=0).tolist()
    for runs, name in ((slow, "vllm"), (fast, "sglang")):
        corrected = predicted(runs, own[name]).serving
        assert np.median(np.abs(runs.log_errors(corrected)[0])) < 0.02


def test_blocks_hold_for_the_model_an_engine_a_gpu_under_it_and_a_precision_on_all_of_them():
    keys = [("vllm", "a", "fp8"), ("sglang", "a", "fp8"), ("vllm", "b", "bf16"), ("vllm", "a", "fp8")]
    blocks = blocks_of(keys)
    assert blocks == (
        ("", "", ""),
        ("sglang", "", ""),
        ("vllm", "", ""),
        ("sglang", "a", ""),
        ("vllm", "a", ""),
        ("vllm", "b", ""),
        ("sglang", "", "fp8"),
        ("vllm", "", "bf16"),
        ("vllm", "", "fp8"),
    )
    assert [level_of(block) for block in blocks] == ["model", *["engine"] * 2, *["gpu"] * 3, *["precision"] * 3]


def test_an_engine_never_seen_has_what_the_group_has():
    runs = made(strayed(weights=0.6))
    posterior = learn(runs, as_arrays(runs), PRIOR)
    n = len(COEFFICIENTS)
    model, engine, gpu, precision = posterior.mean.reshape(4, n)
    assert posterior.coefficients(("other", "h100-sxm", "bf16")) == pytest.approx(model)
    assert posterior.coefficients(("vllm", "other", "other")) == pytest.approx(model + engine)
    assert posterior.coefficients(("vllm", "h100-sxm", "other")) == pytest.approx(model + engine + gpu)
    assert posterior.coefficients(KEY) == pytest.approx(model + engine + gpu + bounded(precision))


def test_a_precision_changes_little_and_only_what_keeps_order():
    most = dict(zip(COEFFICIENTS, bounded(np.full(len(COEFFICIENTS), 9.0)), strict=True))
    assert {name: size for name, size in most.items() if size < 9} == OF_PRECISION
    runs = straying(0.3, 0.02)
    of_precision = estimate_prior(runs, as_arrays(runs)).variances[LEVELS.index("precision")]
    moving = {name for name, variance in zip(COEFFICIENTS, of_precision, strict=True) if variance > 1e-6}
    assert moving <= set(OF_PRECISION)


def test_errors_that_the_prior_does_not_expect_widen_the_interval():
    """Three runs, two of them outliers: what is learned is as uncertain as they are."""
    few = LOADS[2:5]
    alike, torn = made(BASE, noise=0.01, loads=few), made(BASE, noise=0.01, loads=few)
    torn.tpot_s[0] *= 2
    torn.tpot_s[2] /= 2
    assert own_correction(torn).spread > 1.5 > 1.15 > own_correction(alike).spread


def test_far_away_truths_are_reached_in_steps():
    """Five times as slow in reading: Gauss-Newton needs several bounded steps, and gets there."""
    truth = strayed(weights=-1.6, experts=-1.6)
    runs = made(truth, noise=0.001)
    variances = PRIOR.variances.copy()
    variances[:-1] = 4.0
    wide = Prior(variances, PRIOR.noise)
    correction = own_correction(runs, wide)
    corrected = predicted(runs, correction).serving
    assert np.abs(runs.log_errors(corrected)[0]).max() < 0.05


def test_efficiencies_alone_leave_no_smooth_terms():
    runs = made(strayed(weights=0.6))
    posterior = learn(runs, as_arrays(runs), efficiencies_alone(PRIOR))
    shifts, rest = np.split(posterior.coefficients(KEY), [N_EFFICIENCIES])
    assert np.abs(rest).max() < 1e-4 < 0.05 < np.abs(shifts).max()
    assert (efficiencies_alone(PRIOR).variances[:, :N_EFFICIENCIES] == 0.05).all()
    assert (PRIOR.variances == 0.05).all()  # the one handed in stays as it was


def test_six_runs_predict_the_rest_of_a_model_that_strays():
    truth = strayed(
        weights=-0.6, experts=-1.0, kv=-0.6, link=0.5, skew=0.3, kernel_s=0.8, step_s=0.7, first_s=0.8, grouped=-0.5
    )
    runs = made(truth)
    seen = np.zeros(len(runs), dtype=bool)
    seen[[0, 3, 7, 11, 16, 21]] = True
    correction = own_correction(runs.where(seen))
    rest = runs.where(~seen)
    blind = serving(rest.demand, rest.hardware, BASE, rest.concurrency, rest.max_sequences)
    taught = predicted(rest, correction).serving
    before, after = (np.abs(rest.log_errors(p)[0]) for p in (blind, taught))
    assert np.median(before) > 0.2
    assert np.median(after) < 0.06
    assert np.mean(after < np.log(correction.spread)) > 0.8
    assert correction.n_runs == 6


def test_an_outlier_is_not_believed():
    runs = made(BASE, noise=0.01)
    runs.tpot_s[5] *= 4
    correction = own_correction(runs)
    taught = predicted(runs, correction).serving
    others = np.arange(len(runs)) != 5
    assert np.abs(runs.log_errors(taught)[0][others]).max() < 0.1


def test_whole_requests_alone_teach_too():
    truth = strayed(kernel_s=1.0, step_s=1.0)
    timed = made(truth, noise=0)
    request_s = timed.ttft_s + timed.tpot_s * (np.asarray(timed.demand.generated_tokens) - 1)
    timed.request_s[:], timed.tpot_s[:], timed.ttft_s[:] = request_s, np.nan, np.nan
    correction = own_correction(timed)
    taught = predicted(timed, correction).serving
    assert np.abs(timed.log_errors(taught)[0]).max() < 0.1


def test_the_prior_expects_groups_to_stray_as_far_as_they_did():
    models = (
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-14B",
        "Qwen/Qwen3-32B",
        "Qwen/Qwen3-4B",
        "Qwen/Qwen2.5-7B-Instruct",
        "Qwen/Qwen2.5-32B-Instruct",
    )
    expected = {}
    for far in (0.1, 1.0):
        rng = np.random.default_rng(3)
        groups = [
            made(strayed(weights=-abs(rng.normal(0, far)), kernel_s=rng.normal(0, far)), model=m, seed=i)
            for i, m in enumerate(models)
        ]
        together = joined(groups)
        prior = estimate_prior(together, as_arrays(together))
        decode, _, by_decode, _ = sensitivities(together, as_arrays(together))
        expected[far] = np.mean(
            np.einsum("nc,c,nc->n", by_decode, prior.variances.sum(axis=0), by_decode) + prior.noise[0]
        )
        assert prior.noise[0] < 0.005
    assert 0.15 < expected[1.0] / np.mean(decode**2) < 4
    assert expected[0.1] < expected[1.0] / 2


def straying(far, noise, models=("Qwen/Qwen3-8B", "Qwen/Qwen3-14B", "Qwen/Qwen3-32B", "Qwen/Qwen3-4B")):
    rng = np.random.default_rng(3)
    truths = [strayed(weights=rng.normal(0, far)) for _ in models]
    groups = [
        made(truth, model=m, seed=i, noise=noise) for i, (m, truth) in enumerate(zip(models, truths, strict=True))
    ]
    return joined(groups)


def test_noise_is_what_is_left_over_and_not_what_the_groups_were_fitted_to():
    """The squares that remain after a fit are too small by what the fit took up, which is given back."""
    runs = straying(0.3, 0.1)
    drawn = np.mean([np.random.default_rng(s).normal(0, 0.1, (2, len(LOADS))) ** 2 for s in range(4)], axis=(0, 2))
    assert estimate_prior(runs, as_arrays(runs)).noise == pytest.approx(drawn, rel=0.15)


def test_no_group_is_expected_to_stray_further_than_the_bounds():
    """Efficiencies by a variance of 0.5, smooth terms by 0.05, however far these groups are from the fit."""
    runs = straying(5.0, 0.03)
    variances = estimate_prior(runs, as_arrays(runs)).variances
    assert variances[:, :N_EFFICIENCIES].max() <= 0.5
    assert 0.02 < variances[:, N_EFFICIENCIES:].max() <= 0.05


def joined(groups):
    """Runs of all the groups."""

    def column(part, name):
        return np.concatenate([getattr(getattr(g, part), name) if part else getattr(g, name) for g in groups])

    nested = [
        type(getattr(groups[0], part))(*(column(part, f.name) for f in fields(getattr(groups[0], part))))
        for part in ("demand", "hardware")
    ]
    return Runs(*nested, *(column("", f.name) for f in fields(Runs)[2:]))


def test_an_unmeasured_gpu_is_less_certain():
    of_gpu = LEVELS.index("gpu")
    more = on_unmeasured_gpu(PRIOR).variances - PRIOR.variances
    assert (more[of_gpu, :N_EFFICIENCIES] > 0).all()
    assert (np.delete(more, of_gpu, axis=0) == 0).all()
    added = dict(zip(COEFFICIENTS, more[of_gpu], strict=True))
    assert np.exp(np.sqrt(added["kernel_s"])) == pytest.approx(
        10, rel=0.3
    )  # launch overheads: a factor of ten at one standard deviation
    assert added["step_s"] == added["collective_s"] == added["kernel_s"] > added["weights"] == added["burst"] > 0.5
    assert added["tpot constant"] == 0
    assert (PRIOR.variances == 0.05).all()


def test_beyond_what_was_measured_the_interval_is_no_narrower_than_without():
    measured, asked = (
        made(BASE, loads=[(1024, 512, 4), (1024, 512, 64)]),
        made(BASE, loads=[(1024, 512, 16), (1024, 512, 256), (9000, 512, 16)]),
    )
    still, ranges = np.zeros(len(TERMS)), (f(loads_of(measured), axis=0) for f in (np.min, np.max))
    correction = Correction(np.zeros(N_EFFICIENCIES), still, still, *ranges, np.zeros(2), np.zeros(2), 1.1, 2, "here")
    assert predicted(asked, correction, spread=1.5).spread.tolist() == [1.1, 1.5, 1.5]
    assert predicted(asked, correction, spread=1.05).spread.tolist() == [1.1, 1.1, 1.1]


def loads_of(runs):
    return loads(runs.demand, runs.hardware, runs.concurrency)
