"""Logs of evaluation tools, read as the real tools wrote them (logs/TOOL/make.py), and by hand-made changes of them."""

import json
import os
import shutil
import struct
import zipfile
from pathlib import Path

import duckdb
import pyarrow
import pytest
from pyarrow import parquet

import advisor
from advisor.errors import AdvisorError
from advisor.importers import log_files, token_counts
from advisor.importers.log_files import Archive
from advisor.importers.verdicts import Verdict, choose
from advisor.store.workspace import Workspace

LOGS = Path(__file__).parent / "logs"
TINY = Path(__file__).parent.parent / "testbed" / "models" / "small"


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


@pytest.fixture(autouse=True)
def no_tokenizer(monkeypatch):
    monkeypatch.setattr(token_counts, "find_spec", lambda name: None)


def rows(ws, names, table="samples", where="true"):
    files = f"{ws.own}/measurements/{table}/*.parquet"
    query = f"select {names} from read_parquet('{files}', union_by_name = true) where {where}"
    return duckdb.sql(f"{query} order by run_id, question_id, sample_index").fetchall()


def right(ws, where="true"):
    """Per question, which of its answers are right."""
    found = {}
    for question, correct in rows(ws, "question_id, correct", where=where):
        found.setdefault(question, []).append(correct)
    return found


def unpacked(path):
    """The members of a log of Inspect by name."""
    archive = Archive(path)
    return {name: archive.read(name) for name in archive.names}


