"""Prompts and answers of the user's own lengths, in place of those that were recorded on a task.

Accuracy stays that of the task. Without `output_tokens` answers keep the lengths they had there. With them the mean of
one answer is the same for every model, and the spread around it is the model's own, scaled. A point whose budget is
the mean length itself (thinking held to about so many tokens) has its accuracy at that length alone, an answer is not
longer on average than its cap, and one that needed twice the tokens is not right without them: such points are left
out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from advisor.errors import AdvisorError
from advisor.recommendation.waiting import Waiting
from advisor.store.beliefs import Point

FAR_LONGER = 2.0
"""An accuracy of answers that were more than this longer is not that of the length that is given."""
MOST_TOKENS = 10_000_000
"""Longer than any context that is served today."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of a prompt, of one answer (a mean), and of the prompt those that lie in the prefix cache already.

    None: as recorded on the task.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_prompt_tokens: int | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """What is given, in words: `prompts of 30,000 tokens (20,000 cached)`."""
        cached = f" ({self.cached_prompt_tokens:,} cached)" if self.cached_prompt_tokens else ""
        prompts = f"prompts of {self.input_tokens:,} tokens{cached}" if self.input_tokens else ""
        answers = f"answers of {self.output_tokens:,} tokens" if self.output_tokens else ""
        return tuple(text for text in (prompts, answers) if text)


def checked_lengths(input_tokens: int | None, output_tokens: int | None, cached_prompt_tokens: int | None) -> Lengths:
    """Lengths from options as on the command line. Raises AdvisorError."""
    for flag, value, least in (
        ("--input-tokens", input_tokens, 1),
        ("--output-tokens", output_tokens, 1),
        ("--cached-prompt-tokens", cached_prompt_tokens, 0),
    ):
        if value is not None and not least <= value <= MOST_TOKENS:
            hint = f"give a whole number from {least} to {MOST_TOKENS:,}"
            raise AdvisorError(f"{value:,} is no number of tokens", where=flag, hint=hint)
    if cached_prompt_tokens is not None and input_tokens is None:
        what, hint = "is a part of --input-tokens, which is not given", "give the length of the whole prompt too"
        raise AdvisorError(what, where="--cached-prompt-tokens", hint=hint)
    if cached_prompt_tokens is not None and input_tokens is not None and cached_prompt_tokens >= input_tokens:
        what = f"{cached_prompt_tokens:,} cached tokens leave nothing new of a prompt of {input_tokens:,}"
        hint = "--input-tokens counts the cached ones too, and one of them at least is new"
        raise AdvisorError(what, where="--cached-prompt-tokens", hint=hint)
    return Lengths(input_tokens, output_tokens, cached_prompt_tokens)


def single_answers(points: Iterable[Point]) -> dict[tuple[str, str], float]:
    """Mean tokens of one uncapped answer by model and task, where it was measured."""
    return {
        (p.model, p.task): p.generated_tokens
        for p in points
        if p.strategy == "majority" and p.n_samples == 1 and not p.token_budget and p.generated_tokens
    }


def can_be_so_long(p: Point, lengths: Lengths) -> bool:
    """Whether a point means anything at the given length of answers: within its cap, and not far below its own."""
    if lengths.output_tokens is None:
        return True
    if p.strategy == "thinking-budget" and not p.token_budget:
        return False
    measured = (p.generated_tokens or 0.0) / p.n_samples
    within = p.token_budget is None or lengths.output_tokens <= p.token_budget
    return within and measured <= FAR_LONGER * lengths.output_tokens


def at_lengths(p: Point, waits: Waiting, lengths: Lengths, answer_tokens: float | None = None) -> tuple[Point, Waiting]:
    """A point with recorded prompt and answers as it would be at other lengths, and what its questions wait for.

    `answer_tokens` is the recorded mean of one answer where draws may end early, so that the point's own tokens over
    its samples are none. What a reward model passes grows with the text that it reads.
    """
    per_answer = (p.generated_tokens or 0.0) / p.n_samples
    prompt = float(lengths.input_tokens or p.prompt_tokens or 0.0)
    if lengths.output_tokens is None or not per_answer:
        scored = _scored(p, prompt + per_answer)
        return replace(p, prompt_tokens=prompt, scored_tokens=scored), waits
    factor = lengths.output_tokens / (answer_tokens or per_answer)
    depth = p.depth_tokens or per_answer
    shape = Waiting(waits.p50 / depth, waits.p95 / depth, waits.p99 / depth, waits.longest / depth)
    longer = replace(
        p,
        prompt_tokens=prompt,
        generated_tokens=(p.generated_tokens or 0.0) * factor,
        depth_tokens=depth * factor,
        scored_tokens=_scored(p, prompt + per_answer * factor),
    )
    return longer, shape.scaled(depth * factor, p.token_budget)


def _scored(p: Point, text_tokens: float) -> float | None:
    """Tokens that the reward model passes where prompt and one answer are `text_tokens`."""
    before = (p.prompt_tokens or 0.0) + (p.generated_tokens or 0.0) / p.n_samples
    return p.scored_tokens * text_tokens / before if p.scored_tokens and before else p.scored_tokens
