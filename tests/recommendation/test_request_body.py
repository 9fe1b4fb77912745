"""The request that reproduces an accuracy: what its source states, what the card recommends, what nobody says."""

import json

import pytest

import advisor
from advisor.recommendation.request_body import ask_of
from advisor.reports.words import request_text, sampling_text, sources_text
from advisor.store.drawn import drawn_with
from advisor.store.measurements import seal_rows
from advisor.store.samples import Sample
from tests.known import SHIPPED
from tests.recommendation.made import candidate, point, workspace

V32 = {"model": "deepseek-ai/DeepSeek-V3.2", "precision": "fp8", "context_tokens": 40_960}
V32_RUN = "epoch-CDdjbqiYYPtEBGoZLMPM3n"


def sent(runs, engine="vllm", **changed):
    return ask_of(candidate(**({"tokens": 1200.0, "generated_tokens": 1000.0} | changed)), runs, engine, SHIPPED)


def test_a_model_that_thinks_only_when_told_is_told():
    ask = sent(V32_RUN, **V32)
    assert (ask.mode, ask.body.chat_template_kwargs) == ("thinking", {"thinking": True})
    assert ask.as_measured == ("mode",)
    assert (ask.body.temperature, ask.body.top_p, ask.body.top_k) == (1.0, 0.95, None)
    assert ask.as_recommended == ("temperature", "top_p")
    assert ask.not_stated == ("top_k", "min_p", "max_tokens")
    assert len(ask.sources) == 2


@pytest.mark.parametrize(
    ("generated_tokens", "effort"),
    [(90.13, "low"), (1253.39, "medium")],
)
def test_the_effort_is_that_of_the_run(generated_tokens, effort):
    runs = "simpleqa-gpt-oss-20b-low_effort simpleqa-gpt-oss-20b-medium_effort"
    ask = sent(runs, model="openai/gpt-oss-20b", precision="fp4", generated_tokens=generated_tokens)
    assert ask.body.reasoning_effort == effort
    assert (ask.body.temperature, ask.body.top_p) == (0.7, 1.0)  # the first as measured, the second as recommended
    assert (ask.as_measured[:2], ask.as_recommended) == (("mode", "temperature"), ("top_p",))


def test_the_run_is_found_by_the_length_of_one_answer():
    runs = "simpleqa-qwen3-8b-exd0 simpleqa-qwen3-8b-no_think"
    votes = sent(runs, n_samples=4, generated_tokens=4 * 9.42, tokens=4 * 9.42 + 200)
    assert (votes.mode, votes.body.chat_template_kwargs) == ("non-thinking", {"enable_thinking": False})


def test_a_mode_that_the_source_does_not_state_is_said_to_be_assumed():
    ask = sent("epoch-FmqGUq87N4JcuSbo6Uu3U5", model="moonshotai/Kimi-K2.5", precision="int4")
    assert ask.body.chat_template_kwargs == {"thinking": True}
    assert "mode" not in ask.as_measured
    assert ask.not_stated[-1] == "mode (thinking is the one without a switch)"


def test_where_nothing_is_known_of_the_mode_no_switch_is_invented():
    ask = sent("draft log beside arXiv 2512.24776", model="openai/gpt-oss-20b", precision="fp4")
    assert (ask.mode, ask.body.reasoning_effort) == (None, None)
    assert "mode" in ask.not_stated


def test_greedy_measurements_are_asked_greedily_and_nothing_is_recommended_beside():
    ask = sent("ZeroEval leaderboard, yuchenlin/ZeroEval", model="Qwen/Qwen3-8B", context_tokens=8192)
    assert (ask.body.temperature, ask.body.top_p, ask.body.max_tokens) == (0, 1.0, 4096)
    assert (ask.body.top_k, ask.as_recommended) == (None, ())
    assert ask.as_measured == ("temperature", "top_p", "max_tokens")


def test_a_greedy_strategy_is_greedy_whatever_the_card_recommends():
    ask = sent("ours", strategy="greedy")
    assert (ask.body.temperature, ask.body.top_p) == (0.0, None)
    assert ask.as_recommended == ()


