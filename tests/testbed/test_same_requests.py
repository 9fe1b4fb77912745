"""The same questions in process and over HTTP mean the same: to the token, whatever the model's folder recommends."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from advisor.engines.connect import Endpoint
from advisor.engines.openai import Client
from advisor.engines.probe import probed
from advisor.engines.protocol import EngineFailure, Prompting, Sampling
from advisor.engines.vllm import Policy
from advisor.errors import MissingAbility
from advisor.strategies.thinking_budget import thinking_budget
from advisor.tasks.arithmetic import questions
from tests.testbed.conftest import SETTINGS, Served
from tests.testbed.folders import TEMPLATE, folder

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("vllm")

PROMPTS = [q.prompt for q in questions(6)]
GREEDY = Sampling(temperature=0.0, max_tokens=48)
DRAWS = 8


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A model with a chat template whose publisher recommends top_k 1, in process and behind a server."""
    path = folder(
        tmp_path_factory.mktemp("chat") / "model", template=TEMPLATE, generation={"top_k": 1, "eos_token_id": 1}
    )
    server = Served(str(path), tmp_path_factory.mktemp("log") / "server.log")
    try:
        yield str(path), Endpoint(server.wait().url, str(path))
    finally:
        server.kill()


@pytest.fixture(scope="module")
def engines(loop, sources):
    """Both, each opened once: vLLM takes half a minute to start."""
    folder, server = sources

    async def opened():
        here = await Policy(folder, **SETTINGS).__aenter__()
        there = await Client(server.url, server.served_model).__aenter__()
        await there.check()
        return here, there

    both = loop(opened())
    yield both
    for engine in both:
        loop(engine.__aexit__(None, None, None))


async def prompted(engine, prompting):
    opened = engine.open(prompting)
    if isinstance(engine, Client):
        await opened
    return engine


@pytest.fixture
def both(loop, engines):
    """What a coroutine of an engine gives in process and over HTTP."""

    async def one(engine, work, prompting):
        return await work(await prompted(engine, prompting))

    return lambda work, prompting=Prompting(): [loop(one(engine, work, prompting)) for engine in engines]


def drawn(*samplings, partial=""):
    async def work(engine):
        return await asyncio.gather(*(engine.generate(p, partial, s) for p in PROMPTS for s in samplings))

    return work


def said(completions):
    return [(c.text, c.generated_tokens, c.finish_reason, c.stopped_at) for c in completions]


def tokens(completions):
    return [c.prompt_tokens + c.cached_tokens for c in completions]


def test_what_a_publisher_recommends_never_applies_unasked(both, sources):
    samplings = [Sampling(seed=seed, max_tokens=48) for seed in range(DRAWS)]
    here, there = both(drawn(*samplings))
    distinct = [len({(i // DRAWS, c.text) for i, c in enumerate(found)}) for found in (here, there)]
    assert distinct[0] == distinct[1] > len(PROMPTS)  # over six questions
    _, server = sources
    body = {"model": server.served_model, "prompt": PROMPTS[0], "max_tokens": 48, "temperature": 1.0}
    answers = [
        httpx.post(f"{server.url}/v1/completions", json=body | {"seed": s}, timeout=60).json() for s in range(DRAWS)
    ]
    assert len({answer["choices"][0]["text"] for answer in answers}) == 1  # where it is not sent it applies


@pytest.mark.parametrize(
    "changed",
    [
        {"top_k": 2, "temperature": 1.0, "seed": 5},
        {"min_p": 0.3, "temperature": 1.0, "seed": 5},
        {"top_p": 0.5, "temperature": 1.0, "seed": 5},
        {"frequency_penalty": 1.5, "temperature": 1.5, "seed": 5},
        {"presence_penalty": 2.0, "temperature": 1.5, "seed": 5},
        {"repetition_penalty": 1.5},
        {"stop": ("\n",)},
        {"max_tokens": 5},
    ],
    ids=str,
)
def test_every_parameter_does_the_same(both, changed):
    here, there = both(drawn(replace(GREEDY, **changed)))
    assert said(here) == said(there)
    unchanged, _ = both(drawn(replace(GREEDY, temperature=changed.get("temperature", 0.0), seed=changed.get("seed"))))
    assert said(here) != said(unchanged)


@pytest.mark.parametrize(
    "prompting",
    [
        Prompting(),
        Prompting(plain=True),
        Prompting(system_prompt="Q 1+1\nA 2"),
        Prompting(system_prompt="Q 1+1\nA 2", plain=True),
        Prompting(few_shot=(("Q 2+2\n", "A 4"), ("Q 3+3\n", "A 6"))),
        Prompting(chat_options=(("enable_thinking", True),)),
        Prompting(chat_options=(("enable_thinking", False),)),
    ],
    ids=str,
)
@pytest.mark.parametrize("partial", ["", "1+1=2"])
def test_what_stands_around_a_prompt_is_the_same(both, prompting, partial):
    if partial and dict(prompting.chat_options).get("enable_thinking"):
        pytest.skip("a server that continues an answer leaves out what opens one")
    here, there = both(drawn(GREEDY, partial=partial), prompting)
    assert tokens(here) == tokens(there)
    assert said(here) == said(there)
    around = len(prompting.text("")) if prompting.plain else None
    if around is not None:
        assert tokens(here) == [len(prompt) + len(partial) + around for prompt in PROMPTS]


def test_options_reach_the_template(both):
    with_it, _ = both(drawn(GREEDY), Prompting(chat_options=(("enable_thinking", True),)))
    without, _ = both(drawn(GREEDY))
    assert [a - b for a, b in zip(tokens(with_it), tokens(without), strict=True)] == [len("1+1=2\n")] * len(PROMPTS)


@pytest.mark.parametrize("at", [0, 1], ids=["in process", "over HTTP"])
def test_what_a_template_does_not_take_is_told(loop, engines, at):
    with pytest.raises(MissingAbility, match=r"^--system-prompt: .*No such system"):
        loop(prompted(engines[at], Prompting(system_prompt="2+2")))
    with pytest.raises(MissingAbility, match=r"^--chat-option: enable_thinking would have no effect"):
        loop(prompted(engines[at], Prompting(plain=True, chat_options=(("enable_thinking", True),))))


def test_both_say_the_same_of_themselves_and_of_the_run(both):
    async def asked(engine):
        searched = await probed(engine, engine.served, PROMPTS, Sampling(max_tokens=4096), step_delimiter="\n")
        with pytest.raises(EngineFailure):
            await engine.generate("1" * 300, "", GREEDY)
        return engine.served, searched

    here, there = both(asked)
    assert here == there
    served, probe = here
    assert (served.engine, served.endpoint, served.context_tokens, served.unsent) == ("vllm", "chat", 256, ())
    assert probe.max_tokens == 256 - 1 - max(len(prompt) for prompt in PROMPTS)
    assert len(probe.notes) == 1


def test_a_thought_that_was_cut_is_continued_alike(both):
    async def asked(engine):
        return await asyncio.gather(*(thinking_budget(engine, p, replace(GREEDY, seed=1), 4, "\nA ") for p in PROMPTS))

    here, there = both(asked)
    assert [found.traces for found in here] == [found.traces for found in there]
    assert "forced" in {trace.finish_reason for found in here for trace in found.traces}
