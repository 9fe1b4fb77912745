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
    answer: str | None = column(
        "extracted answer, or a class that stands for it; null: none could be extracted", free_text=True
    )
    correct: bool = column("whether the answer is right")
    generated_tokens: int | None = column("reasoning included; null: not recorded")
    prompt_tokens: int | None = column("of the question's prompt; null: not recorded", default=None)
    tokens_from: str | None = column(
        "where both counts come from; null: the engine that drew the answer; `tokenizer`: counted from the texts"
        " afterwards, by an import whose file had none",
        default=None,
    )
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
    endpoint: str | None = column(
        "`chat`: the prompt as a user's turn under the model's chat template; `completions`: the bare prompt; null: not"
        " recorded, as in all columns of the set-up, of which this is the first and `max_tokens` the last. Answers of"
        " different set-ups are never pooled",
        default=None,
    )
    weights: str | None = column(
        "what was loaded where it is not the model by its own id: its name on a server, or settings of the engine that"
        " change what it computes (quantization=fp8); empty: the model",
        default=None,
    )
    template: str | None = column("prompt with {question}", default=None, free_text=True)
    system_prompt: str | None = column("before the question; empty: none", default=None, free_text=True)
    few_shot: str | None = column(
        "JSON list of [prompt, answer] shown before the question; empty: none", default=None, free_text=True
    )
    chat_options: str | None = column(
        'JSON of what the chat template was given, {"enable_thinking": false} or {"reasoning_effort": "low"};'
        " empty: nothing",
        default=None,
        free_text=True,
    )
    force: str | None = column(
        "text that opens an answer where thinking is cut; empty: none is needed", default=None, free_text=True
    )
    temperature: float | None = column("0: the most probable token each time", default=None)
    top_p: float | None = column("share of the probability that is drawn from; 1: all", default=None)
    top_k: int | None = column("tokens that are drawn from; 0: all", default=None)
    min_p: float | None = column("least probability, as a share of the largest; 0: any", default=None)
    frequency_penalty: float | None = column("against repetition; 0: none", default=None)
    presence_penalty: float | None = column("against words that were used; 0: none", default=None)
    repetition_penalty: float | None = column("against words that were used, as a factor; 1: none", default=None)
    max_tokens: int | None = column("longest answer allowed", default=None)
    prompt_digest: str | None = column("of the question's prompt: another prompt is another question", default=None)
    seed: int | None = column(
        "of the run: an answer of the same set-up, seed, question and sample_index is the same draw and counts once",
        default=None,
    )
    engine: str | None = column("what drew it: vllm, or what a server says of itself", default=None)
    engine_version: str | None = column("as it reports it", default=None)
    reward: str | None = column(
        "how `score` comes of the rewards of an answer's steps: last, min, mean or product", default=None
    )
    step_delimiter: str | None = column(
        "text that ends a step, where a search or a reward model has steps", default=None, free_text=True
    )
    run_id: str = column("names the file; letters, digits, dots, dashes, underscores", default="")
    budget: int | None = column("samples, width, iterations or tokens, as the strategy counts", default=None)
    search_generated_tokens: int | None = column("generated in the whole search", default=None)
    search_scored_tokens: int | None = column("passed by the reward model", default=None)
    search_prompt_tokens: int | None = column("prompt tokens that were computed", default=None)
    search_cached_tokens: int | None = column("prompt tokens that came from the prefix cache", default=None)
    search_depth_tokens: int | None = column("the longest chain of tokens that waited for each other", default=None)


SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
)
"""Parameters of drawing a token."""
SETUP = (
    "endpoint",
    "weights",
    "template",
    "system_prompt",
    "few_shot",
    "chat_options",
    "force",
    *SAMPLING,
    "max_tokens",
)
"""How an answer was drawn, as far as that changes which answers come: rows that differ in one are never pooled."""
