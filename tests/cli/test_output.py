"""What every command prints: widths, notes, JSON alone on stdout, errors in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOOKS = [
    ["recommend", "--budget", "0.01usd"],
    ["recommend", "--budget", "0.05usd", "--qps", "2"],
    ["frontier", "--cost", "flops"],
    ["compare", "qwen3-30b-a3b", "qwen3-8b", "--gpu", "h200-sxm"],
    ["compare", "gpt-oss-120b", "s1-32b", "--task", "gpqa-diamond"],
    ["estimate", "qwen3-32b", "--gpu", "h100-sxm", "--gpu-count", "2", "--max-tpot", "30ms", "--qps", "20"],
    ["curve", "gpt-oss-120b"],
    ["models"],
    ["gpus"],
    ["tasks"],
]


@pytest.mark.parametrize("columns", [80, 100, 120, 160])
@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_nothing_is_wider_than_the_terminal_but_commands_to_copy(advisor, monkeypatch, columns, command):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = advisor(*command)
    assert code == 0
    wide = [line for line in out.splitlines() if len(line) > columns]
    assert all(line.startswith(("Run  ", "Ask  ", "           vllm serve ")) for line in wide), wide


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_with_json_stdout_is_one_object(advisor, command):
    code, out, _ = advisor(*command, "--json")
    assert code == 0
    assert isinstance(json.loads(out), dict)
    assert out.count("\n") == 1


ONCE = [
    ["recommend", "--input-tokens", "100", "--input-tokens", "200"],
    ["curve", "gpt-oss-120b", "--task", "gpqa-diamond", "--task", "gsm8k"],
    ["frontier", "--cost", "usd", "--cost", "flops"],
    ["estimate", "qwen3-8b", "--gpu", "l4", "--gpu", "t4"],
    ["estimate", "qwen3-8b", "--gpu", "l4", "--concurrency", "1", "--concurrency", "2"],
    ["report", "-o", "a.md", "--output", "b.md"],
]


@pytest.mark.parametrize("command", ONCE, ids=" ".join)
def test_an_option_given_twice_is_an_error_and_not_silently_the_last(advisor, command):
    code, out, err = advisor(*command)
    assert (code, out) == (2, "")
    assert "is given 2 times; it takes one value" in err
    assert err.count("\n") == 1


def test_options_that_repeat_may_be_repeated(advisor):
    code, out, _ = advisor(
        "recommend", "--budget", "0.02usd", "--budget", "300s", "--gpu", "l40s", "--gpu", "h100-sxm", "--json"
    )
    assert code == 0
    limits = ["0.02usd per question", "300.0s for 95 % of the questions", "GPU in l40s, h100-sxm"]
    assert json.loads(out)["constraints"] == limits


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["compare", "qwen3-8b", "qwen3-32b", "--cost", "usd"], "--cost: requires --task"),
        (
            ["compare", "qwen3-8b", "gpt-oss-120b", "--task", "gsm8k", "--gpu-count", "2"],
            "--gpu-count: cannot be combined",
        ),
        (["compare", "qwen3-8b", "gpt-oss-120b", "--task", "gsm8k", "--output-tokens", "9"], "--output-tokens: cannot"),
        (["compare", "qwen3-8b"], "second"),
        (["import", "answers", "x"], "unknown kind of import 'answers'"),
        (
            ["import", "samples", "x.jsonl", "--metric", "em"],
            "--metric: is for inspect, lm-eval, lighteval, evalscope, not",
        ),
        (
            ["import", "epoch", "x.parquet", "--no-texts"],
            "--no-texts: is for samples, inspect, lm-eval, lighteval, eva",
        ),
        (["import", "inspect", "x.eval", "--license", "mit"], "--license: is for model, not for inspect"),
        (["import", "lm-eval", "x.jsonl"], "x.jsonl: no samples of lm-eval here; accepted: "),
        (["import", "samples", "x.jsonl", "--gpu", "l4"], "--gpu: is for runs, vllm-bench, guidellm, not for samples"),
        (["estimate", "qwen3-8b", "--gpu", "l4", "--concurrency", "many"], "--concurrency"),
        (["estimate", "no-such-model", "--gpu", "l4"], "unknown model 'no-such-model'"),
        (["recommend", "--nonsense"], "--nonsense"),
        (["report"], "name the file to write"),
        (["curve", "gpt-oss-120b", "--strategy", "rebase"], "--strategy: unknown strategy with a curve 'rebase'"),
        (["gpus", "--price", "nothing"], "--price"),
        (["recommend", "--qps", "1_000"], "--qps: '1_000' is no number; write it in the digits 0 to 9"),
        (["estimate", "qwen3-8b", "--gpu", "l4", "--concurrency", "٣"], "--concurrency: '٣' is no number"),
        (["compare", "qwen3-8b", "qwen3-32b", "--input-tokens", "9", "--input-tokens", "1_0"], "--input-tokens: '1_0'"),
        (["recommend", "--qps", "1e99"], "--qps: 1e+99 is out of range; give a number per second above zero, up to"),
        (
            ["estimate", "qwen3-8b", "--gpu", "l4", "--concurrency", "1000000000"],
            "1000000000 is out of range; give a whole number from 1 to 100,000,000",
        ),
        (["recommend", "--max-ttft", "1e99s"], "'1e99s' is not a duration above zero, up to 100,000,000 s"),
        (["recommend", "--max-ttft", "1s/1000q"], "'1s/1000q' is not a duration"),
        (["recommend", "--budget", "500usd/month"], "--budget: 500.0usd/month needs a rate; say how many questions"),
    ],
)
def test_a_mistake_is_one_line_that_names_what_was_wrong(advisor, command, message):
    code, out, err = advisor(*command)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_name_without_near_matches_is_not_answered_with_all_names(advisor):
    err = advisor("estimate", "xyzzy", "--gpu", "l4")[2]
    assert "`advisor models` lists what is known" in err
    assert len(err) < 120


def test_the_workspace_comes_from_the_environment_too(advisor, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ADVISOR_WORKSPACE", str(tmp_path / "file"))
    assert advisor("tasks")[0] == 2
    assert advisor("tasks", "--workspace", tmp_path)[0] == 0


def test_help_has_headings_and_whole_sentences(advisor):
    code, out, _ = advisor("--help")
    assert code == 0
    assert [line for line in out.splitlines() if line in {"Choose:", "Measure:", "Look up:"}] == [
        "Choose:",
        "Measure:",
        "Look up:",
    ]
    assert not any(line.endswith("...") for line in out.splitlines()[1:])


def test_version(advisor):
    from importlib.metadata import version

    from advisor.errors import DISTRIBUTION

    assert advisor("--version")[1] == f"advisor {version(DISTRIBUTION)}\n"


def test_the_distribution_has_the_name_that_error_texts_install():
    import tomllib
    from pathlib import Path

    from advisor.errors import DISTRIBUTION

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["name"] == DISTRIBUTION != "advisor"


def test_a_bug_of_ours_is_one_line_and_exit_70(advisor, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("advisor.recommendation.pick.recommend", broken)
    code, out, err = advisor("recommend")
    assert (code, out) == (70, "")
    assert "bug in advisor (ZeroDivisionError: oops); ADVISOR_DEBUG=1" in err
    monkeypatch.setenv("ADVISOR_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        advisor("recommend")


def test_an_interrupt_is_130(advisor, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("advisor.recommendation.pick.recommend", interrupted)
    assert advisor("recommend")[0] == 130


def test_a_workspace_that_is_not_there_is_noticed(advisor, tmp_path):
    code, _, err = advisor("tasks", "--workspace", tmp_path / "typo")
    assert (code, err) == (0, f"advisor: no folder {tmp_path / 'typo'} yet; only what ships is known\n")


@pytest.mark.parametrize("columns", [60, 70, 80, 100, 120])
def test_a_comparison_shows_its_figures_whole_at_any_width(advisor, monkeypatch, columns):
    from advisor.units import significant

    command = ["compare", "qwen3-30b-a3b", "qwen3-8b", "--gpu", "h200-sxm"]
    points = json.loads(advisor(*command, "--json")[1])["points"]
    monkeypatch.setenv("COLUMNS", str(columns))
    printed = {word for line in advisor(*command)[1].splitlines() for word in line.split()}
    held = [each for point in points for each in point["each"] if each]
    for figure, factor in (("tpot_s", 1e3), ("usd_per_million_output_tokens", 1)):
        assert {significant(each[figure] * factor) for each in held} <= printed


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command",
    [
        ["gpus"],
        ["gpus", "--json"],
        ["recommend"],
        ["models", "--json"],
        ["recommend", "--budget", "1e-12usd", "--json"],
    ],
    ids=" ".join,
)
def test_a_full_disk_is_one_line_and_exit_3(command):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "advisor", *command], stdout=full, stderr=subprocess.PIPE)
    said = done.stderr.decode().splitlines()
    assert done.returncode == 3
    assert said[-1].startswith("advisor: stdout: cannot be written (No space left on device)")
    assert "bug" not in done.stderr.decode()


@pytest.mark.parametrize("command", [["gpus"], ["recommend"], ["models"], ["models", "--json"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_failure(command):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "advisor", *command], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, b"bug" in done.stderr) == (0, False)


def test_what_was_brought_in_says_where_it_is_and_what_comes_next(advisor, tmp_path):
    answers, ours = tmp_path / "a.jsonl", tmp_path / "our runs"
    row = {"model": "Qwen/Qwen3-8B", "task": "mine", "question_id": "q", "sample_index": 0, "answer": "a"}
    answers.write_text(json.dumps(row | {"correct": True, "generated_tokens": 5}) + "\n")
    code, _, err = advisor("import", "samples", answers, "--workspace", ours)
    assert (code, err) == (0, f"advisor: kept in {ours}; next: advisor fit --workspace '{ours}'\n")
