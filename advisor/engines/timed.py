"""Timing requests of any OpenAI-compatible server, over its streamed completions."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from advisor.engines.protocol import EngineFailure
from advisor.engines.replies import mapping, whole
from advisor.engines.server import Server
from advisor.engines.timing import Timing


class TimedClient(Server):
    """Sends prompts of token ids and reads the answer as it streams; the count of tokens is the server's."""

    async def facts(self) -> tuple[str, int | None]:
        """Version and longest context, as far as the server reports them."""
        version: str | None = None
        try:
            version = (await self._http.get(f"{self.root}/version")).json()["version"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            version = None
        served = (await self._http.get(f"{self.root}/v1/models")).json()["data"]
        context = next((entry.get("max_model_len") for entry in served if entry["id"] == self.model), None)
        sound = isinstance(context, int) and not isinstance(context, bool) and context > 0
        return str(version or ""), context if sound else None

    async def timed(self, prompt: list[int], generated_tokens: int) -> Timing:
        """See Timed. A server that does not take ignore_eos may answer shorter: that is a failure.

        A connection that breaks before a byte of the answer came, as when very many open at once, is opened once more
        and timed anew.
        """
        body = {
            "model": self.model,
            "prompt": prompt,
            "max_tokens": generated_tokens,
            "min_tokens": generated_tokens,
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        async with self.room:
            try:
                timing = await self._streamed(body)
            except _Unanswered:
                try:
                    timing = await self._streamed(body)
                except _Unanswered as error:
                    raise EngineFailure(str(error)) from None
        if timing.generated_tokens != generated_tokens:
            raise EngineFailure(f"the server generated {timing.generated_tokens} tokens, not {generated_tokens}")
        return timing

    async def _streamed(self, body: dict[str, Any]) -> Timing:
        """One request, timed. Raises EngineFailure, _Unanswered."""
        begun, first, last, count, answered = time.perf_counter(), 0.0, 0.0, 0, False
        try:
            async with self._http.stream("POST", f"{self.root}/v1/completions", json=body) as answer:
                answered = True
                if answer.status_code != 200:
                    reason = (await answer.aread()).decode(errors="replace")
                    raise EngineFailure(f"HTTP {answer.status_code}: {' '.join(reason.split())[:200]}")
                async for line in answer.aiter_lines():
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


class _Unanswered(Exception):
    """The connection broke before anything came back."""


def _event(line: str) -> dict[str, Any]:
    """The object of a `data:` line of server-sent events; empty for any other line."""
    text = line.removeprefix("data:").strip()
    if not line.startswith("data:") or text == "[DONE]":
        return {}
    event = json.loads(text)
    return event if isinstance(event, dict) else {}
