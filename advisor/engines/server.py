"""Requests to an OpenAI-compatible server: retries, backoff, bounded concurrency, time and memory."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from advisor.engines.adaptive import FixedLimit, Limit
from advisor.engines.address import Address, masked
from advisor.engines.admission import Admission, Place
from advisor.engines.bounded import PLAIN, brief, decoded, reason
from advisor.engines.connections import Connections
from advisor.engines.protocol import EngineFailure
from advisor.engines.rate_limits import Rates, spent_s, stated_wait_s
from advisor.engines.replies import MOST_TOKENS, mapping, shown, spent
from advisor.errors import MOST_LISTED, MissingAbility

PLACES = 64
"""Requests in flight where nothing else is said."""
ATTEMPTS = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
CHECK_S = 30.0
"""For a question about the server itself, which no queue of prompts holds up."""
SECONDS_A_TOKEN = 0.2
"""That an answer may take at worst, beside the time that a request may wait."""
SHORT_S = 5.0
"""A shorter wait that a refusal states is its request's own; a longer one, as of a minute's limit, is everybody's."""
RETRIED = {408, 409, 429, 500, 502, 503, 504}
REFUSED = {429, 503}
"""Among them: the server is well, but has too much to do."""
OVERLOADED = {*REFUSED, 504}
"""From which fewer requests may help."""
NO_ENTRY = {401, 403}
MOST_BYTES = 64 << 20
"""Of a reply without a bound of its own: the rewards of a million tokens."""


class Refused(EngineFailure):
    """The server answered that it does not take the request; it would not take it the next time either."""

    def __init__(self, what: str, status: int = 400) -> None:
        super().__init__(what)
        self.status = status


class Passing(EngineFailure):
    """It may be taken the next time, after `wait_s` at least where the server says so; `busy`: it had no room."""

    def __init__(self, what: str, *, busy: bool = False, wait_s: float = 0.0) -> None:
        super().__init__(what)
        self.busy, self.wait_s = busy, wait_s


