"""Where a process reward model rates an answer: at one token that ends every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.engines.protocol import EngineFailure
from advisor.engines.replies import probability
from advisor.errors import MissingAbility


@dataclass(frozen=True, slots=True)
class StepMarks:
    """`delimiter` ends a step in the policy's text; `mark` is what the reward model rates, None for the delimiter.

    Qwen2.5-Math-PRM wants <extra_0> after every step; a model trained on lines rates the newline.
    """

    delimiter: str = "\n"
    mark: str | None = None

    @property
    def rated(self) -> str:
        """The text of the one token at which a step is rated."""
        return self.mark or self.delimiter

    def marked(self, partial: str) -> str:
        """An answer with a mark after each of its steps, the last too.

        >>> StepMarks("\\n", "<extra_0>").marked("1+1=2\\nso 2")
        '1+1=2\\n<extra_0>so 2<extra_0>'
        """
        if not self.mark:
            return partial
        text = partial.replace(self.delimiter, self.delimiter + self.mark)
        return text if text.endswith(self.mark) or not text else text + self.mark


def step_positions(without: Sequence[int], whole: Sequence[int], mark: int) -> list[int]:
    """Positions of the answer's step marks in `whole`, the token ids of a prompt and an answer.

    `without` has those of the prompt alone. The prompt may hold marks before the answer, a chat template some after it.

    >>> step_positions([7, 2, 9, 2], [7, 2, 5, 2, 6, 2, 9, 2], 2)
    [3, 5]
    """
    begin = next((i for i, (a, b) in enumerate(zip(without, whole, strict=False)) if a != b), len(without))
    at = [i for i, token in enumerate(whole) if token == mark and i >= begin]
    return at[: list(whole).count(mark) - list(without).count(mark)]


def marked_positions(
    without: Sequence[int], whole: Sequence[int], mark_id: int, text: str, marks: StepMarks
) -> list[int]:
    """The positions of an answer's marks. Raises EngineFailure where the text has marks and its tokens do not."""
    positions = step_positions(without, whole, mark_id)
    if not positions and marks.rated in text:
        raise EngineFailure(f"its tokenizer hides {marks.rated!r} in other tokens: no step of the answer is marked")
    return positions


def only_token(ids: Sequence[int], marks: StepMarks) -> int:
    """The id of the mark. Raises MissingAbility where the reward model's tokenizer takes several tokens for it."""
    if len(ids) != 1:
        what = f"the reward model's tokenizer has no single token for {marks.rated!r}"
        hint = "name the token it rates after a step, e.g. --step-mark '<extra_0>'"
        raise MissingAbility(what, where="--step-mark", hint=hint)
    return ids[0]


def step_rewards(rows: Sequence[Sequence[float]], positions: Sequence[int], n_tokens: int) -> tuple[float, ...]:
    """P(right) of each step from the two class probabilities of every token.

    Raises EngineFailure for a model of another kind, and for what is no probability.
    """
    if len(rows) != n_tokens or any(len(row) != 2 for row in rows):
        shape = f"{len(rows)} rows of {len(rows[0]) if len(rows) else 0}"
        raise EngineFailure(
            f"is no process reward model: it gave {shape} for {n_tokens} tokens, not two classes a token"
        )
    return tuple(probability(float(rows[i][1])) for i in positions)