def test_own_runs_of_which_nothing_is_recorded_say_so():
    ask = sent("ours", model="google/gemma-2-9b-it")
    assert ask.body.temperature is None
    assert ask.not_stated == ("temperature", "top_p", "top_k", "min_p", "max_tokens")
    assert ask.notes == ("how its answers were drawn is not known here",)


@pytest.mark.parametrize(
    ("context_tokens", "max_tokens"),
    [(20_200, 20_000), (20_199, None)],  # prompts take 200
)
def test_a_cap_beyond_the_served_context_is_left_out_and_said(context_tokens, max_tokens):
    runs = "simpleqa-qwen3-8b-exd0 simpleqa-qwen3-8b-no_think"
    ask = sent(runs, generated_tokens=625.98, tokens=825.98, context_tokens=context_tokens)
    assert ask.body.max_tokens == max_tokens
    assert ("max_tokens was 20,000" in " ".join(ask.notes)) == (max_tokens is None)


def test_the_cap_of_the_strategy_stands_over_that_of_the_measurement():
    ask = sent(V32_RUN, **V32, strategy="thinking-budget", token_budget=8192)
    assert ask.body.max_tokens == 8192


@pytest.mark.parametrize(
    ("changed", "n", "answer"),
    [
        ({"n_samples": 8}, 8, "keep the most frequent final answer of the 8"),
        ({}, None, ""),
        ({"strategy": "adaptive-majority", "n_samples": 5}, None, "one answer after another until the vote is settled"),
        (
            {"strategy": "best-of-n", "n_samples": 4, "reward_model": "org/prm"},
            None,
            "best-of-n of 4, each step scored, as `advisor calibrate --url … --reward-url …` does",
        ),
        (
            {"strategy": "thinking-budget", "generated_tokens": 500.4},
            None,
            "thinking ended or prolonged to about 500 tokens, as the source did",
        ),
    ],
)
def test_how_an_answer_comes_of_the_responses(changed, n, answer):
    ask = sent("ours", **changed)
    assert (ask.body.n, ask.answer) == (n, answer)


def test_the_model_is_named_as_it_is_served():
    assert sent("ours", precision="fp8").body.model == "Qwen/Qwen3-8B-FP8"
    assert sent("ours", engine="trtllm").body.model == "Qwen/Qwen3-8B"


def test_base_models_are_asked_without_a_chat_template():
    ask = sent("MMLU-Pro evaluation results, TIGER-AI-Lab/MMLU-Pro", model="meta-llama/Meta-Llama-3-8B")
    assert (ask.endpoint, ask.is_chat, ask.body.stop) == ("/v1/completions", False, "Question:")


def test_it_is_printed_as_json_with_where_each_part_comes_from():
    c = candidate(**V32, ask=sent(V32_RUN, **V32))
    body, _, rest = request_text(c).partition(" and messages")
    assert json.loads(body) == {
        "model": "deepseek-ai/DeepSeek-V3.2",
        "temperature": 1.0,
        "top_p": 0.95,
        "chat_template_kwargs": {"thinking": True},
    }
    assert rest == ", to /v1/chat/completions"
    text = sampling_text(c)
    assert "mode: thinking; as measured: mode; recommended by the model's card" in text
    assert "not stated by the source: top_k, min_p, max_tokens" in text
    assert sources_text(c).startswith("Seen in: Epoch AI benchmarking hub")


def drawn(run, **changed):
    """Sixty answers to thirty questions, as a file of samples has them."""
    usual = {"model": "Qwen/Qwen3-8B", "task": "mine", "answer": "yes", "generated_tokens": 400, "run_id": run}
    usual |= {"strategy": "sampling"}
    return [
        {**usual, "question_id": f"q{q}", "sample_index": i, "correct": (q + i) % 3 > 0, **changed}
        for q in range(30)
        for i in range(2)
    ]


