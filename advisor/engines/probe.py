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
    """What the context leaves for an answer beside the longest prompt that fits.

    One that leaves less than half of what the longest but one in a hundred does is left to fail: it would shorten all
    answers for its sake.
    """
    by_length = sorted(prompts, key=len)
    failure, found = "", list[tuple[int, int]]()
    for place, prompt in enumerate(dict.fromkeys(by_length[int(q * (len(by_length) - 1))] for q in SHORTER)):
        try:
            drawn = await generate.generate(prompt, "", replace(sampling, max_tokens=1, stop=()))
        except EngineFailure as refusal:
            failure = str(refusal)[:200]
            continue
        used = drawn.prompt_tokens + drawn.cached_tokens
        found.append((context - used, used))
        if place > 0 or context - used >= sampling.max_tokens:
            break
    if len(found) == 2 and found[1][0] >= 2 * found[0][0]:
        failure = f"one of {found[0][1]:,} tokens leaves {found[0][0]:,} for an answer"
        del found[0]
    room, used = found[0] if found else (0, 0)
    if room <= 0:
        hint = "serve the model with a longer context (--max-model-len), or ask shorter questions"
        raise MissingAbility(f"no prompt is answered ({failure})", where="--task", hint=hint)
    cut = (
        f"--max-tokens {sampling.max_tokens:,} does not fit: of the {context:,} tokens of context a prompt "
        f"takes {used:,}, so answers are cut at {room:,}"
    )
    longer = f"the longest prompts do not fit into the {context:,} tokens of context ({failure})"
    notes = (*([longer] if failure else []), *([cut] if room < sampling.max_tokens else []))
    return Probe(min(room, sampling.max_tokens), notes)


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
