"""Any OpenAI-compatible server, over its completions endpoint: retries, backoff, bounded concurrency.

One request draws one completion, so that servers that refuse n > 1 work, and every completion has its own token count;
a prefix cache makes the repeated prompt cheap. Token counts are the server's.
"""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Any

import httpx

from advisor.engines.protocol import Completion, EngineFailure, Sampling
from advisor.errors import MissingAbility

ATTEMPTS = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
RETRIED = {408, 409, 429, 500, 502, 503, 504}


class Client:
    """A server at `url` (with or without /v1) serving `model`; use as an async context manager."""

    def __init__(self, url: str, model: str, *, concurrency: int = 64, timeout_s: float = 600.0, api_key: str | None = None) -> None:
        base = url.rstrip("/")
        self.base = base if base.endswith("/v1") else f"{base}/v1"
        self.model = model
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(timeout_s, connect=10.0), limits=limits, headers=headers)
        self._room = asyncio.Semaphore(concurrency)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """Is there a server, and does it serve the model? Raises MissingAbility."""
        try:
            answer = await self._http.get(f"{self.base}/models")
            served = [str(entry["id"]) for entry in answer.json()["data"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise MissingAbility(f"no OpenAI-compatible server answers ({type(error).__name__})", where=self.base, mend="start one: vllm serve MODEL") from None
        if self.model not in served:
            raise MissingAbility(f"does not serve {self.model!r} but {', '.join(served)}", where=self.base, mend="name it with --served-model")

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate."""
        body = {
            "model": self.model,
            "prompt": prompt + partial,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "frequency_penalty": sampling.frequency_penalty,
            **({"stop": list(sampling.stop), "include_stop_str_in_output": True} if sampling.stop else {}),
            **({"seed": sampling.seed} if sampling.seed is not None else {}),
        }
        async with self._room:
            return _completion(await self._post("/completions", body), sampling)

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        """The decoded answer; retried with growing, jittered waits, longer where the server says so."""
        problem = "nothing"
        for attempt in range(ATTEMPTS):
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt) * random.uniform(0.5, 1.5)
            try:
                answer = await self._http.post(f"{self.base}{path}", json=body)
                if answer.status_code == 200:
                    return answer.json()
                problem = f"HTTP {answer.status_code}: {' '.join(answer.text.split())[:200]}"
                if answer.status_code not in RETRIED:
                    break
                wait = max(wait, _seconds(answer.headers.get("retry-after")))
            except (httpx.TransportError, ValueError) as error:  # ValueError: an answer that is no JSON
                problem = f"{type(error).__name__}: {error}"
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(wait)
        raise EngineFailure(problem)


def _seconds(text: str | None) -> float:
    """A Retry-After header in seconds; zero where it is absent or a date."""
    try:
        return min(float(text or 0), LONGEST_WAIT_S)
    except ValueError:
        return 0.0


def _completion(answer: Any, sampling: Sampling) -> Completion:
    try:
        choice, usage = answer["choices"][0], answer["usage"]
        text, reason = str(choice["text"]), str(choice["finish_reason"])
        cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
        generated, prompt = int(usage["completion_tokens"]), int(usage["prompt_tokens"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise EngineFailure(f"an answer without text or usage ({type(error).__name__}: {error})") from None
    stopped_at = next((s for s in sampling.stop if text.endswith(s)), "") if reason == "stop" else ""
    return Completion(text, generated, prompt - cached, cached, "length" if reason == "length" else "stop", stopped_at)
