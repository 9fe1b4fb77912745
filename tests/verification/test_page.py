"""Pages of metrics are read as what they say, and refused in one line where they are anything else."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError, MissingAbility
from advisor.printable import is_printable
from advisor.verification import page as module
from advisor.verification.page import Histogram, check_installed, parse_page
from tests.verification.made import NAMES, TIME_BOUNDS, Answered, State, text

pytest.importorskip("prometheus_client")
TEN = [Answered(ttft_s=0.1 * i, tpot_s=0.01 * i, prompt_tokens=100 * i, generated_tokens=10 * i) for i in range(1, 11)]


@pytest.mark.parametrize("release", NAMES)
def test_every_release_says_the_same(release):
    state = State(TEN, running=3, waiting=2, cache_use=0.4, queries=50, hits=5, preemptions=7, release=release)
    page = parse_page(text(state), None, where="page")
    assert page.value(module.RUNNING) == 3
    assert page.value(module.WAITING) == 2
    assert page.value(module.CACHE_USE) == 0.4
    assert (page.value(module.QUERIES), page.value(module.HITS)) == (50, 5)
    assert page.value(module.PREEMPTIONS) == 7
    assert page.value(module.OUTPUT) == 550
    assert page.kv_cache_tokens == 160_000
    for names, mean in ((module.TTFT, 0.55), (module.TPOT, 0.055), (module.PROMPT, 550), (module.GENERATED, 55)):
        found = page.histogram(names)
        assert found.count == 10
        assert found.mean == pytest.approx(mean)


def test_engines_are_summed_and_their_caches_averaged():
    one = State(TEN, running=3, cache_use=0.2, engine="0")
    other = State(TEN[:5], running=1, cache_use=0.4, engine="1")
    page = parse_page(text(one, other), None, where="page")
    assert page.engines == 2
    assert page.value(module.RUNNING) == 4
    assert page.value(module.CACHE_USE) == pytest.approx(0.3)
    assert page.histogram(module.TTFT).count == 15
    assert page.kv_cache_tokens == 320_000


def test_of_several_models_one_has_to_be_named():
    both = text(State(TEN, model="a"), State(TEN[:4], model="b"))
    with pytest.raises(AdvisorError, match="several models \\(a, b\\); name one with --served-model"):
        parse_page(both, None, where="page")
    assert parse_page(both, "b", where="page").histogram(module.TTFT).count == 4
    with pytest.raises(AdvisorError, match="unknown model 'c'"):
        parse_page(both, "c", where="page")


GOOD = text(State(TEN))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("", "no metrics of vLLM"),
        ("<html><body>It works</body></html>", "no page of metrics"),
        ('{"data": []}', "no metrics of vLLM|no page of metrics"),
        ('node_load1 0.3\nprocess_cpu_seconds_total{a="b"} 3\n', "no metrics of vLLM"),
        ("vllm:num_requests_running", "no page of metrics"),
        ('vllm:num_requests_running{model_name="a"} 1\n', "lacks vllm:time_to_first_token_seconds"),
        (GOOD.replace("generation_tokens_total", "generation_tokens_whole"), "lacks vllm:generation_tokens_total"),
        (GOOD.replace('le="+Inf"', 'le="9e9"'), "no whole histogram"),
        (GOOD.replace('le="+Inf"', 'le="many"'), "bucket up to 'many'"),
        (GOOD.replace('le="+Inf"', 'le="NaN"'), "bucket up to 'NaN'"),
        *(
            (GOOD.replace('model_name="tiny"} 0.1\n', f'model_name="tiny"}} {value}\n'), "no such figure")
            for value in ("NaN", "+Inf", "-Inf", "-1", "1e300")
        ),
        ("\x00\x1b[31m" + GOOD, "no page of metrics"),
    ],
)
def test_any_other_text_is_refused_in_one_line(bad, said):
    with pytest.raises(AdvisorError, match=said) as refused:
        parse_page(bad, None, where="http://host/metrics")
    line = str(refused.value)
    assert line.startswith("http://host/metrics: ")
    assert line.isprintable()


@given(st.lists(st.floats(0.0005, 9.9), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
@settings(max_examples=60)
def test_quantiles_are_within_a_bucket_of_the_true_ones(values, share):
    bounds = (*TIME_BOUNDS["time_to_first_token_seconds"], math.inf)
    found = Histogram(bounds, tuple(float(sum(x <= b for x in values)) for b in bounds), sum(values))
    true = float(np.quantile(values, share, method="inverted_cdf"))
    low, high = next((low, high) for low, high in pairwise((0.0, *bounds)) if low < true <= high)
    assert low <= found.quantile(share) <= high
    assert found.quantile(0.5) <= found.quantile(0.9) <= found.quantile(0.99)


def test_a_histogram_without_observations_has_no_figures():
    empty = Histogram((1.0, math.inf), (0.0, 0.0), 0.0)
    assert math.isnan(empty.mean)
    assert math.isnan(empty.quantile(0.5))
    assert empty.variation == 0


def test_variation_is_that_of_the_values():
    values = np.random.default_rng(0).gamma(4.0, 0.1, 4000)
    bounds = (*np.linspace(0.02, 3, 150).tolist(), math.inf)
    found = Histogram(bounds, tuple(float((values <= b).sum()) for b in bounds), float(values.sum()))
    assert found.variation == pytest.approx(0.5, rel=0.05)


def test_without_the_library_the_command_that_brings_it(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingAbility, match=r"pip install 'frontier-advisor\[verify\]'"):
        check_installed()


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 40), st.text(max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_damaged_page_is_read_or_refused(at, length, instead):
    damaged = GOOD[:at] + instead + GOOD[at + length :]
    said = ""
    try:
        parse_page(damaged, None, where="page")
    except AdvisorError as refused:
        said = str(refused)
    assert is_printable(said)
