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
from advisor.fits.costs import TYPICAL_PROMPT_TOKENS, prompt_of, read_again
from advisor.provenance import Provenance
from advisor.recommendation.waiting import Waiting
from advisor.store.beliefs import Point

FAR_LONGER = 2.0
"""An accuracy of answers that were more than this longer is not that of the length that is given."""
PROMPT_ASSUMED = f"prompts assumed to have {TYPICAL_PROMPT_TOKENS} tokens"
"""Of a point whose source does not say how long its prompts were."""
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


def single_answers(points: Iterable[Point]) -> dict[tuple[str, str, str], float]:
    """Mean tokens of one uncapped answer by model, task and set-up, where it was measured."""
    return {
        (p.model, p.task, p.setup): p.generated_tokens
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
    """A point with recorded answers as it would be at other lengths, and what its questions wait for.

    A prompt that was not recorded is a typical one. `answer_tokens` is the recorded mean of one answer where draws may
    end early, so that the point's own tokens over its samples are none. What a reward model passes, and what a search
    reads again, grows with the text that is read.
    """
    per_answer = (p.generated_tokens or 0.0) / p.n_samples
    prompt = float(lengths.input_tokens or prompt_of(p))
    if lengths.output_tokens is None or not per_answer:
        return _reading(p, prompt, prompt + per_answer), waits
    factor = lengths.output_tokens / (answer_tokens or per_answer)
    depth = p.depth_tokens or per_answer
    shape = Waiting(waits.p50 / depth, waits.p95 / depth, waits.p99 / depth, waits.longest / depth)
    longer = replace(
        _reading(p, prompt, prompt + per_answer * factor),
        generated_tokens=(p.generated_tokens or 0.0) * factor,
        depth_tokens=depth * factor,
        tokens_provenance=p.provenance,
        tokens_spread=1.0,
    )
    return longer, shape.scaled(depth * factor, p.token_budget)


def _reading(p: Point, prompt: float, text_tokens: float) -> Point:
    """The point with another prompt, where prompt and one answer are `text_tokens`."""
    before = prompt_of(p) + (p.generated_tokens or 0.0) / p.n_samples
    longer = text_tokens / before
    searched = None if p.search_prompt_tokens is None else prompt + read_again(p) * longer
    scored = None if p.scored_tokens is None else p.scored_tokens * longer
    return replace(p, prompt_tokens=prompt, scored_tokens=scored, search_prompt_tokens=searched)


def prompt_origin(p: Point, lengths: Lengths) -> Provenance:
    """Where the length of the prompt comes from: that of the point's tokens, or imputed where nobody recorded it."""
    return p.provenance if lengths.input_tokens or p.prompt_tokens else Provenance.IMPUTED
