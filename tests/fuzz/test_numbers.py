"""Every option that has a number in it, with every number that is none, or none that can be meant."""

import pytest

from tests.fuzz.watched import Case, watched

NO_NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "1_000",
    "٣",
    "²",
    "0x10",
    "1e",
    "1,000",
    "",
    "9" * 5000,
    "-1",
    str(10**31),
    "1e400",
]
COMMANDS = {
    "recommend": ("recommend", "--model", "gpt-oss-120b", "--gpu", "h100-sxm"),
    "estimate": ("estimate", "qwen3-8b", "--gpu", "l4"),
    "frontier": ("frontier", "--task", "gsm8k", "--gpu", "h100-sxm"),
    "compare": ("compare", "qwen3-8b", "qwen3-32b"),
    "trend": ("trend", "--task", "gsm8k"),
    "calibrate": ("calibrate", "qwen3-8b", "--task", "arithmetic", "--url", "http://127.0.0.1:9"),
    "profile": ("profile", "qwen3-8b", "--gpu", "l4", "--url", "http://127.0.0.1:9"),
    "verify": ("verify", "qwen3-8b", "--gpu", "l4", "--metrics", "http://127.0.0.1:9"),
    "import": ("import", "runs", "r.csv"),
}
NUMBERS = {
    "recommend": "--min-accuracy --confidence --qps --percentile --usd-per-kwh"
    " --input-tokens --output-tokens --cached-prompt-tokens --speculative-tokens --acceptance --max-num-seqs"
    " --max-num-batched-tokens",
    "estimate": "--gpu-count --input-tokens --output-tokens --concurrency --rate --qps --max-num-seqs"
    " --max-num-batched-tokens --speculative-tokens --acceptance --prefill-replicas --replicas --disk-gb-per-s"
    " --cached-prompt-tokens",
    "frontier": "--usd-per-kwh --input-tokens --output-tokens --cached-prompt-tokens --speculative-tokens --acceptance"
    " --max-num-seqs --max-num-batched-tokens",
    "compare": "--gpu-count --input-tokens --output-tokens --usd-per-kwh",
    "calibrate": "--questions --temperature --top-p --top-k --min-p --frequency-penalty --presence-penalty"
    " --repetition-penalty --max-tokens --seed --in-flight --replicas"
    " --usd-per-hour",
    "profile": "--within",
    "verify": "--gpu-count --input-tokens --output-tokens --concurrency --rate",
    "import": "--input-tokens --output-tokens --concurrency",
}
IN_TEXTS = {
    ("recommend", "--budget"): "{}usd",
    ("recommend", "--max-wait"): "{}s",
    ("recommend", "--max-ttft"): "{}ms",
    ("recommend", "--max-tpot"): "{}min",
    ("recommend", "--price"): "l4={}usd/h",
    ("recommend", "--have"): "{}xl4",
    ("recommend", "--traffic"): ",".join(["{0}"] * 24),
    ("recommend", "--running"): "qwen3-8b on {}xl4",
    ("recommend", "--task"): "gpqa-diamond:{}",
    ("estimate", "--parallelism"): "tp{}",
    ("calibrate", "--rate-limit"): "{}requests/minute",
    ("estimate", "--max-ttft"): "{}s",
    ("profile", "--time"): "{}min",
    ("trend", "--target"): "{}",
    ("verify", "--window"): "{}s",
    ("verify", "--time"): "{}min",
}
OPTIONS = [(command, flag, "{}") for command, flags in NUMBERS.items() for flag in flags.split()]
OPTIONS += [(command, flag, form) for (command, flag), form in IN_TEXTS.items()]


def test_every_number_of_the_command_line_is_here():
    import typer

    from advisor.cli.main import COMMANDS as HEADINGS
    from advisor.cli.main import app

    known = typer.main.get_command(app).commands
    for command in (name for each in HEADINGS.values() for name in each if name not in {"report", "deploy"}):
        numbers = {p.opts[0] for p in known[command].params if p.type.name in {"float", "int", "integer"}}
        assert numbers == set(NUMBERS.get(command, "").split()), command


@pytest.mark.parametrize(("command", "flag", "form"), OPTIONS)
def test_what_is_no_number_is_one_line(tmp_path, monkeypatch, command, flag, form):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text(
        "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,1,2,1,0.1\n"
    )
    rest = [word for word in COMMANDS[command]]
    if flag in rest:
        at = rest.index(flag)
        del rest[at : at + 2]
    rest += ["--qps", "1"] if flag == "--max-wait" else []
    for number in NO_NUMBERS:
        if flag in {"--temperature", "--frequency-penalty", "--presence-penalty"} and number == "-1":
            number = "-3"
        done = watched(0, Case((*rest, flag, form.format(number), "--workspace", str(tmp_path)), (flag,)))
        assert not done.problems, done
        assert done.code == 2, done
