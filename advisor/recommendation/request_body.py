"""The request that reproduces an accuracy: with what its source states, else as the model's card recommends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from advisor.recommendation.candidate import CHAT, COMPLETIONS, Ask, Candidate, Message, RequestBody
from advisor.recommendation.launch import served_weights
from advisor.sampling import MeasuredRow, SamplingRow, mode_of
from advisor.store.beliefs import SetupKey
from advisor.store.drawn import drawn_with
from advisor.store.workspace import Workspace
from advisor.strategies import STRATEGIES

DRAWN = ("temperature", "top_p", "top_k", "min_p")
"""Parameters that a model's card may recommend."""
PENALTIES = ("repetition_penalty", "frequency_penalty", "presence_penalty")
"""Stated only where the measurement does."""
EFFORT = "reasoning_effort"
"""An option of the chat template that is a parameter of requests as well."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of how to ask: by the measurement (`measured`), by the publisher in the same mode (`card`)."""

    measured: MeasuredRow | None
    card: SamplingRow | None
    mode: str | None
    modes: tuple[str, ...]

    @classmethod
    def of(cls, c: Candidate, runs: str, workspace: Workspace) -> Known:
        """For a candidate whose accuracy comes from `runs`."""
        stated = workspace.sampling.measured_with(runs, c.model, c.generated_tokens / c.n_samples)
        measured = stated or drawn_with(workspace.fits, _points(c, runs))
        modes = workspace.sampling.modes(c.model)
        only = next(iter(modes)) if len(modes) == 1 else None
        mode = (measured.mode if measured else "") or mode_of(_options(measured), modes) or only
        card = modes.get(mode) if mode else next(iter(modes.values()), None)
        return cls(measured, card, mode, tuple(modes))

    @property
    def mode_not_stated(self) -> tuple[str, ...]:
        """That the source does not say which of several modes it measured, and which one is taken."""
        if _options(self.measured) is not None:
            return ()
        if self.measured and self.measured.mode_assumed:
            return (f"mode ({self.mode} is the one without a switch)",)
        return ("mode",) if not self.mode and len(self.modes) > 1 else ()

    @property
    def greedy(self) -> bool:
        """Whether the measurement took the most probable token each time."""
        return bool(self.measured and self.measured.temperature == 0)

    @property
    def switch(self) -> Mapping[str, Any]:
        """What the request adds for the mode of the measurement; nothing where that is not stated."""
        options = _options(self.measured)
        if options is not None:
            effort = {EFFORT: options[EFFORT]} if EFFORT in options else {}
            return {"chat_template_kwargs": options, **effort} if options else {}
        return self.card.switch if self.card and self.mode else {}

    def drawn(self, c: Candidate) -> Iterator[tuple[str, Any, str]]:
        """Sampling parameters: name, value (None: not known), and `measured`, `card` or nothing."""
        for name in DRAWN:
            stated = getattr(self.measured, name) if self.measured else None
            if name == "temperature" and stated is None and c.strategy == "greedy":
                stated = 0.0
            recommended = getattr(self.card, name) if self.card else None
            if stated is not None:
                yield name, stated, "measured"
            elif name != "temperature" and (self.greedy or c.strategy == "greedy"):
                continue  # nothing else matters to the most probable token
            else:
                yield name, recommended, "card" if recommended is not None else ""
        for name in PENALTIES:
            if (stated := getattr(self.measured, name, None)) is not None:
                yield name, stated, "measured"


def _options(measured: MeasuredRow | None) -> dict[str, Any] | None:
    """What the measurement gave the chat template; None where that is not stated."""
    if measured is None or measured.chat_options is None:
        return None
    found = _parsed(measured.chat_options or "{}")
    return found if isinstance(found, dict) else None


def _examples(measured: MeasuredRow) -> list[tuple[str, str]] | None:
    """Prompts and answers that the measurement showed; None where what is recorded of them is no list of pairs."""
    found = _parsed(measured.few_shot or "[]")
    pairs: list[Any] = found if isinstance(found, list) else [None]
    if not all(isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair) for pair in pairs):
        return None
    return [(prompt, answer) for prompt, answer in pairs]