def packed(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, value in members.items():
            file.writestr(name, json.dumps(value))
    return path


# Inspect


def test_inspect_epochs_are_samples_and_its_letters_verdicts(ws):
    done = advisor.import_inspect(ws, LOGS / "inspect" / "sums.eval")
    assert (done.rows, len(done.new_runs), done.texts) == (15, 1, 15)
    log = unpacked(LOGS / "inspect" / "sums.eval")
    theirs = {
        (s["id"], s["epoch"] - 1): (s["scores"]["answer"]["value"] == "C", s["scores"]["answer"]["answer"])
        for name, s in log.items()
        if name.startswith("samples/")
    }
    ours = rows(ws, "question_id, sample_index, correct, answer")
    assert {(q, i): (correct, answer) for q, i, correct, answer in ours} == theirs
    assert sum(correct for correct, _ in theirs.values()) == 9


def test_inspect_set_up_tokens_and_reasons_are_the_logs_own(ws):
    advisor.import_inspect(ws, LOGS / "inspect" / "sums.eval")
    names = "model, task, generated_tokens, prompt_tokens, tokens_from, endpoint, system_prompt, few_shot, chat_options"
    names += ", temperature, top_p, max_tokens, seed, top_k, template, strategy"
    assert set(rows(ws, names)) == {
        ("Qwen/Qwen3-8B", "sums", 9, 7, None, "chat", "Be brief.", "", "", 0.7, 0.9, 64, 5, None, None, "sampling")
    }
    assert sorted(reason for (reason,) in rows(ws, "finish_reason")) == ["length"] * 5 + ["stop"] * 10
    text = rows(ws, "prompt, text, reference, reasoning", "texts", "question_id = 'sum-4-4' and sample_index = 0")
    assert text == [("What is 4 plus 4?", "4 and 4 make 8.\n#### 8\nANSWER: 8", "8", None)]


def test_inspect_twice_changes_nothing_and_deflate_is_the_same(ws, tmp_path):
    first = advisor.import_inspect(ws, LOGS / "inspect" / "sums.eval")
    again = advisor.import_inspect(ws, packed(tmp_path / "old.eval", unpacked(LOGS / "inspect" / "sums.eval")))
    assert (again.new_runs, again.unchanged, again.texts) == ((), first.new_runs, 15)


def test_inspect_of_several_scorers_takes_the_exact_one_and_says_so(ws):
    done = advisor.import_inspect(ws, LOGS / "inspect" / "sums.json")
    assert "sums: right and wrong by match (not by f1: --metric)" in " ".join(done.notes)
    with pytest.raises(AdvisorError, match=r"sums\.json: f1 gives partial scores"):
        advisor.import_inspect(ws, LOGS / "inspect" / "sums.json", metric="f1")
    with pytest.raises(AdvisorError, match="unknown metric 'mach'; did you mean match"):
        advisor.import_inspect(ws, LOGS / "inspect" / "sums.json", metric="mach")


def test_inspect_choices_have_letters_for_references_and_numbers_a_digest(ws):
    advisor.import_inspect(ws, LOGS / "inspect" / "letters.eval")
    assert rows(ws, "question_id, answer, correct") == [("1-48c5e0ac", None, False), ("2-50ef9815", None, False)]
    assert rows(ws, "reference, kind", "texts") == [("A", "choice")] * 2


def test_inspect_failures_are_recorded_thinking_kept_and_agents_left_out(ws):
    with pytest.raises(AdvisorError, match=r"'model', which is no open model known here; name it with --model"):
        advisor.import_inspect(ws, LOGS / "inspect" / "mixed.eval")
    done = advisor.import_inspect(ws, LOGS / "inspect" / "mixed.eval", model="mine")
    assert rows(ws, "question_id, answer, correct, finish_reason, generated_tokens, endpoint") == [
        ("fails", None, False, "error", None, "chat"),
        ("right", "5", True, "stop", 11, "chat"),
        ("thinks", "it is 6.", False, "stop", 11, "chat"),
    ]
    assert rows(ws, "text, reasoning", "texts", "question_id = 'thinks'") == [("It is 6.", "2, then 3 more.")]
    said = " ".join(done.notes)
    assert "1 sample left out: not one call of the model" in said
    assert "mine has no config in the catalogue" in said
    assert "`advisor import model FOLDER`" in said


def test_inspect_partial_scores_and_other_values(ws, tmp_path):
    members = unpacked(LOGS / "inspect" / "mixed.eval")
    score = members["samples/thinks_epoch_1.json"]["scores"]["includes"]
    for value, message in (("P", "partial"), (0.5, "partial"), ("?", "partial")):
        score["value"] = value
        log = packed(tmp_path / "x.eval", members)
        with pytest.raises(AdvisorError, match=message):
            advisor.import_inspect(ws, log, model="mine", metric="includes")
    score["value"] = 1
    advisor.import_inspect(ws, packed(tmp_path / "x.eval", members), model="mine")
    assert right(ws) == {"fails": [False], "right": [True], "thinks": [True]}


def test_inspect_stopped_before_its_end_says_so(ws, tmp_path):
    members = unpacked(LOGS / "inspect" / "sums.eval")
    members["_journal/start.json"] = members.pop("header.json") | {"status": "started"}
    done = advisor.import_inspect(ws, packed(tmp_path / "x.eval", members))
    assert done.rows == 15
    assert "ended with status 'started'" in done.notes[0]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("vllm/qwen/qwen3-8b", "Qwen/Qwen3-8B"),
        ("openai-api/lab/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("hf/Some-Lab/New_1", "Some-Lab/New_1"),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b"),
    ],
)
def test_inspect_names_are_resolved_without_their_provider(ws, tmp_path, name, model):
    members = unpacked(LOGS / "inspect" / "letters.eval")
    members["header.json"]["eval"]["model"] = name
    members["header.json"]["eval"]["task"] = "inspect_evals/gpqa_diamond"
    advisor.import_inspect(ws, packed(tmp_path / "x.eval", members))
    assert set(rows(ws, "model, task")) == {(model, "gpqa-diamond")}


def test_a_closed_model_is_refused_with_what_would_bring_it_in(ws, tmp_path):
    members = unpacked(LOGS / "inspect" / "letters.eval")
    members["header.json"]["eval"]["model"] = "openai/gpt-4o"
    log = packed(tmp_path / "x.eval", members)
    with pytest.raises(AdvisorError, match=r"x\.eval: is of a model 'gpt-4o'.*--model"):
        advisor.import_inspect(ws, log)
    advisor.import_inspect(ws, log, model="ours-7b")
    assert set(rows(ws, "model")) == {("ours-7b",)}


def test_one_bad_log_of_a_folder_is_named_and_the_others_come_in(ws, tmp_path):
    shutil.copy(LOGS / "inspect" / "sums.eval", tmp_path / "a.eval")
    (tmp_path / "b.eval").write_bytes(b"PK half a zip")
    done = advisor.import_inspect(ws, tmp_path)
    assert done.rows == 15
    assert any("left out" in note and "b.eval: cannot be read as a zip" in note for note in done.notes)