def test_own_answers_are_asked_as_their_rows_say(tmp_path):
    ws = advisor.Workspace(tmp_path / "ours")
    file = tmp_path / "answers.jsonl"
    rows = drawn("mine-1", temperature=0.3, top_p=0.9, max_tokens=700)
    file.write_text("\n".join(map(json.dumps, rows)))
    advisor.import_samples(ws, file)
    advisor.fit(ws)
    ask = advisor.recommend(ws, task="mine").recommended.ask
    assert (ask.body.temperature, ask.body.top_p, ask.body.max_tokens) == (0.3, 0.9, 700)
    assert set(ask.as_measured) >= {"temperature", "top_p"}
    assert ask.as_recommended == ("top_k", "min_p")
    assert ask.sources[0] == "the rows of the runs themselves"


RECORDED = {
    "endpoint": "chat",
    "template": "{question}\n\nGive a number.",
    "system_prompt": "Be brief.",
    "few_shot": json.dumps([["1+1?", "2"], ["2+2?", "4"]]),
    "chat_options": '{"enable_thinking": false, "reasoning_effort": "low"}',
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 20,
    "min_p": 0.05,
    "frequency_penalty": 0.1,
    "presence_penalty": 1.5,
    "repetition_penalty": 1.05,
    "max_tokens": 700,
}
NOTHING_SAID = RECORDED | {
    "system_prompt": "", "few_shot": "", "chat_options": "", "top_k": 0, "min_p": 0.0, "presence_penalty": 0.0,
}  # fmt: skip


def asked(folder, rows, **options):
    ws = advisor.Workspace(folder)
    seal_rows(Sample, rows, folder / "measurements" / "samples" / "ours.parquet")
    advisor.fit(ws)
    return {c.setup: c for c in advisor.frontier(ws, task="mine", model="qwen3-8b", cost="tokens", **options).frontier}


