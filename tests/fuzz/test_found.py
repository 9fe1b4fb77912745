"""What seeds and hands have found, each by its name."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.fuzz.watched import Case, watched
from tests.importers.test_serving_runs import REPORTS

RUN = {"model": "qwen3-8b", "gpu": "l4", "prompt_tokens": 9, "generated_tokens": 9, "concurrency": 1, "tpot_s": 0.1}


def failed(tmp_path, *arguments, name):
    """The one line of a failure that leaves an empty workspace."""
    ws = tmp_path / "ws"
    ws.mkdir(exist_ok=True)
    done = watched(0, Case((*map(str, arguments), "--workspace", str(ws)), (name,), ws))
    assert (done.code, done.problems) == (2, ()), done
    assert not list(ws.iterdir())
    return done.err


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"n_requests": 1e30}, "n_requests is 1e+30; give a whole number or null, up to 1,000,000,000,000,000"),
        ({"n_requests": 10**30}, "n_requests is 1000000000000000000000000000000; give a whole number"),
        ({"n_requests": 1.5}, "n_requests is 1.5; give a whole number"),
        ({"weights_bytes": 1e308}, "weights_bytes is 1e+308"),
        ({"prompt_tokens": "1e308"}, "prompt_tokens is 1e+308"),
        ({"prompt_tokens": "nan"}, "prompt_tokens is nan"),
        ({"run_id": ".hidden"}, "run_id '.hidden', which cannot name a file"),
        ({"driver": '"a\x1bb"'}, "driver is 'a\\x1bb'; it is a text of at most 500 characters"),
    ],
)
def test_a_run_of_impossible_numbers(tmp_path, changed, what):
    row = RUN | changed
    file = tmp_path / "r.csv"
    file.write_text(f"{','.join(row)}\n{','.join(map(str, row.values()))}\n")
    assert what in failed(tmp_path, "import", "runs", file, name="r.csv")


CONFIG = json.loads((REPORTS / "tiny" / "config.json").read_text())
MOE = {"model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 8}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"model_type": "gemma3", "layer_types": 7}, "layer_types is 7, not a list"),
        (
            {"model_type": "gemma3", "sliding_window_pattern": 0},
            "sliding_window_pattern is 0; it is a whole number from 1",
        ),
        ({"num_attention_heads": 0}, "num_attention_heads is 0; it is a whole number from 1"),
        ({"hidden_size": 10**30}, "hidden_size is 1000000000000000000000000000000; it is a whole number from 1"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers is 1000000000; it is a whole number from 1 to 10,000"),
        (MOE | {"num_experts": 0}, "takes 2 of 0 experts a token"),
        (MOE | {"num_experts_per_tok": 9}, "takes 9 of 8 experts a token"),
        (MOE | {"decoder_sparse_step": 0}, "decoder_sparse_step is 0"),
        (MOE | {"mlp_only_layers": [[1]]}, "mlp_only_layers is [[1]], not a list of numbers"),
    ],
)
def test_a_config_of_impossible_numbers(tmp_path, changed, what):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | changed))
    for command in (("import", "model"), ("estimate", "--gpu", "l4")):
        assert what in failed(tmp_path, *command, tmp_path / "config.json", name="config.json")


def test_an_architecture_of_a_long_name(tmp_path):
    """Whether transformers, which may count it, is there or not."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"model_type": "x" * 10**6}))
    code, what = (2, "unknown architecture") if find_spec("transformers") else (3, "has no reader here")
    for command in (("import", "model"), ("estimate", "--gpu", "l4")):
        done = watched(0, Case((*command, str(tmp_path / "config.json")), ("config.json",)))
        assert (done.code, done.problems, what in done.err) == (code, (), True), done


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 100_000, "9" * 5000, '{"a": 1' + "9" * 5000 + "}", "\x00", "\udcff"]
)
@pytest.mark.parametrize(
    "command",
    [
        ("import", "model", "config.json"),
        ("estimate", "config.json", "--gpu", "l4"),
        ("import", "guidellm", "config.json"),
        ("import", "vllm-bench", "config.json"),
        ("import", "samples", "config.json"),
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_json_without_an_end(tmp_path, monkeypatch, command, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    failed(tmp_path, *command, name="config.json")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"question": "\ud800", "answer": "1"}, "question is '\\ud800'; it is a text or a number"),
        ({"question": ["a"], "answer": "1"}, "question is ['a']; it is a text or a number"),
        ({"question": "a", "answer": {"b": 1}}, "answer is {'b': 1}; it is a text or a number"),
        ({"question": "a", "answer": "1", "id": "x" * 501}, "is no name; a name is a text of at most 500 characters"),
    ],
)
def test_a_question_that_is_none(tmp_path, row, what):
    (tmp_path / "t.jsonl").write_text(json.dumps(row) + "\n")
    calibrate = ("calibrate", "qwen3-8b", "--url", "http://127.0.0.1:9", "--task", tmp_path / "t.jsonl")
    assert what in failed(tmp_path, *calibrate, name="t.jsonl")


def test_a_line_of_a_task_ends_where_json_says(tmp_path):
    """U+2028 and U+0085 end a line for Python, not for JSON."""
    from advisor.tasks.task import load

    text = json.dumps({"question": "a\u2028b\x85c", "answer": "1"}, ensure_ascii=False)
    (tmp_path / "t.jsonl").write_text(text + "\n", encoding="utf-8")
    assert load(str(tmp_path / "t.jsonl"), template="{question}").questions[0].prompt == "a\u2028b\x85c"


@pytest.mark.parametrize("cell", ["9" * 30, "999999999999", "1_000", "٣", "1e3", "0x10"])
def test_a_whole_number_of_a_table(tmp_path, cell):
    (tmp_path / "p.csv").write_text(f"gpu,usd_per_hour,gpus_per_instance\nl4,1,{cell}\n")
    assert "line 2" in failed(tmp_path, "gpus", "--price", tmp_path / "p.csv", name="p.csv")


def test_an_error_says_no_password(tmp_path):
    err = failed(
        tmp_path, "calibrate", "qwen3-8b", "--task", "arithmetic", "--url", "ftp://me:secret@host/v1", name="--url"
    )
    assert "secret" not in err
    assert "://…@host/v1" in err


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        ("{question}", "1 {2}"),
        ("{{x}} {question} {question}", "{x} 1 {2} 1 {2}"),
        ("\\boxed{{answer}} {question}\n", "\\boxed{answer} 1 {2}\n"),
    ],
)
def test_a_template_is_filled_with_the_question_alone(template, prompt):
    from advisor.tasks.questions import check_template, prompted

    check_template(template)
    assert prompted(template, "1 {2}") == prompt


@pytest.mark.parametrize(
    "template", ["{question:9}", "{question!r}", "{question.x}", "{question[0]}", "{0}", "{}", "{", "}", "{question}{"]
)
def test_a_template_with_any_other_field(template):
    from advisor.errors import AdvisorError
    from advisor.tasks.questions import check_template

    with pytest.raises(AdvisorError, match=r"--template: has a field other than \{question\}"):
        check_template(template)


def test_a_rate_so_low_that_a_question_costs_infinitely_much(advisor):
    code, out, err = advisor("recommend", "--qps", "1e-320")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("advisor: --qps: ")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_letters(encoding):
    words = [sys.executable, "-m", "advisor", "gpus"]
    done = subprocess.run(words, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"h100-sxm" in done.stdout
