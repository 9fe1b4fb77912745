"""Timing requests of any OpenAI-compatible server, over its streamed completions."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from advisor.engines.bounded import lines, reason
from advisor.engines.protocol import EngineFailure
from advisor.engines.replies import mapping, whole
from advisor.engines.server import Server, before
from advisor.engines.timing import Timing

STREAM_BYTES = 1 << 20
BYTES_AN_EVENT = 8192
"""Of a streamed token with everything around it, some hundred bytes in practice."""


class TimedClient(Server):
    """Sends prompts of token ids and reads the answer as it streams; the count of tokens is the server's."""

    async def timed(self, prompt: list[int], generated_tokens: int) -> Timing:
        """See Timed. A server that does not take ignore_eos may answer shorter: that is a failure.

        A connection that breaks before a byte of the answer came, as when very many open at once, is opened once more
        and timed anew.
        """
        body = {
            "model": self.model,
            "prompt": prompt,
            "temperature": 1.0,
            "top_p": 1.0,
            "max_tokens": generated_tokens,
            "min_tokens": generated_tokens,
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        async with self._admission.place(self._admission.turn(), generated_tokens):
            with self.masking():
                try:
                    timing = await self._streamed(body)
                except _Unanswered:
                    timing = await self._streamed(body)
        if timing.generated_tokens != generated_tokens:
            raise EngineFailure(f"the server generated {timing.generated_tokens} tokens, not {generated_tokens}")
        return timing

    async def _streamed(self, body: dict[str, Any]) -> Timing:
        """One request, timed. Raises EngineFailure, _Unanswered."""
        tokens = body["max_tokens"]
        begun, first, last, count, answered = time.perf_counter(), 0.0, 0.0, 0, False
        try:
            async with (
                before(self.deadline_s(tokens)),
                self._http.stream("POST", f"{self.root}/v1/completions", json=body) as reply,
            ):
                answered = True
                if reply.status_code != 200:
                    raise EngineFailure(f"HTTP {reply.status_code}: {await reason(reply)}")
                async for line in lines(reply, STREAM_BYTES + tokens * BYTES_AN_EVENT):
                    event = _event(line)
                    if event.get("choices"):
                        last = time.perf_counter()
                        first = first or last
                    usage = mapping(event.get("usage") or {}, "usage")
                    count = whole(usage.get("completion_tokens") or count, "completion_tokens")
        except (httpx.HTTPError, ValueError, TypeError, RecursionError) as error:
            what = f"{type(error).__name__}: {error}"
            broken = isinstance(error, httpx.NetworkError | httpx.ProtocolError)
            raise (_Unanswered(what) if broken and not answered else EngineFailure(what)) from None
        if not first:
            raise EngineFailure("the server streamed no token")
        return Timing(first - begun, last - begun, count)


class _Unanswered(EngineFailure):
    """The connection broke before anything came back."""


def _event(line: str) -> dict[str, Any]:
    """The object of a `data:` line of server-sent events; empty for any other line."""
    text = line.removeprefix("data:").strip()
    if not line.startswith("data:") or text == "[DONE]":
        return {}
    event = json.loads(text)
    return event if isinstance(event, dict) else {}
