"""Secrets of an address and keys: used, and never shown."""

import asyncio
import base64

import pytest

from advisor.engines.address import Address, key_in, masked, shown_url
from advisor.engines.connect import Endpoint, check_url, policy, rewards
from advisor.engines.openai import Client
from advisor.engines.protocol import EngineFailure, Sampling
from advisor.engines.rewards import StepMarks
from advisor.errors import AdvisorError, MissingAbility
from tests.engines.serving import in_turn, serving


@pytest.mark.parametrize(
    ("url", "root", "login"),
    [
        ("http://host:8000/v1/", "http://host:8000", None),
        ("https://host/proxy/v1", "https://host/proxy", None),
        ("http://[::1]:8000", "http://[::1]:8000", None),
        ("http://me:pa%40ss@host/v1", "http://host", ("me", "pa@ss")),
        ("http://token@host", "http://host", ("token", "")),
    ],
)
def test_an_address_is_taken_apart(url, root, login):
    address = Address.parse(url)
    assert (address.root, address.login) == (root, login)
    assert "pa" not in repr(address)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:secret@host/v1", "http://***@host/v1"),
        ("me:secret@host", "***@host"),
        ("http://me:se/c@ret@host:x/v1", "http://***@host:x/v1"),
        ("ftp://host/v1?key=secret", "ftp://host/v1?***"),
        ("localhost:1", "localhost:1"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert shown_url(url) == shown


def test_urls_that_are_none_are_refused_without_their_secrets():
    for url in ("ftp://me:secret@host", "http://me:secret@host:99999", "http://host/v1?key=secret", "me:secret@host"):
        with pytest.raises(AdvisorError, match=r"^--url: .* is no address of a server") as raised:
            check_url(url, where="--url")
        assert "secret" not in str(raised.value)
    check_url("http://me:secret@host/v1", where="--url")
    assert "secret" not in repr(Endpoint("http://me:secret@host/v1", "m"))


def test_longer_secrets_are_masked_first():
    assert masked("me:pass pass", ["pass", "me:pass", ""]) == "*** ***"


def test_what_is_left_of_a_secret_where_a_text_was_cut_is_masked_too():
    assert masked("bad sk-12…", ["sk-12345"]) == "bad ***…"
    assert masked("['bad sk-12...']", ["sk-12345"]) == "['bad ***...']"
    assert masked("bad sk…", ["sk-12345"]) == "bad sk…"


KEY, PASSWORD = "sk-very-secret", "pass-word"


def everything_said(server_answer, gets=None):
    """Every message of a client whose server sends back what it was sent."""
    messages = []

    async def ask(url):
        async with Client(url, "tiny", api_key=KEY, timeout_s=2.0) as client:
            for attempt in (client.check, lambda: client.generate("Q", "", Sampling())):
                try:
                    await attempt()
                except (MissingAbility, EngineFailure) as error:
                    messages.append(f"{error} {error!r} {error.args} {getattr(error, 'what', '')}")
            messages.append(client.root)

    with serving(server_answer, gets) as server:
        asyncio.run(ask(server.url.replace("//", f"//me:{PASSWORD}@")))
        authorization = server.headers[-1]["Authorization"]
    return " ".join(messages), authorization


BASIC = base64.b64encode(f"me:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize("before", [0, 30, 180])
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_what_a_server_sends_back_of_a_secret_is_not_shown(monkeypatch, status, before):
    monkeypatch.setattr("advisor.engines.server.FIRST_WAIT_S", 0.001)
    echo = "x" * before + f"bad {KEY} {PASSWORD} me:{PASSWORD} Basic {BASIC}"
    listed = {"data": [{"id": f"{KEY} {PASSWORD}"}]} if status == 200 else {"error": echo}
    said, authorization = everything_said(in_turn(then=(status, {"choices": echo})), {"/v1/models": (status, listed)})
    assert authorization == f"Basic {BASIC}"
    assert "***" in said or before
    assert not any(secret[:6] in said for secret in (KEY, PASSWORD, BASIC))


def test_a_server_that_is_not_there_is_named_without_the_password():
    async def check():
        async with Client(f"http://me:{PASSWORD}@127.0.0.1:9/v1", "tiny", api_key=KEY) as client:
            await client.check()

    with pytest.raises(MissingAbility, match=r"http://127.0.0.1:9/v1: no OpenAI-compatible") as raised:
        asyncio.run(check())
    assert PASSWORD not in str(raised.value)


def test_a_key_goes_to_its_own_server_only(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("REWARD_KEY", "sk-rewards\n")
    monkeypatch.delenv("NO_KEY", raising=False)

    async def opened(url, variable):
        async with policy(Endpoint(url, "tiny"), {}):
            pass
        with pytest.raises(MissingAbility):  # it is no reward model
            async with rewards(Endpoint(url, "tiny", variable), StepMarks(), {}):
                pass

    for variable, sent in (("REWARD_KEY", "Bearer sk-rewards"), ("NO_KEY", None)):
        with serving() as server:
            asyncio.run(opened(server.url, variable))
        assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
        assert server.headers[-1].get("Authorization") == sent
        assert {h.get("Authorization") for h in server.headers} == {f"Bearer {KEY}", sent}


def test_a_key_that_no_header_can_hold_is_named_by_its_variable(monkeypatch):
    for key in ("sk-é", "sk-a\nsk-b"):
        monkeypatch.setenv("SOME_KEY", key)
        with pytest.raises(AdvisorError, match=r"^SOME_KEY: ") as raised:
            key_in("SOME_KEY")
        assert "sk-" not in str(raised.value)
    monkeypatch.setenv("SOME_KEY", "  ")
    assert key_in("SOME_KEY") is None
