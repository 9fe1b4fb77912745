"""The client against a real local server that misbehaves in every way a server can."""

import asyncio

import pytest

from advisor.engines import server as engine_server
from advisor.engines.adaptive import FixedLimit
from advisor.engines.openai import Client
from advisor.engines.protocol import EngineFailure, Prompting, Sampling
from advisor.errors import MissingAbility
from tests.engines.serving import GOOD, USAGE, in_turn, refusing, said, serving


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.01)


def drawn(server, *, n=1, concurrency=4, timeout_s=5.0, model="tiny", **sampling):
    """Completions of a client that was not opened: it writes completions as vLLM takes them."""

    async def run():
        async with Client(server.url, model, limit=FixedLimit(concurrency), timeout_s=timeout_s) as client:
            await client.check()
            return await asyncio.gather(*(client.generate("Q", " 1", Sampling(**sampling)) for _ in range(n)))

    return asyncio.run(run())


def opened(server, prompting=Prompting(), partial="", **sampling):
    """What an opened client says of the server, a completion, and the request for it; earlier ones opened it."""

    async def run():
        async with Client(server.url, "tiny", timeout_s=5.0) as client:
            await client.check()
            await client.open(prompting)
            return client.served, await client.generate("Q", partial, Sampling(**sampling))

    served, completion = asyncio.run(run())
    return served, completion, server.bodies[-1]


def test_what_is_asked_and_what_comes_back():
    with serving(in_turn()) as server:
        (c,) = drawn(server, stop=("\n",), seed=7, max_tokens=5, temperature=0.6)
    assert (c.text, c.generated_tokens, c.prompt_tokens, c.cached_tokens, c.finish_reason, c.stopped_at) == (
        "42\n",
        3,
        2,
        8,
        "stop",
        "\n",
    )
    assert server.bodies == [
        {
            "model": "tiny",
            "prompt": "Q 1",
            "max_tokens": 5,
            "temperature": 0.6,
            "top_p": 1.0,
            "top_k": 0,
            "min_p": 0.0,
            "frequency_penalty": 0.0,
            "presence_penalty": 0.0,
            "repetition_penalty": 1.0,
            "stop": ["\n"],
            "include_stop_str_in_output": True,
            "seed": 7,
        }
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"top_k": 20},
        {"min_p": 0.05},
        {"presence_penalty": 0.5},
        {"frequency_penalty": -0.5},
        {"repetition_penalty": 1.1},
        {"top_p": 0.9},
    ],
)
def test_every_parameter_is_sent_as_it_was_given(given):
    with serving() as server:
        _, _, body = opened(server, **given)
    assert given.items() <= body.items()


@pytest.mark.parametrize("fault", [429, 500, 502, 503, "drop", "truncate", (200, b"<html>")])
def test_faults_that_pass_are_retried(fault):
    with serving(in_turn(fault, fault)) as server:
        assert drawn(server)[0].text == "42\n"
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    ("fault", "tries"),
    [(400, 1), (404, 1), ({"choices": []}, 1), ({"choices": [{"text": "x", "finish_reason": "stop"}]}, 1), (500, 6)],
)
def test_faults_that_stay_fail_the_request(fault, tries):
    with serving(in_turn(*[fault] * 9)) as server, pytest.raises(EngineFailure):
        drawn(server)
    assert len(server.bodies) == tries


def test_no_more_requests_than_allowed_are_in_flight():
    with serving(in_turn()) as server:
        assert len(drawn(server, n=40, concurrency=3)) == 40
    assert server.busiest <= 3


def test_nobody_there_and_another_model():
    with serving() as server:
        url = server.url
        with pytest.raises(MissingAbility, match="does not serve 'other' but tiny"):
            drawn(server, model="other")

    async def check():
        async with Client(url, "tiny") as client:
            await client.check()

    with pytest.raises(MissingAbility, match="no OpenAI-compatible server answers"):
        asyncio.run(check())


PROMPTING = Prompting(
    system_prompt="Be brief.",
    few_shot=(("1+1?", "2"),),
    chat_options=(("enable_thinking", False), ("reasoning_effort", "low")),
)


def test_a_chat_is_the_turns_and_its_template_s_options_and_the_answer_begun():
    with serving() as server:
        served, _, body = opened(server, PROMPTING, partial="so")
    assert (served.endpoint, served.unsent, server.paths[-1]) == ("chat", (), "/v1/chat/completions")
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "so"},
    ]
    assert body["chat_template_kwargs"] == {"enable_thinking": False, "reasoning_effort": "low"}
    assert body["reasoning_effort"] == "low"
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    with serving() as server:
        _, _, fresh = opened(server)
    assert fresh["messages"] == [{"role": "user", "content": "Q"}]
    assert not {"continue_final_message", "chat_template_kwargs", "reasoning_effort", "stop", "seed"} & set(fresh)
    assert len(server.bodies) == 3  # two to open