@pytest.mark.parametrize("change", [{"scores": 3}, {"messages": None}, {"epoch": "first"}, {"output": {}}])
def test_what_is_no_log_as_inspect_writes_it_is_one_line(ws, tmp_path, change):
    members = unpacked(LOGS / "inspect" / "letters.eval")
    members["samples/1_epoch_1.json"] |= change
    with pytest.raises(AdvisorError, match=r"x\.eval: is damaged"):
        advisor.import_inspect(ws, packed(tmp_path / "x.eval", members))
    assert not ws.own.exists()


def test_zips_that_unpack_to_too_much_are_not_unpacked(ws, tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "MOST_LINE_BYTES", 1000)
    with pytest.raises(AdvisorError, match="unpacks to more than"):
        advisor.import_inspect(ws, LOGS / "inspect" / "sums.eval")
    monkeypatch.setattr(log_files, "MOST_ZIP_BYTES", 5000)
    with pytest.raises(AdvisorError, match=r"sums\.eval: unpacks to more than"):
        advisor.import_inspect(ws, LOGS / "inspect" / "sums.eval")


def test_a_member_that_is_longer_than_it_says_is_damaged(tmp_path):
    path = tmp_path / "x.eval"
    data = bytearray((LOGS / "inspect" / "letters.eval").read_bytes())
    central = data.index(b"PK\x01\x02")  # the length that is claimed is 24 bytes into the entry of the directory
    data[central + 24 : central + 28] = struct.pack("<I", 7)
    path.write_bytes(data)
    archive = Archive(path)
    with pytest.raises(AdvisorError, match="is damaged"):
        archive.read(archive.names[0])


def test_a_damaged_deflate_is_one_line(tmp_path):
    path = packed(tmp_path / "x.eval", {"header.json": {"eval": "…" * 500}})
    data = bytearray(path.read_bytes())
    data[45:60] = b"\xff" * 15
    path.write_bytes(data)
    with pytest.raises(AdvisorError, match=r"x\.eval, header\.json: is damaged \(Error -3"):
        Archive(path).read("header.json")


def test_an_encrypted_zip_is_one_line(tmp_path):
    path = packed(tmp_path / "x.eval", {"header.json": {}})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(AdvisorError, match=r"x\.eval, header\.json: is damaged .*encrypted"):
        Archive(path).read("header.json")


def with_config(**config):
    def change(members):
        members["header.json"]["plan"]["config"] |= config

    return change


def with_sample(**cells):
    def change(members):
        members["samples/1_epoch_1.json"] |= cells

    return change


def with_text(text):
    def change(members):
        members["samples/1_epoch_1.json"]["output"]["choices"][0]["message"]["content"] = text

    return change


IMPOSSIBLE = [
    (with_config(max_tokens=1.5), "max_tokens is 1.5"),
    (with_config(max_tokens="64"), "max_tokens is '64'"),
    (with_config(seed=2**70), "seed is 1180591620717411303424"),
    (with_config(temperature=[0.5]), r"temperature is \[0.5\]"),
    (with_config(temperature=float("nan")), "temperature is nan"),
    (with_sample(epoch=2**70), "sample_index is 1180591620717411303423"),
    (with_sample(epoch=float("inf")), "is damaged"),
    (with_sample(target=[["A"]]), r"reference is \['A'\]"),
    (with_text("half \ud83d a character"), r"text is 'half \\ud83d"),
]


@pytest.mark.parametrize(("change", "message"), IMPOSSIBLE)
def test_an_impossible_row_leaves_its_log_out_and_the_others_come_in(ws, tmp_path, change, message):
    members = unpacked(LOGS / "inspect" / "letters.eval")
    change(members)
    bad = packed(tmp_path / "b.eval", members)
    with pytest.raises(AdvisorError, match=rf"b\.eval.*: {message}") as error:
        advisor.import_inspect(ws, bad)
    assert "\n" not in str(error.value)
    assert not ws.own.exists()
    shutil.copy(LOGS / "inspect" / "sums.eval", tmp_path / "a.eval")
    done = advisor.import_inspect(ws, tmp_path)
    assert done.rows == 15
    assert [note for note in done.notes if note.startswith(f"left out: {bad}")]