class Server:
    """A server at `url` (with or without /v1) serving `model`; use as an async context manager.

    `timeout_s` is for a request with all its tries, and grows with the tokens that it may generate.
    """

    name_flag, key_variable = "--served-model", "OPENAI_API_KEY"
    entry: Mapping[str, Any] = {}
    """What the server lists of the model, once it is checked."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        limit: Limit | None = None,
        rates: Rates | None = None,
        timeout_s: float = 600.0,
        api_key: str | None = None,
    ) -> None:
        address = Address.parse(url)
        self.root = address.root
        self.model = model
        self.timeout_s = timeout_s
        self._secrets = (*address.secrets, api_key or "")
        headers = PLAIN | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._http = Connections(headers, address.login)
        self._admission = Admission(limit or FixedLimit(PLACES), rates or Rates.of(None))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """Is there a server, and does it serve the model? Raises MissingAbility."""
        where = f"{self.root}/v1"
        try:
            entries = _models(await self.get("/v1/models"))
        except EngineFailure as failure:
            if isinstance(failure, Refused) and failure.status in NO_ENTRY:
                raise self.no_entry(failure) from None
            raise MissingAbility(
                f"no OpenAI-compatible server answers ({failure})", where=where, hint="start one: vllm serve MODEL"
            ) from None
        if self.model not in entries:
            names = [self.fit_to_show(name) for name in list(entries)[:MOST_LISTED]]
            more = ["…"] if len(entries) > MOST_LISTED else []
            what = f"does not serve {self.model!r} but {', '.join(names + more) or 'nothing'}"
            raise MissingAbility(what, where=where, hint=f"name it with {self.name_flag}")
        self.entry = entries[self.model]

    @property
    def context_tokens(self) -> int | None:
        """Longest prompt and answer together; None where the server does not say, or says nonsense."""
        length = self.entry.get("max_model_len")
        sound = isinstance(length, int) and not isinstance(length, bool) and 0 < length <= MOST_TOKENS
        return length if sound else None

    async def version(self) -> str:
        """Of the engine, as vLLM reports it; empty where the server does not."""
        try:
            found = mapping(await self.get("/version"), "body").get("version")
        except EngineFailure:
            return ""
        return self.fit_to_show(found) if isinstance(found, str) else ""

    def no_entry(self, refusal: Refused) -> MissingAbility:
        """The error for a server that wants a key, or another one."""
        hint = f"put the key of this server into {self.key_variable}"
        return MissingAbility(f"lets nobody in without its key ({refusal})", where=self.root, hint=hint)

    async def get(self, path: str) -> Any:
        """The decoded answer to one short question. Raises EngineFailure, Refused."""
        with self.masking():
            try:
                async with before(CHECK_S), self._http.stream("GET", f"{self.root}{path}") as reply:
                    if reply.status_code != 200:
                        raise Refused(f"HTTP {reply.status_code}: {await reason(reply)}", reply.status_code)
                    return await decoded(reply, MOST_BYTES)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
                raise EngineFailure(f"{type(error).__name__}: {error}") from None

    async def post(self, path: str, body: dict[str, Any], *, most_bytes: int = MOST_BYTES, tokens: int = 0) -> Any:
        """The decoded answer to a request for so many tokens.

        Raises EngineFailure, Refused where the server does not take such requests. Retried with growing, jittered
        waits, longer where the server says so. While a server answers others, those that it has no room for wait
        outside their deadline and are not given up.
        """
        content = {"model": self.model, **body}
        turn, deadline_s = self._admission.turn(), self.deadline_s(tokens)
        left_s, failures, refusals = deadline_s, 0, 0
        with self.masking():
            while True:
                try:
                    async with self._admission.place(turn, tokens, deadline_s) as place, before(left_s, deadline_s):
                        return await self._sent(path, content, most_bytes, place)
                except Passing as passing:
                    left_s -= time.monotonic() - place.begun_s
                    waits = passing.busy and self._admission.is_answering(deadline_s)
                    refusals, failures = refusals + waits, failures + (not waits)
                    if failures == ATTEMPTS:
                        raise EngineFailure(str(passing)) from None
                    tries = refusals if waits else failures - 1
                    longest_s = self._admission.longest_s if waits else LONGEST_WAIT_S
                    backoff_s = min(longest_s or LONGEST_WAIT_S, LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(tries, 10))
                    wait_s = max(passing.wait_s, backoff_s * random.uniform(0.5, 1.5))
                    if waits:
                        await asyncio.sleep(wait_s)
                    else:
                        async with before(left_s, deadline_s):
                            await asyncio.sleep(wait_s)
                        left_s -= wait_s

    async def _sent(self, path: str, content: dict[str, Any], most_bytes: int, place: Place) -> Any:
        """One try. Raises Passing, Refused, EngineFailure."""
        try:
            async with self._http.stream("POST", f"{self.root}{path}", json=content) as reply:
                if reply.status_code == 200:
                    answer = await decoded(reply, most_bytes)
                    place.answer(*spent(answer))
                    self._admission.close_until(place.begun_s + spent_s(reply.headers))
                    return answer
                place.overloaded = reply.status_code in OVERLOADED
                problem = f"HTTP {reply.status_code}: {await reason(reply)}"
                if reply.status_code not in RETRIED:
                    raise Refused(problem, reply.status_code)
                wait_s = stated_wait_s(reply.headers)
                if wait_s > SHORT_S:
                    self._admission.close_until(time.monotonic() + wait_s)
                raise Passing(problem, busy=reply.status_code in REFUSED, wait_s=wait_s)
        except asyncio.CancelledError:
            place.overloaded = True  # its time is up
            raise
        # the last two: an answer that is no JSON
        except (httpx.RequestError, ValueError, RecursionError) as error:
            place.overloaded = isinstance(error, httpx.TransportError)
            raise Passing(f"{type(error).__name__}: {error}") from None

    def deadline_s(self, tokens: int) -> float:
        """For a request that may generate so many tokens."""
        return self.timeout_s + tokens * SECONDS_A_TOKEN

    def fit_to_show(self, text: str) -> str:
        """What a server says, in brief, without the key and the password, which it may send back."""
        return brief(masked(text, self._secrets))

    @contextmanager
    def masking(self) -> Iterator[None]:
        """Failures leave it fit to be shown."""
        try:
            yield
        except EngineFailure as failure:
            failure.args = (self.fit_to_show(str(failure)),)
            raise


@asynccontextmanager
async def before(left_s: float, deadline_s: float | None = None) -> AsyncIterator[None]:
    """Ends what is done in it in time, of which there was `deadline_s` before. Raises EngineFailure."""
    try:
        async with asyncio.timeout(left_s):
            yield
    except TimeoutError:
        raise EngineFailure(f"no whole answer within {deadline_s or left_s:g} s") from None


def _models(listed: object) -> dict[str, Mapping[str, Any]]:
    """What a server lists of each model, by its name. Raises EngineFailure."""
    entries = mapping(listed, "body").get("data")
    if not isinstance(entries, list):
        raise EngineFailure(f"a list of models whose data is {shown(entries)}, not a list")
    sound = (entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str))
    return {entry["id"]: entry for entry in sound}
