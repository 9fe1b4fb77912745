"""Sampled answers: the columns of measurements/samples/*.parquet."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.tables import column


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answer drawn from a model.

    The `search_` columns count the whole search of the question, discarded branches included, and are the same in all
    its rows.
    """

    model: str = column("Hugging Face id")
    task: str = column("`gpqa-diamond`, `aime24`, … or your own")
    question_id: str = column("stable within the task")
    sample_index: int = column("0, 1, … within run and question")
    answer: str | None = column("extracted answer, or a class that stands for it; null: none could be extracted")
    correct: bool = column("whether the answer is right")
    generated_tokens: int | None = column("reasoning included; null: not recorded")
    prompt_tokens: int | None = column("of the question's prompt; null: not recorded", default=None)
    score: float | None = column("reward of the answer, where a reward model scored it", default=None)
    reward_model: str | None = column("that model; votes are weighted by one at a time", default=None)
    strategy: str = column(
        "how it was drawn; `sampling`: plain independent answers, from which votes at every k and token caps are"
        " derived; of `greedy`, `rebase`, `mcts`, `thinking-budget` and `adaptive-majority` each run is one point",
        default="sampling",
    )
    finish_reason: str | None = column(
        "`stop`, `length` (cut by its limit), `forced` (made to answer at its cap), `loop`, `error` (the request"
        " failed) or `unchecked` (comparing took too long), these two neither right nor wrong",
        default=None,
    )
    temperature: float | None = column("sampling temperature; answers drawn otherwise are never pooled", default=None)
    top_p: float | None = column("nucleus", default=None)
    max_tokens: int | None = column("longest answer allowed", default=None)
    frequency_penalty: float | None = column("against repetition", default=None)
    run_id: str = column("names the file; letters, digits, dots, dashes, underscores", default="")
    budget: int | None = column("samples, width, iterations or tokens, as the strategy counts", default=None)
    search_generated_tokens: int | None = column("generated in the whole search", default=None)
    search_scored_tokens: int | None = column("passed by the reward model", default=None)
    search_prompt_tokens: int | None = column("prompt tokens that were computed", default=None)
    search_cached_tokens: int | None = column("prompt tokens that came from the prefix cache", default=None)
    search_depth_tokens: int | None = column("the longest chain of tokens that waited for each other", default=None)