def test_whole_numbers_may_have_a_point(ws, tmp_path):
    members = unpacked(LOGS / "inspect" / "letters.eval")
    members["header.json"]["plan"]["config"] |= {"max_tokens": 64.0}
    advisor.import_inspect(ws, packed(tmp_path / "x.eval", members))
    assert set(rows(ws, "max_tokens")) == {(64,)}


def test_a_log_that_contradicts_another_is_left_out(ws, tmp_path):
    members = unpacked(LOGS / "inspect" / "letters.eval")
    packed(tmp_path / "a.eval", members)
    packed(tmp_path / "b.eval", members)
    members["samples/1_epoch_1.json"]["output"]["usage"]["output_tokens"] += 1
    packed(tmp_path / "c.eval", members)
    done = advisor.import_inspect(ws, tmp_path)
    assert done.rows == 2
    (note,) = [note for note in done.notes if "left out" in note]
    assert "c.eval: disagrees about sample 0 of question '1-48c5e0ac': generated_tokens" in note


def test_a_folder_named_like_a_log_is_skipped_and_a_pipe_is_not_waited_for(ws, tmp_path):
    shutil.copy(LOGS / "inspect" / "sums.eval", tmp_path / "a.eval")
    (tmp_path / "b.json").mkdir()
    for name in ("c.json", "d.eval"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(AdvisorError, match=rf"{name}: is a pipe"):
            advisor.import_inspect(ws, tmp_path / name)
    done = advisor.import_inspect(ws, tmp_path)
    assert [note.rpartition("/")[2] for note in done.notes if "left out" in note] == [
        "c.json: is a pipe, not a file",
        "d.eval: is a pipe, not a file",
    ]


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("import_lm_eval", "samples_x.jsonl"),
        ("import_lighteval", "details_x_2026-11-26T02-33-59.0.parquet"),
        ("import_evalscope", "reviews/m/x_y.jsonl"),
    ],
)
def test_pipes_among_logs_are_not_waited_for(ws, tmp_path, verb, name):
    pipe = tmp_path / name
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(AdvisorError, match="is a pipe"):
            getattr(advisor, verb)(ws, path)


# lm-eval


def test_lm_eval_repeats_under_a_mean_get_the_verdicts_that_add_up(ws):
    done = advisor.import_lm_eval(ws, LOGS / "lm_eval" / "chat")
    assert (done.rows, len(done.new_runs), done.texts) == (20, 2, 20)
    found = right(ws, "task = 'gsm8k_sums'")
    assert [sum(each) for each in found.values()] == [2, 3, 1, 1, 3]
    assert found["2-cad41b79"] == [False, True, False]
    answers = rows(ws, "answer", where="task = 'gsm8k_sums' and question_id = '2-cad41b79'")
    assert answers == [("16",), ("15",), ("16",)]
    assert "by exact_match,strict-match (not by exact_match,flexible-extract" in " ".join(done.notes)


def test_lm_eval_set_up_and_that_it_counts_no_tokens(ws):
    done = advisor.import_lm_eval(ws, LOGS / "lm_eval" / "chat")
    names = "model, generated_tokens, tokens_from, endpoint, system_prompt, few_shot, temperature, top_p, max_tokens"
    assert set(rows(ws, f"{names}, strategy", where="task = 'gsm8k_sums'")) == {
        ("Qwen/Qwen3-8B", None, None, "chat", "Be brief.", "", 0.7, 0.9, 64, "sampling")
    }
    assert set(rows(ws, f"{names}, strategy", where="task = 'sums_once'")) == {
        ("Qwen/Qwen3-8B", None, None, "chat", "Be brief.", "", 0.0, None, None, "greedy")
    }
    assert "15 answers without token counts" in " ".join(done.notes)


def test_lm_eval_examples_in_turns_or_within_the_prompt(ws):
    done = advisor.import_lm_eval(ws, LOGS / "lm_eval" / "examples")
    assert set(rows(ws, "few_shot")) == {(None,)}
    assert "few_shot differs from question to question" in " ".join(done.notes)
    assert rows(ws, "prompt", "texts")[0] == ("Question: What is 2 plus 3?\nAnswer:",)
    other = Workspace(ws.own / "other")
    done = advisor.import_lm_eval(other, LOGS / "lm_eval" / "completions")
    assert set(rows(other, "endpoint, few_shot")) == {("completions", None)}
    assert set(rows(other, "prompt", "texts")) == {(None,)}
    assert "2 examples stand within its prompts" in " ".join(done.notes)


