"""Timing requests of any OpenAI-compatible server, over its streamed completions."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from advisor.engines.protocol import EngineFailure
from advisor.engines.server import Server
from advisor.engines.timing import Timing


class TimedClient(Server):
    """Sends prompts of token ids and reads the answer as it streams; the count of tokens is the server's."""

    async def facts(self) -> tuple[str, int | None]:
        """Version and longest context, as far as the server says."""
        version: str | None = None
        try:
            version = (await self._http.get(f"{self.root}/version")).json()["version"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            version = None
        served = (await self._http.get(f"{self.root}/v1/models")).json()["data"]
        context = next((entry.get("max_model_len") for entry in served if entry["id"] == self.model), None)
        return version or "", int(context) if context else None

    async def timed(self, prompt: list[int], generated_tokens: int) -> Timing:
        """See Timed. A server that does not take ignore_eos may answer shorter: that is a failure."""
        body = {
            "model": self.model,
            "prompt": prompt,
            "max_tokens": generated_tokens,
            "min_tokens": generated_tokens,
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        begun, first, last, count = time.perf_counter(), 0.0, 0.0, 0
        try:
            async with self.room, self._http.stream("POST", f"{self.root}/v1/completions", json=body) as answer:
                if answer.status_code != 200:
                    raise EngineFailure(f"HTTP {answer.status_code}: {' '.join((await answer.aread()).decode(errors='replace').split())[:200]}")
                async for line in answer.aiter_lines():
                    event = _event(line)
                    if event.get("choices"):
                        last = time.perf_counter()
                        first = first or last
                    count = int((event.get("usage") or {}).get("completion_tokens") or count)
        except (httpx.HTTPError, ValueError, TypeError) as error:
            raise EngineFailure(f"{type(error).__name__}: {error}") from None
        if not first or count != generated_tokens:
            raise EngineFailure(f"the server generated {count} tokens, not {generated_tokens}")
        return Timing(first - begun, last - begun, count)


def _event(line: str) -> dict[str, Any]:
    """The object of a `data:` line of server-sent events; empty for any other line."""
    text = line.removeprefix("data:").strip()
    if not line.startswith("data:") or text == "[DONE]":
        return {}
    event = json.loads(text)
    return event if isinstance(event, dict) else {}
