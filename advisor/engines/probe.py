"""What a few requests tell of an engine before a run begins: how long answers can be, and whether steps end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.engines.protocol import Completion, EngineFailure, Generate, Sampling, Served
from advisor.errors import MissingAbility

SHORTER = (1.0, 0.99, 0.9, 0.5, 0.0)
"""Quantiles of the prompts by length: the longest is sent, and a shorter one where it is refused."""
STEP_TOKENS = 256
STEP_PROMPTS = 3
NO_TEXT = "the server hands thinking out apart from the answer, so that no step of it can be continued"
SILENT = "the server neither leaves a stop string in the text nor says at which it stopped, so that no step has an end"


@dataclass(frozen=True, slots=True)
class Probe:
    """The largest `max_tokens` that fits beside the prompts, and what a user should know."""

    max_tokens: int
    notes: tuple[str, ...] = ()


async def probed(
    generate: Generate, served: Served, prompts: Sequence[str], sampling: Sampling, *, step_delimiter: str | None
) -> Probe:
    """Send a few of the prompts; `step_delimiter` is for searches whose steps end at it.

    Raises MissingAbility where no prompt is answered, or where the end of a step cannot be known.
    """
    found = Probe(sampling.max_tokens)
    if served.context_tokens is not None and prompts:
        found = await _within_context(generate, served.context_tokens, prompts, sampling)
    if step_delimiter and prompts:
        capped = replace(sampling, max_tokens=found.max_tokens)
        found = replace(found, notes=found.notes + await _steps(generate, prompts, capped, step_delimiter))
    return found


async def _within_context(generate: Generate, context: int, prompts: Sequence[str], sampling: Sampling) -> Probe:
    """What the context leaves for an answer beside the longest prompt that fits."""
    by_length = sorted(prompts, key=len)
    notes: tuple[str, ...] = ()
    failure = "it is longer than the context"
    for prompt in dict.fromkeys(by_length[int(share * (len(by_length) - 1))] for share in SHORTER):
        try:
            drawn = await generate.generate(prompt, "", replace(sampling, max_tokens=1, stop=()))
        except EngineFailure as refusal:
            failure = str(refusal)
        else:
            used = drawn.prompt_tokens + drawn.cached_tokens
            room = context - used
            if room >= sampling.max_tokens:
                return Probe(sampling.max_tokens, notes)
            if room > 0:
                note = (
                    f"--max-tokens {sampling.max_tokens:,} does not fit: of the {context:,} tokens of context a prompt "
                    f"takes {used:,}, so answers are cut at {room:,}"
                )
                return Probe(room, (*notes, note))
        notes = (f"the longest prompts do not fit into the {context:,} tokens of context ({failure[:200]})",)
    hint = "serve the model with a longer context (--max-model-len), or ask shorter questions"
    raise MissingAbility(f"no prompt is answered ({failure[:200]})", where="--task", hint=hint)


async def _steps(generate: Generate, prompts: Sequence[str], sampling: Sampling, delimiter: str) -> tuple[str, ...]:
    """Nothing, or a note where no answer has a step. Raises MissingAbility where steps end unseen."""
    whole = replace(sampling, temperature=0.0, max_tokens=min(STEP_TOKENS, sampling.max_tokens), stop=())
    hint = "serve the model with vLLM, or take a strategy without steps, such as majority or best-of-n"
    answered, failure = False, ""
    for prompt in prompts[:STEP_PROMPTS]:
        try:
            step = await generate.generate(prompt, "", replace(whole, stop=(delimiter,)))
            answered = True
            if step.reasoning and not step.text:
                hint = "serve it without a reasoning parser, or turn thinking off: --chat-option enable_thinking=false"
                raise MissingAbility(NO_TEXT, where="--strategy", hint=hint)
            if step.stopped_at == delimiter:
                await _continued(generate, prompt, step.text, whole)
                return ()
            if step.finish_reason == "stop" and _goes_on(step, await generate.generate(prompt, "", whole), delimiter):
                raise MissingAbility(SILENT, where="--strategy", hint=hint)
        except EngineFailure as refusal:
            failure = str(refusal)
    if not answered:
        raise MissingAbility(f"no step of an answer could be drawn ({failure[:200]})", where="--strategy", hint=hint)
    return (f"none of the first answers has a step that ends with {delimiter!r}: see --delimiter",)


async def _continued(generate: Generate, prompt: str, begun: str, sampling: Sampling) -> None:
    """Raises MissingAbility where the engine does not take an answer begun."""
    try:
        await generate.generate(prompt, begun, replace(sampling, max_tokens=1))
    except EngineFailure as refusal:
        what = f"the server does not continue an answer begun ({str(refusal)[:200]})"
        raise MissingAbility(
            what, where="--strategy", hint="serve the model with vLLM, or ask it with --plain"
        ) from None


def _goes_on(step: Completion, whole: Completion, delimiter: str) -> bool:
    """Whether the same answer has a delimiter just where the step ended unseen."""
    return whole.text.startswith(step.text + delimiter)