def test_the_request_reproduces_the_whole_set_up(tmp_path):
    (c,) = asked(tmp_path, [row for row in drawn("a", **RECORDED) if row["sample_index"] == 0]).values()
    body = c.ask.body
    for name in ("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "max_tokens"):
        assert getattr(body, name) == RECORDED[name], name
    assert body.repetition_penalty == 1.05
    assert body.chat_template_kwargs == {"enable_thinking": False, "reasoning_effort": "low"}
    assert body.reasoning_effort == "low"  # engines without a template for it take it as a parameter
    assert [(m.role, m.content) for m in c.ask.messages] == [
        ("system", "Be brief."), ("user", "1+1?"), ("assistant", "2"), ("user", "2+2?"), ("assistant", "4"),
        ("user", "{question}\n\nGive a number."),
    ]  # fmt: skip
    assert (c.ask.endpoint, c.ask.not_stated, c.ask.as_recommended) == ("/v1/chat/completions", (), ())
    text = request_text(c)
    assert (
        '"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"}, … 3 more' in text
    )
    assert text.endswith('{"role": "user", "content": "{question}\\n\\nGive a number."}], to /v1/chat/completions')


def test_what_was_recorded_as_nothing_is_not_recommended(tmp_path):
    rows = [row for row in drawn("a", **NOTHING_SAID) if row["sample_index"] == 0]
    (c,) = asked(tmp_path, rows).values()
    assert (c.ask.body.top_k, c.ask.body.min_p, c.ask.body.presence_penalty) == (0, 0.0, 0.0)
    assert (c.ask.mode, c.ask.body.chat_template_kwargs, c.ask.not_stated) == ("thinking", None, ())
    assert [m.role for m in c.ask.messages] == ["user"]
    assert json.loads(c.to_json())["ask"]["messages"][0]["content"] == RECORDED["template"]


def test_each_set_up_is_asked_as_it_was_drawn_though_one_run_holds_both(tmp_path):
    rows = [row | {"sample_index": 0} for row in drawn("one", temperature=0.2, generated_tokens=100)[::2]]
    rows += [row | {"sample_index": 1} for row in drawn("one", temperature=1.0, correct=True)[::2]]
    found = asked(tmp_path, rows)
    assert {name: c.ask.body.temperature for name, c in found.items()} == {"temperature 0.2": 0.2, "temperature 1": 1.0}


def test_a_bare_prompt_is_one_text(tmp_path):
    rows = [row for row in drawn("a", **RECORDED | {"endpoint": "completions"}) if row["sample_index"] == 0]
    (c,) = asked(tmp_path, rows).values()
    assert not c.ask.is_chat
    assert '"prompt": "Be brief.\\n\\n1+1?2\\n\\n2+2?4\\n\\n{question}\\n\\nGive a number.", to' in request_text(c)


def test_sglang_writes_its_own_way_to_leave_every_token(tmp_path):
    rows = [row for row in drawn("a", **NOTHING_SAID) if row["sample_index"] == 0]
    asked(tmp_path, rows)
    found = advisor.recommend(advisor.Workspace(tmp_path), task="mine", engine="sglang")
    assert found.recommended.ask.body.top_k == -1


def test_tasks_that_were_drawn_differently_state_only_what_they_share(tmp_path):
    ws = advisor.Workspace(tmp_path)
    for task, temperature in (("mine", 0.3), ("yours", 0.6)):
        rows = drawn(task, task=task, temperature=temperature, top_p=0.9)
        seal_rows(Sample, rows, tmp_path / "measurements" / "samples" / f"{task}.parquet")
    advisor.fit(ws)
    keys = [("Qwen/Qwen3-8B", task, "majority", None, "", task) for task in ("mine", "yours")]
    both, one = drawn_with(ws.fits, keys), drawn_with(ws.fits, keys[1:])
    assert (both.temperature, both.top_p, both.max_tokens) == (None, 0.9, None)
    assert (one.temperature, one.top_p) == (0.6, 0.9)
    assert drawn_with(ws.fits, [("Qwen/Qwen3-8B", "theirs", "majority", None, "", "c")]) is None
    found = advisor.recommend(ws, task=["mine", "yours"])
    assert (found.recommended.ask.body.temperature, found.recommended.ask.body.top_p) == (0.6, 0.9)  # card, measured
    assert any("drawn with other sampling parameters" in note and "Qwen3-8B" in note for note in found.notes)


@pytest.mark.parametrize("examples", ["none", "[1]", '[["only one"]]', '{"a": "b"}', '[["a", 2]]'])
def test_texts_that_an_import_brought_and_that_are_no_json_are_left_out_and_said(tmp_path, examples):
    rows = drawn("a", **RECORDED | {"chat_options": "high", "few_shot": examples})
    (c, *_) = asked(tmp_path, [row for row in rows if row["sample_index"] == 0]).values()
    assert [m.role for m in c.ask.messages] == ["system", "user"]
    assert c.ask.body.chat_template_kwargs is None
    assert "chat_options was 'high', no JSON object: left out" in c.ask.notes
    assert "few_shot is no JSON list of [prompt, answer]: the examples are left out" in c.ask.notes
    assert "mode" in c.ask.not_stated


def test_a_damaged_set_up_is_named(tmp_path):
    asked(tmp_path, drawn("a", temperature=0.5))
    table = tmp_path / "profiles" / "setups.csv"
    table.write_text(table.read_text().replace("{", "["))
    with pytest.raises(advisor.AdvisorError, match=r"setups.csv, line 2: drawn_with is no JSON object; .*advisor fit"):
        advisor.recommend(advisor.Workspace(tmp_path), task="mine")


def test_every_candidate_of_an_answer_says_how_to_ask_it(tmp_path):
    ws = workspace(tmp_path, point(), point(n_samples=4, accuracy=0.6, low=0.55, high=0.65))
    found = advisor.recommend(ws, task="mine", engine="sglang", precision="fp8", budget="1usd")
    for c in (found.recommended, *found.alternatives, *found.frontier):
        assert c.ask.body.model == "Qwen/Qwen3-8B-FP8"
        assert c.command.startswith("python -m sglang.launch_server --model-path Qwen/Qwen3-8B-FP8 ")
        assert c.ask.body.n == (4 if c.n_samples == 4 else None)