def test_lm_eval_likelihoods_are_refused(ws):
    with pytest.raises(AdvisorError, match=r"is a task of multiple_choice: it compares likelihoods, and no answer is"):
        advisor.import_lm_eval(ws, LOGS / "lm_eval" / "letters")
    (file,) = (LOGS / "lm_eval" / "letters").rglob("samples_*.jsonl")
    alone = ws.own.parent / "samples_letters.jsonl"
    shutil.copy(file, alone)
    with pytest.raises(AdvisorError, match="is a task of loglikelihood"):
        advisor.import_lm_eval(ws, alone)


def lm_eval_lines(tmp_path, change, task="gsm8k_sums"):
    (file,) = (LOGS / "lm_eval" / "chat").rglob(f"samples_{task}_*.jsonl")
    changed = [change(json.loads(line)) for line in file.read_text().splitlines()]
    target = tmp_path / f"samples_{task}.jsonl"
    target.write_text("".join(json.dumps(row) + "\n" for row in changed if row))
    return target


def test_lm_eval_without_results_takes_the_model_from_the_user(ws, tmp_path):
    log = lm_eval_lines(tmp_path, lambda row: row)
    with pytest.raises(AdvisorError, match="name it with --model"):
        advisor.import_lm_eval(ws, log)
    done = advisor.import_lm_eval(ws, log, model="qwen3-8b")
    assert set(rows(ws, "model, system_prompt, engine")) == {("Qwen/Qwen3-8B", "Be brief.", None)}
    assert "no results_*.json beside it" in " ".join(done.notes)


def test_lm_eval_means_that_no_answers_explain_are_no_verdicts(ws, tmp_path):
    log = lm_eval_lines(
        tmp_path, lambda row: row | {"exact_match": 0.5} if row["doc_id"] == 2 and row["filter"][0] == "s" else row
    )
    with pytest.raises(AdvisorError, match="has no verdict of right or wrong for every answer"):
        advisor.import_lm_eval(ws, log, model="qwen3-8b")


def test_lm_eval_filters_that_take_the_first_judge_the_first(ws, tmp_path):
    log = lm_eval_lines(tmp_path, lambda row: row if row["filter"] == "flexible-extract" else None)
    done = advisor.import_lm_eval(ws, log, model="qwen3-8b")
    assert done.rows == 5
    assert "10 answers left out: its filters judge the first 1 of 3 only" in " ".join(done.notes)


def test_lm_eval_votes_are_no_answers(ws, tmp_path):
    folder = tmp_path / "chat"
    shutil.copytree(LOGS / "lm_eval" / "chat", folder)
    (results,) = folder.rglob("results_*.json")
    summary = json.loads(results.read_text())
    for each in summary["configs"]["gsm8k_sums"]["filter_list"]:
        each["filter"].append({"function": "majority_vote"})
    results.write_text(json.dumps(summary))
    done = advisor.import_lm_eval(ws, folder)
    assert set(rows(ws, "task")) == {("sums_once",)}
    assert any("left out" in note and "gsm8k_sums" in note for note in done.notes)