def _parsed(text: str) -> Any:
    """What JSON says, None where it is none: whoever imported the row wrote it."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def ask_of(c: Candidate, runs: str, engine: str, workspace: Workspace) -> Ask:
    """How to ask a candidate whose accuracy comes from `runs` (a cell of points.csv)."""
    known = Known.of(c, runs, workspace)
    drawn = list(known.drawn(c))
    cap, cap_from = _cap(c, known.measured)
    names = {
        origin: tuple(name for name, _, of in [*drawn, ("max_tokens", cap, cap_from)] if of == origin)
        for origin in ("measured", "card", "")
    }
    measured = known.measured
    body = RequestBody(
        model=served_weights(c, engine, workspace),
        **{name: _as_written(name, value, engine) for name, value, _ in drawn},
        max_tokens=cap,
        n=c.n_samples if c.strategy == "majority" and c.n_samples > 1 else None,
        stop=(measured.stop or None) if measured else None,
        reasoning_effort=known.switch.get("reasoning_effort"),
        chat_template_kwargs=known.switch.get("chat_template_kwargs"),
    )
    sources = [row.source for row in (measured, known.card if names["card"] or known.switch else None) if row]
    return Ask(
        endpoint=COMPLETIONS if measured and measured.endpoint == "completions" else CHAT,
        body=body,
        mode=known.mode,
        answer=_answer(c, measured),
        as_measured=(
            *(("mode",) if measured and measured.mode and not measured.mode_assumed else ()),
            *(("chat_template_kwargs",) if _options(measured) else ()),
            *names["measured"],
        ),
        as_recommended=names["card"],
        not_stated=(*names[""], *known.mode_not_stated),
        notes=_notes(known, c if cap_from == "served" else None),
        sources=tuple(sources),
        messages=_messages(measured),
    )


def _as_written(name: str, value: Any, engine: str) -> Any:
    """A parameter as the engine writes it: SGLang refuses a top_k of 0, which leaves every token."""
    return -1 if (name, value, engine) == ("top_k", 0, "sglang") else value


def _points(c: Candidate, runs: str) -> Iterable[SetupKey]:
    """What names the points behind a candidate, of several tasks one each."""
    of_tasks = [(each.task, each.setup, each.source.partition(": ")[2]) for each in c.by_task]
    return [
        (c.model, task, c.strategy, c.reward_model, setup, of_task)
        for task, setup, of_task in of_tasks or [(c.task, c.setup, runs)]
    ]


def _messages(measured: MeasuredRow | None) -> tuple[Message, ...]:
    """What the measurement sent, as far as it is known that it sent it."""
    if measured is None or not (measured.template or measured.system_prompt or measured.few_shot):
        return ()
    system = [Message("system", measured.system_prompt)] if measured.system_prompt else []
    shown = [
        Message(role, text)
        for pair in _examples(measured) or ()
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    return (*system, *shown, Message("user", measured.template or "{question}"))


def _cap(c: Candidate, measured: MeasuredRow | None) -> tuple[int | None, str]:
    """The cap on one answer and where it comes from; one that the served context does not hold is left out."""
    if c.token_budget:
        return c.token_budget, "measured"
    if measured is None or measured.max_tokens is None:
        return None, ""
    prompt_tokens = c.tokens - c.generated_tokens
    return (
        (measured.max_tokens, "measured")
        if measured.max_tokens + prompt_tokens <= c.context_tokens
        else (None, "served")
    )


def _answer(c: Candidate, measured: MeasuredRow | None) -> str:
    """How one answer comes of the responses."""
    if STRATEGIES[c.strategy].needs_rewards:
        how = "each step scored, as `advisor calibrate --url … --reward-url …` does"
        return f"{c.strategy} of {c.n_samples}, {how}"
    if c.strategy == "adaptive-majority":
        return "one answer after another until the vote is settled"
    if c.strategy == "majority" and c.n_samples > 1:
        return f"keep the most frequent final answer of the {c.n_samples}"
    if c.strategy == "thinking-budget" and not c.token_budget and not (measured and measured.note):
        return f"thinking ended or prolonged to about {c.generated_tokens:,.0f} tokens, as the source did"
    return ""


def _notes(known: Known, cut_by_context: Candidate | None) -> tuple[str, ...]:
    notes = [known.measured.note] if known.measured and known.measured.note else []
    if known.measured and known.measured.force:
        notes.append(f"an answer that its cap cuts is continued from {known.measured.force!r}")
    if known.measured and known.measured.weights:
        notes.append(f"its answers were drawn from {known.measured.weights}, not from the model by its own id")
    if known.measured and known.measured.chat_options and _options(known.measured) is None:
        notes.append(f"chat_options was {known.measured.chat_options!r}, no JSON object: left out")
    if known.measured and _examples(known.measured) is None:
        notes.append("few_shot is no JSON list of [prompt, answer]: the examples are left out")
    if known.measured is None:
        notes.append("how its answers were drawn is not known here")
    if known.measured and cut_by_context:
        most, context = known.measured.max_tokens, cut_by_context.context_tokens
        notes.append(f"max_tokens was {most:,}: left out, since the served context ends answers at {context:,} tokens")
    if known.mode and known.mode not in known.modes:
        notes.append(f"measured in {known.mode} mode; how a request switches it is not known")
    return tuple(notes)
