"""What a few requests tell before a run, with engines that behave in every way."""

import asyncio
from dataclasses import dataclass, field

import pytest

from advisor.engines.probe import probed
from advisor.engines.protocol import Completion, EngineFailure, Sampling, Served
from advisor.errors import MissingAbility


@dataclass
class Engine:
    """A token is a character. Writes `text`; `says` whether the stop string is in it, named, or neither."""

    text: str = "a\nb\n"
    context: int = 10**6
    says: bool = True
    reasoning: str = ""
    cached: int = 0
    fails: str = ""
    continues: bool = True
    calls: list = field(default_factory=list)
    begun: list = field(default_factory=list)

    async def generate(self, prompt, partial, sampling):
        self.calls.append((prompt, sampling))
        self.begun.append(partial)
        if partial and not self.continues:
            raise EngineFailure("HTTP 400: unknown continue_final_message")
        if self.fails:
            raise EngineFailure(self.fails)
        if len(prompt) + sampling.max_tokens > self.context:
            raise EngineFailure("HTTP 400: longer than the context")
        text, stopped_at = self.text, ""
        for stop in sampling.stop:
            if stop in text:
                text = text[: text.index(stop)] + (stop if self.says else "")
                stopped_at = stop if self.says else ""
        reason = "length" if len(text) > sampling.max_tokens else "stop"
        text, reasoning = ("", self.reasoning) if self.reasoning else (text[: sampling.max_tokens], "")
        cached = min(self.cached, len(prompt))
        return Completion(text, max(len(text), 1), len(prompt) - cached, cached, reason, stopped_at, reasoning)


def run(engine, prompts, context=100, delimiter=None, **sampling):
    served = Served(context_tokens=context)
    return asyncio.run(probed(engine, served, prompts, Sampling(**sampling), step_delimiter=delimiter))


PROMPTS = ["x" * n for n in (40, 10, 30)]


def test_answers_are_cut_to_what_the_longest_prompt_leaves():
    engine = Engine(context=100, cached=16)
    found = run(engine, PROMPTS, max_tokens=2048, top_k=5)
    assert found.max_tokens == 60
    (note,) = found.notes
    for number in ("2,048", "100", "40", "60"):
        assert number in note
    (prompt, sampling), (shorter, _) = engine.calls
    assert (len(prompt), len(shorter), sampling.max_tokens, sampling.top_k) == (40, 30, 1, 5)


def test_one_very_long_prompt_does_not_shorten_all_answers():
    found = run(Engine(), [*PROMPTS, "x" * 95], context=100, max_tokens=80)
    assert found.max_tokens == 60
    longest, cut = found.notes
    assert "one of 95 tokens leaves 5 for an answer" in longest
    assert "takes 40, so answers are cut at 60" in cut
    assert run(Engine(), [*PROMPTS, "x" * 60], context=100, max_tokens=80).max_tokens == 40  # 40 is not half of 60
    assert run(Engine(), [*PROMPTS, "x" * 70], context=100, max_tokens=80).max_tokens == 60


def test_what_fits_is_left_as_it_is():
    engine = Engine()
    assert run(engine, PROMPTS, max_tokens=60) == run(engine, PROMPTS, context=None, max_tokens=60)
    assert run(engine, PROMPTS, max_tokens=60).notes == ()
    assert run(Engine(), [], max_tokens=60).max_tokens == 60
    untouched = Engine()
    assert run(untouched, PROMPTS, context=None, max_tokens=10**6).max_tokens == 10**6
    assert untouched.calls == []


def test_prompts_that_do_not_fit_are_passed_over_and_told():
    prompts = ["x" * n for n in range(1, 201)]
    engine = Engine(context=150)
    found = run(engine, prompts, context=150, max_tokens=500)
    assert found.max_tokens == 50
    passed_over, cut = found.notes
    assert "longest prompts do not fit into the 150 tokens" in passed_over
    assert "longer than the context" in passed_over
    assert "takes 100, so answers are cut at 50" in cut
    assert [len(prompt) for prompt, _ in engine.calls] == [200, 198, 180, 100]
    with pytest.raises(MissingAbility, match=r"--task: no prompt is answered \(HTTP 400: longer"):
        run(Engine(context=0), prompts)


def test_a_step_that_ends_and_is_continued_takes_two_requests():
    engine = Engine()
    assert run(engine, PROMPTS, context=None, delimiter="\n").notes == ()
    (_, step), (_, rest) = engine.calls
    assert (step.stop, step.max_tokens, rest.stop, rest.max_tokens) == (("\n",), 256, (), 1)
    assert engine.begun == ["", "a\n"]


def test_an_answer_begun_that_is_refused():
    with pytest.raises(MissingAbility, match=r"^--strategy: .*does not continue an answer begun \(HTTP 400"):
        run(Engine(continues=False), PROMPTS, context=None, delimiter="\n")


def test_steps_that_end_unseen_are_no_steps():
    with pytest.raises(MissingAbility, match=r"^--strategy: .*no step has an end; serve the model with vLLM"):
        run(Engine(says=False), PROMPTS, context=None, delimiter="\n")


def test_answers_without_a_delimiter_are_not_taken_for_a_silent_server():
    engine = Engine(text="ab", says=False)
    (note,) = run(engine, PROMPTS, context=None, delimiter="\n").notes
    assert "'\\n'" in note
    assert len(engine.calls) == 2 * len(PROMPTS)
    endless = Engine(text="a" * 1000)
    assert len(run(endless, PROMPTS * 9, context=None, delimiter="\n").notes) == 1
    assert len(endless.calls) <= 3


def test_steps_inside_reasoning_cannot_be_continued():
    with pytest.raises(MissingAbility, match=r"hands thinking out apart.*enable_thinking=false"):
        run(Engine(reasoning="so\n"), PROMPTS, context=None, delimiter="\n")


def test_the_step_is_drawn_within_the_context():
    engine = Engine(context=100)
    found = run(engine, PROMPTS, max_tokens=2048, delimiter="\n")
    assert (found.max_tokens, len(found.notes)) == (60, 1)
    assert [sampling.max_tokens for _, sampling in engine.calls] == [1, 1, 60, 1]


def test_an_engine_that_fails_is_told():
    with pytest.raises(MissingAbility, match="broken"):
        run(Engine(fails="broken"), PROMPTS)
    with pytest.raises(MissingAbility, match="broken"):
        run(Engine(fails="broken"), PROMPTS, context=None, delimiter="\n")