@pytest.mark.parametrize(
    ("engine", "template", "expected"),
    [
        ("vllm", "<|user|>…", ("chat", "vllm", None, "Be brief.", None)),
        ("hf", "", ("completions", "transformers", "5.0", "Be brief.", "prompt of 0")),
        ("sglang", None, ("completions", "sglang", None, "Be brief.", "prompt of 0")),
    ],
)
def test_lm_eval_prompts_in_one_text(ws, tmp_path, engine, template, expected):
    folder = tmp_path / "one"
    shutil.copytree(LOGS / "lm_eval" / "chat", folder)
    (results,) = folder.rglob("results_*.json")
    summary = json.loads(results.read_text())
    summary["config"] |= {"model": engine, "model_args": "pretrained=Qwen/Qwen3-8B,dtype=auto"}
    results.write_text(json.dumps(summary | {"chat_template": template, "transformers_version": "5.0"}))
    for file in folder.rglob("samples_*.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line["arguments"]["gen_args_0"]["arg_0"] = [f"prompt of {line['doc_id']}"]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    advisor.import_lm_eval(ws, folder)
    assert set(rows(ws, "model, few_shot")) == {("Qwen/Qwen3-8B", "")}
    found = rows(ws, "endpoint, engine, engine_version, system_prompt")[0] + rows(ws, "prompt", "texts")[0]
    assert found == expected


# EvalScope


def test_evalscope_reviews_with_their_predictions(ws):
    done = advisor.import_evalscope(ws, LOGS / "evalscope" / "made")
    assert (done.rows, len(done.new_runs), done.texts) == (15, 1, 15)
    reviews = LOGS / "evalscope" / "made" / "reviews" / "Qwen3-8B" / "gsm8k_main.jsonl"
    scores = [json.loads(line)["sample_score"] for line in reviews.read_text().splitlines()]
    theirs = {(f"main-{s['group_id']}", s["generation_index"]): s["score"]["value"]["accuracy"] == 1 for s in scores}
    assert {(q, i): c for q, i, c in rows(ws, "question_id, sample_index, correct")} == theirs
    assert len(theirs) == 15
    names = "model, task, generated_tokens, prompt_tokens, endpoint, few_shot, temperature, top_p, max_tokens, seed"
    assert set(rows(ws, names)) == {("Qwen/Qwen3-8B", "gsm8k", 9, 17, "chat", "", 0.7, 0.9, 64, 5)}
    assert {reason for (reason,) in rows(ws, "finish_reason")} == {"stop", "length"}
    assert set(rows(ws, "kind", "texts")) == {("number",)}


def test_evalscope_reviews_alone_say_what_is_missing(ws, tmp_path):
    target = tmp_path / "reviews" / "Qwen3-8B" / "gsm8k_main.jsonl"
    target.parent.mkdir(parents=True)
    shutil.copy(LOGS / "evalscope" / "made" / "reviews" / "Qwen3-8B" / "gsm8k_main.jsonl", target)
    done = advisor.import_evalscope(ws, target)
    assert set(rows(ws, "model, task, generated_tokens, temperature")) == {("Qwen/Qwen3-8B", "gsm8k", None, None)}
    assert "sampling parameters are not known" in " ".join(done.notes)
    assert "tokens and set-up are not known" in " ".join(done.notes)


def test_evalscope_answers_that_were_not_scored_are_left_out_by_name(ws, tmp_path):
    shutil.copytree(LOGS / "evalscope" / "made", tmp_path / "made")
    reviews = tmp_path / "made" / "reviews" / "Qwen3-8B" / "gsm8k_main.jsonl"
    first, *others = reviews.read_text().splitlines()
    row = json.loads(first)
    row["sample_score"]["score"]["status"] = "judge_failed"
    reviews.write_text("\n".join([json.dumps(row), *others]))
    done = advisor.import_evalscope(ws, tmp_path / "made")
    assert done.rows == 14
    assert "1 answer left out: not scored (judge_failed)" in " ".join(done.notes)


# lighteval


def test_lighteval_verdicts_and_tokens_without_padding(ws):
    done = advisor.import_lighteval(ws, LOGS / "lighteval" / "made")
    assert (done.rows, len(done.new_runs)) == (20, 2)
    details = next((LOGS / "lighteval" / "made").rglob("details_sums_once*"))
    theirs = sorted(parquet.read_table(details).to_pylist(), key=lambda row: row["doc"]["id"])
    ours = rows(ws, "question_id, correct, prompt_tokens, generated_tokens", where="task = 'sums_once'")
    for (question, correct, n_prompt, n_generated), row in zip(ours, theirs, strict=True):
        assert (question, correct) == (row["doc"]["id"], bool(row["metric"]["em"]))
        # the tiny model has one token a character, and one for the end
        assert n_prompt == len(row["doc"]["query"])
        assert n_generated == len(row["model_response"]["text"][0]) + 1
    assert "by em (not by f1" in " ".join(done.notes)
    assert "lab/tiny has no config" in " ".join(done.notes)
    names = "temperature, top_p, seed, max_tokens, engine, tokens_from"
    assert set(rows(ws, names)) == {(1.0, 0.95, 3, 48, "transformers", None)}


def lighteval_details(tmp_path, change, name="details_aime24|0_2026-11-26T02-33-59.029355.parquet"):
    details = next((LOGS / "lighteval" / "made").rglob("details_sums_three*"))
    changed = [change(row) for row in parquet.read_table(details).to_pylist()]
    parquet.write_table(pyarrow.Table.from_pylist(changed), tmp_path / name)
    return tmp_path / name


def test_lighteval_means_are_verdicts_where_our_reading_agrees(ws, tmp_path):
    def change(row):
        row["model_response"]["text"] = ["so \\boxed{7}", "so \\boxed{8}", "so \\boxed{7}"]
        row["doc"]["choices"] = ["7"]
        return row | {"metric": {"avg@n:n=3": 2 / 3}}

    advisor.import_lighteval(ws, lighteval_details(tmp_path, change), model="mine")
    assert set(map(tuple, right(ws).values())) == {(True, False, True)}
    assert set(rows(ws, "task, answer", where="correct")) == {("aime24", "7")}


@pytest.mark.parametrize("metric", [{"avg@n:n=3": 1 / 3}, {"avg@n:n=2": 0.5}, {"maj@n:n=3": 1.0}])
def test_lighteval_means_that_say_not_which_are_refused(ws, tmp_path, metric):
    def change(row):
        row["model_response"]["text"] = ["so \\boxed{7}", "so \\boxed{8}", "so \\boxed{7}"]
        row["doc"]["choices"] = ["7"]
        return row | {"metric": metric}

    with pytest.raises(AdvisorError, match="has no verdict of right or wrong for every answer"):
        advisor.import_lighteval(ws, lighteval_details(tmp_path, change), model="mine")


# all of them


@pytest.mark.parametrize(
    ("verb", "log"),
    [
        ("import_inspect", "inspect/sums.eval"),
        ("import_lm_eval", "lm_eval/chat"),
        ("import_lighteval", "lighteval/made"),
        ("import_evalscope", "evalscope/made"),
    ],
)
def test_texts_can_be_left_out_and_brought_later(ws, verb, log):
    read = getattr(advisor, verb)
    done = read(ws, LOGS / log, texts=False)
    assert done.texts == 0
    assert not (ws.own / "measurements" / "texts").exists()
    again = read(ws, LOGS / log)
    assert (again.new_runs, again.unchanged, again.texts) == ((), done.new_runs, done.rows)
    assert {run for (run,) in rows(ws, "run_id", "texts")} == set(done.new_runs)


@pytest.mark.parametrize("verb", ["import_inspect", "import_lm_eval", "import_lighteval", "import_evalscope"])
def test_nothing_to_read_is_one_line(ws, tmp_path, verb):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(AdvisorError, match="accepted: "):
            getattr(advisor, verb)(ws, path)


def test_tokens_that_no_log_counted_are_counted_and_marked(ws, monkeypatch):
    pytest.importorskip("transformers")
    monkeypatch.undo()
    done = advisor.import_lm_eval(ws, LOGS / "lm_eval" / "chat", model=str(TINY))
    found = rows(ws, "generated_tokens, tokens_from, model")
    assert {(source, model) for _, source, model in found} == {("tokenizer", "small")}
    assert all(n > 0 for n, *_ in found)
    assert "15 answers counted with the model's tokenizer" in " ".join(done.notes)


def test_a_prompt_that_a_chat_template_refuses_is_not_counted():
    jinja2 = pytest.importorskip("jinja2")

    class Tokenizer:
        chat_template = "…"

        def apply_chat_template(self, given, **options):
            if given[0]["role"] == "system":
                raise jinja2.TemplateError("System role not supported")
            return given[0]["content"]

        def __call__(self, text, **options):
            return {"input_ids": [*text]}

    count = token_counts.Counter(Tokenizer())
    assert count.prompt([{"role": "system", "content": "Be brief."}]) is None
    assert count.prompt([{"role": "user", "content": "four"}]) == 4


def test_the_strictest_metric_that_judges_every_answer_decides():
    def judged(**values):
        return [{name: Verdict(right) for name, right in values.items()}]

    assert choose(judged(f1=True, includes=True, exact_match=False), (), None, "") == (
        "exact_match",
        " (not by f1, includes: --metric)",
    )
    assert choose(judged(own=True), (), None, "") == ("own", "")
    assert choose(judged(exact_match=None, own=True), (), None, "")[0] == "own"
    assert choose(judged(match=True, own=True), (), "own", "")[0] == "own"
    for values in ({"f1": True}, {"own": None}, {}):
        with pytest.raises(AdvisorError, match="no verdict"):
            choose(judged(**values), (), None, "log")
