"""Candidates in words: the strategy, the GPUs, how to ask, intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence

from advisor.accuracy.estimators import Interval
from advisor.performance.parallelism import Parallelism
from advisor.recommendation.candidate import Ask, Candidate, RequestBody
from advisor.rents import Rent
from advisor.units import percent
from advisor.values import plain

MOST_SIGNS, MOST_MESSAGES = 200, 4
"""Of a message, and of a conversation, that a screen shows; --json has all."""


def interval_text(interval: Interval) -> str:
    """`80.1 % (90 %: 76.0 % – 84.0 %)`."""
    return f"{percent(interval.value)} (90 %: {range_text(interval)})"


def interval_cell(interval: Interval) -> str:
    """`80.1 % (76.0 – 84.0)`, for a table whose head says 90 %."""
    return f"{percent(interval.value)} ({range_text(interval).replace(' %', '')})"


def range_text(interval: Interval) -> str:
    """`76.0 % – 84.0 %`."""
    return f"{percent(interval.low)} – {percent(interval.high)}"


def within_text(spread: float, ttft_spread: float) -> str:
    """`times within a factor 1.29, TTFT 2.15`, for nine of ten."""
    return f"times within a factor {spread:.2f}, TTFT {ttft_spread:.2f}"


def layout_text(c: Candidate) -> str:
    """How the model lies on its GPUs: `tensor parallel`; empty on one."""
    if apart := c.disaggregated:
        prefill = f"prefill {apart.prefill_replicas} × {apart.prefill_parallelism}"
        return f"{prefill}, decoding {apart.replicas} × {c.parallelism}"
    layout = Parallelism.parse(c.parallelism)
    parts = [f"{layout.tp}-way tensor parallel" if layout.tp not in (1, c.gpu_count) else ""]
    parts += ["tensor parallel"] if layout.tp == c.gpu_count > 1 else []
    parts += [f"{layout.pp} pipeline stages"] if layout.pp > 1 else []
    parts += [f"{layout.dp} data-parallel groups that share the experts"] if layout.dp > 1 else []
    return ", ".join(part for part in parts if part)


def gpus_text(c: Candidate) -> str:
    """`8 × b200-sxm`; `8 × h100-sxm, prefill 1:3` where one engine of four does."""
    apart = f", prefill {c.disaggregated.prefill_replicas}:{c.disaggregated.replicas}" if c.disaggregated else ""
    return f"{c.gpu_count} × {c.gpu}{apart}"


def strategy_text(
    strategy: str,
    n_samples: int,
    token_budget: int | None,
    generated_tokens: float | None,
    reward_model: str | None = None,
) -> str:
    """A strategy point in words: `one answer`, `majority of 8`, `one answer, at most 8,192 tokens`."""
    if strategy == "majority":
        return "one answer" if n_samples == 1 else f"majority of {n_samples}"
    if strategy == "thinking-budget" and not token_budget:
        return f"one answer, thinking held to about {generated_tokens or 0:,.0f} tokens"
    if strategy == "thinking-budget":
        return f"one answer, at most {token_budget:,} tokens"
    if strategy == "greedy":
        return "one answer, greedy"
    with_rewards = f" with rewards of {reward_model}" if reward_model else ""
    return f"{strategy} of {n_samples}{with_rewards}"


def candidate_strategy(c: Candidate) -> str:
    """The strategy point of a candidate, and its set-up where that tells it from others."""
    text = strategy_text(c.strategy, c.n_samples, c.token_budget, c.generated_tokens, c.reward_model)
    return with_setup(text, c.setup)


def with_setup(text: str, setup: str) -> str:
    """A strategy and its set-up: `majority of 8, temperature 0.6`."""
    return f"{text}, {setup}" if setup else text


def short_strategy(
    strategy: str, n_samples: int, token_budget: int | None, generated_tokens: float | None, setup: str = ""
) -> str:
    """The same, as short as a table needs: `one answer, ≤8,192 tokens`."""
    text = strategy_text(strategy, n_samples, token_budget, generated_tokens)
    return with_setup(text.replace("at most ", "≤").replace("thinking held to about ", "~"), setup)


def strategy_cell(c: Candidate) -> str:
    """The strategy point of a candidate, as short as a table needs."""
    return short_strategy(c.strategy, c.n_samples, c.token_budget, c.generated_tokens, c.setup)


def body_text(body: RequestBody) -> str:
    """What a request states beside its messages, as JSON on one line."""
    return json.dumps({key: value for key, value in plain(body).items() if value is not None}, ensure_ascii=False)


def request_text(c: Candidate) -> str:
    """The request that reproduces the accuracy: `{"model": …, "temperature": …} to /v1/chat/completions`."""
    body, questions, endpoint = request_parts(c)
    return f"{body} and {questions}, to {endpoint}"


def request_parts(c: Candidate) -> tuple[str, str, str]:
    """The request's parameters, its questions, and the endpoint that takes both."""
    questions = _messages_text(c.ask) if c.ask.messages else "messages" if c.ask.is_chat else "prompt"
    return body_text(c.ask.body), questions, c.ask.endpoint


def _messages_text(ask: Ask) -> str:
    """`"messages": […]` with long texts shortened, or the `"prompt"` that they make without a chat template."""
    if not ask.is_chat:
        system = "".join(f"{message.content}\n\n" for message in ask.messages if message.role == "system")
        *shown, question = [message for message in ask.messages if message.role != "system"]
        pairs = zip(shown[::2], shown[1::2], strict=True)
        prompt = system + "".join(f"{asked.content}{said.content}\n\n" for asked, said in pairs) + question.content
        return f'"prompt": {json.dumps(_shortened(prompt), ensure_ascii=False)}'
    messages = [
        json.dumps({"role": each.role, "content": _shortened(each.content)}, ensure_ascii=False)
        for each in ask.messages
    ]
    if len(messages) > MOST_MESSAGES:
        messages[2:-1] = [f"… {len(messages) - 3} more, which --json has"]
    return f'"messages": [{", ".join(messages)}]'


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_SIGNS else f"{text[:MOST_SIGNS]}…"


def sampling_text(c: Candidate) -> str:
    """Where the parameters of the request come from, which are not known, and how an answer comes of the responses."""
    ask = c.ask
    parts = [
        ask.answer,
        f"mode: {ask.mode}" if ask.mode else "",
        _named("as measured", ask.as_measured),
        _named("recommended by the model's card, not stated by the source of the accuracy", ask.as_recommended),
        _named("not stated by the source", ask.not_stated),
        *ask.notes,
    ]
    return "; ".join(part for part in parts if part)


def sources_text(c: Candidate) -> str:
    """Where it was seen how to ask."""
    return f"Seen in: {'; '.join(c.ask.sources)}." if c.ask.sources else ""


def _named(what: str, names: Sequence[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else ""


def rent_text(rent: Rent | None) -> str:
    """What is rented, and how old its price is where that is known: `… at aws (on-demand), 2026-09-10, 76 days old`."""
    if rent is None:
        return "no price known: give --price"
    return f"{rent}, {rent.age_text}" if rent.age_text else str(rent)
