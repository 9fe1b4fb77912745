"""A real vLLM server against its prediction: its metrics beside what clients measured, and a batch limit by name."""

import asyncio
import json
import random
from itertools import pairwise

import numpy as np
import pytest

import advisor
from advisor.engines.adaptive import FixedLimit
from advisor.engines.metrics import MetricsPage
from advisor.engines.timed import TimedClient
from advisor.profiler.cpu import measured_cpu
from advisor.verification import page as names
from advisor.verification.page import parse_page
from advisor.verification.seen import Reading, seen_on_pages
from tests.testbed.conftest import Served
from tests.testbed.folders import folder

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("vllm")
pytest.importorskip("prometheus_client")
LIMIT = 4
LOAD = {"input_tokens": 40, "output_tokens": 48}


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """A model whose steps take milliseconds, so that the engine and not the way to it takes the time."""
    path = folder(tmp_path_factory.mktemp("larger") / "model")
    config = json.loads((path / "config.json").read_text())
    config |= {
        "hidden_size": 512,
        "intermediate_size": 2048,
        "num_hidden_layers": 8,
        "layer_types": ["full_attention"] * 8,
    }
    config |= {"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64}
    (path / "config.json").unlink()
    (path / "config.json").write_text(json.dumps(config))
    return path


@pytest.fixture(scope="module")
def limited(larger, tmp_path_factory):
    """A server that takes four requests at once."""
    log = tmp_path_factory.mktemp("limited") / "log"
    served = Served(str(larger), log, "--load-format", "dummy", "--max-num-seqs", str(LIMIT))
    try:
        yield served.wait()
    finally:
        served.kill()


async def answered(url, model, requests, in_flight):
    """The readings around so many requests, and the timings that their clients took."""
    draw, places = random.Random(0), asyncio.Semaphore(in_flight)
    async with TimedClient(url, model, limit=FixedLimit(in_flight)) as client, MetricsPage(url) as shown:

        async def one():
            async with places:
                return await client.timed([draw.randrange(10, 32) for _ in range(40)], draw.randrange(16, 33))

        await asyncio.gather(*(one() for _ in range(in_flight)))  # what is done only once
        readings = [Reading(0.0, parse_page(await shown.read(), None, where=shown.url))]
        timings = await asyncio.gather(*(one() for _ in range(requests)))
        readings.append(Reading(1.0, parse_page(await shown.read(), None, where=shown.url)))
    return readings, timings


def width(histogram, value):
    """Of the bucket that a value is in, and of its neighbours."""
    bounds = (0.0, *histogram.bounds[:-1])
    at = next(i for i, (_, high) in enumerate(pairwise(bounds)) if value <= high)
    return bounds[min(at + 2, len(bounds) - 1)] - bounds[max(at - 1, 0)]


def test_quantiles_of_the_page_are_those_of_the_clients_within_a_bucket(limited, larger):
    readings, timings = asyncio.run(answered(limited.url, str(larger), 60, LIMIT // 2))
    seen = seen_on_pages(readings, where="page")
    assert seen.n_requests == 60
    assert seen.prompt_tokens == 40
    assert seen.generated_tokens == pytest.approx(np.mean([t.generated_tokens for t in timings]))
    streamed = [t for t in timings if t.tpot_s > 0.05 * seen.tpot_s.mean]  # the others came in one piece
    for kind, times, values, shares in (
        (names.TTFT, seen.ttft_s, [t.ttft_s for t in streamed], (0.5,)),  # late ones are the busy machine's
        (names.TPOT, seen.tpot_s, [t.tpot_s for t in streamed], (0.5, 0.9)),
        (names.ANSWER, seen.request_s, [t.request_s for t in timings], (0.5, 0.9)),
    ):
        histogram = readings[1].page.histogram(kind)
        for share in shares:
            theirs, found = float(np.quantile(values, share)), times.p50 if share == 0.5 else times.p90
            print(f"{kind[0]}, {share:.0%}: clients {theirs:.4f} s, page {found:.4f} s")
            assert abs(found - theirs) <= width(histogram, found)


def test_a_batch_limit_is_named_and_the_loads_are_kept(limited, larger, tmp_path):
    ws = advisor.Workspace(tmp_path / "ours")
    measured_cpu(ws)
    name = advisor.import_model(ws, larger, name="larger").model
    server = {"url": limited.url, "metrics": limited.url, "served_model": str(larger)}
    runs = [advisor.verify(ws, model=name, gpu="cpu", **server, **LOAD, concurrency=c) for c in (1, 2, LIMIT)]
    advisor.fit(ws)
    assert all((tmp_path / "ours" / "measurements" / "runs" / f"{run.run_id}.parquet").exists() for run in runs)
    for run in runs:
        assert {f.name: f.verdict for f in run.figures}["waiting requests"] == "inside"
        assert "batch limit" not in [cause.name for cause in run.causes]
    over = advisor.verify(ws, model=name, gpu="cpu", **server, **LOAD, concurrency=4 * LIMIT)
    assert not over.as_predicted
    assert over.causes[0].name == "batch limit"
    assert f"limited to {LIMIT}" in over.causes[0].evidence