@pytest.mark.parametrize("plain", [False, True])
def test_without_a_chat_template_and_plainly_everything_is_one_text(plain):
    with serving(refusing(chat=plain)) as server:
        served, completion, body = opened(server, Prompting(plain, "Be brief.", (("1+1?", "2"),)), partial=" so")
    assert (served.endpoint, server.paths[-1], completion.text) == ("completions", "/v1/completions", "42\n")
    assert body["prompt"] == "Be brief.\n\n1+1?2\n\nQ so"
    assert "messages" not in body
    assert any("messages" in each for each in server.bodies) == (not plain)


@pytest.mark.parametrize("chat", [True, False])
def test_what_a_server_refuses_is_left_out_and_named(chat):
    with serving(refusing("min_p", "repetition_penalty", "seed", chat=chat)) as server:
        served, completion, body = opened(server, seed=3, top_k=5)
    assert served.unsent == ("min_p", "repetition_penalty", "seed")
    assert completion.text == "42\n"
    assert not {"min_p", "repetition_penalty", "seed"} & set(body)
    assert (body["top_k"], body["frequency_penalty"], body["presence_penalty"]) == (5, 0.0, 0.0)
    assert len(server.bodies) < 20


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [
        ("top_k", 20, "--top-k"),
        ("min_p", 0.1, "--min-p"),
        ("repetition_penalty", 1.2, "--repetition-penalty"),
        ("presence_penalty", -1.0, "--presence-penalty"),
        ("frequency_penalty", 0.1, "--frequency-penalty"),
    ],
)
def test_what_is_refused_and_would_change_something_is_no_silent_default(name, value, flag):
    with serving(refusing(name)) as server, pytest.raises(MissingAbility, match=f"^{flag}: .*does not take {name};"):
        opened(server, **{name: value})
    with serving(refusing(name)) as server:
        assert opened(server)[0].unsent == (name,)
        assert opened(server, top_k=-1)[0].unsent == (name,)


def test_a_top_k_of_every_token_is_written_as_the_server_has_it():
    def answer(path, body):
        return (400, {"error": "top_k must be -1 or at least 1"}) if body.get("top_k") == 0 else said("42")

    with serving(answer) as server:
        served, _, body = opened(server)
        assert (served.unsent, body["top_k"]) == ((), -1)
        assert opened(server, top_k=4)[2]["top_k"] == 4


def test_refused_stop_strings_matter_only_to_who_needs_them():
    with serving(refusing("stop")) as server:
        assert opened(server)[1].text == "42\n"
        with pytest.raises(MissingAbility, match=r"takes no stop strings.*--strategy|--strategy: .*no stop strings"):
            opened(server, stop=("\n",))


def test_options_of_the_template_that_do_not_arrive_are_told():
    effort = Prompting(chat_options=(("reasoning_effort", "low"),))
    thinking = Prompting(chat_options=(("enable_thinking", False),))
    with serving(refusing("chat_template_kwargs")) as server:
        body = opened(server, effort)[2]
        assert body["reasoning_effort"] == "low"
        assert "chat_template_kwargs" not in body
        with pytest.raises(MissingAbility, match=r"^--chat-option: enable_thinking would have no effect: the server"):
            opened(server, thinking)
    with serving(refusing("reasoning_effort")) as server:
        assert opened(server, effort)[2]["chat_template_kwargs"] == {"reasoning_effort": "low"}
    with (
        serving(refusing("reasoning_effort", "chat_template_kwargs")) as server,
        pytest.raises(MissingAbility, match=r"^--chat-option: reasoning_effort"),
    ):
        opened(server, effort)
    with serving(refusing(chat=False)) as server, pytest.raises(MissingAbility, match="no chat template is applied"):
        opened(server, thinking)


def test_a_template_without_a_system_role_is_told():
    def answer(path, body):
        roles = [turn["role"] for turn in body["messages"]]
        return (400, {"error": "System role not supported"}) if "system" in roles else said("42")

    with serving(answer) as server:
        with pytest.raises(MissingAbility, match=r"^--system-prompt: .*System role not supported"):
            opened(server, Prompting(system_prompt="Be brief."))
        assert opened(server, Prompting(few_shot=(("a", "b"),)))[0].endpoint == "chat"


def test_a_server_that_neither_takes_nor_refuses_is_not_taken_for_one_without_a_template():
    with serving(in_turn(then=503)) as server, pytest.raises(MissingAbility, match=r"does not answer \(HTTP 503"):
        opened(server)
    with serving(in_turn(then=401)) as server, pytest.raises(MissingAbility, match=r"without its key \(HTTP 401"):
        opened(server)
    with serving(in_turn(then=400)) as server, pytest.raises(MissingAbility, match="takes no such requests"):
        opened(server)


