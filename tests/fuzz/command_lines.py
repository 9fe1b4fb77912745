"""Command lines of random commands, options and hostile values."""

from __future__ import annotations

import typer

from advisor.cli.main import COMMANDS, app
from tests.fuzz.hostile import NAMES, NUMBERS
from tests.fuzz.watched import Case

GOOD = {
    "--model": ["qwen3-8b", "Qwen/Qwen3-32B", "gpt-oss-120b"],
    "--gpu": ["h100-sxm", "l4", "h200-sxm:2"],
    "--task": ["gpqa-diamond", "gsm8k", "gpqa-diamond:0.5", "aime24"],
    "--budget": ["0.01usd", "20s", "1e15flops", "2usd/1000q"],
    "--price": ["l4=1usd/h", "h100-sxm=2"],
    "--have": ["2xl4", "1xh100-sxm"],
    "--qps": ["2", "0.1"],
    "--max-wait": ["2s"],
    "--precision": ["fp8", "bf16"],
    "--engine": ["vllm", "sglang"],
    "--traffic": [",".join(["1"] * 24)],
    "--running": ["qwen3-8b on 1xl4"],
    "--cost": ["usd", "flops", "s"],
    "--strategy": ["majority", "greedy"],
    "--url": ["http://127.0.0.1:9"],
}
POSITIONAL = {
    "estimate": 1,
    "curve": 1,
    "compare": 2,
    "import": 2,
    "calibrate": 1,
    "profile": 1,
    "verify": 1,
}
VALUES = [
    *(f"{n}{unit}" for n in NUMBERS for unit in ("usd", "s", "xl4", "usd/1000q")),
    *(f"{gpu}={n}" for n in NUMBERS for gpu in ("l4", "\x1b[2J")),
    *(",".join([n] * 24) for n in NUMBERS),
    *(f"gpqa-diamond:{n}" for n in NUMBERS),
    "{question:99999999999}",
    "{question.__class__}",
    "{question!r:>99999999}",
    "/dev/zero",
    "/dev",
    "/dev/zero.csv",
    "http://user:secret@127.0.0.1:9/\x1b",
    "http://[::1",
    *(f"name={v}" for v in NUMBERS),
]
LEFT_OUT = {"--help", "--refresh", "--install-completion", "--show-completion", "--workspace", "--output"}
HEAVY = {"recommend", "report", "deploy", "frontier"}
"""Half a second each where they are answered: taken less often."""
_group = typer.main.get_command(app)


def options_of(command):
    """Names of options and whether they take a value."""
    found = _group.commands[command].params
    return [
        (p.opts[0], not getattr(p, "is_flag", False))
        for p in found
        if p.opts[0] not in LEFT_OUT and p.param_type_name == "option"
    ]


def hostile_value(rng):
    """One of them without the NUL and halves of characters that no command line can have."""
    return rng.choice(rng.choice([NAMES, NUMBERS, VALUES])).replace("\x00", "").replace("\ud800", "\udcff")


def case(rng, folder):
    """A command line; its workspace is an empty folder."""
    names = [name for commands in COMMANDS.values() for name in commands if name not in {"fit", "profile"}]
    command = rng.choice(names)
    if command in HEAVY and rng.random() < 0.3:
        command = "estimate"
    words = [command]
    for _ in range(POSITIONAL.get(command, 0)):
        good = ["samples", "model", "runs"] if command == "import" and len(words) == 1 else GOOD["--model"]
        words.append(rng.choice(good) if rng.random() < 0.8 else hostile_value(rng))
    for flag, takes_value in rng.choices(options_of(command), k=rng.randrange(4)):
        words.append(flag)
        if takes_value:
            words.append(rng.choice(GOOD[flag]) if flag in GOOD and rng.random() < 0.4 else hostile_value(rng))
    if rng.random() < 0.05:
        words.append(hostile_value(rng))
    words += ["--url", "http://127.0.0.1:9"] if command == "calibrate" and "--url" not in words else []
    words += ["--task", "arithmetic"] if command == "calibrate" and "--task" not in words else []
    words += ["--output", str(folder / "r.md")] if command == "report" else []
    words += ["--output", str(folder / "deployed")] if command == "deploy" else []
    words += ["--metrics", "http://127.0.0.1:9"] if command == "verify" and "--metrics" not in words else []
    words += ["--gpu", "l4"] if command in {"estimate", "verify"} and "--gpu" not in words else []
    return Case((*words, "--workspace", str(folder)), ("MODEL", "KIND", "argument", *words), folder)
