"""Which engine is opened, and how its coroutines are run."""

import asyncio
import threading
import time
from importlib.util import find_spec

import pytest

from advisor.engines.adaptive import FixedLimit
from advisor.engines.connect import Endpoint, options, policy, rewards, run, timed, weights
from advisor.engines.openai import Client
from advisor.engines.protocol import Prompting, Sampling
from advisor.engines.rewards import StepMarks
from advisor.engines.timed import TimedClient
from advisor.errors import AdvisorError, MissingAbility
from tests.calibration.serving import MODEL, REWARD_MODEL, serving
from tests.engines.serving import serving as chat_serving
from tests.known import spec_of


def test_settings_are_read_as_numbers_and_booleans():
    assert options(["a=1", "b=-2", "c=0.5", "d=TRUE", "e=false", "f=x=y", "g=", "h=1e-3"]) == {
        "a": 1,
        "b": -2,
        "c": 0.5,
        "d": True,
        "e": False,
        "f": "x=y",
        "g": "",
        "h": 1e-3,
    }
    assert isinstance(options(["a=1"])["a"], int)
    for text in ("a", "=1", "a-b=1"):
        with pytest.raises(AdvisorError, match=r"--engine-option: .* is no setting"):
            options([text])


def test_weights_are_a_folder_or_the_full_id(tmp_path):
    assert weights(str(tmp_path), "name") == str(tmp_path)
    assert weights("qwen3-8b", "Qwen/Qwen3-8B") == "Qwen/Qwen3-8B"


def test_a_server_is_the_engine_where_there_is_one(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    async def opened(url):
        async with (
            policy(Endpoint(url, MODEL), {}, limit=FixedLimit(3)) as generate,
            rewards(Endpoint(url, REWARD_MODEL), StepMarks("="), {}) as score,
            timed(Endpoint(url, MODEL), spec_of(MODEL), {}) as (timer, facts),
        ):
            assert isinstance(generate, Client)
            assert isinstance(timer, TimedClient)
            assert generate._http.headers["Authorization"] == "Bearer secret"
            assert generate.served.endpoint == "completions"  # this server has no chat template
            assert (facts.max_context, facts.vocabulary) == (spec_of(MODEL).max_context, spec_of(MODEL).vocabulary)
            drawn = await generate.generate("Q 1+1\n", "", Sampling(seed=1))
            return drawn, await score.score("Q 1+1\n", "1+1=2\n")

    with serving() as server:
        drawn, scored = asyncio.run(opened(server.url))
    assert drawn.text.endswith("\n")
    assert scored.rewards == (0.7,)


def test_what_stands_around_a_prompt_reaches_the_server():
    async def asked(url, prompting):
        async with policy(Endpoint(url, "tiny"), {}, prompting=prompting) as engine:
            await engine.generate("Q", "", Sampling())
            return engine.served.endpoint

    with chat_serving() as server:
        assert asyncio.run(asked(server.url, Prompting(system_prompt="Be brief."))) == "chat"
        assert server.bodies[-1]["messages"][0] == {"role": "system", "content": "Be brief."}
        assert asyncio.run(asked(server.url, Prompting(plain=True))) == "completions"
        assert server.bodies[-1]["prompt"] == "Q"


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is here")
@pytest.mark.parametrize(
    "engine",
    [
        lambda: policy("some/model", {}),
        lambda: rewards("some/model", StepMarks(), {}),
        lambda: timed("some/model", spec_of(MODEL), {}),
    ],
)
def test_without_a_server_it_is_vllm_in_this_process(engine):
    async def opened():
        async with engine():
            pass

    with pytest.raises(MissingAbility, match="vLLM is not installed; pip install 'frontier-advisor"):
        asyncio.run(opened())


def test_a_coroutine_runs_with_and_without_a_running_loop():
    async def thread():
        await asyncio.sleep(0)
        return threading.current_thread()

    async def notebook():
        return run(thread())

    async def fails():
        raise AdvisorError("so")

    async def failing_notebook():
        run(fails())

    assert run(thread()) is threading.main_thread()
    assert asyncio.run(notebook()) is not threading.main_thread()
    with pytest.raises(AdvisorError, match="so"):
        asyncio.run(failing_notebook())


def test_an_interrupt_in_a_notebook_closes_what_was_opened(monkeypatch):
    closed = []

    async def forever():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    def interrupted(future, timeout=None):
        time.sleep(0.1)
        raise KeyboardInterrupt

    async def notebook():
        monkeypatch.setattr("concurrent.futures.Future.result", interrupted)
        run(forever())

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(notebook())
    assert closed
    assert time.monotonic() - started < 10