@pytest.mark.parametrize(
    ("models", "version", "expected"),
    [
        ({"owned_by": "vllm", "max_model_len": 4096}, {"version": "0.32.0"}, ("vllm", "0.32.0", 4096)),
        ({"owned_by": "vllm"}, 404, ("vllm", "", None)),
        ({"owned_by": "vllm", "max_model_len": -1}, {"version": [1]}, ("vllm", "", None)),
        ({"owned_by": "sglang", "max_model_len": 4096}, {"version": "9"}, ("sglang", "", 4096)),
        ({"owned_by": "somebody", "max_model_len": True}, {"version": "9"}, ("", "", None)),
        ({"owned_by": ["vllm"], "max_model_len": 10**30}, {"version": "9"}, ("", "", None)),
        ({}, 404, ("", "", None)),
    ],
)
def test_what_is_known_of_the_engine_is_said_and_nothing_else(models, version, expected):
    with serving(gets={"/v1/models": {"data": [{"id": "tiny", **models}]}, "/version": version}) as server:
        served = opened(server)[0]
    assert (served.engine, served.version, served.context_tokens) == expected


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("reason", ["stop", "length"])
def test_reasoning_is_apart_from_the_answer_and_never_the_answer(name, nothing, reason):
    with serving(in_turn(then=said(nothing, reason, **{name: "so 42"}))) as server:
        completion = opened(server)[1]
    assert (completion.text, completion.reasoning, completion.finish_reason) == ("", "so 42", reason)
    with serving(in_turn(then=said("42", **{name: "so"}))) as server:
        completion = opened(server)[1]
    assert (completion.text, completion.reasoning) == ("42", "so")


def test_a_thought_kept_by_the_server_and_one_that_is_no_text():
    with serving(in_turn(then=said(None, "length"))) as server:
        assert (opened(server)[1].text, opened(server)[1].reasoning) == ("", "")
    for nonsense in (["so"], {"text": "so"}, "\ud800"):
        with serving(in_turn(then=said(None, reasoning=nonsense))) as server, pytest.raises(EngineFailure):
            opened(server)


@pytest.mark.parametrize(
    ("reply", "text", "stopped_at"),
    [
        (said("a\n"), "a\n", "\n"),  # echoes it
        (said("a\n", stop_reason="\n"), "a\n", "\n"),
        (said("a", stop_reason="\n"), "a\n", "\n"),  # names it, as vLLM does
        (said("a", matched_stop="\n"), "a\n", "\n"),  # as SGLang does
        (said("a", stop_reason=None), "a", ""),  # ended by itself
        (said("a", stop_reason=151645), "a", ""),  # at a token
        (said("a", stop_reason="</s>"), "a", ""),  # at no string of ours
        (said("a"), "a", ""),
        (said("a\n", "length"), "a\n", ""),
        (said("a", "length", stop_reason="\n"), "a", ""),
        (said("a##"), "a##", "##"),
        (said("a", stop_reason="##"), "a##", "##"),
        (said("", stop_reason="\n", reasoning="so"), "", "\n"),
    ],
)
def test_the_stop_string_is_in_the_text_whether_echoed_or_named(reply, text, stopped_at):
    with serving(in_turn(said("Hi"), said("Hi"), reply)) as server:
        completion = opened(server, stop=("\n", "##"))[1]
    assert (completion.text, completion.stopped_at) == (text, stopped_at)


def test_a_server_that_refuses_to_echo_the_stop_names_it():
    with serving(in_turn(then=said("a", stop_reason="\n"))) as server:
        refusal = refusing("include_stop_str_in_output")
        answer = server.answer
        server.answer = lambda path, body: refusal(path, body) if "include_stop_str_in_output" in body else answer(0, 0)
        served, completion, body = opened(server, stop=("\n",))
    assert (body["stop"], completion.text, completion.stopped_at, served.unsent) == (["\n"], "a\n", "\n", ())


@pytest.mark.parametrize(("counted", "recorded"), [(4, 4), (5, 5), (6, 5)])
def test_the_token_that_ends_an_answer_may_count_beside_its_cap(counted, recorded):
    with serving(in_turn(then=GOOD | {"usage": USAGE | {"completion_tokens": counted}})) as server:
        assert drawn(server, max_tokens=5)[0].generated_tokens == recorded


def test_more_tokens_than_that_are_a_failure():
    with (
        serving(in_turn(then=GOOD | {"usage": USAGE | {"completion_tokens": 7}})) as server,
        pytest.raises(EngineFailure, match="completion_tokens is 7"),
    ):
        drawn(server, max_tokens=5)
